"""Finds out whether this process has a file open in DuckDB, without opening the file.

On Unix, a process that closes a file loses all its locks on this file, also those of other connections. So the file is
not opened to find out.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

MESSAGES: Final = ("different configuration", "Unique file handle conflict")
"""DuckDB's messages if this process has the file open with other settings, or attached under another name."""

_DESCRIPTORS: Final = Path("/proc/self/fd")
_FACTS: Final = Path("/proc/self/fdinfo")


def is_locked_here(path: str) -> bool:
    """Return whether a descriptor of this process has a lock on the file, as those of DuckDB have.

    The spelling of the path does not matter. Only Linux tells. On other systems this returns False.
    """
    try:
        file, names = os.stat(path), os.listdir(_DESCRIPTORS)  # noqa: PTH116, PTH208 (faster)
    except OSError:
        return False
    for name in names:
        with suppress(OSError):  # another thread may have closed it
            if os.path.samestat(os.fstat(int(name)), file) and "POSIX" in (_FACTS / name).read_text():
                return True
    return False
