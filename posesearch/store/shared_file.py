"""How this process uses a file: readers share an attachment, and other connections have the file for themselves.

Starting a DuckDB instance takes 15 milliseconds. Attaching a file to an instance that runs takes 4. Therefore an
instance without a file stays, and the file is attached to it while somebody reads. Between two readers the file is not
open, so that other processes can write.

On Unix, a process that closes a file loses all its locks on this file. Therefore the readers share one attachment, and
no other connection of this process opens the file meanwhile.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import duckdb

from posesearch.errors import DatabaseFailed
from posesearch.store.companions import duckdb_files
from posesearch.store.configuration import (
    FILE_CONFIG,
    LOCK_CONFIG,
    allow_only,
    connect,
    quote_text,
)
from posesearch.store.fork_lock import OPENING
from posesearch.store.interruptible import Connection
from posesearch.store.open_here import MESSAGES, is_locked_here

_SEARCH_PATH: Final = "SET search_path = 'system.main,db.main'"
"""Functions come first, as in configuration.search_functions_first."""

_FORKED: Final = (
    "this process was forked while another thread had the database open; use the multiprocessing method 'spawn', or "
    "fork while no other thread uses the database"
)


class AttachedHere(Exception):
    """Readers of this process have the file attached. They soon detach it."""


class ConnectedHere(Exception):
    """The user of this process has the file open by duckdb.connect or ATTACH."""


class SharedFile:
    """The connections of this process to one file. Threads may share it."""

    def __init__(self, path: str) -> None:
        """Open nothing yet. `path` has no symbolic links."""
        self._path = path
        self._instance: duckdb.DuckDBPyConnection | None = None
        # Whether the file can be attached, and whether it can be opened alone. See leave_to_first_process.
        self._is_attachable = self._is_openable = True
        self._start_empty()

    def _start_empty(self) -> None:
        self._lock = threading.RLock()
        self._readers = self._others = self._opened = 0
        self._lent = 0
        self._is_wanted = False  # another connection waits until the readers have gone

    def open(self, *, alone: bool, read_only: bool, output: Path | None) -> Connection:
        """Return a connection to the file.

        Args:
            alone: whether the connection shares nothing with other readers. If another connection of this process has
                the file, or waits for it, no reader shares anything.
            read_only: whether statements can't write to the file.
            output: as in configuration.connect.

        Raises:
            AttachedHere: readers have the file attached. No new readers attach it until this call was repeated.
            ConnectedHere: the user has the file open. On Linux, it is not opened beside the user's connection, whose
                lock it would lose.
            DatabaseFailed: this process was forked while a thread of the first one had the file open.
            duckdb.Error: DuckDB can't open the file.
        """
        with self._lock:
            if not (self._is_openable if alone else self._is_attachable):
                raise DatabaseFailed(self._path, _FORKED)
            if self.is_connected_elsewhere():
                raise ConnectedHere
            if not (alone or self._others or self._is_wanted):
                return self._attach()
            self._is_wanted = self._readers > 0
            if self._is_wanted:
                raise AttachedHere
            self._others += 1
            self._opened += 1
            others, opened = self._others, self._opened
        try:
            return connect(Path(self._path), self._release, read_only=read_only, output=output)
        except BaseException as error:
            with self._lock:
                was_only = others == 1 and self._opened == opened
                self._release()
            if was_only and _is_conflict(error):
                raise ConnectedHere from error
            raise

    def is_connected_elsewhere(self) -> bool:
        """Return whether the user of this process has the file open by duckdb.connect or ATTACH. Only Linux tells."""
        with self._lock:
            return not (self._readers or self._others) and is_locked_here(self._path)

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Keep readers from attaching the file while posesearch opens it in another way."""
        with self._lock:
            self._others += 1
            self._opened += 1
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        with self._lock:
            self._others -= 1

    def _attach(self) -> Connection:
        self._readers += 1
        try:
            with OPENING:
                if self._instance is None:
                    config = {**FILE_CONFIG, "temp_directory": f"{self._path}.tmp"}
                    self._instance = duckdb.connect(":memory:", config=config)
                    allow_only(Connection(self._instance), *duckdb_files(Path(self._path)))
                    self._instance.execute(LOCK_CONFIG)
                if self._readers == 1:
                    self._instance.execute(f"ATTACH {quote_text(self._path)} AS db (READ_ONLY)")
            cursor = self._instance.cursor()
            cursor.execute(_SEARCH_PATH)
            return Connection(cursor, self._detach)
        except BaseException as error:
            was_only = self._readers == 1
            self._detach()
            if was_only and _is_conflict(error):
                raise ConnectedHere from error
            raise

    def _detach(self) -> None:
        with self._lock:
            self._readers -= 1
            if not self._readers and self._instance is not None:
                with OPENING:
                    self._instance.execute("DETACH DATABASE IF EXISTS db")

    @property
    def is_lent(self) -> bool:
        """Whether the user of this process has a connection to the file by Database.connection."""
        return self._lent > 0

    @contextmanager
    def lend(self) -> Iterator[None]:
        """Count a connection that the user has during the block."""
        with self._lock:
            self._lent += 1
        try:
            yield
        finally:
            with self._lock:
                self._lent -= 1

    def close(self) -> None:
        """Release the instance, unless somebody reads."""
        with self._lock:
            if not self._readers and self._instance is not None:
                with OPENING:
                    self._instance.close()
                self._instance = None

    def leave_to_first_process(self) -> None:
        """Start empty in a forked process.

        If a thread of the first process had the file open, this process has it open too in DuckDB's view, and will
        forever. Readers may share a file that others have attached. Nothing else is possible.

        The instance is never destroyed there, because that would wait for threads of the first process.
        """
        if self._instance is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._instance))
        self._instance = None
        self._is_attachable &= not self._others
        self._is_openable &= not (self._others or self._readers)
        self._start_empty()


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, duckdb.Error) and any(words in str(error) for words in MESSAGES)


_files: WeakValueDictionary[str, SharedFile] = WeakValueDictionary()
_files_lock = threading.Lock()


def shared_file(path: Path) -> SharedFile:
    """Return the SharedFile of a path. It is the same object as long as anybody holds it."""
    name = os.path.realpath(path)
    with _files_lock:
        file = _files.get(name)
        if file is None:
            file = _files[name] = SharedFile(name)
        return file


def _prepare_fork() -> None:
    for file in list(_files.values()):
        file.close()
    OPENING.acquire()  # last, because threads acquire it while they hold the lock of a file


def _start_empty_in_fork() -> None:
    global _files_lock  # noqa: PLW0603 (a thread of the first process may have held it)
    _files_lock = threading.Lock()
    for file in list(_files.values()):
        file.leave_to_first_process()
    OPENING.release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_prepare_fork, after_in_parent=OPENING.release, after_in_child=_start_empty_in_fork)
