"""The variants of a query: mirrored or not, and with the left and right joints of some parts exchanged or not.

A search compares all of them with each stored pose, and takes the most similar one.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from posesearch import skeleton
from posesearch.pose.similarity import MIN_SHARED, Float, Invariance, Poses, compare, exchange_joints, mirror_joints
from posesearch.skeleton import Exchange
from posesearch.types import Float32, Float64, Int64

EXCHANGE_PENALTY: Final = 0.03
"""What an exchange of left and right subtracts from the similarity.

Without it, 36% of the best matches of sports photos would be exchanged, instead of 9%, and no more of the yoga photos'
best matches would be right. docs/search.md has the measurement. schema.sql has the same number.
"""

SAME_SIMILARITY: Final = 1e-6
"""Similarities that differ by less than this differ only by rounding."""

MAX_EXCHANGED: Final = 1 - EXCHANGE_PENALTY
"""The largest similarity of an exchanged variant. Better matches of other variants need no comparison with it."""

_ARMS: Final = [number for number in range(skeleton.N_BODY) if skeleton.EXCHANGES["arms"][number] != number]
_LEGS: Final = [number for number in range(skeleton.N_BODY) if skeleton.EXCHANGES["legs"][number] != number]


class Variant(NamedTuple):
    """A variant of a query.

    Attributes:
        mirrored: whether it is the mirror image of the query.
        exchanged: the joints whose left and right are exchanged, after that.
    """

    mirrored: bool = False
    exchanged: Exchange = "none"

    @property
    def penalty(self) -> float:
        """What is subtracted from the similarity."""
        return 0.0 if self.exchanged == "none" else EXCHANGE_PENALTY

    def penalize(self, similarity: Float64) -> Float64:
        """Return similarities with the penalty of this variant. -inf stays."""
        return np.where(similarity > -np.inf, np.maximum(similarity - self.penalty, -1.0), similarity)

    def apply(self, poses: Poses, weight: Float32) -> tuple[Poses, Float32]:
        """Return this variant of poses, and of the weights of their joints, (n, 14)."""
        if self.mirrored:
            poses, weight = poses.mirror(), mirror_joints(weight)
        if self.exchanged != "none":
            poses, weight = poses.exchange(self.exchanged), exchange_joints(weight, self.exchanged)
        return poses, weight

    def restore(self, values: Float) -> Float:
        """Return values of the variant's joints, (..., 14), in the order of the query's own joints."""
        values = exchange_joints(values, self.exchanged)
        return mirror_joints(values) if self.mirrored else values


PLAIN: Final = Variant()
"""The query as it is."""


def list_variants(weight: Float32, *, mirror: bool, exchanged: bool) -> list[Variant]:
    """Return the variants that can differ, either those without an exchange or those with one.

    Args:
        weight: (n, 14), the weights of the joints of some poses.
        mirror: whether mirrored variants count.
        exchanged: whether to return the variants with an exchange, or those without one.
    """
    kinds: list[Exchange] = ["none"]
    if exchanged:
        has_arms, has_legs = (bool((weight[:, joints] > 0).any()) for joints in (_ARMS, _LEGS))
        of_arms: list[Exchange] = ["arms"] if has_arms else []
        of_legs: list[Exchange] = ["legs"] if has_legs else []
        both: list[Exchange] = ["all"] if has_arms and has_legs else []
        kinds = [*of_arms, *of_legs, *both]
    return [Variant(mirrored, kind) for mirrored in ((False, True) if mirror else (False,)) for kind in kinds]


def compare_variants(
    stored: Poses,
    query: Poses,
    weight: Float32,
    variants: Sequence[Variant],
    invariance: Invariance,
    min_shared: int = MIN_SHARED,
) -> tuple[Float64, Int64]:
    """Compare the variants of q queries with n stored poses.

    Args:
        stored: n poses.
        query: q poses.
        weight: (q, 14) float32, the weights of their joints.
        variants: at least one variant of the queries.
        invariance: what the comparison ignores.
        min_shared: joints that two poses must share.

    Returns:
        The similarities of the best variants, (q, n) float64, and the positions of these variants, (q, n) int64. A
        similarity is -inf where too few joints are shared.
    """
    return choose_best(_compare_each(stored, query, weight, variants, invariance, min_shared))


def choose_best(similarities: Iterable[Float64]) -> tuple[Float64, Int64]:
    """Return the largest of some similarities, element by element, and the position of the first that has it.

    Similarities that differ by less than SAME_SIMILARITY are the same.
    """
    numbered = enumerate(similarities)
    _, best = next(numbered)
    chosen = np.zeros(best.shape, np.int64)
    for number, similarity in numbered:
        chosen = np.where(similarity > best + SAME_SIMILARITY, number, chosen)
        best = np.maximum(best, similarity)
    return best, chosen


def _compare_each(
    stored: Poses, query: Poses, weight: Float32, variants: Sequence[Variant], invariance: Invariance, min_shared: int
) -> Iterator[Float64]:
    for variant in variants:
        pose, w = variant.apply(query, weight)
        yield variant.penalize(compare(stored, pose, w, invariance).similarity(min_shared))
