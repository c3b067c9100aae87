"""Runs BlazePose's person detector, and decodes its output with anchors and non-maximum suppression.

The detector describes a person by the midpoint of the hips and a circle around the body. The steps and constants are
those of MediaPipe 0.10.21 (modules/pose_detection).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch.estimators.crops import Crop, ImagePyramid, Matrix, transform_points
from posesearch.estimators.runtime import Network
from posesearch.types import Float32

INPUT_SIDE: Final = 224
"""Side of the detector's square input in pixels."""

CROP_SCALE: Final = 1.25  # side of a person's crop, relative to the diameter of the circle around the body
_FACE_IOU: Final = 0.3  # two face boxes with a larger intersection over union are the same person
_HIP_DISTANCE: Final = 0.25  # two detections with closer hips are the same person, relative to the circle's radius


def make_anchors() -> NDArray[np.float64]:
    """Return the anchor points, (2254, 2), as fractions of the detector's input.

    The grids of stride 8 and 16 have two anchors per cell. The grid of stride 32 has six, because three layers with two
    anchors each use it.
    """
    grids = []
    for stride, per_cell in ((8, 2), (16, 2), (32, 6)):
        cells = INPUT_SIDE // stride
        y, x = np.mgrid[0:cells, 0:cells]
        centres = np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5
        grids.append(np.repeat(centres / cells, per_cell, axis=0))
    return np.concatenate(grids)


_ANCHORS: Final = make_anchors()


@dataclass(frozen=True, eq=False)
class Detection:
    """A person that the detector found.

    Attributes:
        score: 0 to 1.
        hips: (2,) midpoint of the hips, pixels of the photo.
        circle_point: (2,) point on the circle around the body, pixels of the photo. The centre of the circle is `hips`.
            The vector from `hips` to this point is the body's upward direction.
    """

    score: float
    hips: NDArray[np.float64]
    circle_point: NDArray[np.float64]

    def crop(self) -> Crop:
        """Return the square crop around the body, rotated so that the body is upright in it."""
        return upright_crop(self.hips, self.circle_point)


class Detector:
    """A compiled person detector. Threads may share it."""

    def __init__(self, graph: Path, cache: Path, streams: int) -> None:
        """Compile the network. The arguments are those of Network."""
        self._network = Network(graph, cache, streams, (1, INPUT_SIDE, INPUT_SIDE, 3))

    def __call__(self, pyramid: ImagePyramid, crop: Crop, threshold: float) -> list[Detection]:
        """Return the people in a square crop of the photo, the highest score first.

        Args:
            pyramid: the photo.
            crop: the crop.
            threshold: lowest score of a detection.
        """
        matrix = crop.matrix(INPUT_SIDE, INPUT_SIDE)
        pixels = pyramid.sample(matrix, INPUT_SIDE, INPUT_SIDE, cv2.BORDER_CONSTANT)
        first, second = self._network(to_rgb_batch(pixels) / 127.5 - 1.0)
        boxes, logits = (first, second) if first.size > second.size else (second, first)
        return decode_detections(boxes[0], logits.ravel(), threshold, matrix)


def to_rgb_batch(pixels: NDArray[np.uint8]) -> Float32:
    """Convert (h, w, 3) uint8 BGR to (1, h, w, 3) float32 RGB."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.float32)[None]


def upright_crop(hips: NDArray[np.float64], circle_point: NDArray[np.float64]) -> Crop:
    """Return the square crop around a body, rotated so that the body is upright in it. See Detection."""
    x, y = circle_point - hips
    side = 2 * CROP_SCALE * max(math.hypot(x, y), 1e-6)
    return Crop(hips, side, side, math.atan2(x, -y))


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + e^-x)."""
    return np.asarray(1.0 / (1.0 + np.exp(-values.clip(-80, 80))))


def decode_detections(boxes: Float32, logits: Float32, threshold: float, matrix: Matrix) -> list[Detection]:
    """Return the detected people, the highest score first.

    Args:
        boxes: (2254, 12) centre and size of the face box, then four keypoints, in pixels of the input. The points are
            relative to the anchor.
        logits: (2254,) logits of the scores.
        threshold: lowest score of a detection.
        matrix: transform from the detector's input to the photo.
    """
    scores = sigmoid(logits.astype(np.float64))
    above = np.flatnonzero(scores >= threshold)
    scores = scores[above]
    points = boxes[above].astype(np.float64).reshape(-1, 6, 2) / INPUT_SIDE
    size = points[:, 1].copy()
    points += _ANCHORS[above][:, None]
    low, high = points[:, 0] - size / 2, points[:, 0] + size / 2
    detections = []
    for members in group_overlapping(low, high, scores):
        weights = scores[members] / scores[members].sum()
        mean = (points[members] * weights[:, None, None]).sum(axis=0) * INPUT_SIDE
        hips, circle_point = transform_points(mean[2:4], matrix)
        detections.append(Detection(float(scores[members[0]]), hips, circle_point))
    return detections


def group_overlapping(
    low: NDArray[np.float64], high: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[NDArray[np.int64]]:
    """Group overlapping boxes for weighted non-maximum suppression.

    Args:
        low: (n, 2) upper left corners.
        high: (n, 2) lower right corners.
        scores: (n,) score of each box.

    Returns:
        Indices of the boxes of each group, the highest score first. The first box of a group overlaps with all others.
    """
    order = np.argsort(-scores, kind="stable")
    groups = []
    while len(order):
        best = order[0]
        same = intersection_over_union(low[best], high[best], low[order], high[order]) > _FACE_IOU
        same[0] = True
        groups.append(order[same])
        order = order[~same]
    return groups


def suppress_duplicates(detections: list[Detection]) -> list[Detection]:
    """Return one detection per person, the one with the highest score. Overlapping tiles find a person repeatedly."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda detection: -detection.score):
        distance = _HIP_DISTANCE * float(np.linalg.norm(detection.circle_point - detection.hips))
        if all(np.linalg.norm(detection.hips - other.hips) > distance for other in kept):
            kept.append(detection)
    return kept


def intersection_over_union(
    low: NDArray[np.float64], high: NDArray[np.float64], lows: NDArray[np.float64], highs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the intersection over union, (n,), of one box with n boxes.

    Args:
        low: (2,) upper left corner of the box.
        high: (2,) lower right corner of the box.
        lows: (n, 2) upper left corners of the other boxes.
        highs: (n, 2) lower right corners of the other boxes.
    """
    intersection = (np.minimum(high, highs) - np.maximum(low, lows)).clip(0).prod(axis=1)
    union = (high - low).prod() + (highs - lows).prod(axis=1) - intersection
    return np.asarray(intersection / np.maximum(union, 1e-12))
