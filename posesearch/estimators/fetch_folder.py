"""The temporary folder of a fetch. Folders that killed processes have left behind are removed."""

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
except ImportError:  # Windows: only the age tells
    fcntl = None  # type: ignore[assignment]

_PREFIX: Final = ".fetch-"
_STALE_SECONDS: Final = 6 * 3600
"""Where there are no locks, a folder of this age is left behind. A fetch from two sources takes 20 minutes at most."""

_NO_LOCK: Final = -1  # instead of a descriptor, if there can be no lock


@contextmanager
def fetch_folder(parent: Path) -> Iterator[Path]:
    """Make a temporary folder, and remove it afterwards. First remove those in `parent` whose owners are dead.

    The owner of a folder holds a lock on it. The system releases the lock if the owner dies.

    Raises:
        OSError: the folder can't be made.
    """
    _remove_stale(parent)
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
        # Another process took the folder for a stale one before it was locked.
        if lock is not None:
            _remove(folder, lock)


def _remove_stale(parent: Path) -> None:
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
    """Lock the folder and return the descriptor, or _NO_LOCK. Return None if its owner lives, or it is gone."""
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
