"""Checks of values in the database, which can be wrong because something else than posesearch has written them.

The types of columns are checked when the file is opened. See integrity.py. The functions here check what a type does
not say, where the values are read.
"""

import json
from typing import Any, Final

import numpy as np

from posesearch.types import Float32, Int64

NORM_TOLERANCE: Final = 1e-2
"""How far the norm of a stored vector may be from 1. Vectors are float32."""


class BadValue(Exception):
    """A value is not as posesearch writes it. The message names the table, the row and the column."""

    def __init__(self, table: str, row: str, what: str) -> None:
        super().__init__(f"in the table {table}, the row with {row} has {what}")


def check_present(table: str, row: str, **columns: Any) -> None:
    """Raise BadValue if a column that is never NULL is NULL."""
    for name, value in columns.items():
        if value is None:
            raise BadValue(table, row, f"no {name}")


def check_finite(table: str, row: str, **columns: Any) -> None:
    """Raise BadValue if a number, or an element of an array, is NULL, NaN or infinite."""
    for name, value in columns.items():
        if value is None or not np.isfinite(np.array(value, dtype=np.float64)).all():
            raise BadValue(table, row, f"a {name} that is not finite")


def check_vectors(table: str, id_column: str, ids: Int64, column: str, vectors: Float32) -> None:
    """Raise BadValue if a vector is not finite, or does not have norm 1. The vector of joints in one place is 0.

    Args:
        table: the table.
        id_column: the column with the ids.
        ids: (n,) ids of the rows.
        column: the column with the vectors.
        vectors: (n, d) float32. A NULL is NaN.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1))
    wrong = np.flatnonzero(~((np.abs(norms - 1) < NORM_TOLERANCE) | (norms == 0)))
    if len(wrong):
        raise BadValue(table, f"{id_column} {ids[wrong[0]]}", f"a {column} that does not have norm 1")


def parse_object(table: str, row: str, column: str, text: str | None) -> dict[str, Any]:
    """Return a JSON object. Raise BadValue if the text is something else."""
    try:
        value = json.loads(text or "")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BadValue(table, row, f"a {column} that is no JSON object")
    return value


def to_floats(column: Any) -> Float32:
    """Return a column of fetchnumpy as float32. A NULL is NaN."""
    return np.ma.filled(np.ma.asarray(column, dtype=np.float32), np.nan)
