"""One ingest at a time: a lock beside the database, which the system takes back from a process that dies."""

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
except ImportError:  # Windows: two ingests share the file batch by batch, and both may look at a photo
    fcntl = None  # type: ignore[assignment]

_RETRY_SECONDS: Final = 0.2


@contextmanager
def turn(database: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the database's turn, waiting for whoever has it.

    The file beside the database, with .lock at its end, says who that is, and is there only as long.

    Args:
        database: the file, which need not exist; its folder must.
        waiting: is told, once, who is waited for.
    """
    path = database.with_name(database.name + ".lock")
    if fcntl is None:
        yield
        return
    told = False
    while (held := _taken(path)) is None:
        if not told:
            waiting(f"{database}: {_holder(path)} is writing to it; this begins when that has finished.")
            told = True
        time.sleep(_RETRY_SECONDS)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: who waits for it sees that it is another file by then
        os.close(held)


def _taken(path: Path) -> int | None:
    """Return the locked file's descriptor, or None where another process has it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # no writing here: opening the database says so
        return os.open(os.devnull, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a file system without locks
        return descriptor
    if not path.exists() or os.fstat(descriptor).st_ino != path.stat().st_ino:  # whoever had it has just removed it
        os.close(descriptor)
        return None
    with suppress(OSError):  # a full disk: the lock holds without a name on it
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())
    return descriptor


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f"another ingest (process {int(who['pid'])} on {who['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another ingest"
