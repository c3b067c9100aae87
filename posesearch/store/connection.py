"""Opens the database file, for as short as possible, and turns DuckDB's failures into errors of posesearch."""

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DatabaseBusy, DatabaseFailed, NoDatabase, NotOurDatabase
from posesearch.store.catalog import check_catalog
from posesearch.store.interruptible import Connection
from posesearch.store.locks import block_readers, wait_for_writers
from posesearch.store.migrations import (
    DISABLE_FLOAT_COMPRESSION,
    SCHEMA_VERSION,
    create_schema,
    first_line,
    read_version,
    upgrade,
)
from posesearch.store.output_access import connect_with_output

__all__ = ["Connection", "DatabaseFile"]

# DuckDB must not download extensions or open other files, because the SQL or the database may come from a stranger.
_CONFIG: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "python_enable_replacements": "false",
}
_LOCK_CONFIG: Final = "SET lock_configuration = true"

_COMPANIONS: Final = (".wal", ".wal.checkpoint", ".wal.recovery", ".tmp")
"""The endings of what DuckDB writes beside a database."""

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
            output: the only other file that the statements of a reader may open. See output_access.py.
        """
        self.path = Path(path)
        self.patience = patience
        self._output = output
        self._checked: tuple[int, int] | None = None  # device and inode of the file whose catalog was checked

    def exists(self) -> bool:
        """Return whether the file exists and is not empty."""
        return self.path.exists() and (not self.path.is_file() or self.path.stat().st_size > 0)

    def check_creatable(self) -> None:
        """Raise DatabaseFailed if the file can't be created. An ingest checks this before its work."""
        folder = self.path.parent
        self._check_link()
        if not folder.is_dir():
            raise DatabaseFailed(str(self.path), "the folder does not exist; create it first")
        if not os.access(folder, os.W_OK):
            raise DatabaseFailed(str(self.path), "the folder is read-only; choose another folder for the database")

    @contextmanager
    def reading(
        self, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        """Open the file for queries. An older file is upgraded first. The arguments are those of `writing`.

        Raises:
            NoDatabase, NotOurDatabase, NewerSchema, DatabaseBusy, DatabaseFailed: it can't be opened or read.
        """
        if not self.exists():
            raise NoDatabase(str(self.path))
        with self._open(read_only=True, patience=patience, waiting=waiting) as connection:
            is_current = self._is_current(connection)
            if is_current is None:  # an ingest was stopped before its first batch
                raise NoDatabase(str(self.path))
            if is_current:
                with self._reading_errors():
                    yield connection
                return
        self._upgrade(patience, waiting)
        with self._open(read_only=True, patience=patience, waiting=waiting) as connection, self._reading_errors():
            yield connection

    def _is_current(self, connection: Connection) -> bool | None:
        """Return whether the schema is the one of this version. None for a blank database."""
        with self._reading_errors():
            has_own_definitions = self._check_catalog(connection)
            version = read_version(connection, str(self.path))
        return None if version is None else version == SCHEMA_VERSION and has_own_definitions

    def _check_catalog(self, connection: Connection) -> bool:
        """Check the catalog of the file once. See check_catalog."""
        info = self.path.stat()
        if self._checked != (info.st_dev, info.st_ino):
            if not check_catalog(connection, str(self.path)):
                return False
            self._checked = info.st_dev, info.st_ino
        return True

    def _upgrade(self, patience: float | None, waiting: Callable[[str], None] | None) -> None:
        """Bring an older file up to date."""
        try:
            with self.writing(patience, waiting):
                pass
        except DatabaseFailed as error:
            detail = str(error).removeprefix(f"{self.path}: ")
            raise DatabaseFailed(
                str(self.path),
                f"another version of posesearch made this database, and it can't be brought up to date here "
                f"({detail}); copy it to a folder where you can write",
            ) from error

    @contextmanager
    def _reading_errors(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise DatabaseFailed(str(self.path), f"reading failed ({first_line(error)})") from error

    @contextmanager
    def writing(
        self, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        """Open the file for one transaction. It is created if it does not exist, and upgraded if it is older.

        The transaction is committed at the end of the block, and rolled back if an exception leaves the block.

        Args:
            patience: seconds to wait for another process. None uses the file's own.
            waiting: is called once with a sentence if the wait takes longer than a second.

        Raises:
            NotOurDatabase, NewerSchema, DatabaseBusy, DatabaseFailed: it can't be opened, or the disk is full.
        """
        if not self.exists():
            self._create(self.patience if patience is None else patience)
        with self._open(read_only=False, patience=patience, waiting=waiting) as connection:
            try:
                connection.begin()
                self._bring_up_to_date(connection)
                yield connection
                connection.commit()
            except duckdb.Error as error:
                raise DatabaseFailed(
                    str(self.path), f"writing failed, and the last changes were not stored ({first_line(error)})"
                ) from error

    def _bring_up_to_date(self, connection: Connection) -> None:
        """Create the schema, or upgrade it, in the caller's transaction."""
        has_own_definitions = self._check_catalog(connection)
        version = read_version(connection, str(self.path))
        if version is None:  # a blank database
            create_schema(connection)
        elif version < SCHEMA_VERSION or not has_own_definitions:
            upgrade(connection, str(self.path), version)

    def _create(self, patience: float) -> None:
        """Create the file under another name and rename it. An interruption or a full disk leaves no partial file."""
        self._check_link()
        new = self._companion(".new")
        with block_readers(self.path, patience):
            if self.exists():  # another process was first
                return
            try:
                _remove_database(new)  # left by an interrupted attempt
                with closing(_connect(new, read_only=False)) as connection:
                    connection.begin()
                    create_schema(connection)
                    connection.commit()
                    connection.execute("CHECKPOINT")  # moves the log into the file, and raises if that fails
                new.replace(self.path)
            except (duckdb.Error, OSError) as error:
                raise DatabaseFailed(str(self.path), f"the database can't be created ({first_line(error)})") from error
            finally:
                _remove_database(new)

    @contextmanager
    def _open(
        self, *, read_only: bool, patience: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> Iterator[Connection]:
        patience = self.patience if patience is None else patience
        if read_only:
            wait_for_writers(self.path, min(patience, _MAX_READER_WAIT))
        with nullcontext() if read_only else block_readers(self.path, patience):
            self._check_files()
            connection = self._connect(patience, waiting, read_only=read_only)
            try:
                yield connection
            finally:
                connection.close()  # rolls back what is not committed

    def _connect(self, patience: float, waiting: Callable[[str], None] | None, *, read_only: bool) -> Connection:
        started = time.monotonic()
        while True:
            try:
                return _connect(self.path, read_only=read_only, output=self._output if read_only else None)
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

    def _companion(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)

    def _check_link(self) -> None:
        """Raise DatabaseFailed if the path is a link whose target does not exist. A new file would replace the link."""
        if self.path.is_symlink() and not self.path.exists():
            target = self.path.readlink()
            detail = f"this is a link to {target}, which does not exist; remove the link, or restore its target"
            raise DatabaseFailed(str(self.path), detail)

    def _check_files(self) -> None:
        """Raise an error if the database is not a regular file, or if a file that DuckDB writes beside it is not.

        Opening a pipe would wait forever. Writing through a link would destroy its target.
        """
        with suppress(FileNotFoundError):
            mode = self.path.stat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # DuckDB refuses a folder
                raise NotOurDatabase(str(self.path))
        for companion in map(self._companion, _COMPANIONS):
            with suppress(FileNotFoundError):
                info = companion.lstat()
                is_own = stat.S_ISDIR(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_nlink == 1)
                if not is_own:
                    detail = f"{companion.name} beside it is a link or not a regular file; replace it with a copy"
                    raise DatabaseFailed(str(self.path), detail)


def _connect(path: Path, *, read_only: bool, output: Path | None = None) -> Connection:
    """Open a file with a configuration that no statement can change."""
    if output is not None:
        connection = Connection(connect_with_output(path, output, _CONFIG))
    else:
        connection = Connection(duckdb.connect(str(path.absolute()), read_only=read_only, config=dict(_CONFIG)))
    with suppress(duckdb.InvalidInputException):  # another connection of this process has locked it already
        connection.execute(DISABLE_FLOAT_COMPRESSION)
        connection.execute(_LOCK_CONFIG)
    return connection


def database_files(path: Path) -> list[Path]:
    """Return the paths of a database: the file, DuckDB's log, the lock files, and a new file that is being created."""
    endings = ("", ".wal", ".lock", ".gate", ".new", ".new.wal")
    return [path.with_name(path.name + ending) for ending in endings]


def _remove_database(path: Path) -> None:
    for file in (path, path.with_name(f"{path.name}.wal")):
        with suppress(OSError):  # the folder may not exist; opening the file reports that
            file.unlink()


def _describe_holder(text: str) -> str:
    """Return the program that has the file open, from DuckDB's message. Empty if the message does not name it."""
    found = _HOLDER.search(text)
    return f"{Path(found[1]).name} (process {found[2]})" if found else ""
