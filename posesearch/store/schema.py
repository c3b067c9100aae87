"""The schema of the database: schema.sql, its version, and the parts that other modules use."""

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from posesearch.store.interruptible import Connection

SCHEMA_VERSION: Final = 10

STORAGE_VERSION: Final = "v1.2.0"
"""The format of the file. DuckDB 1.2 and later read it. The default of DuckDB 2 can be read by no earlier version."""

TRAITS: Final = "pose_traits"
"""The view of the traits of poses."""

SEQUENCES: Final = ("snapshot_ids", "pose_ids", "clustering_ids")

_VIEWS_BEGIN: Final = "-- Views and macros."  # the comment in schema.sql
_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\);", re.MULTILINE | re.DOTALL)
_COLUMN: Final = re.compile(r"^    (\w+) +([A-Z]+(?:\[\d+\]|\([^()]*\))?)", re.MULTILINE)
_DEFINITION: Final = re.compile(
    r"^CREATE OR REPLACE (VIEW|MACRO) (\w+)(?:\(([^)]*)\))? AS( TABLE)?\s(.*?);$", re.MULTILINE | re.DOTALL
)
_PARTS: Final = re.compile(r"^INSERT INTO body_parts\n.*?;$", re.MULTILINE | re.DOTALL)
_READS: Final = re.compile(r"\b(FROM|JOIN) (\w+)")
_CREATE: Final = re.compile(r"^(CREATE (?:OR REPLACE )?(?:TABLE|SEQUENCE|VIEW|MACRO)) (\w+)", re.MULTILINE)


@cache
def read_schema() -> str:
    """Return the text of schema.sql, from the installed package or from the top of the source tree."""
    installed = resources.files("posesearch") / "schema.sql"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "schema.sql").read_text(encoding="utf-8")


def create_schema(connection: Connection, database: str, schema: str = "") -> None:
    """Create all tables, views, macros and comments in a blank database.

    Args:
        connection: the database.
        database: its name in DuckDB, quoted.
        schema: the text, if it is not that of schema.sql.
    """
    connection.execute(_qualify(schema or read_schema(), database))
    connection.execute("INSERT OR REPLACE INTO about VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])


def _qualify(schema: str, database: str) -> str:
    """Return the schema with the database's name before the names of what it creates.

    DuckDB would create the objects in the database that is first in the search path.
    """
    return _CREATE.sub(rf"\1 {database}.main.\2", schema)


def replace_definitions(connection: Connection, database: str) -> None:
    """Replace the views, the macros and the comments by those of this version.

    Args:
        connection: the database.
        database: its name in DuckDB, quoted.
    """
    text = read_schema().partition(_VIEWS_BEGIN)[2].partition("\n")[2]
    for kind, name, *_ in definitions():
        if kind == "MACRO":  # a scalar macro and a table macro can have the same name
            connection.execute(f"DROP MACRO IF EXISTS {database}.main.{name}")
            connection.execute(f"DROP MACRO TABLE IF EXISTS {database}.main.{name}")
    connection.execute(_qualify(text, database))
    # An earlier version has fewer parts of the body.
    connection.execute(_PARTS.search(read_schema())[0].replace("INSERT", "INSERT OR IGNORE", 1))  # type: ignore[index]


@cache
def table_columns() -> dict[str, dict[str, str]]:
    """Return the columns with their types, for each table."""
    return {
        table: {name: _join_lines(kind) for name, kind in _COLUMN.findall(body) if name != "PRIMARY"}
        for table, body in _TABLE.findall(read_schema())
    }


def _join_lines(kind: str) -> str:
    """Return a type as DuckDB prints it: on one line, and without spaces inside the parentheses."""
    return " ".join(kind.split()).replace("( ", "(").replace(" )", ")")


@cache
def definitions() -> tuple[tuple[str, str, str, str, str], ...]:
    """Return the views and macros: "VIEW" or "MACRO", name, parameters, " TABLE" for a table macro, and body."""
    return tuple(_DEFINITION.findall(read_schema()))


@cache
def view_query(name: str, *more_columns: str, join: str = "", **others: str) -> str:
    """Return the query of a view. A statement that has it as a subquery reads no view in the file.

    Args:
        name: the view.
        *more_columns: SQL of further columns, with the tables' aliases in the view.
        join: SQL that joins further tables.
        **others: queries to be used in place of other views that the view reads, by their names.
    """
    query = _view_texts()[name].replace("\nFROM ", "".join(f", {column}" for column in more_columns) + "\nFROM ", 1)

    def expand(found: re.Match[str]) -> str:
        word, other = found.groups()
        if other not in _view_texts():
            return found[0]
        return f"{word} ({others[other] if other in others else view_query(other)})"

    return _READS.sub(expand, query) + join


@cache
def _view_texts() -> dict[str, str]:
    return {name: text for kind, name, _, _, text in definitions() if kind == "VIEW"}
