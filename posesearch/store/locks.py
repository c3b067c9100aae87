"""Lock files beside the database: one ingest at a time, and readers give way to writers.

DuckDB's own lock decides which processes have the file open. These locks decide which process may try. Only one ingest
or re-estimation runs at a time. A process that wants to write gets its turn, however many readers there are.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from posesearch.errors import IngestRunning
from posesearch.store.companions import beside
from posesearch.store.lock_files import LockFiles

_log: Final = logging.getLogger(__package__)
_INGEST_RETRY_SECONDS: Final = 0.2
_GATE_RETRY_SECONDS: Final = 0.01
_thread: Final = threading.local()  # the locks that a thread holds

if sys.platform == "win32":
    from posesearch.store.windows_locks import WindowsLockFiles

    LOCK_FILES: Final[LockFiles] = WindowsLockFiles()
else:
    from posesearch.store.unix_locks import UnixLockFiles

    LOCK_FILES: Final[LockFiles] = UnixLockFiles()


@contextmanager
def ingest_lock(database: Path, waiting: Callable[[str], None], lock_files: LockFiles = LOCK_FILES) -> Iterator[None]:
    """Hold the lock that lets one ingest or re-estimation run at a time. Wait while another process holds it.

    The lock file is beside the database, with .lock at the end of its name. It names the holder, and is removed
    afterwards. On Windows, the name is in a second file.

    Args:
        database: the file. It need not exist, but its folder must.
        waiting: is called once with a sentence that names the holder, if there is one.
        lock_files: the locks of the operating system.

    Raises:
        IngestRunning: this thread holds the lock already.
    """
    path = beside(database, ".lock")
    key = os.path.realpath(database)
    held: set[str] = _thread.__dict__.setdefault("held", set())
    if key in held:  # it would wait for itself
        raise IngestRunning(str(database))
    started: float | None = None  # when the wait began
    while (unlock := lock_files.try_lock(path)) is None:
        if started is None:
            holder = _describe_holder(path, lock_files)
            sentence = f"{database}: {holder} is writing to this database. Waiting for it to finish."
            _log.info("%s", sentence)
            waiting(sentence)
            started = time.monotonic()
        time.sleep(_INGEST_RETRY_SECONDS)
    if started is not None:
        waited = time.monotonic() - started
        _log.info("%s: waited %.1f seconds for the other ingest or re-estimation.", database, waited)
    held.add(key)
    try:
        yield
    finally:
        held.remove(key)
        unlock()


@contextmanager
def block_readers(database: Path, patience: float, lock_files: LockFiles = LOCK_FILES) -> Iterator[None]:
    """Keep new readers from starting while this writer waits for the present ones, and while it writes.

    Readers call `wait_for_writers`. The lock file is beside the database, with .gate at the end of its name. It is
    removed afterwards. If another writer holds the lock for more than `patience` seconds, this writer continues
    without it.
    """
    path = beside(database, ".gate")
    deadline = time.monotonic() + patience
    is_reported = False
    while (unlock := lock_files.try_lock(path)) is None and time.monotonic() < deadline:
        if not is_reported:
            _report_turn(database, path, lock_files, "another writer")
            is_reported = True
        time.sleep(_GATE_RETRY_SECONDS)
    try:
        yield
    finally:
        if unlock is not None:
            unlock()


def wait_for_writers(database: Path, patience: float, lock_files: LockFiles = LOCK_FILES) -> None:
    """Wait until no writer blocks readers, for at most `patience` seconds."""
    path = beside(database, ".gate")
    deadline = time.monotonic() + patience
    is_reported = False
    while time.monotonic() < deadline and lock_files.is_locked(path):
        if not is_reported:
            _report_turn(database, path, lock_files, "a writer")
            is_reported = True
        time.sleep(_GATE_RETRY_SECONDS)


def _report_turn(database: Path, path: Path, lock_files: LockFiles, who: str) -> None:
    holder = _describe_holder(path, lock_files, who)
    _log.debug("%s: %s has the first turn. Waiting for it.", database, holder)


def _describe_holder(path: Path, lock_files: LockFiles, who: str = "another ingest or re-estimation") -> str:
    try:
        holder = json.loads(lock_files.read_holder(path))
        return f"{who} (process {int(holder['pid'])} on {holder['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return who
