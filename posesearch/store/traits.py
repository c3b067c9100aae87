"""Computes rules of traits for stored poses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posesearch.pose.traits.expressions import Expression, select
from posesearch.pose.traits.table import NAMES, TRAITS, measure_traits
from posesearch.skeleton import N_JOINTS
from posesearch.store.connection import Connection
from posesearch.store.rule_counts import Counts, count_rules


@dataclass(frozen=True)
class TraitHit:
    """A pose for which a rule holds: its id, and how clearly."""

    pose_id: int
    clearness: float


def find_clearest(connection: Connection, rule: Expression, n: int, candidates: str) -> list[TraitHit]:
    """Return the n candidates for which a rule holds most clearly, the clearest first.

    Args:
        connection: an open file.
        rule: the rule.
        n: the most hits to return.
        candidates: name of a relation, from select_candidates.
    """
    rows = connection.execute(
        f"""
        FROM ({select({"clearness": rule}, "pose_id", candidates)})
        WHERE clearness >= 1 ORDER BY clearness DESC, pose_id LIMIT {n:d}
        """
    ).fetchall()
    return [TraitHit(*row) for row in rows]


def select_where(rule: Expression) -> str:
    """Return the query of the ids of the poses for which a rule holds."""
    return f"SELECT pose_id FROM ({select({'clearness': rule}, 'pose_id', 'poses')}) WHERE clearness >= 1"  # noqa: S608


def count_traits(connection: Connection) -> dict[str, Counts]:
    """Return for how many poses each trait holds, does not hold, and can't be told."""
    return count_rules(connection, {trait.name: trait.rule for trait in TRAITS}, "poses")


def read_traits(connection: Connection, pose_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the names of the traits that hold for each of some poses, in the order of the table of traits.

    NumPy computes them, because DuckDB takes longer to read the SQL of all traits than a few poses need.
    """
    found = connection.execute(
        """
        SELECT pose_id, x, y, world_x, world_y, world_z FROM poses
        WHERE pose_id IN (SELECT unnest(?::BIGINT[])) ORDER BY pose_id
        """,
        [list(pose_ids)],
    ).fetchall()
    if not found:
        return {}
    none = (None,) * N_JOINTS
    joints = np.array([[column or none for column in row[1:]] for row in found], np.float32).transpose(0, 2, 1)
    holds = measure_traits(joints[..., :2], joints[..., 2:]) >= 1
    return {
        row[0]: tuple(name for name, does in zip(NAMES, flags, strict=True) if does)
        for row, flags in zip(found, holds.tolist(), strict=True)
    }
