"""What BlazePose's detector answers: people by the middle of their hips and a circle around the body.

The steps and constants are those of MediaPipe 0.10.21 (modules/pose_detection).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.estimators.crops import Crop, Matrix, placed
from posesearch.types import Float

SIDE: Final = 224
"""Pixels of the detector's square input."""

ZOOM: Final = 1.25  # the crop against the circle
_SAME_FACE: Final = 0.3  # overlap from which two detections are one
_SAME_PLACE: Final = 0.25  # of the circle's radius: two detections whose hips are nearer are one


def anchors() -> NDArray[np.float64]:
    """Return the centres that detections are offsets from, (2254, 2) in parts of the detector's input.

    Two a cell at strides 8 and 16, and six at 32, which is three layers of two.
    """
    grids = []
    for stride, each in ((8, 2), (16, 2), (32, 6)):
        cells = SIDE // stride
        y, x = np.mgrid[0:cells, 0:cells]
        centres = np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5
        grids.append(np.repeat(centres / cells, each, axis=0))
    return np.concatenate(grids)


_ANCHORS: Final = anchors()


@dataclass(frozen=True, eq=False)
class Detection:
    """A person that the detector found.

    Attributes:
        score: 0 to 1.
        hips: (2,) middle of the hips, pixels.
        circle: (2,) a point on the circle around the body, straight up from the hips as the body stands.
    """

    score: float
    hips: NDArray[np.float64]
    circle: NDArray[np.float64]

    def crop(self) -> Crop:
        """Return the square around the body, turned so that it stands upright."""
        x, y = self.circle - self.hips
        side = 2 * ZOOM * max(math.hypot(x, y), 1e-6)
        return Crop(self.hips, side, side, math.atan2(x, -y))


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + e^-x)."""
    return np.asarray(1.0 / (1.0 + np.exp(-values.clip(-80, 80))))


def decoded(boxes: Float, logits: Float, least: float, matrix: Matrix) -> list[Detection]:
    """Return the people, the surest first.

    Args:
        boxes: (2254, 12): a face's box by centre and size, then four points; in pixels from the anchor.
        logits: (2254,) of the scores.
        least: score.
        matrix: from the detector's input to the photo.
    """
    scores = sigmoid(logits.astype(np.float64))
    kept = np.flatnonzero(scores >= least)
    scores = scores[kept]
    points = boxes[kept].astype(np.float64).reshape(-1, 6, 2) / SIDE
    size = points[:, 1].copy()
    points += _ANCHORS[kept][:, None]
    low, high = points[:, 0] - size / 2, points[:, 0] + size / 2
    found = []
    for members in weighted(low, high, scores):
        weights = scores[members] / scores[members].sum()
        mean = (points[members] * weights[:, None, None]).sum(axis=0) * SIDE
        hips, circle = placed(mean[2:4], matrix)
        found.append(Detection(float(scores[members[0]]), hips, circle))
    return found


def weighted(
    low: NDArray[np.float64], high: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[NDArray[np.int64]]:
    """Group boxes that overlap with a surer one, the surest group first: weighted non-maximum suppression."""
    order = np.argsort(-scores, kind="stable")
    groups = []
    while len(order):
        best = order[0]
        same = overlap(low[best], high[best], low[order], high[order]) > _SAME_FACE
        same[0] = True
        groups.append(order[same])
        order = order[~same]
    return groups


def strongest(found: list[Detection]) -> list[Detection]:
    """Of detections of the same body in overlapping squares, keep the surest."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda one: -one.score):
        reach = _SAME_PLACE * float(np.linalg.norm(one.circle - one.hips))
        if all(np.linalg.norm(one.hips - other.hips) > reach for other in kept):
            kept.append(one)
    return kept


def overlap(
    low: NDArray[np.float64], high: NDArray[np.float64], lows: NDArray[np.float64], highs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Intersection over union of one box, (2,) corners, with n, (n, 2)."""
    shared = (np.minimum(high, highs) - np.maximum(low, lows)).clip(0).prod(axis=1)
    union = (high - low).prod() + (highs - lows).prod(axis=1) - shared
    return np.asarray(shared / np.maximum(union, 1e-12))
