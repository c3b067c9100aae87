"""Checks that no object in a database changes what posesearch's own statements do.

A database may come from a stranger. DuckDB looks up a name in the file before it looks among its own functions, and it
runs the triggers in the file. So an object in the file could change what posesearch reads or writes.
"""

import re
from collections.abc import Sequence
from typing import Final

from posesearch.errors import AlteredDatabase
from posesearch.store.interruptible import Connection
from posesearch.store.migrations import read_schema

_TABLE: Final = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)
_DEFINITION: Final = re.compile(
    r"^CREATE OR REPLACE (VIEW|MACRO) (\w+)(?:\(([^)]*)\))? AS( TABLE)?\s(.*?);[ \t]*(?:--[^\n]*)?$",
    re.MULTILINE | re.DOTALL,
)


def check_catalog(connection: Connection, path: str) -> bool:
    """Check the triggers, the tables, and the names of macros. This comes before anything else is read.

    Returns:
        Whether the database has the views and macros of schema.sql, with the same definitions. If not, an upgrade
        replaces them.

    Raises:
        AlteredDatabase: an object could change what posesearch reads or writes.
    """
    tables = _read_names(connection, "SELECT table_name FROM system.main.duckdb_tables() WHERE NOT internal")
    views = connection.execute("""
        SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal AND schema_name = 'main'
    """).fetchall()
    names_of_views = {name.lower() for name, _ in views}
    if "about" not in tables | names_of_views:  # blank, or not a posesearch database, which read_version reports
        return False
    triggers = _read_names(connection, "SELECT trigger_name FROM system.main.duckdb_triggers()")
    if triggers:
        raise _make_error(path, "trigger", min(triggers), "that would run when posesearch writes")
    hidden = sorted(names_of_views & set(_TABLE.findall(read_schema())))
    if hidden:
        raise _make_error(path, "view", hidden[0], "in place of the table")
    macros = _read_macros(connection)
    others = macros.keys() - {name for _, name, *_ in _DEFINITION.findall(read_schema())}
    builtin = "SELECT function_name FROM system.main.duckdb_functions() WHERE internal"
    shadowing = sorted(others & _read_names(connection, builtin)) if others else []
    if shadowing:
        raise _make_error(path, "macro", shadowing[0], "that hides a function of DuckDB")
    # Only now, because a macro could hide the functions that _read_definitions calls.
    stored = {**{name.lower(): [sql] for name, sql in views}, **macros}
    return all(stored.get(name) == [text] for name, text in _read_definitions(connection).items())


def _make_error(path: str, kind: str, name: str, why: str) -> AlteredDatabase:
    remedy = f"if you trust the database, drop the {kind} in the duckdb shell"
    return AlteredDatabase(
        path, f"posesearch does not open this database, because it has a {kind} {name!r} {why}; {remedy}"
    )


def _read_macros(connection: Connection) -> dict[str, list[str]]:
    """Return the definitions of the macros in the database, by name in lower case. A macro may have several."""
    macros: dict[str, list[str]] = {}
    for name, parameters, definition in connection.execute(
        "SELECT function_name, parameters, macro_definition FROM system.main.duckdb_functions() "
        "WHERE NOT internal AND schema_name = 'main'"
    ).fetchall():
        macros.setdefault(name.lower(), []).append(_describe_macro(parameters, definition))
    return macros


def _describe_macro(parameters: Sequence[str], definition: str) -> str:
    return f"({', '.join(parameters)}) AS {definition}"


def _read_definitions(connection: Connection) -> dict[str, str]:
    """Return the views and macros of schema.sql by name, as DuckDB prints them in its catalog."""
    if not _definitions:
        found = _DEFINITION.findall(read_schema())
        queries = [text if kind == "VIEW" or table else f"SELECT {text}" for kind, _, _, table, text in found]
        printed = connection.execute(
            "SELECT json_deserialize_sql(json_serialize_sql(query)) FROM (SELECT unnest(?) AS query)", [queries]
        ).fetchall()
        for (kind, name, parameters, table, _), (text,) in zip(found, printed, strict=True):
            names = [parameter.partition(":=")[0].strip() for parameter in parameters.split(",")]
            macro = _describe_macro(names if parameters else [], text if table else text.removeprefix("SELECT "))
            _definitions[name] = f"CREATE VIEW {name} AS {text};" if kind == "VIEW" else macro
    return _definitions


_definitions: dict[str, str] = {}  # DuckDB always prints them alike, so once per process is enough


def _read_names(connection: Connection, query: str) -> set[str]:
    """Return names in lower case. DuckDB ignores case, so "Poses" is poses."""
    return {name.lower() for (name,) in connection.execute(query).fetchall()}
