"""The columns of attributes: their types, the query of a row per snapshot, and the view `snapshot_attributes` of it.

The columns of the view depend on the rows of the table `attributes`. So what changes these rows writes the view again.
posesearch's own statements have the query, and never read the view.
"""

import itertools
import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

from posesearch.store.configuration import quote_name, quote_text, read_name
from posesearch.store.interruptible import Connection
from posesearch.store.schema import TRAITS, read_schema

VIEW: Final = "snapshot_attributes"

_COMMENT: Final = re.compile(rf"^COMMENT ON \w+ {VIEW}\b.*;$", re.MULTILINE)
_RELATIONS: Final = ("labelled_poses", "skeletons", "keypoints", "angles", TRAITS, VIEW)
"""The views whose names and columns a condition of a search can use. Of `angles`, it uses the name only."""

_COLUMN: Final = re.compile(rf"^COMMENT ON COLUMN (?:{'|'.join(set(_RELATIONS) - {'angles'})})\.(\w+) IS", re.MULTILINE)

# The types, in the order in which they are tried, each with what a text must be like. Whole numbers must be printed as
# they are written: a zero in front, or more digits than a number can have, would be lost.
_IS_WHOLE: Final = "try_cast(value AS BIGINT)::VARCHAR = value"
_NUMBER: Final = r"-?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|-?(0|[1-9][0-9]*)[eE][+-]?[0-9]+"
_TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|\+00(:?00)?)?)?"
)
_IN_PYTHON: Final = "BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'"  # the times that Python's datetime can have
_TYPES: Final = {
    "BIGINT": _IS_WHOLE,
    "DOUBLE": f"{_IS_WHOLE} OR regexp_full_match(value, '{_NUMBER}') AND isfinite(try_cast(value AS DOUBLE))",
    "BOOLEAN": "lower(value) IN ('true', 'false')",
    "DATE": f"try_cast(value AS DATE)::VARCHAR = value AND try_cast(value AS DATE) {_IN_PYTHON}",
    "TIMESTAMP": f"regexp_full_match(value, '{_TIME}') AND try_cast(value AS TIMESTAMP) {_IN_PYTHON}",
}
_TEXT: Final = "VARCHAR"

_POSSIBLE: Final = ", ".join(f"coalesce({condition}, false)" for condition in _TYPES.values())


@cache
def reserved_names() -> frozenset[str]:
    """Return the names that would hide one of posesearch's own where attributes are used, in lower case."""
    return frozenset((*_RELATIONS, *_COLUMN.findall(read_schema())))


def find_name(name: str, taken: Collection[str], number: int = 0) -> str:
    """Return the name of an attribute: this one, or one that begins with "list_" if it is empty or taken.

    Args:
        name: the name that a list has.
        taken: names that can't be used, in lower case.
        number: takes the place of an empty name.
    """
    if name and name.lower() not in taken:
        return name
    name = f"list_{name or number}"
    numbered = (f"{name}_{count}" for count in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one.lower() not in taken)


def list_names(connection: Connection) -> list[str]:
    """Return the names of all attributes, sorted.

    Names that can't be columns are left out: empty ones, those of posesearch, and those that others have with other
    capitals. An ingest writes no such names, but the user's own SQL can.
    """
    names: dict[str, str] = {}
    for (name,) in connection.execute("SELECT DISTINCT name FROM attributes ORDER BY name").fetchall():
        if name.lower() not in reserved_names() and name and "\0" not in name:
            names.setdefault(name.lower(), name)
    return list(names.values())


def read_types(connection: Connection, names: Collection[str] | None = None) -> dict[str, str]:
    """Return the types of attributes by their names, sorted. All values of a name have its type.

    Args:
        connection: an open file.
        names: the names. None means those of `list_names`.
    """
    samples = connection.execute(
        f"""
        SELECT name, [{_POSSIBLE}] FROM (
            SELECT name, any_value(value) AS value FROM attributes
            WHERE name IN (SELECT unnest(?::VARCHAR[])) GROUP BY name
        ) ORDER BY name
        """,  # noqa: S608 (our own conditions)
        [list_names(connection) if names is None else list(names)],
    ).fetchall()
    types = {name: _TEXT for name, _ in samples}
    # One value excludes most types, so few names are tested with all their values, each type in its turn.
    for number, (kind, condition) in enumerate(_TYPES.items()):
        possible = [name for name, conditions in samples if conditions[number] and types[name] == _TEXT]
        if possible:
            rows = connection.execute(
                f"""
                SELECT name FROM attributes WHERE name IN (SELECT unnest(?::VARCHAR[])) AND value IS NOT NULL
                GROUP BY name HAVING bool_and(coalesce({condition}, false))
                """,  # noqa: S608 (our own conditions)
                [possible],
            ).fetchall()
            types |= {name: kind for (name,) in rows}
    return types


def make_query(types: Mapping[str, str]) -> str:
    """Return the query of a row per snapshot that has attributes, with a column per attribute.

    A value that does not have the type is NULL. Only the user's own SQL can have stored such a value. A macro of the
    user with the name max does not replace DuckDB's.

    Args:
        types: the types of the columns by their names, as `read_types` returns them.
    """
    values = {name: f"system.main.max(a.value) FILTER (a.name = {quote_text(name)})" for name in types}
    columns = "".join(
        f",\n    try_cast({values[name]} AS {kind}) AS {quote_name(name)}" for name, kind in types.items()
    )
    return f"SELECT\n    a.snapshot_id{columns}\nFROM attributes AS a\nGROUP BY a.snapshot_id"


def define_view(connection: Connection, database: str | None = None) -> None:
    """Write the view again, with its comments. Call this after the attributes have changed, in the same transaction.

    Args:
        connection: a file that is open for writing.
        database: its name in DuckDB, quoted. None finds it.
    """
    database = database or quote_name(read_name(connection))
    types = read_types(connection)
    connection.execute(f"CREATE OR REPLACE VIEW {database}.main.{VIEW} AS {make_query(types)}")
    comments = [comment.replace(VIEW, f"{database}.main.{VIEW}", 1) for comment in _COMMENT.findall(read_schema())]
    text = "a column of lists. NULL if they have no value for the photo"
    comments += [f"COMMENT ON COLUMN {database}.main.{VIEW}.{quote_name(name)} IS '{text}';" for name in types]
    connection.execute("\n".join(comments))


def has_own_view(connection: Connection) -> bool:
    """Return whether the view in the file has the query that it has for its columns."""
    rows = connection.execute(
        "SELECT sql FROM system.main.duckdb_views() WHERE schema_name = 'main' AND view_name = ?", [VIEW]
    ).fetchall()
    columns = connection.execute(
        """
        SELECT column_name, data_type FROM system.main.duckdb_columns()
        WHERE schema_name = 'main' AND table_name = ? ORDER BY column_index
        """,
        [VIEW],
    ).fetchall()
    if not rows or not columns or not {kind for _, kind in columns[1:]} <= {*_TYPES, _TEXT}:
        return False
    query = make_query(dict(columns[1:]))
    [(printed,)] = connection.execute("SELECT json_deserialize_sql(json_serialize_sql(?))", [query]).fetchall()
    return bool(rows[0][0] == f"CREATE VIEW {VIEW} AS {printed};")
