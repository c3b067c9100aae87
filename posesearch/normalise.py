"""Body joints to vectors, and the similarity of two of them.

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

MIN_SPREAD: Final = 1e-3
"""Of a vector of norm 1: shared joints whose squares sum to less lie within 3% of the body, on one point for any
estimator, and have no shape to compare. schema.sql has the same number."""


def body(xy: Float) -> Float:
    """Normalise by centroid and Frobenius norm.

    Args:
        xy: (n, 14, 2) float, any unit; NaN where a joint is missing.

    Returns:
        (n, 28) float32: rows of norm 1, zero mean over the joints present, 0 where missing. A row whose joints
        all lie on one point, or that has none, is all 0.
    """
    present = ~np.isnan(xy[..., 0])
    count = np.maximum(present.sum(axis=1), 1)[:, None, None]
    filled = np.where(present[..., None], xy, 0.0).astype(np.float64)
    centred = np.where(present[..., None], filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
    norm = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    scaled = np.where(norm > MIN_NORM, centred / np.maximum(norm, MIN_NORM), 0.0)
    return _flat(scaled)


def maximum(xy: Float) -> Float:
    """Normalise as the article: x / max x and y / max y of the body joints, in pixels of the photo.

    Args:
        xy: (n, 14, 2) float, pixels; NaN where a joint is missing.

    Returns:
        (n, 28) float32, 0 where missing.
    """
    filled = np.nan_to_num(xy.astype(np.float64), nan=0.0)
    return _flat(filled / np.maximum(filled.max(axis=1, keepdims=True), MIN_NORM))


def _flat(xy: NDArray[np.float64]) -> Float:
    return np.concatenate([xy[..., 0], xy[..., 1]], axis=1).astype(np.float32)  # (n, 14, 2) -> (n, 28)


NORMALISATIONS: Final = {"body": body, "max": maximum}


def pose_of(person: Person) -> Pose:
    """Return the person with its "body" vector and mask.

    Raises:
        ValueError: the joints present all lie on one point.
    """
    xy = person.keypoints.xy[skeleton.BODY]
    vector = body(xy[None])[0]
    if not vector.any():
        raise ValueError("joints that all lie on one point have no pose")
    return Pose(person, vector, (~np.isnan(xy[:, 0])).astype(np.float32))


def squares(vector: Float) -> Float:
    """Return x^2 + y^2 per joint: (..., 28) -> (..., 14) float32."""
    return (vector[..., : skeleton.N_BODY] ** 2 + vector[..., skeleton.N_BODY :] ** 2).astype(np.float32)


def similarity(
    stored: Float, stored_mask: Float, query: Float, weight: Float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compare stored poses with a query over the joints that both have.

    The weighted Pearson correlation of joint coordinates: what is left after the best translation and scale on the
    shared joints. Between two complete poses with equal weights it is the inner product of their vectors.
    schema.sql's macro pose_correlation is the same formula.

    Args:
        stored: (n, 28) float32, 0 where missing.
        stored_mask: (n, 14) float32, 0 or 1.
        query: (28,) float32, 0 where missing.
        weight: (14,) float32, at least 0; 0 where the query lacks the joint or does not ask about it.

    Returns:
        The similarity, (n,) float64, -1 to 1, 0 where the shared joints lie on one point; and the number of shared
        joints, (n,) int64.
    """
    half = skeleton.N_BODY
    ax, ay = stored[:, :half].astype(np.float64), stored[:, half:].astype(np.float64)
    bx, by = query[:half].astype(np.float64), query[half:].astype(np.float64)
    w = stored_mask * weight.astype(np.float64)  # (n, 14), the weights of the shared joints
    total = np.maximum(w.sum(axis=1), 1e-9)
    sum_ax, sum_ay, sum_bx, sum_by = (w * ax).sum(1), (w * ay).sum(1), (w * bx).sum(1), (w * by).sum(1)
    cross = (w * (ax * bx + ay * by)).sum(1) - (sum_ax * sum_bx + sum_ay * sum_by) / total
    spread_a = (w * (ax**2 + ay**2)).sum(1) - (sum_ax**2 + sum_ay**2) / total
    spread_b = (w * (bx**2 + by**2)).sum(1) - (sum_bx**2 + sum_by**2) / total
    enough = (spread_a > MIN_SPREAD) & (spread_b > MIN_SPREAD)
    scale = np.sqrt(np.where(enough, spread_a * spread_b, 1.0))
    return np.clip(np.where(enough, cross / scale, 0.0), -1.0, 1.0), (w > 0).sum(axis=1)
