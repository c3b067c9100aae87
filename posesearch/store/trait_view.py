"""The query of a row per pose with its traits: of the view pose_traits, and of what needs only some traits.

posesearch's own statements have the query, and never read the view.
"""

from collections.abc import Collection
from typing import Final

from posesearch.pose.traits.expressions import Expression, select
from posesearch.pose.traits.table import NAMES, OF

VIEW: Final = "pose_traits"
LIST: Final = "traits"
"""The column with the names of the traits that hold."""

COLUMNS: Final = frozenset((*NAMES, LIST))
"""The columns of the view that are about traits."""


def select_clearness(rule: Expression, relation: str) -> str:
    """Return the query of a row per pose with its pose_id and the clearness of a rule.

    Args:
        rule: the rule. See rules.py.
        relation: the relation of the poses in FROM.
    """
    return select({"clearness": rule}, "pose_id", relation)


def select_traits(names: Collection[str], kept: str = "pose_id", relation: str = "poses") -> str:
    """Return the query of a row per pose with a BOOLEAN column for each of some traits. It is NULL if nobody can tell.

    Args:
        names: the traits, in any order. "traits" is the list of the names of all traits that hold.
        kept: SQL of the columns that are kept, such as "pose_id, snapshot_id".
        relation: the relation of the poses in FROM.
    """
    has_list = LIST in names
    wanted = [name for name in NAMES if has_list or name in names]
    columns = "".join(
        f",\n    CASE WHEN {name} >= 1 THEN true WHEN {name} <= -1 THEN false END AS {name}" for name in wanted
    )
    clearness = select({name: OF[name].rule for name in wanted}, kept, relation)
    query = f"SELECT\n    {kept}{columns}\nFROM (\n{clearness}\n)"
    if not has_list:
        return query
    texts = ", ".join(f"'{name}'" for name in wanted)
    holds = ", ".join(f"coalesce({name}, false)" for name in wanted)
    held = f"system.main.list_where(\nsystem.main.list_value({texts}),\nsystem.main.list_value({holds})\n)"
    return f"SELECT *, {held} AS {LIST}\nFROM (\n{query}\n)"
