"""Computes rules of traits for stored poses."""

from collections.abc import Sequence
from dataclasses import dataclass

from posesearch.pose.traits.expressions import Expression, select
from posesearch.pose.traits.table import TRAITS
from posesearch.store.chosen import choose_poses
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
    """Return the names of the traits that hold for each pose."""
    condition, parameters = choose_poses(pose_ids)
    rules = {trait.name: trait.rule for trait in TRAITS}
    relation = f"(FROM poses WHERE {condition})"
    rows = connection.execute(select(rules, "pose_id", relation), parameters).fetchall()
    return {
        pose_id: tuple(name for name, value in zip(rules, values, strict=True) if value is not None and value >= 1)
        for pose_id, *values in rows
    }
