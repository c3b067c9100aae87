"""Lock files on Windows, by the library filelock.

A lock there keeps other processes from reading the file. So a second file names the holder, with .holder at the end of
its name. Both are removed when the lock is released. The library works on every system, and so does this module.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from posesearch.store.lock_files import PREFIX, make_holder, make_refusal


class WindowsLockFiles:
    """The locks of filelock."""

    def try_lock(self, path: Path) -> Callable[[], None] | None:
        """Implement LockFiles.try_lock."""
        holder = _holder_path(path)
        _check(path, path)
        _check(path, holder)
        lock = _make_lock(path)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return None
        except OSError:  # the folder is not writable, which opening the database reports, or it has no locks
            return lambda: None
        with suppress(OSError):  # the disk is full, and the lock works without the holder's name
            holder.write_bytes(make_holder())

        def unlock() -> None:
            with suppress(OSError):  # another process reads it at this moment
                holder.unlink()
            lock.release()

        return unlock

    def is_locked(self, path: Path) -> bool:
        """Implement LockFiles.is_locked."""
        if not os.path.lexists(path):
            return False
        _check(path, path)
        try:
            with _make_lock(path).acquire(blocking=False):
                return False
        except Timeout:
            return True
        except OSError:  # the folder is not writable, or it has no locks
            return False

    def read_holder(self, path: Path) -> bytes:
        """Implement LockFiles.read_holder."""
        return _holder_path(path).read_bytes()


def _holder_path(path: Path) -> Path:
    return path.with_name(path.name + ".holder")


def _make_lock(path: Path) -> FileLock:
    # The lock may be released in another thread. A soft lock would outlive a killed process.
    return FileLock(path, thread_local=False, fallback_to_soft=False)


def _check(lock: Path, path: Path) -> None:
    """Raise DatabaseFailed if a path of the lock is a link or not a regular file, or if the file has other content."""
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
            raise make_refusal(lock, path)
        with path.open("rb") as file:
            if file.read(len(PREFIX)) not in (b"", PREFIX):
                raise make_refusal(lock, path)
    except OSError:  # there is no file, or another process has locked it
        return
