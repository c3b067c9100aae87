"""Lock files beside the database: one ingest at a time, and readers give way to writers.

DuckDB's own lock decides which processes have the file open. These locks decide which process may try. Only one ingest
or re-estimation runs at a time. A process that wants to write gets its turn, however many readers there are.
"""

import json
import logging
import os
import platform
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows: only DuckDB's own lock is used
    fcntl = None  # type: ignore[assignment]

from posesearch.errors import DatabaseFailed, IngestRunning

_log: Final = logging.getLogger(__package__)
_INGEST_RETRY_SECONDS: Final = 0.2
_GATE_RETRY_SECONDS: Final = 0.01
_thread: Final = threading.local()  # the locks that a thread holds
_descriptors: Final[set[int]] = set()  # of the open lock files of this process
_PREFIX: Final = b'{"pid"'  # the beginning of a lock file


@contextmanager
def ingest_lock(database: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock that lets one ingest or re-estimation run at a time. Wait while another process holds it.

    The lock file has the database's name with .lock at its end. It names the holder, and is removed afterwards.

    Args:
        database: the file. It need not exist, but its folder must.
        waiting: is called once with a sentence that names the holder, if there is one.

    Raises:
        IngestRunning: this thread holds the lock already.
    """
    path = database.with_name(database.name + ".lock")
    key = os.path.realpath(database)
    held: set[str] = _thread.__dict__.setdefault("held", set())
    if key in held:  # it would wait for itself
        raise IngestRunning(str(database))
    started: float | None = None  # when the wait began
    while (descriptor := _try_lock(path)) is None:
        if started is None:
            sentence = f"{database}: {_describe_holder(path)} is writing to this database. Waiting for it to finish."
            _log.info("%s", sentence)
            waiting(sentence)
            started = time.monotonic()
        time.sleep(_INGEST_RETRY_SECONDS)
    if started is not None:
        _log.info(
            "%s: waited %.1f seconds for the other ingest or re-estimation.", database, time.monotonic() - started
        )
    held.add(key)
    try:
        yield
    finally:
        held.remove(key)
        _unlock(path, descriptor)


@contextmanager
def block_readers(database: Path, patience: float) -> Iterator[None]:
    """Keep new readers from starting while this writer waits for the present ones, and while it writes.

    Readers call `wait_for_writers`. The lock file has the database's name with .gate at its end, and is removed
    afterwards. If another writer holds the lock for more than `patience` seconds, this writer continues without it.
    """
    path = database.with_name(database.name + ".gate")
    started = time.monotonic()
    is_reported = False
    while (descriptor := _try_lock(path)) is None and time.monotonic() < started + patience:
        if not is_reported:
            _log.debug("%s: %s has the first turn. Waiting for it.", database, _describe_holder(path, "another writer"))
            is_reported = True
        time.sleep(_GATE_RETRY_SECONDS)
    try:
        yield
    finally:
        if descriptor is not None:
            _unlock(path, descriptor)


def wait_for_writers(database: Path, patience: float) -> None:
    """Wait until no writer blocks readers, for at most `patience` seconds."""
    path = database.with_name(database.name + ".gate")
    deadline = time.monotonic() + patience
    is_reported = False
    while fcntl is not None and time.monotonic() < deadline:
        try:
            descriptor = _open_lock_file(path, os.O_RDONLY)
        except OSError:  # there is no writer, or its lock file can't be read
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if not is_reported:
                _log.debug("%s: %s has the first turn. Waiting for it.", database, _describe_holder(path, "a writer"))
                is_reported = True
            time.sleep(_GATE_RETRY_SECONDS)
        except OSError:  # a file system without locks
            return
        else:
            return
        finally:
            _close(descriptor)


_NO_LOCK: Final = -1  # instead of a descriptor, if there can be no lock


def _try_lock(path: Path) -> int | None:
    """Lock the file and return its descriptor. Return None if another process holds the lock."""
    if fcntl is None:
        return _NO_LOCK
    try:
        descriptor = _open_lock_file(path, os.O_RDWR | os.O_CREAT)
    except OSError:  # the folder is not writable, which opening the database reports
        return _NO_LOCK
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _close(descriptor)
        return None
    except OSError:  # a file system without locks
        return descriptor
    with suppress(FileNotFoundError):
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            _write_holder(descriptor)
            return descriptor
    _close(descriptor)  # the former holder has just removed the file
    return None


def _open_lock_file(path: Path, flags: int) -> int:
    """Open a lock file, and refuse a file that can't be one.

    Anyone with write access to the folder can put something else there, such as a link to one of the user's files.

    Raises:
        DatabaseFailed: the path is a link or not a regular file, or the file has other content.
        OSError: it can't be opened.
    """
    # O_NONBLOCK, because opening a pipe would wait forever.
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _make_refusal(path) from None
        raise
    _descriptors.add(descriptor)
    info = os.fstat(descriptor)
    # The link count is 0 if the holder has just removed the file.
    is_file = stat.S_ISREG(info.st_mode) and info.st_nlink <= 1
    if is_file and os.pread(descriptor, len(_PREFIX), 0) in (b"", _PREFIX):
        return descriptor
    _close(descriptor)
    raise _make_refusal(path)


def _make_refusal(path: Path) -> DatabaseFailed:
    database = path.with_suffix("")
    detail = f"{path.name} beside it is not a lock file of posesearch, and was not changed; move it to another folder"
    return DatabaseFailed(str(database), detail)


def _unlock(path: Path, descriptor: int) -> None:
    if descriptor in _descriptors:
        path.unlink(missing_ok=True)  # before the lock is released, so that a waiting process sees it
        _close(descriptor)


def _close(descriptor: int) -> None:
    if descriptor in _descriptors:
        _descriptors.remove(descriptor)
        os.close(descriptor)


def _leave_to_first_process() -> None:
    """Close the lock files in a forked process, which would keep the locks when the first process has ended."""
    for descriptor in _descriptors:
        os.close(descriptor)
    _descriptors.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_to_first_process)


def _write_holder(descriptor: int) -> None:
    with suppress(OSError):  # the disk is full, and the lock works without the holder's name
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())


def _describe_holder(path: Path, who: str = "another ingest or re-estimation") -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"{who} (process {int(holder['pid'])} on {holder['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return who
