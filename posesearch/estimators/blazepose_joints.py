"""Finds the 18 joints of posesearch among BlazePose's landmarks, and moves some to where people label them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.estimators import people

_LANDMARKS: Final = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
    "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16,
    "left_hip": 23, "right_hip": 24, "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
    "neck": 0,  # a placeholder: people.fill_neck replaces it
}  # fmt: skip
LANDMARK_OF_JOINT: Final = [_LANDMARKS[name] for name in skeleton.JOINTS]
"""The landmark of each joint, (18,)."""

# BlazePose was trained on the joints of a body model. People who label photos put the hips higher and farther apart,
# and the ankles lower. The constants are rounded from the median displacements on photos of fashion and of sports, and
# with both landmark networks. benchmarks/thresholds.py prints them.
_HIPS_UP: Final = 0.03
"""Distance by which the hips move towards the shoulders, relative to the length of the trunk."""

_HIPS_APART: Final = 0.1
"""Distance by which each hip moves away from the other, relative to their distance."""

_ANKLES_DOWN: Final = 0.03
"""Distance by which the ankles move away from the knees, relative to the length of the shin."""

_SHOULDERS, _HIPS, _KNEES, _ANKLES = (
    [skeleton.INDEX[f"{side}_{joint}"] for side in ("right", "left")] for joint in ("shoulder", "hip", "knee", "ankle")
)


def take_joints(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coordinates of the joints, (18, 2 or 3), among those of the landmarks, (33 or more, 2 or 3)."""
    return people.fill_neck(landmarks[LANDMARK_OF_JOINT])


def move_to_labels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return joints, (18, 2) pixels, with hips and ankles moved to where people label them."""
    moved = xy.copy()
    trunk = xy[_SHOULDERS].mean(axis=0) - xy[_HIPS].mean(axis=0)
    moved[_HIPS] += _HIPS_UP * trunk + _HIPS_APART * (xy[_HIPS] - xy[_HIPS[::-1]])
    moved[_ANKLES] += _ANKLES_DOWN * (xy[_ANKLES] - xy[_KNEES])
    return moved
