"""Repairs the bytes of a photo that a decoder refuses: junk before it, damaged metadata, an end that is lacking.

A JPEG is completed with noise or without. If the pixels of both agree, the file determines them (see
photos/incomplete.py).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SIGNATURES: Final = rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF.{4}WEBP"
_KNOWN: Final = re.compile(
    _SIGNATURES + rb"|\x00\x00\x00\x0cjP  |.{4}ftyp(?:avi[fs]|hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL
)
# Scripts on servers print blank lines or a byte order mark before a photo. If there is anything else, the file has
# another format, and may have a thumbnail in it.
_JUNK: Final = re.compile(rb"[\x00\s\xef\xbb\xbf\xfe\xff]{1,512}(?=" + _SIGNATURES + rb")", re.DOTALL)

# Markers of JPEG: ITU-T T.81, table B.1.
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # without those that have no segment
_END_OF_IMAGE: Final = b"\xff\xd9"
_FRAMES: Final = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_LOSSLESS: Final = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_HIERARCHICAL: Final = frozenset((0xC5, 0xC6, 0xCD, 0xCE))
_SCAN: Final = 0xDA
_METADATA: Final = frozenset((*range(0xE0, 0xF0), 0xFE))
_EXIF: Final = 0xE1
_ADOBE: Final = 0xEE  # says how the colours are stored
_ADOBE_BYTES: Final = 12
_COEFFICIENTS: Final = 64  # of a block

_UNREADABLE: Final = {
    b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL", b"II\xbc": "JPEG XR", b"\xff\xd8\xff\xf7": "JPEG-LS",
}  # fmt: skip
_TIFF: Final = (b"II*\0", b"MM\0*")
_XMP, _ORIENTATION = 700, 0x0112
_NO_TAG: Final = 0xFFFF  # one that is not assigned

_WEBP_CHUNKS: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP", b"EXIF", b"XMP "))

_LONGEST_END: Final = 4 << 20  # bytes, more than 1% of any photo that has no more pixels than the limit
# Bytes without order. 0 is not among them, because it is the other filling, nor 0xFF, because it begins a marker.
_NOISE: Final = bytes((at * at * 7 + at % 3 + 200) % 251 + 3 for at in range(1021))


def begins_as_photo(data: bytes) -> bool:
    """Return whether the first bytes are those of a photo, perhaps after junk. If it can't be opened, it is damaged.

    TIFF has many variants. One that can't be opened is only known to be damaged if its table of tags is cut off.
    """
    if data.startswith(_TIFF):
        _, table, count = _read_tiff_header(data)
        return table + 2 + 12 * count + 4 > len(data)
    return _KNOWN.match(data) is not None or _JUNK.match(data) is not None


def find_unreadable_variant(data: bytes) -> str:
    """Return what a photo is, if it is whole but of a kind that hardly any decoder reads. Otherwise, return ""."""
    for signature, name in _UNREADABLE.items():
        if data.startswith(signature):
            return name
    for marker, start, _ in _read_segments(data) if data.startswith(_JPEG) else ():
        bits = data[start + 4 : start + 5]
        if marker in _LOSSLESS or marker in _HIERARCHICAL:
            return "a lossless JPEG" if marker in _LOSSLESS else "a hierarchical JPEG"
        if marker in _FRAMES and bits > b"\x08":
            return f"a JPEG with {bits[0]} bits per sample"
    return ""


def remove_junk(data: bytes) -> bytes:
    """Return the photo without blank lines, zeros and the like before it."""
    junk = _JUNK.match(data)
    return data[junk.end() :] if junk else data


def remove_metadata(data: bytes) -> bytes:
    """Return a JPEG, PNG or TIFF without metadata. What says how to show its pixels stays, if it is valid."""
    if data.startswith(_TIFF):
        return _remove_tags(data)
    if data.startswith(_PNG):
        chunks = list(_read_chunks(data))
        return _PNG + b"".join(
            data[start:end] for name, start, end in chunks if name[:1].isupper() or name in (b"tRNS", b"eXIf")
        )
    if not data.startswith(_JPEG):
        return data
    kept = [data[:2]]
    for marker, start, end in _read_segments(data):
        if marker == _SCAN:
            return b"".join((*kept, data[start:]))
        body = data[start + 4 : end]
        is_needed = (marker == _EXIF and body.startswith(b"Exif\0")) or (marker == _ADOBE and len(body) >= _ADOBE_BYTES)
        if is_needed or marker not in _METADATA:
            kept.append(data[start:end])
    return data


def complete_jpeg(data: bytes, *, noise: bool) -> bytes:
    """Return a JPEG with its last marker, and with noise before it if wanted. Other formats are unchanged."""
    if not data.startswith(_JPEG):
        return data
    data = data.rstrip(b"\xff")  # half of a marker
    return data + (_make_scan_noise(min(len(data), _LONGEST_END)) if noise else b"") + _END_OF_IMAGE


def ends_early(data: bytes) -> bool:
    """Return whether a WebP, AVIF, HEIC or JPEG 2000 is shorter than its parts declare."""
    if data.startswith(b"RIFF"):
        return _find_end_of_webp(data) > len(data)
    return data[4:8] in (b"ftyp", b"jP  ") and _find_end_of_boxes(data) > len(data)


def correct_length(data: bytes) -> bytes:
    """Return a WebP with the length that its parts have. Other formats are unchanged."""
    if not data.startswith(b"RIFF"):
        return data
    return b"RIFF" + struct.pack("<I", _find_end_of_webp(data) - 8) + data[8:]


def may_lack_rows(data: bytes) -> bool:
    """Return whether this is a JPEG or a PNG."""
    return data.startswith((_JPEG, _PNG))


def lacks_scans(data: bytes) -> bool:
    """Return whether a JPEG lacks whole scans.

    A scan has some bits of some coefficients of all blocks (ITU-T T.81, annex G). If each coefficient of each component
    was sent down to its lowest bit, no scan is lacking. The last one may still be incomplete.
    """
    lacking: set[tuple[int, int]] = set()
    for marker, start, end in _read_segments(data) if data.startswith(_JPEG) else ():
        body = data[start + 4 : end]
        if marker in _FRAMES and len(body) > 5:
            lacking = {(component, at) for component in body[6 : 6 + 3 * body[5] : 3] for at in range(_COEFFICIENTS)}
        elif marker == _SCAN and body and len(body) >= 4 + 2 * body[0]:
            count = 2 * body[0]
            first, last, bits = body[1 + count : 4 + count]
            if not bits & 15:
                lacking -= {(component, at) for component in body[1 : 1 + count : 2] for at in range(first, last + 1)}
    return bool(lacking)


def has_damaged_pixels(data: bytes) -> bool:
    """Return whether the checksums of a PNG say that its pixels are damaged. Other formats have no checksums."""
    for name, start, end in _read_chunks(data) if data.startswith(_PNG) else ():
        if name == b"IDAT" and end > len(data):
            is_last = re.search(rb"IDAT|IEND", data[start + 8 :]) is None
            return not is_last  # its length is wrong
        if name == b"IDAT" and zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return True
    return False


def _read_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and declared end of each segment of a JPEG. The pixels follow the segments of scans."""
    at = 2
    while (found := _MARKER.search(data, at)) and found[0] != _END_OF_IMAGE:
        start = found.start()
        at = start + 2 + max(2, int.from_bytes(data[start + 2 : start + 4], "big"))
        yield data[start + 1], start, at


def _read_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and declared end of each chunk of a PNG."""
    at = len(_PNG)
    while at + 8 <= len(data):
        start, at = at, at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[start + 4 : start + 8], start, at


def _read_tiff_header(data: bytes) -> tuple[str, int, int]:
    """Return the byte order of a TIFF, as in `struct`, the offset of its table of tags, and their number."""
    order = "<" if data.startswith(b"II") else ">"
    table: int = struct.unpack_from(f"{order}I", data, 4)[0]
    count: int = struct.unpack_from(f"{order}H", data, table)[0] if table + 2 <= len(data) else 0
    return order, table, count


def _remove_tags(data: bytes) -> bytes:
    """Return a TIFF without XMP, and without an orientation that is not one of eight. Pillow reads both too early."""
    order, table, count = _read_tiff_header(data)
    kept = bytearray(data)
    for at in range(table + 2, min(table + 2 + 12 * count, len(data) - 11), 12):
        tag, kind, length, value = struct.unpack_from(f"{order}HHIH", data, at)
        is_orientation = (kind, length) == (3, 1) and 1 <= value <= 8
        if tag == _XMP or (tag == _ORIENTATION and not is_orientation):
            struct.pack_into(f"{order}HHI", kept, at, _NO_TAG, 1, 1)  # one byte
    return bytes(kept)


def _find_end_of_webp(data: bytes) -> int:
    """Return where the last chunk ends by its declared length. The declared length of the file may be wrong."""
    at = 12
    while data[at : at + 4] in _WEBP_CHUNKS:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at


def _find_end_of_boxes(data: bytes) -> int:
    """Return where the last box ends by its declared length (ISO/IEC 14496-12)."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # 0 says that the box ends with the file
            return len(data)
        at += size
    return at


def _make_scan_noise(size: int) -> bytes:
    """Return noise with all restart markers in turn. A scan may wait for one of them."""
    parts = (_NOISE + bytes((0xFF, 0xD0 + number % 8)) for number in range(size // len(_NOISE) + 8))
    return b"".join(parts)
