"""Locks beside the database, which the system takes back from a process that dies.

DuckDB's own lock says who may have the file open. These say whose turn it is to ask for it: one ingest runs at a time,
and a process that wants to write is let through between two readers, however many there are.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows: ingests take turns by the batch, and a writer is as lucky as anybody
    fcntl = None  # type: ignore[assignment]

_TURN_SECONDS: Final = 0.2
_GATE_SECONDS: Final = 0.01
"""Pauses between two tries."""


@contextmanager
def turn(database: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the database's turn to ingest, waiting for whoever has it.

    A file beside the database, with .lock at its end, says who that is, and is there only as long.

    Args:
        database: the file, which need not exist; its folder must.
        waiting: is told, once, who is waited for.
    """
    path = database.with_name(database.name + ".lock")
    told = False
    while (held := _taken(path)) is None:
        if not told:
            waiting(f"{database}: {_holder(path)} is writing to it; this begins when that has finished.")
            told = True
        time.sleep(_TURN_SECONDS)
    try:
        yield
    finally:
        _given_back(path, held)


@contextmanager
def gate(database: Path, patience: float) -> Iterator[None]:
    """Let no reader begin while this writer waits for those that have, and writes.

    Readers go through `pass_gate`. The file, with .gate at its end, is there only as long. Where another writer keeps
    the gate for longer than `patience` seconds, this one goes on without it.
    """
    path = database.with_name(database.name + ".gate")
    deadline = time.monotonic() + patience
    while (held := _taken(path)) is None and time.monotonic() < deadline:
        time.sleep(_GATE_SECONDS)
    try:
        yield
    finally:
        if held is not None:
            _given_back(path, held)


def pass_gate(database: Path, patience: float) -> None:
    """Wait until no writer wants the database, `patience` seconds at most."""
    path = database.with_name(database.name + ".gate")
    deadline = time.monotonic() + patience
    while fcntl is not None and time.monotonic() < deadline:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:  # there is no writer, or this is no reader of its files
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_GATE_SECONDS)
        except OSError:  # a file system without locks
            return
        else:
            return
        finally:
            os.close(descriptor)


_NONE: Final = -1  # instead of a descriptor, where there can be no lock


def _taken(path: Path) -> int | None:
    """Return the locked file's descriptor, or None where another process has it."""
    if fcntl is None:
        return _NONE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # no writing here: opening the database says so
        return _NONE
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a file system without locks
        return descriptor
    with suppress(FileNotFoundError):
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            _sign(descriptor)
            return descriptor
    os.close(descriptor)  # whoever had it has just removed it
    return None


def _given_back(path: Path, held: int) -> None:
    if held != _NONE:
        path.unlink(missing_ok=True)  # while it is held: who waits for it sees that it is another file by then
        os.close(held)


def _sign(descriptor: int) -> None:
    with suppress(OSError):  # a full disk: the lock holds without a name on it
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f"another ingest (process {int(who['pid'])} on {who['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another ingest"
