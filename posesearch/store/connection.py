"""Opens the database file, for as short as possible, and turns DuckDB's failures into errors of posesearch."""

import logging
import os
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb

from posesearch.errors import DamagedDatabase, DatabaseFailed, DatabaseOpenHere, NoDatabase
from posesearch.files import CLOCK_RESOLUTION_NS
from posesearch.store import companions, locks
from posesearch.store.attribute_view import define_view
from posesearch.store.configuration import checkpoint, quote_name, read_name, search_other_schemas
from posesearch.store.damage import make_failure, rewriting_errors
from posesearch.store.integrity import check_shape, check_version, has_own_definitions
from posesearch.store.interruptible import Connection
from posesearch.store.locks import block_readers, wait_for_writers
from posesearch.store.migrations import converting
from posesearch.store.new_file import Writing, create_database, remove_unfinished, replace_database
from posesearch.store.rewriting import Selection, rewrite
from posesearch.store.schema import SCHEMA_VERSION, create_schema, replace_definitions
from posesearch.store.shared_file import shared_file
from posesearch.store.values import BadValue
from posesearch.store.waiting import BY_DUCKDB, open_patiently

__all__ = ["Connection", "DatabaseFile", "DuckDBConnection"]

DuckDBConnection: TypeAlias = duckdb.DuckDBPyConnection

_log: Final = logging.getLogger(__package__)

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
            path: the file, or a link to it. It need not exist.
            patience: seconds to wait for another process that has the file open.
            output: the only other file that the statements of a reader may open.
        """
        self.path = Path(path)
        self.patience = patience
        self._shared = shared_file(self.path)
        self._state: tuple[int, ...] | None = None  # the state of the file that was checked
        self._kept: dict[Hashable, Any] = {}  # what connections have read from the file in this state
        self._defined: tuple[int, ...] | None = None  # device and inode of the file that has this version's macros
        self._output = output

    def close(self) -> None:
        """Release what makes the next reader faster."""
        self._shared.close()

    def _make_no_database(self) -> NoDatabase:
        """Return the error for a database that is not there yet. It says so if the first ingest runs."""
        is_coming = locks.LOCK_FILES.is_locked(companions.beside(self.path, ".lock"))
        detail = "the first ingest runs, and has not stored any photo yet; try again in some seconds"
        return NoDatabase(str(self.path), detail if is_coming else "")

    def exists(self) -> bool:
        """Return whether the file exists and is not empty."""
        return companions.exists(self.path)

    def check_not_connected(self) -> None:
        """Raise DatabaseOpenHere if the user of this process has the file open by duckdb.connect. Only Linux tells.

        An ingest checks this before its work. Waiting does not help if the connection is in the same thread.
        """
        self._shared = shared_file(self.path)
        if self._shared.is_connected_elsewhere():
            raise DatabaseOpenHere(str(self.path), BY_DUCKDB)

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
            raise self._make_no_database()
        for is_last_try in (False, True):
            with (
                self._open_current(patience, waiting, read_only=True, alone=for_users_sql) as (connection, version),
                self._reading_errors(),
            ):
                if version is None:  # an ingest was stopped before its first batch
                    raise self._make_no_database()
                if for_users_sql:
                    search_other_schemas(connection)
                if not for_users_sql or is_last_try or self._is_defined(connection):
                    yield connection
                    return
            self._replace_definitions(patience, waiting)

    @contextmanager
    def lending(self) -> Iterator[DuckDBConnection]:
        """Open the file for statements that the user runs in DuckDB. Their errors stay those of DuckDB.

        Raises:
            StoreError: as in `reading`.
        """
        with ExitStack() as stack:
            reading = ExitStack()
            connection = reading.enter_context(self.reading(for_users_sql=True))
            stack.callback(reading.close)  # it does not see the exceptions of the block
            stack.enter_context(self._shared.lend())
            yield connection.raw

    def _is_defined(self, connection: Connection) -> bool:
        """Return whether the views and macros in the file are those of this version.

        This is checked once for each file, because DuckDB takes a while to list macros.
        """
        file = self._state and self._state[:2]
        if self._defined is None or self._defined != file:
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
            raise make_failure(self.path, error, "reading failed") from error
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
        with self._open_current(patience, waiting, read_only=False, alone=True) as (connection, version):
            remove_unfinished(self.path)
            try:
                connection.execute("BEGIN TRANSACTION")
                self._define(connection, version)
                yield connection
                connection.execute("COMMIT")
            except duckdb.Error as error:
                raise make_failure(self.path, error, "writing failed, and the last changes were not stored") from error
            except BadValue as error:
                raise DamagedDatabase(str(self.path), str(error)) from error
        self._state, self._kept = companions.read_state(self.path), {}
        self._defined = self._state and self._state[:2]

    def _define(self, connection: Connection, version: int | None) -> None:
        """Create what a blank database needs, or replace the views and macros of another version."""
        if version is None:
            create_schema(connection, quote_name(read_name(connection)))
        elif self._defined is None and not has_own_definitions(connection):
            replace_definitions(connection, quote_name(read_name(connection)))
            define_view(connection)

    @contextmanager
    def _open_current(
        self, patience: float | None, waiting: Callable[[str], None] | None, *, read_only: bool, alone: bool
    ) -> Iterator[tuple[Connection, int | None]]:
        """Open the file with its schema version, which is None for a blank database. An older file is converted."""
        if patience is None:
            self.check_not_connected()
            patience = self.patience
        for is_first_try in (True, False):
            if read_only and not self._shared.is_lent:  # a writer does not get its turn before that connection ends
                wait_for_writers(self.path, min(patience, _MAX_READER_WAIT))
            with nullcontext() if read_only else block_readers(self.path, patience):
                companions.check_files(self.path)
                if not read_only:
                    companions.check_writable(self.path)
                with closing(self._connect(patience, waiting, read_only=read_only, alone=alone)) as connection:
                    version = self._check(connection)
                    if version in (None, SCHEMA_VERSION) or not is_first_try:
                        yield connection, version
                        return
            self._convert(patience, waiting)

    def _connect(
        self, patience: float, waiting: Callable[[str], None] | None, *, read_only: bool, alone: bool
    ) -> Connection:
        """Open the file. With `alone`, the connection shares nothing with the other readers of this process."""
        self._shared = shared_file(self.path)
        output = self._output if read_only else None
        connect = partial(self._shared.open, alone=alone, read_only=read_only, output=output)
        return open_patiently(self.path, connect, patience, waiting, is_lent=lambda: self._shared.is_lent)

    def _check(self, connection: Connection) -> int | None:
        """Check the file once for each of its states, and return the version of the schema. See integrity.py."""
        state = companions.read_state(self.path)
        if state is None or self._state != state:
            with self._reading_errors():
                version = check_version(connection, str(self.path))
                if version != SCHEMA_VERSION:
                    return version
                check_shape(connection, str(self.path))
            self._state, self._kept = state, {}
        if state is not None and time.time_ns() - state[3] > CLOCK_RESOLUTION_NS:
            connection.keep_in(self._kept)
        return SCHEMA_VERSION

    def rewrite(self, selection: Selection, waiting: Callable[[str], None] | None = None) -> None:
        """Replace the file by a new one that has other rows. The bytes of rows that are left out are in no file then.

        Until the new file is complete, the old one stays as it is.

        Args:
            selection: the rows of the new file.
            waiting: as in `writing`.

        Raises:
            StoreError: as in `writing`.
        """
        with self.writing(waiting=waiting):
            pass  # the file is converted, and can be written
        with rewriting_errors(self.path, "it can't be rewritten"):
            self._replace(partial(rewrite, select=selection), self.patience, waiting)

    def _convert(self, patience: float, waiting: Callable[[str], None] | None) -> None:
        """Replace an older file by a converted copy. Until the copy is complete, the older file stays as it is."""
        with rewriting_errors(self.path, "an earlier posesearch made this database, and it can't be converted"):
            if not os.access(self.path, os.W_OK):
                raise PermissionError("the file is read-only")
            _log.info("%s: an earlier posesearch made this database. Converting it.", self.path)
            self._replace(converting, patience, waiting, unless=SCHEMA_VERSION)
            _log.info("%s: converted to schema version %d.", self.path, SCHEMA_VERSION)

    def _replace(
        self, writing: Writing, patience: float, waiting: Callable[[str], None] | None, unless: int | None = None
    ) -> None:
        """Replace the file by one that `writing` writes, as `replace_database` does.

        With `unless`, a file of this version stays. Another thread or process has converted it first.
        """
        with block_readers(self.path, patience):
            with closing(self._connect(patience, waiting, read_only=False, alone=True)) as connection:
                if check_version(connection, str(self.path)) == unless:
                    return
                checkpoint(connection)
                companions.remove_temporary(self.path)
            with self._shared.reserve():
                replace_database(self.path, writing)

    def _create(self, patience: float) -> None:
        """Create the file under another name and rename it. An interruption or a full disk leaves no partial file."""
        with block_readers(self.path, patience):
            if not self.exists():  # another process may have been first
                companions.check_creatable(self.path)
                create_database(self.path)
