"""Counts the poses for which rules hold."""

from collections.abc import Mapping

from posesearch.pose.traits.expressions import Expression
from posesearch.store.connection import Connection
from posesearch.store.trait_view import STEPS, select_rules

Counts = tuple[int, int, int]
"""Numbers of poses for which a rule holds, does not hold, and can't be told."""


def count_rules(connection: Connection, rules: Mapping[str, Expression], candidates: str) -> dict[str, Counts]:
    """Return for how many candidates each rule holds, does not hold, and can't be told.

    Args:
        connection: an open file.
        rules: the rules by any names.
        candidates: name of a relation, from select_candidates.
    """
    columns = {f"rule{number}": rule for number, rule in enumerate(rules.values())}
    counts = ", ".join(f"count(*) FILTER ({name} >= {STEPS}), count(*) FILTER ({name} <= {-STEPS})" for name in columns)
    query = f"SELECT count(*), {counts} FROM ({select_rules(columns, 'pose_id', candidates)})"  # noqa: S608 (our own)
    ((every, *numbers),) = connection.execute(query).fetchall()
    return {name: (yes, no, every - yes - no) for name, yes, no in zip(rules, numbers[::2], numbers[1::2], strict=True)}
