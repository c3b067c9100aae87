"""Opens input files. They must be regular files, because opening a pipe or a device could block forever."""

import errno
import os
import stat
from typing import Final

CLOCK_RESOLUTION_NS: Final = 2_000_000_000
"""A file that was written this recently can change without a change of its time. FAT has the coarsest times."""


class NotRegularFile(OSError):
    """The path leads to a folder, a pipe, a device or a socket instead of a regular file."""


def open_regular(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """Open a regular file and return its descriptor. This function can be the `opener` of `open`.

    Raises:
        NotRegularFile: the path leads to something else.
        OSError: the file can't be opened.
        ValueError: the name contains a NUL character.
    """
    # O_NONBLOCK lets a pipe or device open immediately. It has no effect on regular files.
    try:
        descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device without a driver
            raise NotRegularFile(errno.EINVAL, "it is not a regular file", os.fspath(path)) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularFile(errno.EINVAL, "it is not a regular file", os.fspath(path))
    return descriptor


def read_regular(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: the file can't be read, has more than `max_bytes`, or is not a regular file. The error has a
            `strerror`.
        ValueError: the name contains a NUL character.
    """
    with open(path, "rb", opener=open_regular) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {max_bytes // 1_000_000} MB", os.fspath(path))
    return data
