"""Finds poses by their traits, and counts and reads traits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posesearch.pose.traits.expressions import Expression, select
from posesearch.pose.traits.table import NAMES, TRAITS, measure_traits
from posesearch.skeleton import N_JOINTS
from posesearch.store.connection import Connection
from posesearch.store.trait_view import select_clearness


@dataclass(frozen=True)
class TraitHit:
    """A pose for which a rule holds.

    Attributes:
        pose_id: the pose.
        clearness: how clearly the rule holds, 1 or more.
    """

    pose_id: int
    clearness: float


def find_clearest(connection: Connection, rule: Expression, n: int, candidates: str) -> list[TraitHit]:
    """Return the n candidates for which a rule holds most clearly, best first. Equal ones have the order of their ids.

    Args:
        connection: an open file.
        rule: the rule. See rules.py.
        n: the most hits to return.
        candidates: name of a relation with the columns of poses, from select_candidates.
    """
    rows = connection.execute(
        f"""
        SELECT pose_id, clearness FROM ({select_clearness(rule, candidates)})
        WHERE clearness >= 1 ORDER BY clearness DESC, pose_id LIMIT {n:d}
        """  # noqa: S608 (our own expressions and a number)
    ).fetchall()
    return [TraitHit(*row) for row in rows]


def count_traits(connection: Connection) -> dict[str, tuple[int, int, int]]:
    """Return for how many poses each trait holds, does not hold, and can't be told."""
    columns = ", ".join(f"count(*) FILTER ({name} >= 1), count(*) FILTER ({name} <= -1)" for name in NAMES)
    query = select({trait.name: trait.rule for trait in TRAITS}, "pose_id", "poses")
    [(total, *counts)] = connection.execute(f"SELECT count(*), {columns} FROM ({query})").fetchall()  # noqa: S608 (likewise)
    held = zip(counts[::2], counts[1::2], strict=True)
    return {name: (yes, no, total - yes - no) for name, (yes, no) in zip(NAMES, held, strict=True)}


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
