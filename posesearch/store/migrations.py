"""The schema of the database: creates it, reads its version, and upgrades older versions."""

from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DatabaseFailed, NewerSchema, NotOurDatabase
from posesearch.store.interruptible import Connection

SCHEMA_VERSION: Final = 6

# The changes to the tables from each version to the next. An upgrade also replaces all views and macros.
_UPGRADES: Final = {
    1: """
        ALTER TABLE poses ADD COLUMN world_x FLOAT[18];
        ALTER TABLE poses ADD COLUMN world_y FLOAT[18];
        ALTER TABLE poses ADD COLUMN world_z FLOAT[18];
    """,
    2: """
        ALTER TABLE snapshots ADD COLUMN dhash UBIGINT;
        ALTER TABLE poses ADD COLUMN joint_set USMALLINT;
        ALTER TABLE poses ADD COLUMN world_vector FLOAT[42];
        ALTER TABLE poses ADD COLUMN world_squares FLOAT[14];
        UPDATE poses SET joint_set = list_sum([mask[i]::INTEGER << (i - 1) for i in range(1, 15)]);
        CREATE TEMP TABLE world_vectors AS
        WITH axes AS (
            SELECT pose_id, mask::DOUBLE[] AS mask, unnest([1, 2, 3]) AS axis,
                   [coalesce(v, 0)::DOUBLE for v in unnest([world_x, world_y, world_z])[1:14]] AS value
            FROM poses WHERE world_x IS NOT NULL
        ), centred AS (
            SELECT pose_id, axis, [
                mask[i] * (value[i] - list_dot_product(value, mask) / list_sum(mask)) for i in range(1, 15)
            ] AS value FROM axes
        )
        SELECT pose_id, flatten(list(value ORDER BY axis)) AS value FROM centred GROUP BY pose_id;
        UPDATE poses SET world_vector = [v / sqrt(list_dot_product(value, value)) for v in value]::FLOAT[42]
        FROM world_vectors WHERE world_vectors.pose_id = poses.pose_id AND list_dot_product(value, value) > 0;
        UPDATE poses SET world_squares = [
            world_vector[i] ** 2 + world_vector[i + 14] ** 2 + world_vector[i + 28] ** 2 for i in range(1, 15)
        ]::FLOAT[14] WHERE world_vector IS NOT NULL;
        DROP TABLE world_vectors;
    """,
    3: """
        ALTER TABLE snapshots ADD COLUMN taken_at TIMESTAMP;
        ALTER TABLE snapshots ADD COLUMN camera VARCHAR;
        ALTER TABLE snapshots ADD COLUMN latitude DOUBLE;
        ALTER TABLE snapshots ADD COLUMN longitude DOUBLE;
        ALTER TABLE snapshots ADD COLUMN missing_since TIMESTAMP;
        CREATE TABLE sources (
            source VARCHAR NOT NULL, collection VARCHAR NOT NULL, snapshot_id INTEGER NOT NULL, bytes BIGINT,
            modified_ns BIGINT, etag VARCHAR, last_modified VARCHAR, missing_since TIMESTAMP
        );
        INSERT INTO sources BY NAME
        SELECT source, collection, max(snapshot_id) AS snapshot_id FROM snapshots GROUP BY ALL ORDER BY snapshot_id;
    """,
    # Only views and macros changed. These macros have other names now.
    4: "".join(
        f"DROP MACRO {kind} IF EXISTS {name};"
        for kind, names in (
            ("", ("bits_of", "told", "turned_product", "flat_spread", "solid_spread", "whole_correlation")),
            ("", ("part_correlation", "shrunk", "scattered", "mirrored_view", "view_query")),
            ("TABLE", ("nearest_to", "named")),
        )
        for name in names
    ),
    5: """
        ALTER TABLE sources ADD COLUMN IF NOT EXISTS signature VARCHAR;
        ALTER TABLE sources ADD COLUMN IF NOT EXISTS unread_reason VARCHAR;
    """,
}
_VIEWS_BEGIN: Final = "-- Views and macros."  # the comment in schema.sql

# Every search reads whole vectors. Compression would make them a sixth smaller, but decompressing takes longer than
# reading that sixth.
DISABLE_FLOAT_COMPRESSION: Final = "SET GLOBAL disabled_compression_methods = 'alp,alprd'"


def create_schema(connection: Connection) -> None:
    """Create all tables, views and macros in a blank database."""
    connection.execute(read_schema())
    connection.execute("INSERT INTO about VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])


def read_schema() -> str:
    """Return the text of schema.sql, from the installed package or from the top of the source tree."""
    installed = resources.files("posesearch") / "schema.sql"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "schema.sql").read_text(encoding="utf-8")


def read_version(connection: Connection, path: str) -> int | None:
    """Return the version of the schema. None if the database is blank.

    Raises:
        NotOurDatabase: the file is not a posesearch database.
        NewerSchema: a later posesearch wrote the file.
    """
    try:
        rows = connection.execute("SELECT value::INTEGER FROM about WHERE key = 'schema_version'").fetchall()
    except duckdb.Error as error:
        with suppress(duckdb.Error):  # the query may have failed in a transaction, which is no longer usable
            connection.rollback()
            connection.begin()
        if _is_blank(connection):
            return None
        raise NotOurDatabase(path) from error
    if not rows:
        raise NotOurDatabase(path)
    version = int(rows[0][0])
    if version > SCHEMA_VERSION:
        raise NewerSchema(path)
    return version


def _is_blank(connection: Connection) -> bool:
    # This calls no function, such as count, because a macro in the file could hide it.
    found = connection.execute("""
        SELECT 1 FROM system.main.duckdb_tables() UNION ALL SELECT 1 FROM system.main.duckdb_sequences()
        UNION ALL SELECT 1 FROM system.main.duckdb_views() WHERE NOT internal
        UNION ALL SELECT 1 FROM system.main.duckdb_functions() WHERE NOT internal
    """).fetchall()
    return not found


def upgrade(connection: Connection, path: str, version: int) -> None:
    """Bring a database of an earlier version up to date, in the caller's transaction.

    Raises:
        DatabaseFailed: DuckDB refuses a step.
    """
    try:
        for step in range(version, SCHEMA_VERSION):
            connection.execute(_UPGRADES[step])
        connection.execute(read_schema().partition(_VIEWS_BEGIN)[2].partition("\n")[2])
        connection.execute("UPDATE about SET value = ? WHERE key = 'schema_version'", [str(SCHEMA_VERSION)])
    except duckdb.Error as error:
        detail = f"an earlier posesearch made this database, and it can't be brought up to date ({first_line(error)})"
        raise DatabaseFailed(path, detail) from error


def first_line(error: Exception) -> str:
    """Return the first line of DuckDB's message."""
    return str(error).strip().splitlines()[0]
