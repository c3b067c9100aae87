"""Converts the database of an earlier posesearch: its rows are copied into a new file.

World vectors are computed again, because versions 4 to 7 had joints in them, and not limbs.
"""

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb

from posesearch.store.attribute_view import define_view
from posesearch.store.companions import duckdb_files
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
from posesearch.store.schema import SEQUENCES, create_schema, definitions, read_schema, table_columns
from posesearch.store.world_vectors import compute_world_vectors

_NEW_NAMES: Final = {
    7: ("skeletons", "angles", "attributes", "similarity_percentile"),
    9: ("forgotten", "chosen_clusterings", "snapshot_attributes"),
}
"""Names that posesearch uses since this version of the schema."""

_VECTORS: Final = "computed_world_vectors"
"""The temporary table of the world vectors."""

_CONSTANT: Final = ("joints", "body_parts")
"""Tables with the same rows in every database."""

OLD_MACROS: Final = frozenset(
    [
        "bits_of",
        "told",
        "turned_product",
        "flat_spread",
        "solid_spread",
        "whole_correlation",
        "part_correlation",
        "shrunk",
        "scattered",
        "mirrored_view",
        "view_query",
        "nearest_to",
        "named",
        "joint_set_of",
        "mirrored_axis",
        "mirrored_weight",
        "mirrored_vector",
        "mirrored_world_vector",
        "centred",
        "query_of",
        "pose_query",
        "world_query",
        "sum_within",
        "query_within",
        "spread_or_null",
        "squared",
        "rotated_product",
        "image_spread",
        "world_spread",
        "full_correlation",
        "along_within",
        "partial_correlation",
        "penalized",
        "rank_poses",
        "part_names",
        "parts_weight",
        "with_sources",
        "correlation_of_sums",
        "pair_correlation",
        "pair_similarity",
        "hash_id",
        "random_similarities",
    ]
)
"""The macros of versions 4 to 6 that are no longer there."""


class NotConvertible(Exception):
    """An object of the user's own can't be copied. The message names it."""


def convert(old: Path, new: Path) -> None:
    """Write the rows of a database of an earlier version into a new file. The old file stays as it is.

    Objects of the user's own are copied: tables with their rows, views, macros, and indexes.

    Args:
        old: the file of an earlier version. While it is open here, no other process can write to it.
        new: the file to be written. It must not exist.

    Raises:
        NotConvertible: an object of the user's own can't be copied.
        duckdb.Error, OSError: the new file can't be written.
    """
    with closing(duckdb.connect(str(new.absolute()), config=FILE_CONFIG)) as opened:
        connection = Connection(opened)
        connection.execute(DISABLE_FLOAT_COMPRESSION)
        allow_only(connection, *duckdb_files(old.absolute()))
        connection.execute(f"ATTACH {quote_text(str(old.absolute()))} AS old_file (READ_ONLY)")
        [(name,)] = connection.execute("SELECT current_database()").fetchall()
        search_functions_first(connection, name)
        _check_names(connection)
        connection.execute("BEGIN TRANSACTION")
        schema = _start_sequences(connection, read_schema())
        connection.execute(f"COPY FROM DATABASE old_file TO {quote_name(name)} (SCHEMA)")
        _drop_old_objects(connection, name)
        create_schema(connection, quote_name(name), schema)
        _copy_rows(connection, quote_name(name))
        _copy_indexes(connection)
        define_view(connection, quote_name(name))
        connection.execute("COMMIT")
        connection.execute("DETACH old_file")
        connection.execute(f"CHECKPOINT {quote_name(name)}")
        connection.close()
    shutil.copymode(old, new)
    with new.open("rb") as file:
        os.fsync(file.fileno())


def _check_names(connection: Connection) -> None:
    """Raise NotConvertible if an object of the user's own has a name that this version uses."""
    [(version,)] = connection.execute(
        "SELECT value::INTEGER FROM old_file.main.about WHERE key = 'schema_version'"
    ).fetchall()
    new_names = {name for since, names in _NEW_NAMES.items() if version < since for name in names}
    names = connection.execute("""
        SELECT 'table', table_name FROM system.main.duckdb_tables()
        WHERE database_name = 'old_file' AND schema_name = 'main'
        UNION ALL SELECT 'view', view_name FROM system.main.duckdb_views()
        WHERE database_name = 'old_file' AND schema_name = 'main' AND NOT internal
        UNION ALL SELECT 'macro', function_name FROM system.main.duckdb_functions()
        WHERE database_name = 'old_file' AND schema_name = 'main' AND NOT internal
    """).fetchall()
    for kind, name in names:
        if name.lower() in new_names:
            raise NotConvertible(f"posesearch now has an object with the name of your {kind} {name}")


def _drop_old_objects(connection: Connection, database: str) -> None:
    """Drop what schema.sql creates, and what earlier versions of it created."""
    own = {name for _, name, *_ in definitions()} | OLD_MACROS
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
        here = f"{query} AND schema_name = 'main' AND database_name = ?"
        for (name,) in connection.execute(here, [database]).fetchall():
            if name.lower() in dropped.get(kind, own):
                connection.execute(f"DROP {kind} {quote_name(database)}.main.{quote_name(name)}")


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
            ), 0)) FROM old_file.main.{table}
            """,  # noqa: S608 (our own names)
            [sequence],
        ).fetchall()
        schema = schema.replace(f"CREATE SEQUENCE {sequence};", f"CREATE SEQUENCE {sequence} START {last + 1};")
    return schema


def _copy_rows(connection: Connection, database: str) -> None:
    """Copy the rows of all tables. A column that the old table does not have is NULL. The user's columns are added."""
    tables = connection.execute("""
        SELECT schema_name, table_name FROM system.main.duckdb_tables() WHERE database_name = 'old_file'
    """).fetchall()
    for schema, table in tables:
        own = table_columns().get(table.lower()) if schema == "main" else None
        if own is not None and table.lower() in _CONSTANT:
            continue
        qualified = f"{quote_name(schema)}.{quote_name(table)}"
        stored = connection.execute(
            "SELECT column_name, data_type FROM system.main.duckdb_columns() "
            "WHERE database_name = 'old_file' AND schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchall()
        condition = "key <> 'schema_version'" if own is not None and table.lower() == "about" else "true"
        try:
            for column, kind in stored:
                if own is not None and column.lower() not in own:
                    connection.execute(f"ALTER TABLE {database}.{qualified} ADD COLUMN {quote_name(column)} {kind}")
            rows = f"FROM old_file.{qualified} WHERE {condition}"
            if own is not None and table.lower() == "poses":
                compute_world_vectors(connection, f"old_file.{qualified}", _VECTORS)
                rows = f"""
                    SELECT p.* REPLACE (v.world_vector AS world_vector, v.world_squares AS world_squares)
                    FROM old_file.{qualified} AS p LEFT JOIN {_VECTORS} AS v USING (pose_id) ORDER BY pose_id
                """  # noqa: S608 (our own names)
            connection.execute(f"INSERT INTO {database}.{qualified} BY NAME {rows}")
        except duckdb.IOException:  # the disk is full
            raise
        except duckdb.Error as error:
            raise NotConvertible(f"the rows of the table {table} can't be copied ({first_line(error)})") from error


def _copy_indexes(connection: Connection) -> None:
    """Create the indexes that the user has on posesearch's tables. Those on other tables are there already."""
    for table, sql in connection.execute("""
        SELECT table_name, sql FROM system.main.duckdb_indexes()
        WHERE database_name = 'old_file' AND schema_name = 'main' AND sql IS NOT NULL
    """).fetchall():
        if table.lower() in table_columns():
            connection.execute(sql)
