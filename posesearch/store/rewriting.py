"""Writes the rows of a database into a new file: all of them, or those that queries select.

Objects of the user's own are copied: tables with their rows, views, macros, and indexes.
"""

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DatabaseBusy
from posesearch.store.attribute_view import define_view
from posesearch.store.companions import beside, duckdb_files, follow_link
from posesearch.store.configuration import (
    DISABLE_FLOAT_COMPRESSION,
    FILE_CONFIG,
    allow_only,
    first_line,
    quote_name,
    quote_text,
    search_functions_first,
)
from posesearch.store.interruptible import Connection
from posesearch.store.schema import (
    SEQUENCES,
    STORAGE_VERSION,
    create_schema,
    definitions,
    read_schema,
    table_columns,
)

OLD: Final = "old_file.main"
"""The schema of the old file, for the queries of its rows."""

Selection = Callable[[Connection], Mapping[str, str]]
"""Returns queries of rows, by the names of posesearch's tables. A table without a query keeps all its rows.

It is called with a connection to both files, and may create temporary tables.
"""

_CONSTANT: Final = ("joints", "body_parts")
"""Tables with the same rows in every database."""


class NotCopied(Exception):
    """An object of the user's own can't be copied. The message names it."""


@contextmanager
def rewrite(old: Path, new: Path, select: Selection, obsolete: Collection[str] = ()) -> Iterator[None]:
    """Write the rows of a database into a new file. The old file stays as it is.

    In the block, the new file is complete. No other program can write to the old file meanwhile, except on Windows,
    where a file that is open can't be replaced.

    Args:
        old: the file. Its log must be in the file.
        new: the file to be written. It must not exist.
        select: the rows to be written.
        obsolete: names of the views and macros of earlier versions, which are left out.

    Raises:
        NotCopied: an object of the user's own can't be copied.
        DatabaseBusy: another program has just written to the old file.
        duckdb.Error, OSError: the new file can't be written.
    """
    old, new = follow_link(old.absolute()), new.absolute()
    config = {**FILE_CONFIG, "temp_directory": f"{new}.tmp"}
    with closing(Connection(duckdb.connect(":memory:", config=config))) as connection:
        connection.execute(DISABLE_FLOAT_COMPRESSION)
        allow_only(connection, *duckdb_files(old), *duckdb_files(new))
        connection.execute(f"ATTACH {quote_text(str(old))} AS old_file (READ_ONLY)")
        if beside(old, ".wal").exists():  # it would be applied to the new file
            raise DatabaseBusy(str(old))
        connection.execute(f"ATTACH {quote_text(str(new))} AS new_file (STORAGE_VERSION '{STORAGE_VERSION}')")
        shutil.copymode(old, new)
        search_functions_first(connection, "new_file")
        connection.execute("BEGIN TRANSACTION")
        queries = select(connection)
        schema = _start_sequences(connection, read_schema())
        connection.execute("COPY FROM DATABASE old_file TO new_file (SCHEMA)")
        _drop_own_objects(connection, obsolete)
        create_schema(connection, "new_file", schema)
        _copy_rows(connection, queries)
        _copy_indexes(connection)
        define_view(connection, "new_file")
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT new_file")
        connection.execute("DETACH new_file")
        with new.open("rb") as file:
            os.fsync(file.fileno())
        if os.name == "nt":
            connection.execute("DETACH old_file")
        yield


def _drop_own_objects(connection: Connection, obsolete: Collection[str]) -> None:
    """Drop what schema.sql creates, and what earlier versions of it created."""
    own = {name for _, name, *_ in definitions()} | set(obsolete)
    queries = {
        "TABLE": "SELECT table_name FROM system.main.duckdb_tables() WHERE true",
        "VIEW": "SELECT view_name FROM system.main.duckdb_views() WHERE NOT internal",
        "MACRO": "SELECT DISTINCT function_name FROM system.main.duckdb_functions() WHERE function_type = 'macro'",
        "MACRO TABLE": "SELECT DISTINCT function_name FROM system.main.duckdb_functions() "
        "WHERE function_type = 'table_macro'",
        "SEQUENCE": "SELECT sequence_name FROM system.main.duckdb_sequences() WHERE true",
    }
    tables = set(table_columns())
    dropped = {"TABLE": tables, "VIEW": own | tables, "SEQUENCE": set(SEQUENCES)}
    for kind, query in queries.items():
        here = f"{query} AND schema_name = 'main' AND database_name = 'new_file'"
        for (name,) in connection.execute(here).fetchall():
            if name.lower() in dropped.get(kind, own):
                connection.execute(f"DROP {kind} new_file.main.{quote_name(name)}")


def _start_sequences(connection: Connection, schema: str) -> str:
    """Return the schema with sequences that continue those of the old file."""
    for sequence, table, column in zip(
        SEQUENCES, ("snapshots", "poses", "clusterings"), ("snapshot_id", "pose_id", "clustering_id"), strict=True
    ):
        [(last,)] = connection.execute(
            f"""
            SELECT greatest(coalesce(max({column}), 0), coalesce((
                SELECT any_value(last_value) FROM system.main.duckdb_sequences()
                WHERE database_name = 'old_file' AND schema_name = 'main' AND sequence_name = ?
            ), 0)) FROM {OLD}.{table}
            """,  # noqa: S608 (our own names)
            [sequence],
        ).fetchall()
        schema = schema.replace(f"CREATE SEQUENCE {sequence};", f"CREATE SEQUENCE {sequence} START {last + 1};")
    return schema


def _copy_rows(connection: Connection, queries: Mapping[str, str]) -> None:
    """Copy the rows of all tables. A column that the old table does not have is NULL. The user's columns are added."""
    queries = {"about": f"FROM {OLD}.about WHERE key <> 'schema_version'", **queries}
    tables = connection.execute("""
        SELECT schema_name, table_name FROM system.main.duckdb_tables() WHERE database_name = 'old_file'
    """).fetchall()
    for schema, table in tables:
        own = table_columns().get(table.lower()) if schema == "main" else None
        if own is not None and table.lower() in _CONSTANT:
            continue
        qualified = f"{quote_name(schema)}.{quote_name(table)}"
        stored = connection.execute(
            "SELECT column_name, data_type, column_default FROM system.main.duckdb_columns() "
            "WHERE database_name = 'old_file' AND schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchall()
        rows = f"FROM old_file.{qualified}"
        if own is not None:
            rows = queries.get(table.lower(), rows)
        try:
            for column, kind, default in stored:
                if own is not None and column.lower() not in own:
                    added = f"{quote_name(column)} {kind}" + (f" DEFAULT {default}" if default else "")
                    connection.execute(f"ALTER TABLE new_file.{qualified} ADD COLUMN {added}")
            connection.execute(f"INSERT INTO new_file.{qualified} BY NAME {rows}")
        except duckdb.IOException:  # the disk is full
            raise
        except duckdb.Error as error:
            raise NotCopied(f"the rows of the table {table} can't be copied ({first_line(error)})") from error


def _copy_indexes(connection: Connection) -> None:
    """Create the indexes that the user has on posesearch's tables. Those on other tables are there already."""
    for table, sql in connection.execute("""
        SELECT table_name, sql FROM system.main.duckdb_indexes()
        WHERE database_name = 'old_file' AND schema_name = 'main' AND sql IS NOT NULL
    """).fetchall():
        if table.lower() in table_columns():
            connection.execute(sql)
