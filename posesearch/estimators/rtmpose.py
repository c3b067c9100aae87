"""RTMPose: a top-down estimator with the person detector RTMDet and a SimCC pose network.

A SimCC network predicts two score vectors for each joint, one over the columns and one over the rows of the input.
Input sizes, means and decoding are those of the configurations that OpenMMLab released with the networks (mmpose 1.x,
projects/rtmpose). See Jiang et al., "RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose", 2023, and Li et
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
from posesearch.estimators.crops import Crop, ImagePyramid, transform_points
from posesearch.estimators.models import Model, TopDownSettings
from posesearch.estimators.runtime import Network
from posesearch.photos.photo import Photo
from posesearch.types import Float32, Person

DETECTOR_SIDE: Final = 320
"""Side of the detector's square input in pixels."""

WIDTH, HEIGHT = 192, 256
"""Size of the pose network's input in pixels."""

N_JOINTS: Final = 17
BINS_PER_PIXEL: Final = 2
"""Elements of a SimCC vector per pixel of the pose network's input."""

USEFUL_SIDE: Final = 1024
"""Longer side of the photo in pixels. A person a quarter as long still fills the pose network's input."""

_DETECTOR_MEAN: Final = np.array([103.53, 116.28, 123.675], np.float32)  # RTMDet was trained on BGR
_DETECTOR_STD: Final = np.array([57.375, 57.12, 58.395], np.float32)
_POSE_MEAN: Final = np.array([123.675, 116.28, 103.53], np.float32)  # RTMPose was trained on RGB
_POSE_STD: Final = np.array([58.395, 57.12, 57.375], np.float32)
_PADDING_VALUE: Final = 114  # grey, fills the part of the detector's input that the photo does not cover
_PERSON_LABEL: Final = 0

_COCO_17: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
# COCO-17 has no neck. Its index is a placeholder, because people.fill_neck replaces the neck.
_COCO_17_OF_JOINT: Final = [_COCO_17.index(joint) if joint in _COCO_17 else 0 for joint in skeleton.JOINTS]


class RTMPose:
    """The RTMPose estimator. Threads may share it."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the networks.

        Args:
            model: the model with its settings. Its weights are the detector's, then the pose network's.
            files: the path of each of the model's weights. The keys are names of weights.
            cache: folder in which OpenVINO caches compiled networks.
            streams: how many threads will call `estimate` in parallel.

        Raises:
            WeightsUnusable: a file is not a network of the expected kind.
        """
        assert isinstance(model.settings, TopDownSettings)  # noqa: S101 (the table of models guarantees it)
        self.model = model
        self.settings = model.settings
        self.useful_side: int | None = USEFUL_SIDE
        detector, pose = (files[weights.name] for weights in model.weights)
        self._detector = Network(detector, cache, streams, (1, 3, DETECTOR_SIDE, DETECTOR_SIDE))
        self._pose = Network(pose, cache, streams, (1, 3, HEIGHT, WIDTH))
        self._files = detector, pose

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main person first. The list is empty if there is nobody."""
        pyramid = ImagePyramid(photo.pixels)
        boxes = self._detect(photo.pixels, pyramid)
        return people.rank_people(self._estimate_person(pyramid, photo, *box) for box in boxes)

    def _detect(
        self, pixels: NDArray[np.uint8], pyramid: ImagePyramid
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64], float]]:
        """Return the upper left corner, lower right corner and score of each person, in pixels of the decoded photo."""
        height, width = pixels.shape[:2]
        side = float(max(width, height))
        matrix = Crop(np.array([side / 2, side / 2]), side, side).matrix(DETECTOR_SIDE, DETECTOR_SIDE)
        square = pyramid.sample(matrix, DETECTOR_SIDE, DETECTOR_SIDE, cv2.BORDER_CONSTANT)
        # The photo is in the upper left corner of the square.
        rows, columns = np.rint(np.array([height, width]) * DETECTOR_SIDE / side).astype(int)
        square[rows:], square[:, columns:] = _PADDING_VALUE, _PADDING_VALUE
        outputs = self._detector(_to_batch((square - _DETECTOR_MEAN) / _DETECTOR_STD))
        boxes = next((output[0] for output in outputs if output.ndim == 3 and output.shape[-1] == 5), None)
        labels = next((output[0] for output in outputs if output.ndim == 2), None)
        if boxes is None or labels is None:
            raise WeightsUnusable(str(self._files[0]), "its outputs are not boxes (1, n, 5) and labels (1, n)")
        is_person = (boxes[:, 4] >= self.settings.detection) & (labels == _PERSON_LABEL)
        corners = boxes[is_person, :4].reshape(-1, 2, 2).astype(np.float64)
        corners = transform_points(corners, matrix).clip(0, [width, height])
        return [(low, high, float(score)) for (low, high), score in zip(corners, boxes[is_person, 4], strict=True)]

    def _estimate_person(
        self, pyramid: ImagePyramid, photo: Photo, low: NDArray[np.float64], high: NDArray[np.float64], score: float
    ) -> Person:
        """Run the pose network on a detected person.

        Args:
            pyramid: the decoded photo.
            photo: the photo.
            low: (2,) upper left corner of the person's box in pixels of the decoded photo.
            high: (2,) lower right corner.
            score: the detector's score.
        """
        scale = np.array([photo.width / photo.pixels.shape[1], photo.height / photo.pixels.shape[0]])
        width, height = np.maximum(high - low, 1.0) * self.settings.padding
        # Extend the shorter side of the box to the aspect ratio of the network's input.
        crop = Crop((low + high) / 2, max(width, height * WIDTH / HEIGHT), max(height, width * HEIGHT / WIDTH))
        matrix = crop.matrix(WIDTH, HEIGHT)
        pixels = cv2.cvtColor(pyramid.sample(matrix, WIDTH, HEIGHT, cv2.BORDER_CONSTANT), cv2.COLOR_BGR2RGB)
        outputs = {output.shape[-1]: output for output in self._pose(_to_batch((pixels - _POSE_MEAN) / _POSE_STD))}
        try:
            x, y = outputs[WIDTH * BINS_PER_PIXEL][0], outputs[HEIGHT * BINS_PER_PIXEL][0]
        except KeyError:
            wanted = f"(1, {N_JOINTS}, {WIDTH * BINS_PER_PIXEL}) and (1, {N_JOINTS}, {HEIGHT * BINS_PER_PIXEL})"
            raise WeightsUnusable(str(self._files[1]), f"its outputs do not have the shapes {wanted}") from None
        xy, scores = decode_simcc(x, y)
        joints = people.fill_neck(transform_points(xy, matrix)[_COCO_17_OF_JOINT] * scale)
        joint_scores = people.fill_neck_score(scores[_COCO_17_OF_JOINT])
        keypoints = people.visible_keypoints(joints, joint_scores, self.settings.visibility, photo)
        return people.make_person(keypoints, score, low * scale, high * scale, photo)


def _to_batch(pixels: NDArray[np.float32]) -> Float32:
    """Convert (h, w, 3) to (1, 3, h, w) float32."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)


def decode_simcc(x: Float32, y: Float32) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Decode the SimCC vectors of a person.

    Args:
        x: (17, 384) scores of the columns. Each element is half a pixel wide.
        y: (17, 512) scores of the rows.

    Returns:
        Joints (17, 2) in pixels of the network's input, and their scores (17,), 0 to 1. A joint's score is the lower
        maximum of its two vectors.
    """
    xy = np.stack([x.argmax(axis=1), y.argmax(axis=1)], axis=1) / BINS_PER_PIXEL
    return xy, np.minimum(x.max(axis=1), y.max(axis=1)).astype(np.float64).clip(0, 1)
