"""What a lock file is: its interface, its content, and the refusal of other files.

unix_locks.py and windows_locks.py implement the interface.
"""

import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from posesearch.errors import DatabaseFailed

PREFIX: Final = b'{"pid"'
"""The first bytes of a file that names the holder of a lock."""


class LockFiles(Protocol):
    """The locks of an operating system. A lock ends with the process that holds it."""

    def try_lock(self, path: Path) -> Callable[[], None] | None:
        """Lock a file and return the function that releases it. Return None if another process holds the lock.

        If there can be no lock, for example on some network drives, the function does nothing.

        Raises:
            DatabaseFailed: something else than a lock file is at the path.
        """
        ...

    def is_locked(self, path: Path) -> bool:
        """Return whether another process holds the lock. Do not create the file.

        Raises:
            DatabaseFailed: something else than a lock file is at the path.
        """
        ...

    def read_holder(self, path: Path) -> bytes:
        """Return the holder that `make_holder` described.

        Raises:
            OSError: it can't be read.
        """
        ...


def make_holder() -> bytes:
    """Return the JSON by which this process names itself as the holder."""
    return json.dumps({"pid": os.getpid(), "host": platform.node()}).encode()


def make_refusal(lock: Path, other: Path | None = None) -> DatabaseFailed:
    """Return the error for something else than a lock file at the path.

    Args:
        lock: path of the lock file.
        other: path of another file of the lock, if something else is there.
    """
    database = lock.with_suffix("")
    name = (other or lock).name
    detail = f"{name} beside it is not a lock file of posesearch, and was not changed; move it to another folder"
    return DatabaseFailed(str(database), detail)
