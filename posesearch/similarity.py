"""How alike two poses are: over the joints that both have, after the best move and scale.

schema.sql has the same formulas for one query against a whole database; these compare many with many, as matrix
products, and take one comparison apart joint by joint. docs/search.md derives them.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.types import Float

Double = NDArray[np.float64]

Freedom = Literal["none", "turn", "view"]
"""What does not count beside place and size: nothing more, a turn in the picture, or the side that it is seen from.

"view" compares 3D joints after the best turn about the vertical, the others joints of the picture.
"""

MIN_SPREAD: Final = 1e-3
"""Of a vector of norm 1: shared joints whose squares sum to less lie within 3% of the body, on one point for any
estimator, and have no shape to compare. schema.sql has the same number."""

TYPICAL: Final = 0.9
"""The similarity that a joint counts with which the stored pose lacks: about what two people picked at random have.
benchmarks/retrieval.py compares it with others; schema.sql has the same number."""

TWICE: Final = 2.0
"""Of a pose not much like the query anyway, few joints fit better by chance: what it lacks is held against it."""

MIN_SHARED: Final = 6
"""Joints that a pose must share with the query, or all where the query has fewer: few joints fit almost anything."""

_MIRROR: Final = list(skeleton.MIRROR[skeleton.BODY])


@dataclass(frozen=True, eq=False)
class Poses:
    """Normalised poses as a matrix.

    Attributes:
        vectors: (n, 28) float32, x0..x13, y0..y13 of the picture, or (n, 42), with z0..z13 in 3D; 0 where missing.
        masks: (n, 14) float32, 1 where the joint is there, else 0.
    """

    vectors: Float
    masks: Float

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def axes(self) -> Float:
        """The coordinates by axis: (2 or 3, n, 14)."""
        count, width = self.vectors.shape
        return self.vectors.reshape(count, width // skeleton.N_BODY, skeleton.N_BODY).transpose(1, 0, 2)

    def mirrored(self) -> "Poses":
        """Return the poses as a mirror shows them: x negated, left and right exchanged."""
        axes = self.axes[:, :, _MIRROR].copy()
        axes[0] *= -1
        return Poses(axes.transpose(1, 0, 2).reshape(self.vectors.shape), self.masks[:, _MIRROR])

    def take(self, rows: slice | NDArray[np.int64]) -> "Poses":
        """Return some of them."""
        return Poses(self.vectors[rows], self.masks[rows])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Each of q queries against each of n stored poses, all (q, n).

    Attributes:
        correlation: float64, -1 to 1, over the shared joints; 0 where they lie on one point and tell nothing.
        share: float64, 0 to 1, the part of the query's weight that is on shared joints; 0 where they tell nothing.
        shared: int64, how many joints are shared.
        degrees: float64, -180 to 180, how far the stored pose is turned against the query. "turn": clockwise in the
            picture; "view": towards the right of the picture. 0 without freedom.
        asked: (q,) int64, how many joints each query asks about.
    """

    correlation: Double
    share: Double
    shared: NDArray[np.int64]
    degrees: Double
    asked: NDArray[np.int64]

    def similarity(self, min_shared: int = MIN_SHARED) -> Double:
        """Return what matches are ranked by, (q, n); -inf where fewer joints than that are shared."""
        enough = (self.shared >= np.minimum(min_shared, self.asked)[:, None]) & (self.share > 0)
        return np.where(enough, shrunk(self.correlation, self.share), -np.inf)


def shrunk(correlation: Double, share: Double) -> Double:
    """Return the similarity where the stored pose has only a share of what the query asks for.

    What it lacks counts as TYPICAL, or differs TWICE as much as the rest where that is worse: few joints that agree
    closely are less than many, and nothing is gained by lacking joints.
    """
    return np.asarray(np.clip(1 - (1 - correlation) * share - (1 - share) * _lacking(correlation), -1.0, 1.0))


def _lacking(correlation: Double) -> Double:
    """Return the distance that a joint adds which is not there, before it is weighed."""
    return np.asarray(np.maximum(1 - TYPICAL, TWICE * (1 - correlation)))


def compare(stored: Poses, query: Poses, weight: Float, freedom: Freedom = "none") -> Comparison:
    """Compare every query with every stored pose.

    The correlation is the weighted Pearson correlation of joint coordinates over the shared joints, which is what is
    left after the best move and scale; with a turn, the best of all turns, in closed form (Kabsch, 1976, in a plane).

    Args:
        stored: n poses, of the picture, or in 3D for "view".
        query: q poses, likewise.
        weight: (q, 14) float32, at least 0; 0 where the query lacks the joint or does not ask about it.
        freedom: what does not count.
    """
    w = weight.astype(np.float64)
    a, b = stored.axes.astype(np.float64), query.axes.astype(np.float64)
    there = stored.masks.astype(np.float64)
    n = w @ there.T
    per = 1 / np.maximum(n, 1e-9)
    sums_a, sums_b = [w @ axis.T for axis in a], [(w * axis) @ there.T for axis in b]

    def product(i: int, j: int) -> Double:
        return np.asarray((w * b[j]) @ a[i].T - sums_a[i] * sums_b[j] * per)

    spread_a = w @ (a**2).sum(axis=0).T - sum(total**2 for total in sums_a) * per
    spread_b = (w * (b**2).sum(axis=0)) @ there.T - sum(total**2 for total in sums_b) * per
    x, y, z = range(3)
    fixed = across = np.zeros_like(n)
    if freedom == "view":  # the height stays, and the floor plan turns
        fixed, along, across = product(y, y), product(x, x) + product(z, z), product(x, z) - product(z, x)
    elif freedom == "turn":
        along, across = product(x, x) + product(y, y), product(x, y) - product(y, x)
    else:
        along = np.sum([product(axis, axis) for axis in range(len(a))], axis=0)
    turning = freedom != "none"
    told = (spread_a > MIN_SPREAD) & (spread_b > MIN_SPREAD)
    best = (fixed + (np.hypot(along, across) if turning else along)) / np.sqrt(np.where(told, spread_a * spread_b, 1.0))
    return Comparison(
        np.clip(np.where(told, best, 0.0), -1.0, 1.0),
        np.where(told, n / np.maximum(w.sum(axis=1, keepdims=True), 1e-9), 0.0),
        ((w > 0).astype(np.float64) @ there.T).round().astype(np.int64),
        np.degrees(np.arctan2(-across, along)) if turning else np.zeros_like(n),
        (w > 0).sum(axis=1),
    )


def contributions(stored: Poses, query: Poses, weight: Float, freedom: Freedom = "none") -> Double:
    """Take one comparison apart: what each joint adds to the distance, 1 - similarity.

    The shared joints of both are moved to their centroid and scaled to norm 1, the stored pose turned as the best turn
    has it; 1 - correlation is then half the sum of the weighted squared distances between them. A joint that the stored
    pose lacks adds its part of the weight, times what TYPICAL or the others make of it.

    Args:
        stored: one pose.
        query: one pose.
        weight: (1, 14) float32, as in `compare`.
        freedom: as in `compare`.

    Returns:
        (14,) float64, at least 0; 0 for joints that the query does not ask about.
    """
    compared = compare(stored, query, weight, freedom)
    w = weight[0].astype(np.float64)
    shared = w * stored.masks[0]
    a, b = (_aligned(poses.axes[:, 0].astype(np.float64), shared) for poses in (stored, query))
    if freedom != "none":
        first, second = 0, 1 if freedom == "turn" else 2
        turn = np.radians(-compared.degrees[0, 0])
        cosine, sine = np.cos(turn), np.sin(turn)
        a[first], a[second] = a[first] * cosine - a[second] * sine, a[first] * sine + a[second] * cosine
    differing = 0.5 * shared * ((a - b) ** 2).sum(axis=0) * compared.share[0, 0]
    return np.asarray(differing + (w - shared) / w.sum() * _lacking(compared.correlation[0, 0]))


def _aligned(axes: Double, w: Double) -> Double:
    """Return the coordinates of one pose, (2 or 3, 14), with weighted centroid 0 and weighted norm 1."""
    centred = axes - (axes @ w / w.sum())[:, None]
    return np.asarray(centred / np.sqrt((w * centred**2).sum()))
