"""Finds poses by their traits, and counts and reads traits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from posesearch.pose.traits.expressions import Expression
from posesearch.store.clearness import LIST, STEPS, select_rules, select_traits
from posesearch.store.connection import Connection


@dataclass(frozen=True)
class TraitHit:
    """A pose for which a rule holds.

    Attributes:
        pose_id: the pose.
        clearness: how clearly the rule holds, 1 to 3.
    """

    pose_id: int
    clearness: float


Counts = tuple[int, int, int]
"""Numbers of poses for which a rule holds, does not hold, and can't be told."""

_MOST: Final = 3
"""A clearness above this counts as this. Otherwise the most extreme poses would come first."""


def find_clearest(connection: Connection, rule: Expression, n: int, candidates: str) -> list[TraitHit]:
    """Return the n candidates for which a rule holds most clearly, best first.

    Of those that are equally clear, the person who is the largest in the photo comes first.

    Args:
        connection: an open file.
        rule: the rule, which consists of rules of traits.
        n: the most hits to return.
        candidates: name of a relation with the columns of poses, from select_candidates.
    """
    numbers = select_rules({"clearness": rule}, "pose_id, prominence", candidates)
    rows = connection.execute(
        f"""
        SELECT pose_id, least(clearness, {_MOST * STEPS}) / {STEPS} AS best FROM ({numbers})
        WHERE clearness >= {STEPS} ORDER BY best DESC, prominence DESC NULLS LAST, pose_id LIMIT {n:d}
        """  # noqa: S608 (our own expressions and a number)
    ).fetchall()
    return [TraitHit(*row) for row in rows]


def count_rules(
    connection: Connection, rules: Mapping[str, Expression], candidates: str = "poses"
) -> dict[str, Counts]:
    """Return for how many candidates each rule holds, does not hold, and can't be told.

    Args:
        connection: an open file.
        rules: rules that consist of rules of traits, by any names.
        candidates: name of a relation, from select_candidates.
    """
    columns = {f"rule{number}": rule for number, rule in enumerate(rules.values())}
    counts = ", ".join(f"count(*) FILTER ({name} >= {STEPS}), count(*) FILTER ({name} <= {-STEPS})" for name in columns)
    query = f"SELECT count(*), {counts} FROM ({select_rules(columns, 'pose_id', candidates)})"  # noqa: S608 (our own)
    ((every, *numbers),) = connection.execute(query).fetchall()
    return {name: (yes, no, every - yes - no) for name, yes, no in zip(rules, numbers[::2], numbers[1::2], strict=True)}


def read_traits(connection: Connection, pose_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the names of the traits that hold for each of some poses, in the order of the table of traits."""
    rows = connection.execute(
        f"""
        SELECT pose_id, {LIST} FROM ({select_traits([LIST])})
        WHERE pose_id IN (SELECT unnest(?::BIGINT[])) ORDER BY pose_id
        """,  # noqa: S608 (likewise)
        [list(pose_ids)],
    ).fetchall()
    return {pose_id: tuple(names) for pose_id, names in rows}
