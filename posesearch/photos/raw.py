"""Recognizes raw photos of cameras. Pillow opens many of them as TIFF, and returns the small preview in them."""

import struct
from collections.abc import Iterator
from typing import Final

from posesearch.photos.extensions import RAW_EXTENSIONS

# Fujifilm, Olympus, Panasonic and Leica, Sigma, Minolta. Canon has its signatures behind the first bytes.
_SIGNATURES: Final = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
_TIFF: Final = (b"II*\0", b"MM\0*")

# Tags of TIFF, TIFF/EP and DNG.
_SUBFILE_TYPE: Final = 254
_COMPRESSION: Final = 259
_PHOTOMETRIC: Final = 262
_SUB_TABLES: Final = 330
_DNG_VERSION: Final = 50706

_REDUCED: Final = 1  # bit of the subfile type: a preview of another image of the file
_MOSAICS: Final = frozenset((32803, 34892))  # of a sensor's colour filters, and linear raw. No other image has them
_RAW_COMPRESSIONS: Final = frozenset((32767, 32769, 32770, 34713, 65535))  # of Sony, Epson, Samsung, Nikon and Pentax
_MAX_TABLES: Final = 32

_SIZES: Final = {1: "B", 3: "H", 4: "I", 13: "I"}  # the types of numbers that these tags have


def is_raw(data: bytes, name: str) -> bool:
    """Return whether a file is a raw photo, by its bytes.

    An ordinary TIFF of a camera or scanner is none. Some makers write raw photos without any of the tags above. The
    name tells them from TIFFs with a preview.
    """
    if data.startswith(_SIGNATURES) or data[6:14] == b"HEAPCCDR" or data[4:12] == b"ftypcrx ":
        return True
    if not data.startswith(_TIFF):
        return False
    if data[4:11] == b"\x10\0\0\0CR\2":
        return True
    tables = list(_read_tables(data))
    has_raw_name = name.lower().endswith(RAW_EXTENSIONS)
    has_preview = any(_SUB_TABLES in table or _REDUCED & max(table.get(_SUBFILE_TYPE, [0])) for table in tables[:1])
    return (has_raw_name and has_preview) or any(_is_raw_table(table) for table in tables)


def _is_raw_table(table: dict[int, list[int]]) -> bool:
    is_mosaic = not _MOSAICS.isdisjoint(table.get(_PHOTOMETRIC, ()))
    return is_mosaic or _DNG_VERSION in table or not _RAW_COMPRESSIONS.isdisjoint(table.get(_COMPRESSION, ()))


def _read_tables(data: bytes) -> Iterator[dict[int, list[int]]]:
    """Yield the numbers of the tags that are looked at, of each table of a TIFF. Sub-tables follow their table."""
    order = "<" if data.startswith(b"II") else ">"
    left = list(struct.unpack_from(f"{order}I", data, 4)) if len(data) >= 8 else []
    seen: set[int] = set()
    while left and len(seen) < _MAX_TABLES:
        at = left.pop(0)
        if at in seen or not 8 <= at <= len(data) - 2:
            continue
        seen.add(at)
        count = struct.unpack_from(f"{order}H", data, at)[0]
        end = at + 2 + 12 * count
        table = dict(_read_tag(data, entry, order) for entry in range(at + 2, min(end, len(data) - 11), 12))
        left += table.get(_SUB_TABLES, [])
        if end + 4 <= len(data):
            left += struct.unpack_from(f"{order}I", data, end)
        yield table


def _read_tag(data: bytes, at: int, order: str) -> tuple[int, list[int]]:
    tag, kind, count = struct.unpack_from(f"{order}HHI", data, at)
    if tag not in (_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC, _SUB_TABLES) or kind not in _SIZES or count > _MAX_TABLES:
        return tag, []
    values = f"{order}{count}{_SIZES[kind]}"
    size = struct.calcsize(values)
    start = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, at + 8)[0]
    return tag, list(struct.unpack_from(values, data, start)) if start + size <= len(data) else []
