"""The temporary folder of a download. Folders that killed processes left behind are removed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows has no such locks. The age of a folder decides instead.
    fcntl = None  # type: ignore[assignment]

_PREFIX: Final = ".fetch-"
_STALE_SECONDS: Final = 6 * 3600
"""Without locks, a folder of this age counts as left behind. A download from two sources takes 20 minutes at most."""

_NO_LOCK: Final = -1  # instead of a descriptor, if the system or the file system has no locks


@contextmanager
def fetch_folder(parent: Path) -> Iterator[Path]:
    """Make a temporary folder in `parent`, and remove it afterwards. First remove the folders of dead processes.

    The process that made a folder has a lock on it. The system releases the lock when the process ends.

    Raises:
        OSError: the folder can't be made.
    """
    remove_stale(parent)
    folder, lock = _make_locked(parent)
    try:
        yield folder
    finally:
        _remove(folder, lock)


def _make_locked(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=_PREFIX))
        lock = _try_lock(folder)
        if lock is not None and folder.exists():
            return folder, lock
        # Before the folder was locked, another process mistook it for a stale one.
        if lock is not None:
            _remove(folder, lock)


def is_in_fetch_folder(path: Path) -> bool:
    """Return whether a file is in a temporary folder of a download."""
    return any(folder.name.startswith(_PREFIX) for folder in path.parents)


def remove_stale(parent: Path) -> None:
    """Remove the folders in `parent` that killed processes left behind."""
    for folder in parent.glob(f"{_PREFIX}*"):
        lock = _try_lock(folder)
        if lock is None:
            continue
        if lock != _NO_LOCK or _is_old(folder):
            _remove(folder, lock)


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock != _NO_LOCK:
        os.close(lock)


def _is_old(folder: Path) -> bool:
    with suppress(OSError):
        return time.time() - folder.stat().st_mtime > _STALE_SECONDS
    return False


def _try_lock(folder: Path) -> int | None:
    """Lock the folder and return the descriptor, or _NO_LOCK.

    Return None if the process that made the folder is still running, or if the folder no longer exists.
    """
    if fcntl is None:
        return _NO_LOCK
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a file system without locks
        os.close(descriptor)
        return _NO_LOCK
    return descriptor
