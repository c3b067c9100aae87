"""A query prepared for SQL: the pose, its weights, and the constants of the similarity formula.

For a pose that has all joints of the query, every sum over the joints is an inner product of a stored array with one of
these constants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from posesearch.pose.joint_sets import ALL_JOINTS, to_joint_sets, to_masks
from posesearch.pose.similarity import Invariance, Poses, penalize
from posesearch.pose.variants import PLAIN, Variant, list_variants
from posesearch.types import Float32, Float64


@dataclass(frozen=True, eq=False)
class PreparedQuery:
    """A query with the constants for its SQL. The search macros of schema.sql compute the same constants.

    Attributes:
        pose: one pose. For the invariance "view", it has limbs in 3D.
        weight: (14,) float32, the weight of each joint. 0 where the query does not have or ignores the joint.
        invariance: what the comparison ignores.
        variant: which variant of the query this is.
    """

    pose: Poses
    weight: Float32
    invariance: Invariance
    variant: Variant = PLAIN

    def list_variants(self, *, mirror: bool, exchanged: bool) -> list["PreparedQuery"]:
        """Return the variants of the query itself that can differ. See variants.py."""
        prepared = []
        for variant in list_variants(self.weight[None], mirror=mirror, exchanged=exchanged):
            pose, weight = variant.apply(self.pose, self.weight[None])
            prepared.append(PreparedQuery(pose, weight[0], self.invariance, variant))
        return prepared

    @cached_property
    def joint_set(self) -> int:
        """The joints with a weight above 0, as bits."""
        return int(to_joint_sets(self.weight))

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return float(self.weight.sum(dtype=np.float64))

    @property
    def max_partial_similarity(self) -> float:
        """The largest possible similarity of a pose that lacks a joint of the query."""
        lightest = float(self.weight[self.weight > 0].min())
        return float(penalize(np.ones(1), np.array([1 - lightest / self.total]))[0]) - self.variant.penalty

    def select_sets(self, sets: Sequence[int], threshold: float, min_shared: int) -> list[int]:
        """Return which of the sets of joints lack joints of the query, although a pose with them can reach a threshold.

        Args:
            sets: sets of joints, as in joint_sets.py.
            threshold: a similarity.
            min_shared: joints that a pose must share with the query, or all joints of a query that has fewer.
        """
        has = to_masks(np.array(sets, np.int64))
        shared, joints = has @ (self.weight > 0), self.joint_set.bit_count()
        best = penalize(np.ones(len(sets)), has.astype(np.float64) @ self.weight / self.total)
        is_close = best - self.variant.penalty >= threshold
        is_wanted = (shared < joints) & (shared >= min(min_shared, joints)) & is_close
        return [one for one, wanted in zip(sets, is_wanted, strict=True) if wanted]

    @property
    def is_whole_body(self) -> bool:
        """Whether all joints have the weight 1. The vector of a pose with all joints of the query then has norm 1."""
        return self.joint_set == ALL_JOINTS and bool((self.weight == 1).all())

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The parameters of the SQL queries, by name."""
        w, axes = self.weight.astype(np.float64), self.pose.axes[:, 0].astype(np.float64)
        centred = w * (axes - (axes @ w / w.sum())[:, None])
        none = np.zeros_like(w)
        rows: dict[str, tuple[Float64, ...]]
        if self.invariance == "view":  # (x, z) rotates, y is fixed
            u, f, v = centred
            rows = {
                "ones_u": (w, none, none), "ones_v": (none, none, w), "ones_f": (none, w, none),
                "fixed": (none, f, none), "along": (u, none, v), "across": (v, none, -u),
            }  # fmt: skip
        else:
            u, v = centred
            f = none
            rows = {
                "ones_u": (w, none), "ones_v": (none, w), "ones_f": (none, none),
                "fixed": (none, none), "along": (u, v), "across": (v, -u),
            }  # fmt: skip
        squares = np.divide(u**2 + v**2 + f**2, w, out=none.copy(), where=w > 0)
        return {
            **{name: np.concatenate(parts).astype(np.float32).tolist() for name, parts in rows.items()},
            "u": u.tolist(), "v": v.tolist(), "f": f.tolist(), "squares": squares.tolist(),
            "weight": w.tolist(), "total": w.sum(), "spread": squares.sum(), "joint_set": self.joint_set,
        }  # fmt: skip

    def sums_within(self, sets: Sequence[int]) -> dict[str, Float64]:
        """Return the sums of the query over the joints of some poses.

        Args:
            sets: m joint sets, as in joint_sets.py.

        Returns:
            (m,) float64 each: n, the sum of the weights, the sums of u, v and f, and the spread of the query.
        """
        has = to_masks(np.array(sets, np.int64)).astype(np.float64)
        n, u, v, f, squares = (has @ np.array(self.constants[name]) for name in ("weight", "u", "v", "f", "squares"))
        return {"n": n, "u": u, "v": v, "f": f, "spread": squares - (u**2 + v**2 + f**2) / np.maximum(n, 1e-9)}
