"""What the user names to what is read: files, folders, globs, lists and addresses to bytes."""

import csv
import glob
import io
import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from posesearch.errors import DownloadFailed, PhotoTooLarge, SourceError, UnreadablePhoto
from posesearch.images import EXTENSIONS

LISTS: Final = frozenset((".txt", ".csv", ".tsv"))
COLUMNS: Final = ("path", "url", "source", "file", "filename", "image", "photo")
"""In a CSV with a header, the first of these columns holds the photos; without one, the first column does."""

MAX_BYTES: Final = 256_000_000
"""A photo's file with more bytes is refused, from a disk or from an address."""

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
DOWNLOAD_SECONDS: Final = 60.0
"""How long an address may take to connect, to send the next byte, and in all."""

_CHUNK: Final = 1 << 16
_AGENT: Final = "posesearch/0.1 (photo ingest)"


def is_url(source: str) -> bool:
    """Tell an http(s) address from a path."""
    return source.lower().startswith(("http://", "https://"))


def expand(sources: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the photos that the sources name, each once, in order: absolute paths and addresses.

    A folder gives its photos, its sub-folders' too, sorted; hidden files and folders are left out. A .txt, .csv or
    .tsv file gives the photos that it lists, relative to its own folder. A path that is not there is returned as it
    is: it becomes a rejected photo with its reason.

    Raises:
        SourceError: a list can't be read, or the sources name no photo at all.
    """
    photos = list(dict.fromkeys(photo for source in sources for photo in _expand(os.fspath(source))))
    if not photos:
        named = ", ".join(str(source) for source in sources)
        raise SourceError(f"{named}: no photos here; photos end in {', '.join(sorted(EXTENSIONS))}.")
    return photos


def _expand(source: str) -> Iterator[str]:
    path = os.path.abspath(os.path.expanduser(source))
    if os.path.splitext(path)[1].lower() in LISTS and os.path.isfile(path):
        for entry in _entries(Path(path)):
            yield from _photos(entry, os.path.dirname(path))
    else:
        yield from _photos(source, os.getcwd())


def _photos(source: str, folder: str) -> Iterator[str]:
    if is_url(source):
        yield without_credentials(source)
        return
    path = os.path.abspath(os.path.join(folder, os.path.expanduser(source)))
    matches = [path] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))
    for match in matches or [path]:
        if os.path.isdir(match):
            yield from _walk(match)
        else:
            yield match


def _walk(top: str) -> Iterator[str]:
    unreadable: list[OSError] = []
    for root, folders, files in os.walk(top, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS:
                yield os.path.join(root, name)
    yield from (str(error.filename) for error in unreadable)  # each becomes a rejection with its reason


def _entries(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: the list can't be read as UTF-8 text: {error}.") from error
    if path.suffix.lower() == ".txt":
        yield from (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
        return
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SourceError(f"{path}: the list can't be read as CSV: {error}.") from error
    column = 0
    for number, row in enumerate(rows):
        header = [cell.strip().lower() for cell in row]
        if number == 0 and any(name in COLUMNS for name in header):
            column = next(header.index(name) for name in COLUMNS if name in header)
        elif len(row) > column and row[column].strip():
            yield row[column].strip()


def without_credentials(url: str) -> str:
    """Return the address without user name and password: they are never stored, shown or sent."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all: the download says so
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def read(source: str) -> bytes:
    """Return the bytes of a photo.

    Raises:
        UnreadablePhoto, PhotoTooLarge: of a file.
        DownloadFailed, PhotoTooLarge: of an address.
    """
    return _download(source) if is_url(source) else _read_file(source)


def _read_file(source: str) -> bytes:
    try:
        with open(source, "rb", opener=_open_regular) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise PhotoTooLarge(source, f"the file has more than {MAX_BYTES // 1_000_000} MB; scale the photo down")
            return file.read()
    except FileNotFoundError as error:
        raise UnreadablePhoto(source, "there is no such file") from error
    except IsADirectoryError as error:
        raise UnreadablePhoto(source, "this is no file, so it can't be a photo") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        detail = getattr(error, "strerror", None) or str(error)
        raise UnreadablePhoto(source, f"the file can't be read ({detail}); check its permissions") from error


def _open_regular(path: str, flags: int) -> int:
    # A pipe or a device would block for ever; O_NONBLOCK lets it open, to be refused.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(path)
    return descriptor


def _download(source: str) -> bytes:
    import requests  # noqa: PLC0415 (a tenth of a second that queries for files need not pay)
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 (comes with requests)

    data = bytearray()
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    try:
        with requests.get(
            source, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS), headers={"User-Agent": _AGENT}
        ) as response:
            if response.status_code != requests.codes.ok:
                raise DownloadFailed(source, f"the address answers {response.status_code} {response.reason}".rstrip())
            while chunk := response.raw.read1(_CHUNK, decode_content=True):  # what is there, so a trickle can't stall
                data += chunk
                if len(data) > MAX_BYTES:
                    raise PhotoTooLarge(source, f"the address sends more than {MAX_BYTES // 1_000_000} MB")
                if time.monotonic() > deadline:
                    raise DownloadFailed(source, f"the address took more than {DOWNLOAD_SECONDS:.0f} seconds")
    except requests.Timeout as error:
        raise DownloadFailed(source, "the address does not answer in time") from error
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise DownloadFailed(source, f"the address can't be reached ({type(error).__name__})") from error
    return bytes(data)
