"""How clearly each trait holds for the stored poses: the column `clearness` of the table poses, and the facts in it.

The column has a whole number for each trait: ten times its clearness, without the digits after the point. So a trait
holds from 10 on, does not hold up to -10, and can't be told in between. NumPy computes the numbers of new poses, and
SQL those of an older database.
"""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.pose.traits.expressions import Expression, select, to_sql
from posesearch.pose.traits.table import NAMES, OF, TRAITS, measure_traits
from posesearch.types import Float32

LIST: Final = "traits"
"""The column with the names of the traits that hold."""

COLUMNS: Final = frozenset((*NAMES, LIST))
"""The columns of the view that are about traits."""

STEPS: Final = 10
"""The number that stands for a clearness of 1."""

_MOST: Final = 127
_STORED: Final = {trait.rule: f"clearness.{trait.name}::SMALLINT" for trait in TRAITS}


def measure_clearness(xy: Float32, world: Float32) -> NDArray[np.int8]:
    """Return the numbers of poses, (n, traits) int8. The arguments are those of `measure_traits`."""
    return np.clip(np.trunc(measure_traits(xy, world) * STEPS), -_MOST, _MOST).astype(np.int8)


def make_struct(values: Collection[str]) -> str:
    """Return SQL that makes the column from SQL of its numbers, in the order of the table of traits."""
    fields = (f"'{name}': {value}" for name, value in zip(NAMES, values, strict=True))
    return f"{{{', '.join(fields)}}}"


def compute_clearness(relation: str) -> str:
    """Return the query of a row per pose with pose_id and clearness, computed from the joints.

    Args:
        relation: the relation of the poses in FROM.
    """
    rules = select({name: OF[name].rule for name in NAMES}, relation)
    numbers = [f"trunc(greatest({-_MOST}, least({_MOST}, {name} * {STEPS})))::TINYINT" for name in NAMES]
    return f"SELECT pose_id, {make_struct(numbers)} AS clearness FROM (\n{rules}\n)"  # noqa: S608 (our own expressions)


def select_rules(rules: Mapping[str, Expression], kept: str, relation: str) -> str:
    """Return the query of a row per pose with the numbers of rules.

    Args:
        rules: rules that consist of rules of traits, by the names of their columns.
        kept: SQL of the columns that are kept, such as "pose_id, prominence".
        relation: the relation of the poses in FROM.
    """
    columns = ", ".join(f"{to_sql(rule, _STORED)} AS {name}" for name, rule in rules.items())
    return f"SELECT {kept}, {columns} FROM {relation}"  # noqa: S608 (our own expressions)


def select_traits(names: Collection[str], relation: str = "poses") -> str:
    """Return the query of a row per pose with its pose_id and a BOOLEAN column for each of some traits.

    A column is NULL if nobody can tell.

    Args:
        names: the traits, in any order. "traits" is the list of the names of all traits that hold.
        relation: the relation of the poses in FROM.
    """
    columns = [f"{make_fact(name)} AS {name}" for name in NAMES if name in names]
    columns += [f"{make_list()} AS {LIST}"] if LIST in names else []
    return f"SELECT {', '.join(['pose_id', *columns])} FROM {relation}"  # noqa: S608 (our own expressions)


def make_fact(name: str) -> str:
    """Return the SQL of whether a trait holds. It is NULL if nobody can tell."""
    number = f"clearness.{name}"
    return f"CASE WHEN {number} >= {STEPS} THEN true WHEN {number} <= {-STEPS} THEN false END"


def make_list() -> str:
    """Return the SQL of the list of the traits that hold. Its functions are DuckDB's own, whatever macros there are."""
    held = ", ".join(f"coalesce(clearness.{name} >= {STEPS}, false)" for name in NAMES)
    texts = ", ".join(f"'{name}'" for name in NAMES)
    return f"system.main.list_where(system.main.list_value({texts}), system.main.list_value({held}))"
