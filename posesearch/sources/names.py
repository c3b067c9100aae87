"""Which photos the sources name: files, folders, globs, addresses and lists of them."""

import csv
import glob
import hashlib
import io
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from posesearch.errors import SourceError
from posesearch.rasters import EXTENSIONS
from posesearch.sources import folders

LISTS: Final = frozenset((".txt", ".csv", ".tsv"))
COLUMNS: Final = ("path", "url", "source", "file", "filename", "image", "photo")
"""In a CSV with a header, the first of these columns holds the photos; without one, the first column does."""

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+:(//|(?<=file:))", re.IGNORECASE)
# What signs an address for a while, at Amazon's, Google's and Microsoft's: it changes, and the photo does not.
_SIGNATURE: Final = re.compile(
    r"x-amz-|x-goog-|^(signature|expires|key-pair-id|policy|awsaccesskeyid|googleaccessid|sig|se|sp|sv|sr|st|spr)$",
    re.I,
)
_SIGNED: Final = re.compile(r"x-(amz|goog)-signature|^(signature|sig)$", re.IGNORECASE)  # one of them always
_SECRET: Final = re.compile(
    r"token|secret|credential|passw|key$|authori|bearer|jwt|^(auth|pass|pwd|session|sid|sas)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Found:
    """A photo that the sources name.

    Attributes:
        name: as the database knows it: an absolute path, or an address without anything secret; valid Unicode.
        place: what opens it.
        size: bytes of the file; None for an address, and where there is no file that can be read.
        modified: nanoseconds since 1970, likewise.
        there: False where no file is.
    """

    name: str
    place: str
    size: int | None = None
    modified: int | None = None
    there: bool = True


@dataclass(eq=False)
class Scan:
    """What is there now.

    Attributes:
        found: each photo once, in order.
        folders: that were looked through, by name; a photo of theirs that is not in `found` is not in them any more.
        unreadable: folders that could not be looked through, and why; nothing is known of what is in them.
        away: links that lead nowhere now; nothing is known of what is behind them.
    """

    found: list[Found] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    away: list[str] = field(default_factory=list)

    def covers(self, name: str) -> bool:
        """Tell whether a photo of this name would have been found in a folder, by its name alone."""
        inside = (name[len(folder) :] for folder in map(_with_separator, self.folders) if name.startswith(folder))
        return any(map(folders.takes, inside))


def is_url(source: str) -> bool:
    """Tell an address from a path. Of any scheme: those other than http(s) are refused when they are opened."""
    return _SCHEME.match(source) is not None


def scan(sources: Sequence[str | os.PathLike[str]]) -> Scan:
    """Return the photos that the sources name.

    A folder gives its photos, its sub-folders' too, as folders.walk has it. A .txt, .csv or .tsv file gives the photos
    that it lists, relative to its own folder. A path that is not there is found all the same, as not there.

    Raises:
        SourceError: a list can't be read, or nothing that the sources name exists.
    """
    result = Scan()
    seen: set[str] = set()
    for source in sources:
        for found in _expand(os.fspath(source), result):
            if found.name not in seen:
                seen.add(found.name)
                result.found.append(found)
    if not result.folders and not result.unreadable and not any(found.there for found in result.found):
        named = ", ".join(str(source) for source in sources)
        missing = "there is no such file or folder" if result.found else "no photo is named here"
        raise SourceError(f"{storable(named)}: {missing}; check the name, or whether a disk is not connected.")
    return result


def expand(sources: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return where the photos are that the sources name, each once, in order.

    Raises:
        SourceError: as `scan`, or there is no photo.
    """
    places = [found.place for found in scan(sources).found]
    if not places:
        raise nothing_in(sources)
    return places


def nothing_in(sources: Sequence[str | os.PathLike[str]]) -> SourceError:
    """Return the error for sources that exist and hold no photo."""
    named = ", ".join(str(source) for source in sources)
    return SourceError(f"{storable(named)}: no photos here; photos end in {', '.join(sorted(EXTENSIONS))}.")


def storable(name: str) -> str:
    """Return the name as valid Unicode: bytes of a file name that are none become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def public_name(url: str) -> str:
    """Return an address without user name, password and fragment, signatures left out and keys made unreadable.

    Photos are known by it, in the database and in messages. A signature comes anew with each list; what looks like a
    key may also be what tells two photos apart, so a part of its hash stays.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises where the name's end is not a number, as in half of a password)
        asked = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:  # no address at all, and the opener says so; what may be a password goes all the same
        return storable(re.sub(r"(?<=://).*@", "", url, count=1, flags=re.DOTALL))
    signed = any(_SIGNED.search(name) for name, _ in asked)
    kept = [
        (name, _masked(value) if _SECRET.search(name) else value)
        for name, value in asked
        if not (signed and _SIGNATURE.search(name))
    ]
    query = parts.query if kept == asked else urlencode(kept)
    return storable(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="")))


def _masked(value: str) -> str:
    return "~" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _with_separator(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def _expand(source: str, result: Scan) -> Iterator[Found]:
    path = os.path.abspath(os.path.expanduser(source))
    if not is_url(source) and os.path.splitext(path)[1].lower() in LISTS and os.path.isfile(path):
        for entry in _entries(Path(path)):
            yield from _photos(entry, os.path.dirname(path), result)
    else:
        yield from _photos(source, os.getcwd(), result)


def _photos(source: str, folder: str, result: Scan) -> Iterator[Found]:
    if is_url(source):
        yield Found(public_name(source), source)
        return
    path = os.path.abspath(os.path.join(folder, os.path.expanduser(source)))
    try:
        matches = _there(path) or sorted(glob.glob(path, recursive=True))
    except ValueError:  # a NUL in the name
        matches = []
    for match in matches or [path]:
        if os.path.isdir(match):
            result.folders.append(storable(match))
            unreadable: list[tuple[str, str]] = []
            away: list[str] = []
            for photo in folders.walk(match, unreadable, away):
                yield Found(storable(photo.path), photo.path, photo.size, photo.modified)
            result.unreadable += [(storable(folder), why) for folder, why in unreadable]
            result.away += map(storable, away)
        else:
            size, modified = folders.size_and_time(match)
            yield Found(storable(match), match, size, modified, there=bool(matches))


def _there(path: str) -> list[str]:
    """Return the path as the file system spells it, if it is there: lists may write accents in another way."""
    forms = dict.fromkeys((path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)))
    return [form for form in forms if os.path.lexists(form)][:1]


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
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise SourceError(f"{path}: the list can't be read as CSV: {error}.") from error
    column, header = _column(rows)
    for row in rows[header:]:
        if len(row) > column and row[column].strip():
            yield row[column].strip()


def _column(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the column that holds the photos, and how many rows of header there are."""
    first = [cell.strip().lower() for cell in rows[0]] if rows else []
    for name in COLUMNS:
        if name in first:
            return first.index(name), 1
    if len(rows) > 1 and not any(map(_like_a_photo, rows[0])) and any(map(_like_a_photo, rows[1])):
        return [_like_a_photo(cell) for cell in rows[1]].index(True), 1
    return 0, 0


def _like_a_photo(cell: str) -> bool:
    return is_url(cell.strip()) or os.path.splitext(cell.strip())[1].lower() in EXTENSIONS
