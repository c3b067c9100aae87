"""Lock files on Unix, by flock. A lock file names its holder, and is removed when the lock is released."""

import fcntl
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from posesearch.store.lock_files import PREFIX, make_holder, make_refusal

_descriptors: Final[set[int]] = set()  # of the open lock files of this process


class UnixLockFiles:
    """The locks of flock."""

    def try_lock(self, path: Path) -> Callable[[], None] | None:
        """Implement LockFiles.try_lock."""
        try:
            descriptor = _open_lock_file(path, os.O_RDWR | os.O_CREAT)
        except OSError:  # the folder is not writable, which opening the database reports
            return lambda: None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _close(descriptor)
            return None
        except OSError:  # a file system without locks
            return partial(_unlock, path, descriptor)
        with suppress(FileNotFoundError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                _write_holder(descriptor)
                return partial(_unlock, path, descriptor)
        _close(descriptor)  # the former holder has just removed the file
        return None

    def is_locked(self, path: Path) -> bool:
        """Implement LockFiles.is_locked."""
        try:
            descriptor = _open_lock_file(path, os.O_RDONLY)
        except OSError:  # there is no writer, or its lock file can't be read
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
        else:
            return False
        finally:
            _close(descriptor)

    def read_holder(self, path: Path) -> bytes:
        """Implement LockFiles.read_holder."""
        return path.read_bytes()


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
            raise make_refusal(path) from None
        raise
    _descriptors.add(descriptor)
    info = os.fstat(descriptor)
    # The link count is 0 if the holder has just removed the file.
    is_file = stat.S_ISREG(info.st_mode) and info.st_nlink <= 1
    if is_file and os.pread(descriptor, len(PREFIX), 0) in (b"", PREFIX):
        return descriptor
    _close(descriptor)
    raise make_refusal(path)


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


os.register_at_fork(after_in_child=_leave_to_first_process)


def _write_holder(descriptor: int) -> None:
    with suppress(OSError):  # the disk is full, and the lock works without the holder's name
        os.ftruncate(descriptor, 0)
        os.write(descriptor, make_holder())
