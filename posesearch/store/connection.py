"""Opens the database file, for as short as possible, and turns DuckDB's failures into errors of posesearch."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DamagedDatabase, DatabaseBusy, DatabaseFailed, NoDatabase, NotOurDatabase
from posesearch.store.companions import check_files, check_link
from posesearch.store.configuration import (
    checkpoint,
    connect,
    first_line,
    quote_name,
    read_name,
    search_other_schemas,
)
from posesearch.store.integrity import check_shape, check_version, has_own_definitions
from posesearch.store.interruptible import Connection
from posesearch.store.locks import block_readers, wait_for_writers
from posesearch.store.migrations import NotConvertible
from posesearch.store.new_file import create_database, replace_by_converted
from posesearch.store.schema import SCHEMA_VERSION, create_schema, replace_definitions
from posesearch.store.values import BadValue

__all__ = ["Connection", "DatabaseFile"]

# DuckDB's messages if the file is open elsewhere: on Unix, on Windows, and in this process in another mode.
_OPEN_ELSEWHERE: Final = ("Could not set lock", "being used by another process", "different configuration")

# DuckDB's messages if the file is something else, such as a database of SQLite, which would need an extension.
_OTHER_FORMAT: Final = ("not a valid DuckDB database", "sqlite_scanner", "Loading external extensions")

# On Linux DuckDB names the program: "Conflicting lock is held in /usr/bin/python3 (PID 42)".
_HOLDER: Final = re.compile(r"held in (\S+) \(PID (\d+)\)")

_RETRY_SECONDS: Final = 0.05
_SILENT_SECONDS: Final = 1.0  # a shorter wait is not reported
_MAX_READER_WAIT: Final = 2.0
"""Seconds that a reader waits for writers. A batch is written faster, unless its writer waits for another program."""


class DatabaseFile:
    """A posesearch database file.

    DuckDB lets either one process write or several read. The file is open only for as long as a query or a batch takes,
    so that an ingest and the searches of other processes take turns.
    """

    def __init__(self, path: str | Path, patience: float = 10.0, output: Path | None = None) -> None:
        """Store the path. Nothing is opened yet.

        Args:
            path: the file. It need not exist.
            patience: seconds to wait for another process that has the file open.
            output: the only other file that the statements of a reader may open.
        """
        self.path = Path(path)
        self.patience = patience
        self._checked: tuple[int, ...] | None = None  # the state of the file that was checked
        self._defined: tuple[int, ...] | None = None  # device and inode of the file that has this version's macros
        self._output = output

    def exists(self) -> bool:
        """Return whether the file exists and is not empty."""
        return self.path.exists() and (not self.path.is_file() or self.path.stat().st_size > 0)

    def check_creatable(self) -> None:
        """Raise DatabaseFailed if the file can't be created. An ingest checks this before its work."""
        folder = self.path.parent
        check_link(self.path)
        if not folder.is_dir():
            raise DatabaseFailed(str(self.path), "the folder does not exist; create it first")
        if not os.access(folder, os.W_OK):
            raise DatabaseFailed(str(self.path), "the folder is read-only; choose another folder for the database")

    @contextmanager
    def reading(
        self,
        patience: float | None = None,
        waiting: Callable[[str], None] | None = None,
        *,
        for_users_sql: bool = False,
    ) -> Iterator[Connection]:
        """Open the file for queries. An older file is converted first.

        Args:
            patience: as in `writing`.
            waiting: as in `writing`.
            for_users_sql: whether the user's own SQL is run, which may use the views and macros in the file. They are
                replaced first if they are not those of this version.

        Raises:
            NoDatabase, NotOurDatabase, AlteredDatabase, DamagedDatabase, NewerSchema, OldSchema, DatabaseBusy,
            DatabaseFailed: the file can't be opened or read.
        """
        if not self.exists():
            raise NoDatabase(str(self.path))
        with self._open_current(patience, waiting, read_only=True) as (connection, version):
            if version is None:  # an ingest was stopped before its first batch
                raise NoDatabase(str(self.path))
            if not for_users_sql or self._is_defined(connection):
                with self._use(connection, for_users_sql=for_users_sql):
                    yield connection
                return
        self._replace_definitions(patience, waiting)
        with (
            self._open_current(patience, waiting, read_only=True) as (connection, _),
            self._use(connection, for_users_sql=True),
        ):
            yield connection

    @contextmanager
    def _use(self, connection: Connection, *, for_users_sql: bool) -> Iterator[None]:
        with self._reading_errors():
            if for_users_sql:
                search_other_schemas(connection)
            yield

    def _is_defined(self, connection: Connection) -> bool:
        """Return whether the views and macros in the file are those of this version.

        This is checked once for each file, because DuckDB takes a while to list macros.
        """
        state = self._read_state()
        file = state and state[:2]
        if self._defined is None or self._defined != file:
            with self._reading_errors():
                self._defined = file if has_own_definitions(connection) else None
        return self._defined is not None

    def _replace_definitions(self, patience: float | None, waiting: Callable[[str], None] | None) -> None:
        """Replace the views and macros in the file by those of this version."""
        try:
            with self.writing(patience, waiting):
                pass
        except DatabaseFailed as error:
            detail = (
                f"its views and macros are not those of this posesearch, and can't be replaced here ({error.detail}); "
                "rename your own objects that have their names, or copy it to a folder where you can write"
            )
            raise DatabaseFailed(str(self.path), detail) from error

    @contextmanager
    def _reading_errors(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise DatabaseFailed(str(self.path), f"reading failed ({first_line(error)})") from error
        except BadValue as error:
            raise DamagedDatabase(str(self.path), str(error)) from error

    @contextmanager
    def writing(
        self, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        """Open the file for one transaction. It is created if it does not exist, and converted if it is older.

        The transaction is committed at the end of the block, and rolled back if an exception leaves the block.

        Args:
            patience: seconds to wait for another process. None uses the file's own.
            waiting: is called once with a sentence if the wait takes longer than a second.

        Raises:
            NotOurDatabase, AlteredDatabase, DamagedDatabase, NewerSchema, OldSchema, DatabaseBusy, DatabaseFailed: the
            file can't be opened, or the disk is full.
        """
        if not self.exists():
            self._create(self.patience if patience is None else patience)
        with self._open_current(patience, waiting, read_only=False) as (connection, version):
            try:
                connection.begin()
                self._define(connection, version)
                yield connection
                connection.commit()
            except duckdb.Error as error:
                raise DatabaseFailed(
                    str(self.path), f"writing failed, and the last changes were not stored ({first_line(error)})"
                ) from error
            except BadValue as error:
                raise DamagedDatabase(str(self.path), str(error)) from error
        self._checked = self._read_state()
        self._defined = self._checked and self._checked[:2]

    def _define(self, connection: Connection, version: int | None) -> None:
        """Create what a blank database needs, or replace the views and macros of another version."""
        if version is None:
            create_schema(connection, quote_name(read_name(connection)))
        elif self._defined is None and not has_own_definitions(connection):
            replace_definitions(connection, quote_name(read_name(connection)))

    @contextmanager
    def _open_current(
        self, patience: float | None, waiting: Callable[[str], None] | None, *, read_only: bool
    ) -> Iterator[tuple[Connection, int | None]]:
        """Open the file with its schema version, which is None for a blank database. An older file is converted."""
        with self._open(read_only=read_only, patience=patience, waiting=waiting) as connection:
            version = self._check(connection)
            if version in (None, SCHEMA_VERSION):
                yield connection, version
                return
        self._convert(self.patience if patience is None else patience, waiting)
        with self._open(read_only=read_only, patience=patience, waiting=waiting) as connection:
            yield connection, self._check(connection)

    def _check(self, connection: Connection) -> int | None:
        """Check the file once for each of its states, and return the version of the schema. See integrity.py."""
        state = self._read_state()
        if state is not None and self._checked == state:
            return SCHEMA_VERSION
        path = str(self.path)
        with self._reading_errors():
            version = check_version(connection, path)
            if version == SCHEMA_VERSION:
                check_shape(connection, path)
                self._checked = state
        return version

    def _read_state(self) -> tuple[int, ...] | None:
        """Return what changes if something writes to the file. None if the file is gone."""
        with suppress(OSError):
            info = self.path.stat()
            return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns
        return None

    def _convert(self, patience: float, waiting: Callable[[str], None] | None) -> None:
        """Replace an older file by a converted copy. Until the copy is complete, the older file stays as it is."""
        try:
            if not os.access(self.path, os.W_OK):
                raise PermissionError("the file is read-only")
            with block_readers(self.path, patience):
                with closing(self._connect(patience, waiting, read_only=False)) as connection:
                    checkpoint(connection)
                replace_by_converted(Path(os.path.realpath(self.path)))
        except (duckdb.Error, OSError, NotConvertible) as error:
            remedy = "Free some space, or copy it to a folder where you can write"
            if not isinstance(error, OSError | duckdb.IOException | duckdb.FatalException):
                remedy = "Rename or drop your own objects that are named here in the duckdb shell, and try again"
            detail = (
                f"an earlier posesearch made this database, and it can't be converted here ({first_line(error)}). "
                f"It was not changed. {remedy}"
            )
            raise DatabaseFailed(str(self.path), detail) from error

    def _create(self, patience: float) -> None:
        """Create the file under another name and rename it. An interruption or a full disk leaves no partial file."""
        check_link(self.path)
        with block_readers(self.path, patience):
            if not self.exists():  # another process may have been first
                try:
                    create_database(self.path)
                except (duckdb.Error, OSError) as error:
                    detail = f"the database can't be created ({first_line(error)})"
                    raise DatabaseFailed(str(self.path), detail) from error

    @contextmanager
    def _open(
        self, *, read_only: bool, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        patience = self.patience if patience is None else patience
        if read_only:
            wait_for_writers(self.path, min(patience, _MAX_READER_WAIT))
        with nullcontext() if read_only else block_readers(self.path, patience):
            check_files(self.path)
            connection = self._connect(patience, waiting, read_only=read_only)
            try:
                yield connection
            finally:
                connection.close()  # rolls back what is not committed

    def _connect(self, patience: float, waiting: Callable[[str], None] | None, *, read_only: bool) -> Connection:
        started = time.monotonic()
        while True:
            try:
                return connect(self.path, read_only=read_only, output=self._output if read_only else None)
            except duckdb.Error as error:
                text = str(error)
                if any(words in text for words in _OTHER_FORMAT):
                    raise NotOurDatabase(str(self.path)) from error
                if not any(words in text for words in _OPEN_ELSEWHERE):
                    raise DatabaseFailed(str(self.path), first_line(error)) from error
                waited = time.monotonic() - started
                if waited > patience:
                    raise DatabaseBusy(str(self.path), _describe_holder(text)) from error
                if waited > _SILENT_SECONDS and waiting is not None:
                    other = _describe_holder(text) or "another program"
                    waiting(f"{self.path}: {other} has this database open. Waiting for it to finish.")
                    waiting = None
                time.sleep(_RETRY_SECONDS)


def _describe_holder(text: str) -> str:
    """Return the program that has the file open, from DuckDB's message. Empty if the message does not name it."""
    found = _HOLDER.search(text)
    return f"{Path(found[1]).name} (process {found[2]})" if found else ""
