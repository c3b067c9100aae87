"""Recognizes the pictures that posesearch drew, by a text chunk in the PNG file.

An ingest of a folder passes them over, and a new picture replaces no other PNG file.
"""

import struct
import zlib
from typing import Final

from posesearch.files import open_regular

MARK: Final = b"tEXtSoftware\0posesearch"
"""The type and the content of the chunk, which comes first after the header of the file."""

_HEADER_BYTES: Final = 33  # the signature and the chunk IHDR
MARKED_BYTES: Final = 64
"""The beginning of a file, which has the mark."""


def mark_png(data: bytes) -> bytes:
    """Return a PNG file with the mark."""
    chunk = struct.pack(">I", len(MARK) - 4) + MARK + struct.pack(">I", zlib.crc32(MARK))
    return data[:_HEADER_BYTES] + chunk + data[_HEADER_BYTES:]


def is_own_picture(path: str) -> bool:
    """Return whether posesearch drew this file. A file that can't be read counts as a photo."""
    if not path.lower().endswith(".png"):
        return False
    try:
        with open(path, "rb", opener=open_regular) as file:
            return MARK in file.read(MARKED_BYTES)
    except (OSError, ValueError):
        return False
