"""The database file: opened late, closed early, and each way in which that fails as a sentence of its own."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DatabaseBusy, DatabaseFailed, NewerSchema, NoDatabase, NotOurDatabase
from posesearch.store.locks import gate, pass_gate

Connection = duckdb.DuckDBPyConnection

SCHEMA_VERSION: Final = 5

# What each version's tables lack of the next one's; views and macros are made anew.
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
        CREATE TEMP TABLE space AS
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
        FROM space WHERE space.pose_id = poses.pose_id AND list_dot_product(value, value) > 0;
        UPDATE poses SET world_squares = [
            world_vector[i] ** 2 + world_vector[i + 14] ** 2 + world_vector[i + 28] ** 2 for i in range(1, 15)
        ]::FLOAT[14] WHERE world_vector IS NOT NULL;
        DROP TABLE space;
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
    4: "",  # views and macros alone
}
_VIEWS: Final = "-- Views and macros."  # where they begin in schema.sql

# Vectors are read whole by every search: unpacking them takes longer than reading the sixth that packing saves.
PLAIN_FLOATS: Final = "SET GLOBAL disabled_compression_methods = 'alp,alprd'"

# Nothing is ever downloaded: what posesearch needs is in DuckDB itself.
_CONFIG: Final = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

# How DuckDB says that the file is held: on Unix, on Windows, and by this process the other way.
_HELD: Final = ("Could not set lock", "being used by another process", "different configuration")

# DuckDB names the program on Linux: "Conflicting lock is held in /usr/bin/python3 (PID 42)".
_HOLDER: Final = re.compile(r"held in (\S+) \(PID (\d+)\)")

_RETRY_SECONDS: Final = 0.05
_SILENT_SECONDS: Final = 1.0
_GATE_SECONDS: Final = 2.0
"""A reader lets a writer go first for so long: longer than a batch and a query take, and bearable where the writer
itself waits for a program that only reads."""


class File:
    """A posesearch database file.

    DuckDB lets one process write or several read. Nothing here keeps the file open longer than a query or a batch
    takes, so that an ingest and the searches of other processes take turns.
    """

    def __init__(self, path: str | Path, patience: float = 10.0) -> None:
        """Name the file; nothing is opened yet.

        Args:
            path: the file, which need not exist.
            patience: seconds to wait for another process to let go of it.
        """
        self.path = Path(path)
        self.patience = patience

    def exists(self) -> bool:
        """Tell whether there is a file that holds something; an empty one is as good as none."""
        return self.path.exists() and (not self.path.is_file() or self.path.stat().st_size > 0)

    def check_place(self) -> None:
        """Raise DatabaseFailed where the file can't be made, before work is done that could not be stored."""
        folder = self.path.parent
        if not folder.is_dir():
            raise DatabaseFailed(str(self.path), "there is no such folder; make it first")
        if not os.access(folder, os.W_OK):
            raise DatabaseFailed(str(self.path), "the folder can't be written; name another place with --db")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open the file for queries.

        Raises:
            NoDatabase, NotOurDatabase, NewerSchema, DatabaseBusy, DatabaseFailed: instead of opening it.
        """
        if not self.exists():
            raise NoDatabase(str(self.path))
        with self._open(read_only=True) as connection:
            version = self._version(connection)
            if version is None:  # an ingest was stopped before its first batch
                raise NoDatabase(str(self.path))
            if version == SCHEMA_VERSION:
                with self._told():
                    yield connection
                return
        with self.writing():  # brings it up to date
            pass
        with self._open(read_only=True) as connection, self._told():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise DatabaseFailed(str(self.path), f"reading failed ({_first_line(error)})") from error

    @contextmanager
    def writing(
        self, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        """Open the file for one transaction, and make it where there is none yet.

        The transaction is committed at the end, or rolled back where an exception leaves the block.

        Args:
            patience: seconds to wait for another process; None takes the file's own.
            waiting: is told, once, who is waited for, if that takes long.

        Raises:
            NotOurDatabase, NewerSchema, DatabaseBusy, DatabaseFailed: instead of opening it, or when the disk is full.
        """
        if not self.exists():
            self._create(self.patience if patience is None else patience)
        with self._open(read_only=False, patience=patience, waiting=waiting) as connection:
            try:
                connection.execute(PLAIN_FLOATS)
                connection.begin()
                version = self._version(connection)
                if version is None:  # somebody's new database
                    _fill(connection)
                elif version < SCHEMA_VERSION:
                    self._upgrade(connection, version)
                yield connection
                connection.commit()
            except duckdb.Error as error:
                raise DatabaseFailed(
                    str(self.path), f"writing failed, the last batch is not in it ({_first_line(error)})"
                ) from error

    def _create(self, patience: float) -> None:
        """Make the file, at once: what cuts this off, a full disk or a power failure, leaves no half of one."""
        new = self.path.with_name(f"{self.path.name}.new")
        with gate(self.path, patience):
            if self.exists():  # another process was first
                return
            try:
                _removed(new)  # where this was cut off before
                with duckdb.connect(str(new.absolute()), config=dict(_CONFIG)) as connection:
                    connection.begin()
                    _fill(connection)
                    connection.commit()
                    connection.execute("CHECKPOINT")  # so that all of it is in the one file; closing would not tell
                new.replace(self.path)
            except (duckdb.Error, OSError) as error:
                raise DatabaseFailed(str(self.path), f"it can't be made ({_first_line(error)})") from error
            finally:
                _removed(new)

    @contextmanager
    def _open(
        self, *, read_only: bool, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        patience = self.patience if patience is None else patience
        if read_only:
            pass_gate(self.path, min(patience, _GATE_SECONDS))
        with nullcontext() if read_only else gate(self.path, patience):
            connection = self._connect(read_only, patience, waiting)
            try:
                yield connection
            except RuntimeError as error:
                if "interrupted" in str(error).lower():  # DuckDB's way to tell of Ctrl-C
                    raise KeyboardInterrupt from error
                raise
            finally:
                connection.close()  # rolls back what was not committed

    def _connect(self, read_only: bool, patience: float, waiting: Callable[[str], None] | None) -> Connection:
        started = time.monotonic()
        while True:
            try:
                return duckdb.connect(str(self.path.absolute()), read_only=read_only, config=dict(_CONFIG))
            except duckdb.Error as error:
                text = str(error)
                if "not a valid DuckDB database" in text or "sqlite_scanner" in text:
                    raise NotOurDatabase(str(self.path)) from error
                if not any(words in text for words in _HELD):
                    raise DatabaseFailed(str(self.path), _first_line(error)) from error
                waited = time.monotonic() - started
                if waited > patience:
                    raise DatabaseBusy(str(self.path), _holder(text)) from error
                if waited > _SILENT_SECONDS and waiting is not None:
                    waiting(f"{DatabaseBusy(str(self.path), _holder(text))} Waiting for it.")
                    waiting = None
                time.sleep(_RETRY_SECONDS)

    def _is_blank(self, connection: Connection) -> bool:
        counted = connection.execute("""
            SELECT (SELECT count(*) FROM duckdb_tables()) + (SELECT count(*) FROM duckdb_sequences())
                 + (SELECT count(*) FROM duckdb_views() WHERE NOT internal)
        """).fetchone()
        return counted == (0,)

    def _version(self, connection: Connection) -> int | None:
        """Return the version of the schema; None where the file is blank."""
        try:
            rows = connection.execute("SELECT value::INTEGER FROM about WHERE key = 'schema_version'").fetchall()
        except duckdb.Error as error:
            with suppress(duckdb.Error):  # the transaction in which that failed
                connection.rollback()
                connection.begin()
            if self._is_blank(connection):
                return None
            raise NotOurDatabase(str(self.path)) from error
        if not rows:
            raise NotOurDatabase(str(self.path))
        version = int(rows[0][0])
        if version > SCHEMA_VERSION:
            raise NewerSchema(str(self.path))
        return version

    def _upgrade(self, connection: Connection, version: int) -> None:
        try:
            for step in range(version, SCHEMA_VERSION):
                connection.execute(_UPGRADES[step])
            connection.execute(schema().partition(_VIEWS)[2].partition("\n")[2])
            connection.execute("UPDATE about SET value = ? WHERE key = 'schema_version'", [str(SCHEMA_VERSION)])
        except duckdb.Error as error:
            raise DatabaseFailed(
                str(self.path),
                f"an earlier posesearch made it, and it can't be brought up to date ({_first_line(error)})",
            ) from error


def _removed(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}.wal")):
        with suppress(OSError):  # there may be no such folder, and opening the file says so
            each.unlink()


def _fill(connection: Connection) -> None:
    connection.execute(PLAIN_FLOATS)
    connection.execute(schema())
    connection.execute("INSERT INTO about VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])


def schema() -> str:
    """Return the text of schema.sql: from the wheel, or from the top of the source tree."""
    installed = resources.files("posesearch") / "schema.sql"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "schema.sql").read_text(encoding="utf-8")


def _holder(text: str) -> str:
    """Return who has the file, as DuckDB says it; nothing where it does not."""
    found = _HOLDER.search(text)
    return f"{Path(found[1]).name}, process {found[2]}" if found else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
