"""What a list says about its photos: the values of its further columns, and the limits of these."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from posesearch.errors import SourceError

MAX_COLUMNS: Final = 1_000
MAX_NAME: Final = 200
"""The longest name of a column, in characters."""

MAX_VALUE: Final = 10_000
"""The longest value, in characters."""

MAX_CHARACTERS: Final = 256_000_000
"""The most characters that all values of a list may have together."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # a byte that is not UTF-8, or half of a character in JSON


class ListRow(NamedTuple):
    """A row of a list.

    Attributes:
        line: its line, from 1. In a Parquet file, its row.
        entry: the path, glob or URL in it.
        values: its values in the columns of the list. Empty if the row has no columns.
    """

    line: int
    entry: str
    values: tuple[str | None, ...] = ()


class ListColumn(NamedTuple):
    """A column of a list, without that of the photos: its number from 1, and its name, which may be empty."""

    number: int
    name: str


class PhotoList(NamedTuple):
    """A list of photos.

    Attributes:
        columns: the further columns. Empty if the list has no header.
        rows: the rows that name something.
    """

    columns: tuple[ListColumn, ...]
    rows: Sequence[ListRow]


def make_list(
    path: Path, names: Sequence[str], column: int, rows: Iterable[tuple[int, str, Sequence[str]]]
) -> PhotoList:
    """Return a list without the column of its photos. A column that has neither a name nor a value is left out.

    Args:
        path: the list.
        names: the names of all columns. A row may have more cells.
        column: index of the column with the photos.
        rows: line, entry and cells of each row. The cells are empty if the row has no columns.

    Raises:
        SourceError: there are too many columns, a name or a value is too long, or one has a character that can't be
            stored.
    """
    _check(path, 1, names, MAX_NAME, "name of a column")
    width, characters = len(names), 0
    used: set[int] = set()
    kept = []
    for line, entry, cells in rows:
        _check(path, line, cells, MAX_VALUE, "value")
        characters += sum(map(len, cells))
        if characters > MAX_CHARACTERS:
            raise SourceError(
                f"{path}: the values of the list have more than {MAX_CHARACTERS // 1_000_000} million characters."
            )
        if len(cells) > width:
            used.update(number for number in range(width, len(cells)) if cells[number])
        kept.append((line, entry, cells))
    unnamed = [number for number in range(width) if not names[number]]
    used.update(number for number in unnamed if any(len(cells) > number and cells[number] for _, _, cells in kept))
    chosen = [number for number in range(width) if names[number]] + sorted(used)
    chosen = sorted(number for number in chosen if number != column)
    columns = tuple(ListColumn(number + 1, names[number] if number < width else "") for number in chosen)
    return PhotoList(columns, [ListRow(line, entry, _pick(cells, chosen)) for line, entry, cells in kept])


def _pick(cells: Sequence[str], chosen: Sequence[int]) -> tuple[str | None, ...]:
    """Return some cells. An empty one is None, and so is one that the row does not have."""
    if not cells:
        return ()
    return tuple((cells[number] or None) if number < len(cells) else None for number in chosen)


def _check(path: Path, line: int, texts: Sequence[str], longest: int, what: str) -> None:
    """Raise SourceError if there are too many texts, or if one is too long or has a character that can't be stored."""
    check_width(path, len(texts), line)
    together = "".join(texts)
    if len(together) > longest and (length := max(map(len, texts))) > longest:
        raise SourceError(f"{path}, line {line}: a {what} has {length:,} characters, and {longest:,} are the most.")
    if "\0" in together:
        raise SourceError(f"{path}, line {line}: a {what} has a NUL character; remove it.")
    if not together.isascii() and _SURROGATE.search(together):
        raise make_encoding_error(path, line)


def check_width(path: Path, columns: int, line: int = 1) -> None:
    """Raise SourceError if a list has too many columns."""
    if columns > MAX_COLUMNS:
        raise SourceError(f"{path}, line {line}: the list has {columns:,} columns, and {MAX_COLUMNS:,} are the most.")


def make_encoding_error(path: Path, line: int) -> SourceError:
    """Return the error for a line that is not UTF-8."""
    detail = f"line {line} is in another encoding; save the list as UTF-8."
    return SourceError(f"{path}: the list can't be read as UTF-8 text: {detail}")
