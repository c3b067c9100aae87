"""Limbs in 3D, which are compared if the direction from which a person is seen does not count.

x and z of each joint are relative to the joint before it on the body: those of the wrist are those of the forearm. An
error in the depth of an elbow then does not move the wrist too. y is relative to the centroid.

x and y come from the picture, because an estimator finds joints in the picture more exactly than in space. Only z is
that of the world coordinates.

The factors were chosen on half of the poses of benchmarks/views.py. docs/search.md has the results of other values.
"""

from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.types import Float32, Float64, Mask

HEIGHT_FACTOR: Final = 3.5
"""What y is multiplied by. It is the same from every side, and does not need the depth, so it is the most reliable."""

DEPTH_FACTOR: Final = 0.8
"""What z is multiplied by, because depth is the least reliable."""

_ROOT: Final = skeleton.INDEX["neck"]  # of the tree of BODY_LIMBS
_RELATIVE: Final = np.array([1, 0, 1])  # the axes that are relative to the joint before


def make_limbs(xy: Float32 | Float64, world: Float32 | Float64) -> Float64:
    """Return the limbs of poses in 3D.

    If the joint before a joint is missing, the one before that counts. The neck is relative to the centroid.

    Args:
        xy: (n, 14, 2), body joints in the picture, in any unit. NaN where a joint is missing.
        world: (n, 14, 3), world coordinates of these joints. NaN where a joint is missing.

    Returns:
        (n, 14, 3) float64: x to the right, y down, z away from the camera, in the unit of the world coordinates,
        multiplied by the factors. NaN where a joint is missing.
    """
    present = ~np.isnan(world[..., :1])
    picture, space = (_centre(points.astype(np.float64), present) for points in (xy, world))
    size = [np.sqrt((points[..., :2] ** 2).sum(axis=(1, 2), keepdims=True)) for points in (picture, space)]
    scaled = picture * size[1] / np.maximum(size[0], 1e-9)
    joints = np.concatenate([scaled * [1, HEIGHT_FACTOR], space[..., 2:] * DEPTH_FACTOR], axis=2)
    limbs, ends = joints.copy(), {_ROOT: joints[:, _ROOT]}
    for start, end, _ in skeleton.BODY_LIMBS:
        limbs[:, end] -= ends[start] * _RELATIVE
        ends[end] = np.where(present[:, end], joints[:, end], ends[start])
    return np.where(present, limbs, np.nan)


def _centre(points: Float64, present: Mask) -> Float64:
    """Return points, (n, 14, axes), relative to the centroid of those that are present. The others are 0."""
    filled = np.where(present, points, 0.0)
    centroid = filled.sum(axis=1, keepdims=True) / np.maximum(present.sum(axis=1, keepdims=True), 1)
    return np.where(present, filled - centroid, 0.0)
