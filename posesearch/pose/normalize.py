"""Normalization of body joints to the vectors that are stored and compared.

"body" moves the centroid of the joints to the origin and divides by the Frobenius norm. The position and the size of a
person no longer count, and the proportions stay. "max" is the normalization of the article. It divides x and y each by
its own maximum. Vectors are (28,): x0..x13, y0..y13, with 0 where a joint is missing.
"""

from typing import Final, Literal

import numpy as np

from posesearch import skeleton
from posesearch.pose.limbs import make_limbs
from posesearch.types import Float32, Float64, Person, Pose

Normalization = Literal["body", "max"]

MIN_NORM: Final = 1e-6
"""In the unit of the coordinates. Joints with a smaller norm count as one point, which is not a pose."""


def normalize_body(coordinates: Float32 | Float64) -> Float32:
    """Normalize poses by centroid and Frobenius norm.

    Args:
        coordinates: (n, 14, 2) or (n, 14, 3) float, any unit. NaN where a joint is missing.

    Returns:
        (n, 28) or (n, 42) float32. Each row has norm 1 and zero mean over the joints present, and is 0 where a joint is
        missing. A row without joints, or whose joints all lie on one point, is 0 everywhere.
    """
    present = ~np.isnan(coordinates[..., 0])
    count = np.maximum(present.sum(axis=1), 1)[:, None, None]
    filled = np.where(present[..., None], coordinates, 0.0).astype(np.float64)
    centred = np.where(present[..., None], filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
    norm = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    scaled = np.where(norm > MIN_NORM, centred / np.maximum(norm, MIN_NORM), 0.0)
    return _flatten(scaled)


def normalize_max(xy: Float32) -> Float32:
    """Normalize poses as in the article: x / max x and y / max y of the body joints, in pixels of the photo.

    Args:
        xy: (n, 14, 2) float, pixels. NaN where a joint is missing.

    Returns:
        (n, 28) float32, 0 where missing.
    """
    filled = np.nan_to_num(xy.astype(np.float64), nan=0.0)
    return _flatten(filled / np.maximum(filled.max(axis=1, keepdims=True), MIN_NORM))


def normalize_limbs(xy: Float32, world: Float32) -> Float32:
    """Normalize the limbs of poses in 3D as `normalize_body` does. The arguments are those of `make_limbs`.

    Returns:
        (n, 42) float32.
    """
    return normalize_body(make_limbs(xy, world))


def _flatten(xy: Float64) -> Float32:
    return xy.transpose(0, 2, 1).reshape(len(xy), -1).astype(np.float32)  # (n, 14, axes) -> (n, axes x 14)


NORMALIZATIONS: Final = {"body": normalize_body, "max": normalize_max}


def make_pose(person: Person) -> Pose:
    """Return the pose of a person. It has a world vector if the person has world coordinates.

    Raises:
        ValueError: the joints present all lie on one point.
    """
    xy = person.keypoints.xy[skeleton.BODY]
    vector = normalize_body(xy[None])[0]
    if not vector.any():
        raise ValueError("all joints lie on one point, which is not a pose")
    world_vector = None if person.world is None else normalize_limbs(xy[None], person.world[None, skeleton.BODY])[0]
    return Pose(person, vector, (~np.isnan(xy[:, 0])).astype(np.float32), world_vector)


def squared_lengths(vector: Float32) -> Float32:
    """Return the squared distance of each joint from the origin: (28,) or (42,) -> (14,) float32."""
    return np.asarray((vector.reshape(-1, skeleton.N_BODY) ** 2).sum(axis=0), dtype=np.float32)
