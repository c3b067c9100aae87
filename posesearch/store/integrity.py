"""Checks a database file before it is used, because a stranger may have made it, or something may have damaged it.

posesearch's own statements find functions in DuckDB before they look in the file, and read tables only. See
connection.py. So what remains is checked here: triggers, and tables that are not as schema.sql defines them.
docs/sql.md lists what posesearch relies on.
"""

from collections.abc import Sequence
from typing import Final

import duckdb

from posesearch.errors import AlteredDatabase, DamagedDatabase, NewerSchema, NotOurDatabase, OldSchema
from posesearch.store import attribute_view
from posesearch.store.damage import is_damage
from posesearch.store.interruptible import Connection
from posesearch.store.schema import SCHEMA_VERSION, definitions, table_columns

OLDEST_VERSION: Final = 4
"""The oldest schema version that can be converted."""

_OLD_TABLES: Final = (
    "about",
    "joints",
    "snapshots",
    "sources",
    "poses",
    "clusterings",
    "centroids",
    "labels",
    "inertias",
)
"""The tables of version 4 and later."""


def check_version(connection: Connection, path: str) -> int | None:
    """Check the triggers, the names of the tables, and the version. This comes before anything else is read.

    Returns:
        The version of the schema. None if the database is blank.

    Raises:
        NotOurDatabase: the file is not a posesearch database.
        AlteredDatabase: a trigger, or a view in place of a table, could change what posesearch reads or writes.
        DamagedDatabase: a table is missing, or the version is no number.
        NewerSchema: a later posesearch wrote the file.
        OldSchema: the file is too old to be converted.
    """
    tables = _read_names(connection, "SELECT table_name FROM system.main.duckdb_tables() WHERE schema_name = 'main'")
    if "about" not in tables:
        _refuse_views(connection, path, {"about"})
        if _is_blank(connection):
            return None
        raise NotOurDatabase(path)
    if _can_have_triggers(connection):
        triggers = _read_names(connection, "SELECT trigger_name FROM system.main.duckdb_triggers()")
        if triggers:
            raise _make_error(path, "trigger", min(triggers), "that would run when posesearch writes")
    version = _read_version(connection, path)
    required = set(_OLD_TABLES) if version < SCHEMA_VERSION else set(table_columns())
    if missing := required - tables:
        _refuse_views(connection, path, missing)
        raise DamagedDatabase(path, f"the table {min(missing)} is missing")
    return version


def _can_have_triggers(connection: Connection) -> bool:
    """Return whether the file may have triggers. Only files in the format of DuckDB 2 can. Listing them takes 5 ms."""
    rows = connection.execute("SELECT tags FROM system.main.duckdb_databases() WHERE path IS NOT NULL").fetchall()
    return not all(str(tags.get("storage_version", "")).startswith("v1.") for (tags,) in rows)


def _refuse_views(connection: Connection, path: str, names: set[str]) -> None:
    """Raise AlteredDatabase if a view has the name of a table that is missing."""
    views = _read_names(connection, "SELECT view_name FROM system.main.duckdb_views() WHERE NOT internal")
    if hidden := views & names:
        raise _make_error(path, "view", min(hidden), "in place of the table")


def _read_version(connection: Connection, path: str) -> int:
    try:
        rows = connection.execute("SELECT value FROM about WHERE key = 'schema_version'").fetchall()
    except duckdb.Error as error:
        if is_damage(error):
            raise
        raise NotOurDatabase(path) from error
    if not rows:
        raise NotOurDatabase(path)
    text = str(rows[0][0])
    if not (text.isascii() and text.isdigit() and int(text) > 0 and len(rows) == 1):
        raise DamagedDatabase(path, f"the schema_version in the table about is {text!r}, which is no version")
    version = int(text)
    if version > SCHEMA_VERSION:
        raise NewerSchema(path)
    if version < OLDEST_VERSION:
        raise OldSchema(path)
    return version


def _is_blank(connection: Connection) -> bool:
    return not connection.execute("""
        SELECT 1 FROM system.main.duckdb_tables() UNION ALL SELECT 1 FROM system.main.duckdb_sequences()
        UNION ALL SELECT 1 FROM system.main.duckdb_views() WHERE NOT internal
        UNION ALL SELECT 1 FROM system.main.duckdb_functions() WHERE NOT internal
    """).fetchall()


def check_shape(connection: Connection, path: str) -> None:
    """Check that all tables have the columns of schema.sql, with their types.

    Raises:
        DamagedDatabase: a column is missing or has another type.
    """
    tables = table_columns()
    columns = ", ".join(f"{table}.{column}" for table, columns in tables.items() for column in columns)
    expected = [(table, column, kind) for table, columns in tables.items() for column, kind in columns.items()]
    try:
        cursor = connection.execute(f"SELECT {columns} FROM {', '.join(tables)} LIMIT 0")  # noqa: S608 (our own names)
        found = [str(column[1]) for column in cursor.description or ()]
    except duckdb.Error as error:
        if is_damage(error):
            raise
        found = []
        for table, column, kind in expected:
            try:
                connection.execute(f"SELECT {table}.{column} FROM {table} LIMIT 0")  # noqa: S608 (our own names)
            except duckdb.Error as cause:
                raise DamagedDatabase(path, f"the table {table} has no column {column}, {kind}") from cause
    for (table, column, kind), other in zip(expected, found, strict=True):
        if other != kind:
            raise DamagedDatabase(path, f"the column {column} of the table {table} has the type {other}, not {kind}")


def has_own_definitions(connection: Connection) -> bool:
    """Return whether the database has the views and macros of schema.sql, with the same definitions."""
    views = connection.execute("""
        SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal AND schema_name = 'main'
    """).fetchall()
    macros: dict[str, list[str]] = {}
    for name, parameters, definition in connection.execute("""
        SELECT function_name, parameters, macro_definition FROM system.main.duckdb_functions()
        WHERE NOT internal AND schema_name = 'main'
    """).fetchall():
        macros.setdefault(name.lower(), []).append(_describe_macro(parameters, definition))
    stored = {**{name.lower(): [sql] for name, sql in views}, **macros}
    expected = {name: text for name, text in _print_definitions(connection).items() if name != attribute_view.VIEW}
    return all(stored.get(name) == [text] for name, text in expected.items()) and attribute_view.has_own_view(
        connection
    )


def _describe_macro(parameters: Sequence[str], definition: str) -> str:
    return f"({', '.join(parameters)}) AS {definition}"


def _print_definitions(connection: Connection) -> dict[str, str]:
    """Return the views and macros of schema.sql by name, as DuckDB prints them in its catalog."""
    if not _printed:
        queries = [text if kind == "VIEW" or table else f"SELECT {text}" for kind, _, _, table, text in definitions()]
        texts = connection.execute(
            "SELECT json_deserialize_sql(json_serialize_sql(query)) FROM (SELECT unnest(?) AS query)", [queries]
        ).fetchall()
        for (kind, name, parameters, table, _), (text,) in zip(definitions(), texts, strict=True):
            names = [parameter.partition(":=")[0].strip() for parameter in parameters.split(",")]
            macro = _describe_macro(names if parameters else [], text if table else text.removeprefix("SELECT "))
            _printed[name] = f"CREATE VIEW {name} AS {text};" if kind == "VIEW" else macro
    return _printed


_printed: dict[str, str] = {}  # DuckDB always prints them alike, so once per process is enough


def _read_names(connection: Connection, query: str) -> set[str]:
    """Return names in lower case. DuckDB ignores case, so "Poses" is poses."""
    return {name.lower() for (name,) in connection.execute(query).fetchall()}


def _make_error(path: str, kind: str, name: str, why: str) -> AlteredDatabase:
    remedy = f"if you trust the database, drop the {kind} in the duckdb shell"
    return AlteredDatabase(
        path, f"posesearch does not open this database, because it has a {kind} {name!r} {why}; {remedy}"
    )
