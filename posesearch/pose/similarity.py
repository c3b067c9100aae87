"""Pose similarity: the correlation of the joints that both poses have, invariant to translation and scale.

schema.sql has the same formulas for one query and a whole database. The functions here compare many poses with many by
matrix products, and explain one comparison joint by joint. docs/search.md derives the formulas.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from posesearch import skeleton
from posesearch.skeleton import Exchange
from posesearch.types import Float32, Float64, Int64, Mask

Float = TypeVar("Float", Float32, Float64, Mask)

Invariance = skeleton.Invariance

MIN_SPREAD: Final = 1e-3
"""Shared joints with a smaller sum of squares, in a vector of norm 1, have no shape that can be compared.

They lie within 3% of the body's size. No estimator can distinguish them from one point. schema.sql has the same number.
"""

MISSING_JOINT_SIMILARITY: Final = 0.9
"""The similarity of a joint that the stored pose does not have. Two random people have about this similarity.

benchmarks/retrieval.py compares it with other values. schema.sql has the same number.
"""

MISSING_JOINT_FACTOR: Final = 2.0
"""The distance of a missing joint is at least this many times the distance of the shared joints.

A few joints of a dissimilar pose often fit by chance. schema.sql has the same number.
"""

ANCHOR_WEIGHT: Final = 0.25
"""The weight of the torso's joints in a comparison of other parts relative to the torso.

docs/search.md has the measurement. Values from 0.1 to 0.5 give nearly the same. schema.sql has the same number.
"""

MIN_SHARED: Final = 6
"""Number of joints that a pose must share with the query. A query with fewer joints must share all of them.

A few joints fit almost any pose.
"""


def mirror_joints(values: Float) -> Float:
    """Return values of body joints, (..., 14), with left and right joints exchanged."""
    return exchange_joints(values, "all")


def exchange_joints(values: Float, exchanged: Exchange) -> Float:
    """Return values of body joints, (..., 14), with left and right joints of some parts exchanged."""
    return values[..., list(skeleton.EXCHANGES[exchanged][skeleton.BODY])]


@dataclass(frozen=True, eq=False)
class Poses:
    """Normalized poses as a matrix.

    Attributes:
        vectors: (n, 28) float32, x0..x13, y0..y13 of the image, or (n, 42), with z0..z13, of the limbs in 3D. 0
            where missing.
        masks: (n, 14) float32, 1 where the joint was found, else 0.
    """

    vectors: Float32
    masks: Float32

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def axes(self) -> Float32:
        """The coordinates by axis, (2 or 3, n, 14) float32."""
        count, width = self.vectors.shape
        return self.vectors.reshape(count, width // skeleton.N_BODY, skeleton.N_BODY).transpose(1, 0, 2)

    def mirror(self) -> "Poses":
        """Return the mirrored poses: x is negated, and left and right joints are exchanged."""
        mirrored = self.exchange("all")
        mirrored.vectors[:, : skeleton.N_BODY] *= -1
        return mirrored

    def exchange(self, exchanged: Exchange) -> "Poses":
        """Return the poses with left and right joints of some parts exchanged."""
        axes = exchange_joints(self.axes, exchanged)
        vectors = axes.transpose(1, 0, 2).reshape(self.vectors.shape)
        return Poses(vectors, exchange_joints(self.masks, exchanged))

    def take(self, rows: slice | Int64) -> "Poses":
        """Return the poses in these rows."""
        return Poses(self.vectors[rows], self.masks[rows])


@dataclass(frozen=True, eq=False)
class Comparison:
    """The comparison of q queries with n stored poses. Arrays are (q, n) unless stated.

    Attributes:
        correlation: float64, -1 to 1, over the shared joints. 0 where these lie on one point.
        share: float64, 0 to 1, the share of the query's weight that is on shared joints. 0 where these lie on one
            point.
        shared: int64, number of shared joints.
        degrees: float64, -180 to 180, rotation of the stored pose against the query. "turn": clockwise in the image.
            "view": towards the right of the image. "none": 0.
        query_joints: (q,) int64, number of joints with a weight in each query.
    """

    correlation: Float64
    share: Float64
    shared: Int64
    degrees: Float64
    query_joints: Int64

    def similarity(self, min_shared: int = MIN_SHARED) -> Float64:
        """Return the similarity, (q, n) float64. It is -inf where too few joints are shared."""
        is_comparable = (self.shared >= np.minimum(min_shared, self.query_joints)[:, None]) & (self.share > 0)
        return np.where(is_comparable, penalize(self.correlation, self.share), -np.inf)


def penalize(correlation: Float64, share: Float64) -> Float64:
    """Return the similarity: the correlation of the shared joints, with a penalty for the missing ones.

    The distance of a missing joint is 1 - MISSING_JOINT_SIMILARITY, or MISSING_JOINT_FACTOR times the distance of the
    shared joints if that is more. A few joints that agree closely therefore count less than many, and a pose never
    gains by missing joints.

    Args:
        correlation: correlation of the shared joints, any shape.
        share: share of the query's weight that is on shared joints, the same shape.
    """
    missing = (1 - share) * _missing_joint_distance(correlation)
    return np.asarray(np.clip(1 - (1 - correlation) * share - missing, -1.0, 1.0))


def _missing_joint_distance(correlation: Float64) -> Float64:
    """Return the distance of a missing joint, before weighting."""
    return np.asarray(np.maximum(1 - MISSING_JOINT_SIMILARITY, MISSING_JOINT_FACTOR * (1 - correlation)))


def compare(stored: Poses, query: Poses, weight: Float32, invariance: Invariance = "none") -> Comparison:
    """Compare every query with every stored pose.

    The correlation is the weighted Pearson correlation of the coordinates of the shared joints. It does not depend on
    translation and scale. With "turn" and "view", it is the correlation after the best rotation, which has a closed
    form (Kabsch, 1976, in a plane).

    Args:
        stored: n poses. For "view", their limbs in 3D.
        query: q poses. For "view", their limbs in 3D.
        weight: (q, 14) float32, at least 0. It is 0 where the query does not have the joint or ignores it.
        invariance: what the comparison ignores besides position and size.
    """
    w = weight.astype(np.float64)
    a, b = stored.axes.astype(np.float64), query.axes.astype(np.float64)
    present = stored.masks.astype(np.float64)
    n = w @ present.T
    per_weight = 1 / np.maximum(n, 1e-9)
    sums_a, sums_b = [w @ axis.T for axis in a], [(w * axis) @ present.T for axis in b]

    def product(i: int, j: int) -> Float64:
        return np.asarray((w * b[j]) @ a[i].T - sums_a[i] * sums_b[j] * per_weight)

    spread_a = w @ (a**2).sum(axis=0).T - sum(total**2 for total in sums_a) * per_weight
    spread_b = (w * (b**2).sum(axis=0)) @ present.T - sum(total**2 for total in sums_b) * per_weight
    x, y, z = range(3)
    fixed = across = np.zeros_like(n)
    if invariance == "view":  # y is fixed, and the floor plan rotates
        fixed, along, across = product(y, y), product(x, x) + product(z, z), product(x, z) - product(z, x)
    elif invariance == "turn":
        along, across = product(x, x) + product(y, y), product(x, y) - product(y, x)
    else:
        along = np.sum([product(axis, axis) for axis in range(len(a))], axis=0)
    rotates = invariance != "none"
    has_shape = (spread_a > MIN_SPREAD) & (spread_b > MIN_SPREAD)
    scale = np.sqrt(np.where(has_shape, spread_a * spread_b, 1.0))
    best = (fixed + (np.hypot(along, across) if rotates else along)) / scale
    return Comparison(
        np.clip(np.where(has_shape, best, 0.0), -1.0, 1.0),
        np.where(has_shape, n / np.maximum(w.sum(axis=1, keepdims=True), 1e-9), 0.0),
        ((w > 0).astype(np.float64) @ present.T).round().astype(np.int64),
        np.degrees(np.arctan2(-across, along)) if rotates else np.zeros_like(n),
        (w > 0).sum(axis=1),
    )


def contributions(
    stored: Poses, query: Poses, weight: Float32, comparison: Comparison, invariance: Invariance = "none"
) -> Float64:
    """Explain a comparison: return how much each joint adds to the distance, 1 - similarity.

    The shared joints of both poses are centred and scaled to norm 1, and the stored pose is rotated by the best
    rotation. 1 - correlation is then half the sum of the weighted squared distances between them. A joint that the
    stored pose does not have adds its share of the weight, times the distance of a missing joint.

    Args:
        stored: n poses.
        query: one pose.
        weight: (1, 14) float32, as in `compare`.
        comparison: what `compare` returned for these arguments.
        invariance: as in `compare`.

    Returns:
        (n, 14) float64, at least 0. The rows sum to the distances.
    """
    w = weight.astype(np.float64)
    shared = w * stored.masks
    a, b = (_center_and_scale(poses.axes.astype(np.float64), shared) for poses in (stored, query))
    if invariance != "none":
        first, second = 0, 1 if invariance == "turn" else 2
        angle = np.radians(-comparison.degrees[0])[:, None]
        cosine, sine = np.cos(angle), np.sin(angle)
        a[first], a[second] = a[first] * cosine - a[second] * sine, a[first] * sine + a[second] * cosine
    differing = 0.5 * shared * ((a - b) ** 2).sum(axis=0) * comparison.share[0][:, None]
    missing = (w - shared) / w.sum() * _missing_joint_distance(comparison.correlation[0])[:, None]
    return np.asarray(differing + missing)


def _center_and_scale(axes: Float64, w: Float64) -> Float64:
    """Return the coordinates of n poses, (2 or 3, n, 14), with weighted centroid 0 and weighted norm 1."""
    total = w.sum(axis=1)[:, None]
    centred = axes - (axes * w).sum(axis=2, keepdims=True) / np.maximum(total, 1e-9)
    norm = np.sqrt((w * centred**2).sum(axis=(0, 2)))[:, None]
    return np.asarray(centred / np.maximum(norm, 1e-9))
