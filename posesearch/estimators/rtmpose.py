"""RTMPose: a person detector, RTMDet, and a top-down network that answers with two bars of scores per joint (SimCC).

Input sizes, means and decoding are those of the configurations that OpenMMLab released with the networks (mmpose 1.x,
projects/rtmpose); see Jiang et al., "RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose", 2023, and Li et
al., "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation", ECCV 2022.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.errors import WeightsUnusable
from posesearch.estimators import people
from posesearch.estimators.crops import Crop, Levels, placed
from posesearch.estimators.models import Model, TopDownSettings
from posesearch.estimators.runtime import Network
from posesearch.types import Float, Person, Photo

DETECTOR_SIDE: Final = 320
WIDTH, HEIGHT = 192, 256
N_JOINTS: Final = 17
SPLIT: Final = 2
"""A joint's bars have so many bins a pixel of the network's input."""

ENOUGH: Final = 1024
"""Pixels of the photo's longer side: a person of a quarter of it still fills the network's input."""

_DETECTOR_MEAN: Final = np.array([103.53, 116.28, 123.675], np.float32)  # BGR, as RTMDet was trained
_DETECTOR_DEVIATION: Final = np.array([57.375, 57.12, 58.395], np.float32)
_MEAN: Final = np.array([123.675, 116.28, 103.53], np.float32)  # RGB, as RTMPose was
_DEVIATION: Final = np.array([58.395, 57.12, 57.375], np.float32)
_PADDING: Final = 114  # the grey beside a photo that is not square
_PERSON: Final = 0  # the detector's label

_COCO_17: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
_TAKEN: Final = [_COCO_17.index(joint) if joint in _COCO_17 else 0 for joint in skeleton.JOINTS]


class RTMPose:
    """An estimator, top down. Threads may share one."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the networks.

        Args:
            model: the row with its settings.
            files: the weights' files by name: the detector's, then the pose network's.
            cache: folder for compiled networks; OpenVINO fills it.
            streams: how many photos will be estimated at once.

        Raises:
            WeightsUnusable: a file is no such network.
        """
        assert isinstance(model.settings, TopDownSettings)  # noqa: S101 (the table pairs decoders and settings)
        self.model = model
        self.settings = model.settings
        self.enough: int | None = ENOUGH
        detector, pose = (files[weights.name] for weights in model.weights)
        self._detector = Network(detector, cache, streams, (1, 3, DETECTOR_SIDE, DETECTOR_SIDE))
        self._pose = Network(pose, cache, streams, (1, 3, HEIGHT, WIDTH))
        self._files = detector, pose

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main one first; an empty list where there is nobody."""
        levels = Levels(photo.pixels)
        found = self._detect(photo.pixels, levels)
        return people.ranked([(self._person(levels, photo, *one), 1.0) for one in found])

    def _detect(
        self, pixels: NDArray[np.uint8], levels: Levels
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64], float]]:
        """Return corners, in decoded pixels, and score of each person."""
        height, width = pixels.shape[:2]
        side = float(max(width, height))
        matrix = Crop(np.array([side / 2, side / 2]), side, side).matrix(DETECTOR_SIDE, DETECTOR_SIDE)
        square = levels.sample(matrix, DETECTOR_SIDE, DETECTOR_SIDE, cv2.BORDER_CONSTANT)
        inner = np.rint(np.array([height, width]) * DETECTOR_SIDE / side).astype(int)
        square[inner[0] :], square[:, inner[1] :] = _PADDING, _PADDING  # the photo is in the upper left corner
        outputs = self._detector(_planes((square - _DETECTOR_MEAN) / _DETECTOR_DEVIATION))
        boxes = next((output[0] for output in outputs if output.ndim == 3 and output.shape[-1] == 5), None)
        labels = next((output[0] for output in outputs if output.ndim == 2), None)
        if boxes is None or labels is None:
            raise WeightsUnusable(str(self._files[0]), "its outputs are not boxes (1, n, 5) and labels (1, n)")
        kept = (boxes[:, 4] >= self.settings.detection) & (labels == _PERSON)
        corners = placed(boxes[kept, :4].reshape(-1, 2, 2).astype(np.float64), matrix).clip(0, [width, height])
        return [(low, high, float(score)) for (low, high), score in zip(corners, boxes[kept, 4], strict=True)]

    def _person(
        self, levels: Levels, photo: Photo, low: NDArray[np.float64], high: NDArray[np.float64], score: float
    ) -> Person:
        scale = np.array([photo.width / photo.pixels.shape[1], photo.height / photo.pixels.shape[0]])
        width, height = np.maximum(high - low, 1.0) * self.settings.padding
        # The box grows to the aspect of the network's input.
        crop = Crop((low + high) / 2, max(width, height * WIDTH / HEIGHT), max(height, width * HEIGHT / WIDTH))
        matrix = crop.matrix(WIDTH, HEIGHT)
        pixels = cv2.cvtColor(levels.sample(matrix, WIDTH, HEIGHT, cv2.BORDER_CONSTANT), cv2.COLOR_BGR2RGB)
        outputs = {output.shape[-1]: output for output in self._pose(_planes((pixels - _MEAN) / _DEVIATION))}
        try:
            bars = outputs[WIDTH * SPLIT][0], outputs[HEIGHT * SPLIT][0]
        except KeyError:
            wanted = f"(1, {N_JOINTS}, {WIDTH * SPLIT}) and (1, {N_JOINTS}, {HEIGHT * SPLIT})"
            raise WeightsUnusable(str(self._files[1]), f"its outputs are not bars of {wanted}") from None
        xy, scores = decoded(*bars)
        joints = people.with_neck(placed(xy, matrix)[_TAKEN] * scale)
        keypoints = people.seen(joints, people.sure_of_neck(scores[_TAKEN]), self.settings.visibility, photo)
        return people.person(keypoints, score, low * scale, high * scale, photo)


def _planes(pixels: NDArray[np.float32]) -> Float:
    """(h, w, 3) -> (1, 3, h, w) float32."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)


def decoded(x: Float, y: Float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read the bars of a person.

    Args:
        x: (17, 384) scores of the columns, half a pixel each.
        y: (17, 512) scores of the rows.

    Returns:
        Joints (17, 2) in pixels of the network's input, and scores (17,), the lower of the two bars' heights, 0 to 1.
    """
    xy = np.stack([x.argmax(axis=1), y.argmax(axis=1)], axis=1) / SPLIT
    return xy, np.minimum(x.max(axis=1), y.max(axis=1)).astype(np.float64).clip(0, 1)
