"""Looks whether the file at a source is still the photo that was ingested."""

import hashlib
import os

from posesearch.files import CLOCK_RESOLUTION_NS, NotRegularFile, open_regular
from posesearch.sources.read import MAX_BYTES


def look_at_file(path: str, size: int | None, modified_ns: int | None, sha256: str) -> tuple[bool, bool | None]:
    """Return whether there is a file, and whether it has other bytes than the photo. None if that can't be found out.

    A file of another size has other bytes. One of the same size is read if its modification time differs by two seconds
    or more. A photo that was copied or touched is the same photo, and a share may round the times of its files.

    Args:
        path: the file.
        size: number of bytes of the photo. None if it is not known.
        modified_ns: modification time of the photo's file in nanoseconds since 1970. None if it is not known.
        sha256: SHA-256 of the photo's bytes.
    """
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return False, None
    if info.st_size > MAX_BYTES or (size is not None and info.st_size != size):  # an ingest reads no larger file
        return True, True
    if size is not None and modified_ns is not None and abs(info.st_mtime_ns - modified_ns) < CLOCK_RESOLUTION_NS:
        return True, False
    try:
        with open(path, "rb", opener=open_regular) as file:
            return True, hashlib.file_digest(file, "sha256").hexdigest() != sha256
    except NotRegularFile:
        return True, True
    except (OSError, ValueError):
        return True, None
