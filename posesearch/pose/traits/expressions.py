"""Expressions over the joints of poses. Each has a NumPy form and an SQL form, which give the same values.

A missing joint is NaN in NumPy and NULL in SQL. So is an expression that needs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.types import Float32, Float64

COLUMNS: Final = ("x", "y", "world_x", "world_y", "world_z")
"""The columns of the table poses that expressions read."""


@dataclass(frozen=True, eq=False)
class Expression:
    """An operation on other expressions.

    Attributes:
        operation: "joint", "number", "name", or a key of the table of operations below.
        arguments: what it is applied to: (column of poses, name of the joint), (value,), (name, definition), or
            expressions.

    Example:
        height = joint("y", "left_hip") - joint("y", "left_wrist")
        to_sql(height)  # "(left_hip_y - left_wrist_y)"
    """

    operation: str
    arguments: tuple[Any, ...]

    def __add__(self, other: "Expression | float") -> "Expression":
        return apply("+", self, other)

    def __sub__(self, other: "Expression | float") -> "Expression":
        return apply("-", self, other)

    def __rsub__(self, other: float) -> "Expression":
        return apply("-", other, self)

    def __mul__(self, other: "Expression | float") -> "Expression":
        return apply("*", self, other)

    def __truediv__(self, other: "Expression | float") -> "Expression":
        return apply("/", self, other)

    def __neg__(self) -> "Expression":
        return apply("-", 0, self)


def joint(column: str, name: str) -> Expression:
    """Return a coordinate of a joint: an element of x, y, world_x, world_y or world_z."""
    return Expression("joint", (column, name))


def name(text: str, definition: Expression) -> Expression:
    """Give a name to an expression. SQL computes it once, as a column of this name."""
    return Expression("name", (text, definition))


def absolute(value: Expression) -> Expression:
    """Return the absolute value."""
    return apply("absolute", value)


def root(value: Expression) -> Expression:
    """Return the square root."""
    return apply("root", value)


def degrees(y: Expression, x: Expression) -> Expression:
    """Return the angle of the vector (x, y) against the x axis, -180 to 180 degrees."""
    return apply("degrees", y, x)


def least(*values: Expression) -> Expression:
    """Return the least of the values that are known."""
    return apply("least", *values)


def greatest(*values: Expression) -> Expression:
    """Return the greatest of the values that are known."""
    return apply("greatest", *values)


def otherwise(value: Expression, other: Expression | float) -> Expression:
    """Return the value, or the other one if it is missing."""
    return apply("otherwise", value, other)


def choose(condition: Expression, value: Expression) -> Expression:
    """Return the value where the condition is 1 or more, and 0 elsewhere."""
    return apply("choose", condition, value)


def apply(operation: str, *arguments: Expression | float) -> Expression:
    """Return an operation of the table below on expressions and numbers."""
    return Expression(
        operation, tuple(one if isinstance(one, Expression) else Expression("number", (one,)) for one in arguments)
    )


def _divide(a: Float64, b: Float64) -> Float64:
    return np.asarray(a / np.where(b == 0, np.nan, b))


def _find_degrees(y: Float64, x: Float64) -> Float64:
    return np.asarray(np.degrees(np.arctan2(y, x)))


def _take_least(*values: Float64) -> Float64:
    return reduce(np.fmin, values)


def _take_greatest(*values: Float64) -> Float64:
    return reduce(np.fmax, values)


def _replace_missing(value: Float64, other: Float64) -> Float64:
    return np.where(np.isnan(value), other, value)


def _exceed(value: Float64, threshold: Float64, margin: Float64) -> Float64:
    return np.nan_to_num((value - threshold) / margin, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _fall_below(value: Float64, threshold: Float64, margin: Float64) -> Float64:
    return _exceed(-value, -threshold, margin)


def _choose(condition: Float64, value: Float64) -> Float64:
    return np.where(condition >= 1, value, 0.0)


# The NumPy form of each operation, and its SQL form.
_OPERATIONS: Final[Mapping[str, tuple[Callable[..., Float64], str]]] = {
    "+": (np.add, "({} + {})"),
    "-": (np.subtract, "({} - {})"),
    "*": (np.multiply, "({} * {})"),
    "/": (_divide, "({} / nullif({}, 0))"),
    "absolute": (np.abs, "abs({})"),
    "root": (np.sqrt, "sqrt({})"),
    "degrees": (_find_degrees, "degrees(atan2({}, {}))"),
    "least": (_take_least, "least({})"),
    "greatest": (_take_greatest, "greatest({})"),
    "otherwise": (_replace_missing, "coalesce({}, {})"),
    "above": (_exceed, "coalesce(({0} - {1}) / {2}, 0)"),
    "below": (_fall_below, "coalesce(({1} - {0}) / {2}, 0)"),
    "choose": (_choose, "CASE WHEN {} >= 1 THEN {} ELSE 0 END"),
}
_SEVERAL: Final = ("least", "greatest")


class Evaluation:
    """Computes expressions of poses with NumPy. Each is computed once.

    Args:
        xy: (n, 18, 2), pixels. NaN where a joint is missing.
        world: (n, 18, 3), metres. NaN where a joint is missing or has no world coordinates.
    """

    def __init__(self, xy: Float32 | Float64, world: Float32 | Float64) -> None:
        """Take the joints of the poses."""
        # One damaged coordinate makes the joint a missing one.
        known = (np.where(np.isfinite(one).all(axis=2, keepdims=True), one, np.nan) for one in (xy, world))
        self._columns = dict(zip(COLUMNS, (axis for one in known for axis in np.moveaxis(one, 2, 0)), strict=True))
        self._known: dict[Expression, Float64] = {}

    def __call__(self, expression: Expression) -> Float64:
        """Return the values of an expression, (n,) float64, or () for a number."""
        if expression not in self._known:
            self._known[expression] = self._compute(expression)
        return self._known[expression]

    def _compute(self, expression: Expression) -> Float64:
        match expression.operation, expression.arguments:
            case "joint", (column, joint_name):
                return np.asarray(self._columns[column][:, skeleton.INDEX[joint_name]], np.float64)
            case "number", (value,):
                return np.asarray(value, np.float64)
            case "name", (_, definition):
                return self(definition)
            case operation, arguments:
                return np.asarray(_OPERATIONS[operation][0](*map(self, arguments)), np.float64)


def to_sql(expression: Expression, known: Mapping[Expression, str] | None = None) -> str:
    """Return the SQL of an expression over columns with the names of joints and expressions, such as left_wrist_x.

    Args:
        expression: the expression.
        known: SQL of expressions in it that are columns already.
    """
    if known and expression in known:
        return known[expression]
    match expression.operation, expression.arguments:
        case "joint", (column, joint_name):
            return f"{joint_name}_{column}"
        case "number", (value,):
            return f"{value:g}"
        case "name", (text, _):
            return str(text)
        case operation, arguments:
            texts = [to_sql(argument, known) for argument in arguments]
            form = _OPERATIONS[operation][1]
            return form.format(", ".join(texts)) if operation in _SEVERAL else form.format(*texts)


def select(values: Mapping[str, Expression], relation: str) -> str:
    """Return the query of a row per pose with its pose_id and some expressions.

    It is made of queries in FROM. The innermost has the joints, and each other one has expressions that need those of
    the one before.

    Args:
        values: the expressions by the names of their columns.
        relation: the relation of the poses in FROM.
    """
    levels: dict[str, tuple[int, str]] = {}
    for value in values.values():
        _find_levels(value, levels)
    columns = ", ".join(text for level, text in levels.values() if level == 0)
    query = f"SELECT pose_id, {columns} FROM {relation}"  # noqa: S608 (our own expressions)
    for number in range(1, 1 + max((level for level, _ in levels.values()), default=0)):
        columns = ", ".join(text for level, text in levels.values() if level == number)
        query = f"SELECT *, {columns} FROM (\n{query}\n)"  # noqa: S608 (likewise)
    columns = ",\n".join(f"    {to_sql(value)} AS {text}" for text, value in values.items())
    return f"SELECT\n    pose_id,\n{columns}\nFROM (\n{query}\n)"


def _find_levels(expression: Expression, levels: dict[str, tuple[int, str]]) -> int:
    """Return how many queries must have been nested before an expression can be computed.

    Args:
        expression: the expression.
        levels: for each joint and name in it, the query that computes it, and the SQL of its column. It is filled in.
    """
    match expression.operation, expression.arguments:
        case "joint", (column, joint_name):
            place = skeleton.INDEX[joint_name] + 1
            axes = [one for one in COLUMNS if one.startswith("world") == column.startswith("world")]
            total = " + ".join(f"{axis}[{place}]::DOUBLE" for axis in axes)  # finite if each of them is
            finite = f"CASE WHEN isfinite({total}) THEN {column}[{place}]::DOUBLE END"
            levels[to_sql(expression)] = (0, f"{finite} AS {to_sql(expression)}")
            return 1
        case "number", _:
            return 0
        case "name", (text, definition):
            if text not in levels:
                level = max(1, _find_levels(definition, levels))
                levels[text] = (level, f"{to_sql(definition)} AS {text}")
            return levels[text][0] + 1
        case _, arguments:
            return max(_find_levels(argument, levels) for argument in arguments)
