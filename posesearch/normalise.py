"""Body joints to vectors.

Two normalisations: "body" moves the centroid of the joints to the origin and divides by the Frobenius norm, so that
neither the place nor the size of a person counts, and the aspect stays; "max", the article's, divides x and y each by
its own maximum. Vectors are (28,): x0..x13, y0..y13, with 0 where a joint is missing.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.types import Float, Person, Pose

Normalisation = Literal["body", "max"]

MIN_NORM: Final = 1e-6
"""Pixels. Joints that are nearer to their centroid all lie on one point and have no pose."""


def body(xy: Float) -> Float:
    """Normalise by centroid and Frobenius norm.

    Args:
        xy: (n, 14, 2) float, any unit; NaN where a joint is missing.

    Returns:
        (n, 28) float32: rows of norm 1, zero mean over the joints present, 0 where missing. A row whose joints
        all lie on one point, or that has none, is all 0.
    """
    return _normed(xy)


def space(xyz: Float) -> Float:
    """Normalise joints in 3D by centroid and Frobenius norm.

    Args:
        xyz: (n, 14, 3) float, metres; NaN where a joint is missing.

    Returns:
        (n, 42) float32: x0..x13, y0..y13, z0..z13, as `body`.
    """
    return _normed(xyz)


def maximum(xy: Float) -> Float:
    """Normalise as the article: x / max x and y / max y of the body joints, in pixels of the photo.

    Args:
        xy: (n, 14, 2) float, pixels; NaN where a joint is missing.

    Returns:
        (n, 28) float32, 0 where missing.
    """
    filled = np.nan_to_num(xy.astype(np.float64), nan=0.0)
    return _flat(filled / np.maximum(filled.max(axis=1, keepdims=True), MIN_NORM))


def _normed(xy: Float) -> Float:
    present = ~np.isnan(xy[..., 0])
    count = np.maximum(present.sum(axis=1), 1)[:, None, None]
    filled = np.where(present[..., None], xy, 0.0).astype(np.float64)
    centred = np.where(present[..., None], filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
    norm = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    scaled = np.where(norm > MIN_NORM, centred / np.maximum(norm, MIN_NORM), 0.0)
    return _flat(scaled)


def _flat(xy: NDArray[np.float64]) -> Float:
    return xy.transpose(0, 2, 1).reshape(len(xy), -1).astype(np.float32)  # (n, 14, axes) -> (n, axes x 14)


NORMALISATIONS: Final = {"body": body, "max": maximum}


def pose_of(person: Person) -> Pose:
    """Return the person with its "body" vector, its mask, and the same in 3D where there is that.

    Raises:
        ValueError: the joints present all lie on one point.
    """
    xy = person.keypoints.xy[skeleton.BODY]
    vector = body(xy[None])[0]
    if not vector.any():
        raise ValueError("joints that all lie on one point have no pose")
    world = None if person.world is None else space(person.world[None, skeleton.BODY])[0]
    return Pose(person, vector, (~np.isnan(xy[:, 0])).astype(np.float32), world)


def squares(vector: Float) -> Float:
    """Return the sum of the squared coordinates per joint: (28,) or (42,) -> (14,) float32."""
    return np.asarray((vector.reshape(-1, skeleton.N_BODY) ** 2).sum(axis=0), dtype=np.float32)
