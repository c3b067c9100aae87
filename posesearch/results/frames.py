"""Converts results to tables of pyarrow, pandas and polars. These libraries are optional, and are imported when used.

A column is described by its DuckDB type, so that the results of the user's SQL need no other description. Types that
have no line in the table below, such as INTERVAL, are left to the libraries. What a library refuses becomes text.
"""

import importlib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from posesearch.errors import MissingLibrary

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Attributes:
        name: the name.
        type: the DuckDB type, such as BIGINT or FLOAT[3][18].
        values: Python values of this type. None is NULL.
    """

    name: str
    type: str
    values: Sequence[Any]


class _Type(NamedTuple):
    """The counterparts of a DuckDB type.

    Attributes:
        pandas: dtype of a column without NULL.
        nullable: dtype of a column with NULL.
        arrow, polars: return the type, given the library.
    """

    pandas: str
    nullable: str
    arrow: Callable[[Any], Any]
    polars: Callable[[Any], Any]


def _integer(name: str) -> _Type:
    capital = name.replace("u", "U").replace("i", "I")
    return _Type(name, capital, lambda pa: getattr(pa, name)(), lambda pl: getattr(pl, capital))


_STRING: Final = _Type("string", "string", lambda pa: pa.string(), lambda pl: pl.String)
_DOUBLE: Final = _Type("float64", "float64", lambda pa: pa.float64(), lambda pl: pl.Float64)
_BINARY: Final = _Type("object", "object", lambda pa: pa.binary(), lambda pl: pl.Binary)
_DATE: Final = _Type("datetime64[us]", "datetime64[us]", lambda pa: pa.date32(), lambda pl: pl.Date)
_TIME: Final = _Type("datetime64[us]", "datetime64[us]", lambda pa: pa.timestamp("us"), lambda pl: pl.Datetime("us"))
_UTC: Final = _Type(
    "datetime64[us, UTC]",
    "datetime64[us, UTC]",
    lambda pa: pa.timestamp("us", "UTC"),
    lambda pl: pl.Datetime("us", "UTC"),
)
_TYPES: Final = {
    "BOOLEAN": _Type("bool", "boolean", lambda pa: pa.bool_(), lambda pl: pl.Boolean),
    "TINYINT": _integer("int8"), "SMALLINT": _integer("int16"), "INTEGER": _integer("int32"),
    "BIGINT": _integer("int64"), "UTINYINT": _integer("uint8"), "USMALLINT": _integer("uint16"),
    "UINTEGER": _integer("uint32"), "UBIGINT": _integer("uint64"),
    "FLOAT": _Type("float32", "float32", lambda pa: pa.float32(), lambda pl: pl.Float32), "DOUBLE": _DOUBLE,
    "VARCHAR": _STRING, "JSON": _STRING, "UUID": _STRING, "BLOB": _BINARY, "DATE": _DATE, "TIMESTAMP": _TIME,
    "TIMESTAMP_S": _TIME, "TIMESTAMP_MS": _TIME, "TIMESTAMP_NS": _TIME, "TIMESTAMP WITH TIME ZONE": _UTC,
}  # fmt: skip
_LIST: Final = re.compile(r"(.*)\[(\d*)\]", re.DOTALL)  # the last brackets are those of the outermost list
_INT64: Final = range(-(2**63), 2**63)


def to_arrow(columns: Sequence[Column]) -> "pa.Table":
    """Return a pyarrow.Table. Raises MissingLibrary."""
    pa = _load("pyarrow")

    def find_type(name: str) -> Any:
        if listed := _LIST.fullmatch(name):
            inner = find_type(listed[1])
            return inner and pa.list_(inner, int(listed[2] or -1))
        return _TYPES[name].arrow(pa) if name in _TYPES else None

    def convert(column: Column) -> Any:
        return _first_possible(
            lambda: pa.array(column.values, find_type(column.type)),
            lambda: pa.array(_map(str, column.values), pa.string()),
        )

    simple = [_simplify(column) for column in columns]
    return pa.table([convert(column) for column in simple], names=[column.name for column in simple])


def to_pandas(columns: Sequence[Column]) -> "pd.DataFrame":
    """Return a pandas.DataFrame. Lists of numbers are NumPy arrays. Raises MissingLibrary."""
    pd = _load("pandas")

    def convert(column: Column) -> Any:
        if column.type in _TYPES:
            has_null = any(value is None for value in column.values)
            dtype = _TYPES[column.type].nullable if has_null else _TYPES[column.type].pandas
            with suppress(TypeError, ValueError, OverflowError):
                return pd.Series(column.values, dtype=dtype)
        values = np.empty(len(column.values), dtype=object)
        for number, value in enumerate(column.values):
            values[number] = _to_array(value, column.type)
        return pd.Series(values)

    return pd.DataFrame({column.name: convert(column) for column in map(_simplify, columns)})


def to_polars(columns: Sequence[Column]) -> "pl.DataFrame":
    """Return a polars.DataFrame. Raises MissingLibrary."""
    polars = _load("polars")

    def find_type(name: str) -> Any:
        if listed := _LIST.fullmatch(name):
            inner = find_type(listed[1])
            return inner and (polars.Array(inner, int(listed[2])) if listed[2] else polars.List(inner))
        return _TYPES[name].polars(polars) if name in _TYPES else None

    def convert(column: Column) -> Any:
        return _first_possible(
            lambda: polars.Series(column.name, column.values, find_type(column.type)),
            lambda: polars.Series(column.name, _map(str, column.values), polars.String),
        )

    frame: pl.DataFrame = polars.DataFrame([convert(_simplify(column)) for column in columns])
    return frame


def _load(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise MissingLibrary(library) from error


def _first_possible(convert: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return the column. If the library can't represent a value, return the column of texts."""
    try:
        return convert()
    except Exception:  # noqa: BLE001 (each library has its own errors, and some panic)
        return otherwise()


def _simplify(column: Column) -> Column:
    """Return the column with a type and values that all libraries know."""
    name, values = column.type, list(column.values)
    if name in {"HUGEINT", "UHUGEINT"}:  # sums of integers have this type
        fits = all(value is None or value in _INT64 for value in values)
        return Column(column.name, "BIGINT", values) if fits else Column(column.name, "DOUBLE", _map(float, values))
    if name.startswith("DECIMAL(") and not name.endswith("]"):
        return Column(column.name, "DOUBLE", _map(float, values))
    if _TYPES.get(name) is _STRING or (name.startswith("ENUM(") and not name.endswith("]")):
        return Column(column.name, "VARCHAR", _map(str, values))
    if name == "TIMESTAMP WITH TIME ZONE":
        return Column(column.name, name, _map(_to_utc, values))
    return Column(column.name, name, values)


def _map(convert: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    return [None if value is None else convert(value) for value in values]


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _to_array(value: Any, name: str) -> Any:
    """Return a list of numbers as an array. Other values, and lists without a regular shape, stay as they are."""
    is_list = False
    while listed := _LIST.fullmatch(name):
        name, is_list = listed[1], True
    dtype = _TYPES[name].pandas if name in _TYPES else "object"
    if value is None or not is_list or not re.fullmatch(r"bool|u?int\d+|float\d+", dtype):
        return value
    with suppress(TypeError, ValueError):
        return np.array(value, dtype=dtype)
    return value
