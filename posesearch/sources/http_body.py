"""The body of an HTTP response. It is read with limits of size and time, and unpacked."""

import zlib
from contextlib import nullcontext
from typing import Final

import requests

from posesearch.errors import DownloadFailed, PhotoError, PhotoTooLarge, VideoFile
from posesearch.photos.extensions import is_video

MAX_BYTES: Final = 100_000_000
"""Maximum size of a photo. The download of a larger one is aborted."""

DOWNLOAD_SECONDS: Final = 60.0
"""Timeout of the whole response body."""

_CHUNK_BYTES: Final = 1 << 16
_PACKED: Final = frozenset(("gzip", "x-gzip", "deflate"))  # RFC 9110, 8.4.1. Some servers send them without a request
_GZIP_OR_ZLIB: Final = 47  # window bits with which zlib recognizes the format by its header
_GZIP: Final = b"\x1f\x8b"
_PAGE_PREFIXES: Final = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<script")
_PAGE_BYTES: Final = 64  # the first bytes, which are enough to recognize a page


class BrokenBody(Exception):
    """The body ends before the end of the photo."""


def read_body(response: requests.Response, name: str) -> bytes:
    """Return the body of a response, unpacked.

    Raises:
        PhotoTooLarge: it has more than MAX_BYTES.
        VideoFile: it is a video that has more than MAX_BYTES.
        DownloadFailed: it is empty, damaged or a web page, or takes longer than DOWNLOAD_SECONDS.
        BrokenBody: it ends too early.
        Exception: the connection fails. The exceptions are those of urllib3.
    """
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BYTES:
        raise _make_size_error(name)
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    data, raw = bytearray(), response.raw
    try:
        with getattr(raw, "deadline", nullcontext)(DOWNLOAD_SECONDS):  # a connection through SOCKS has none
            while chunk := raw.read1(_CHUNK_BYTES, decode_content=False):
                has_first_bytes = len(data) >= _PAGE_BYTES
                data += chunk
                if len(data) > MAX_BYTES:
                    raise _make_size_error(name, bytes(data[:_PAGE_BYTES]))
                if not has_first_bytes:
                    _refuse_page(data, name)
    except TimeoutError:
        detail = f"the download took more than {DOWNLOAD_SECONDS:g} seconds; run the command again later"
        raise DownloadFailed(name, detail) from None
    unpacked = _unpack(data, name) if packing in _PACKED else bytes(data)
    _refuse_page(unpacked, name)
    if not unpacked:
        raise DownloadFailed(name, "the server sends an empty answer; run the command again later")
    return unpacked


def _unpack(data: bytes | bytearray, name: str) -> bytes:
    """Return unpacked gzip or zlib data, which may have several members. The limit of size holds during unpacking."""
    unpacked = bytearray()
    while data:
        decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            unpacked += decompressor.decompress(data, MAX_BYTES + 1 - len(unpacked))
        except zlib.error as error:
            raise DownloadFailed(name, "the server sends damaged data; run the command again later") from error
        if len(unpacked) > MAX_BYTES:
            raise _make_size_error(name, bytes(unpacked[:_PAGE_BYTES]))
        if not decompressor.eof:
            raise BrokenBody
        rest = decompressor.unused_data
        data = rest if rest.startswith(_GZIP) else b""
    return bytes(unpacked)


def _refuse_page(data: bytes | bytearray, name: str) -> None:
    """Raise DownloadFailed if the data begins like a web page."""
    if data[:_PAGE_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE_PREFIXES):
        raise DownloadFailed(
            name, "the server sends a web page instead of a photo; open the URL in a browser to see why"
        )


def _make_size_error(name: str, first_bytes: bytes = b"") -> PhotoError:
    """Return the error for a body that is too large. A video gets advice of its own."""
    if is_video(first_bytes, name):
        return VideoFile(name)
    size = f"the server sends more than {MAX_BYTES // 1_000_000} MB"
    return PhotoTooLarge(name, f"{size}; download the photo yourself and scale it down")
