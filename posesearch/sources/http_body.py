"""The body of an HTTP response: reads it with limits of size and time, and unpacks it."""

import zlib
from contextlib import nullcontext
from typing import Final

import requests

from posesearch.errors import DownloadFailed, PhotoTooLarge

MAX_BYTES: Final = 100_000_000
"""Maximum size of a photo. The download of a larger one is aborted."""

DOWNLOAD_SECONDS: Final = 60.0
"""Timeout of the whole response body."""

_CHUNK_BYTES: Final = 1 << 16
_PACKED: Final = frozenset(("gzip", "x-gzip", "deflate"))  # servers send them unasked; both by zlib, RFC 9110, 8.4.1
_GZIP_OR_ZLIB: Final = 47  # zlib's window bits: the header tells which
_GZIP: Final = b"\x1f\x8b"
_PAGE_PREFIXES: Final = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<script")
_PAGE_BYTES: Final = 64  # the first bytes, which tell a page


class BrokenBody(Exception):
    """The body ends before the end of the photo."""


def read_body(response: requests.Response, name: str) -> bytes:
    """Return the body of a response, unpacked.

    Raises:
        PhotoTooLarge: it has more than MAX_BYTES.
        DownloadFailed: it is empty or a page, or takes longer than DOWNLOAD_SECONDS.
        BrokenBody: it breaks off.
        Exception: as urllib3 raises, if the connection fails.
    """
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BYTES:
        raise _too_large(name)
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    data, raw = bytearray(), response.raw
    try:
        with getattr(raw, "deadline", nullcontext)(DOWNLOAD_SECONDS):  # a connection through SOCKS has none
            while chunk := raw.read1(_CHUNK_BYTES, decode_content=False):
                has_first_bytes = len(data) >= _PAGE_BYTES
                data += chunk
                if len(data) > MAX_BYTES:
                    raise _too_large(name)
                if not has_first_bytes:
                    _refuse_page(data, name)
    except TimeoutError:
        raise DownloadFailed(name, f"the download took more than {DOWNLOAD_SECONDS:g} seconds") from None
    unpacked = _unpack(data, name) if packing in _PACKED else bytes(data)
    _refuse_page(unpacked, name)
    if not unpacked:
        raise DownloadFailed(name, "the server sends an empty answer; run the command again later")
    return unpacked


def _unpack(data: bytes | bytearray, name: str) -> bytes:
    """Unpack gzip or zlib data, which may have several members. The size is limited while it is unpacked."""
    unpacked = bytearray()
    while data:
        decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            unpacked += decompressor.decompress(data, MAX_BYTES + 1 - len(unpacked))
        except zlib.error as error:
            raise DownloadFailed(name, "the server sends damaged data; run the command again later") from error
        if len(unpacked) > MAX_BYTES:
            raise _too_large(name)
        if not decompressor.eof:
            raise BrokenBody
        rest = decompressor.unused_data
        data = rest if rest.startswith(_GZIP) else b""
    return bytes(unpacked)


def _refuse_page(data: bytes | bytearray, name: str) -> None:
    if data[:_PAGE_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE_PREFIXES):
        raise DownloadFailed(
            name, "the server sends a web page instead of a photo; open the URL in a browser to see why"
        )


def _too_large(name: str) -> PhotoTooLarge:
    return PhotoTooLarge(name, f"the server sends more than {MAX_BYTES // 1_000_000} MB")
