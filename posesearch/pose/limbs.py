"""Limbs in 3D, which are compared if the direction from which a person is seen does not count.

Each joint has the vector from the joint before it on the body: the wrist has that of the forearm. An error of an elbow
then does not move the wrist too. x and y come from the picture, because an estimator finds joints in the picture more
exactly than in space. Only z is that of the world coordinates.
"""

from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.types import Float32, Float64, Mask

HEIGHT_FACTOR: Final = 3.0
"""What y is multiplied by. It is the same from every side, and does not need the depth, so it is the most reliable.

benchmarks/views.py compares it with other values. docs/search.md has the results.
"""

DEPTH_FACTOR: Final = 0.8
"""What z is multiplied by, because depth is the least reliable. benchmarks/views.py compares it with other values."""

_ROOT: Final = skeleton.INDEX["neck"]  # of the tree of BODY_LIMBS


def make_limbs(xy: Float32, world: Float32) -> Float64:
    """Return the limbs of poses in 3D.

    If the joint before a joint is missing, the one before that counts. The neck has the vector from the centroid.

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
        limbs[:, end] -= ends[start]
        ends[end] = np.where(present[:, end], joints[:, end], ends[start])
    return np.where(present, limbs, np.nan)


def _centre(points: Float64, present: Mask) -> Float64:
    """Return points, (n, 14, axes), relative to the centroid of those that are present. The others are 0."""
    filled = np.where(present, points, 0.0)
    centroid = filled.sum(axis=1, keepdims=True) / np.maximum(present.sum(axis=1, keepdims=True), 1)
    return np.where(present, filled - centroid, 0.0)
