"""List files: read the paths and URLs of photos from .txt, .csv and .tsv files."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from posesearch.errors import SourceError
from posesearch.files import read_regular
from posesearch.paths import is_url
from posesearch.photos.extensions import EXTENSIONS

MAX_BYTES: Final = 256_000_000
"""Maximum size of a list. A few million paths fit."""

LIST_EXTENSIONS: Final = frozenset((".txt", ".csv", ".tsv"))
COLUMNS: Final = ("path", "url", "source", "file", "filename", "image", "photo")
"""Names of the column that has the photos, in order of preference. Without such a header it is the first column."""


def read_list(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the entries of a list, each with its line, from 1: paths, globs and URLs as they are written in the file.

    Args:
        path: a file with one of LIST_EXTENSIONS. A .txt file has one entry per line, and lines with # are comments.

    Raises:
        SourceError: the file can't be read, or it is not UTF-8 or not CSV.
    """
    try:
        text = io.TextIOWrapper(io.BytesIO(read_regular(path, MAX_BYTES)), encoding="utf-8-sig").read()
    except OSError as error:
        raise SourceError(f"{path}: the list can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        detail = f"line {line} is in another encoding; save the list as UTF-8."
        raise SourceError(f"{path}: the list can't be read as UTF-8 text: {detail}") from error
    if path.suffix.lower() == ".txt":
        lines = enumerate(text.splitlines(), 1)
        yield from ((line, entry.strip()) for line, entry in lines if entry.strip() and not entry.startswith("#"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    try:
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise SourceError(f"{path}: the list can't be read as CSV: {error} (line {reader.line_num}).") from error
    column, header_rows = _find_column([row for _, row in rows])
    for line, row in rows[header_rows:]:
        if len(row) > column and row[column].strip():
            yield line, row[column].strip()


def _find_column(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the index of the column that has the photos, and the number of header rows.

    A first row without a known column name is also a header if no cell of it is a photo and a cell of the second row
    is one.
    """
    first_row = [cell.strip().lower() for cell in rows[0]] if rows else []
    for name in COLUMNS:
        if name in first_row:
            return first_row.index(name), 1
    if len(rows) > 1 and not any(map(_is_photo_name, rows[0])) and any(map(_is_photo_name, rows[1])):
        return [_is_photo_name(cell) for cell in rows[1]].index(True), 1
    return 0, 0


def _is_photo_name(cell: str) -> bool:
    return is_url(cell.strip()) or os.path.splitext(cell.strip())[1].lower() in EXTENSIONS
