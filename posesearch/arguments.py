"""Checks the arguments of the public methods, so that an error names the argument. NumPy's types are accepted too."""

import operator
from typing import Any, Final

import numpy as np

_DIGITS: Final = 19  # of an id, which is a BIGINT


def to_flag(name: str, value: Any) -> bool:
    """Return a bool. A text such as "no" would count as true.

    Raises:
        TypeError: the value is something else.
    """
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return bool(value)


def to_count(name: str, value: Any) -> int:
    """Return an integer.

    Raises:
        TypeError: the value has another type.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None


def to_id_or_name(name: str, value: Any) -> int | str:
    """Return an id as an integer, and a name as a text. A text of digits is an id.

    Raises:
        TypeError: the value has another type.
    """
    if isinstance(value, str):
        return int(value) if value.isdecimal() and len(value) <= _DIGITS else value
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an id or a name, not {value!r}") from None


def to_number(name: str, value: Any) -> float:
    """Return a float.

    Raises:
        TypeError: the value has another type.
    """
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, not {value!r}")
    return float(value)


def to_text(name: str, value: Any) -> str:
    """Return a text.

    Raises:
        TypeError: the value has another type.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, not {value!r}")
    return value
