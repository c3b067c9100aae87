"""The form of a list: which delimiter separates its columns, and which column has the photos."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from posesearch.paths import is_url
from posesearch.photos.extensions import EXTENSIONS
from posesearch.sources.list_values import MAX_COLUMNS

COLUMNS: Final = (
    "path", "url", "source", "sourcefile", "fullname", "filepath", "imagepath", "photopath", "imageurl", "photourl",
    "file", "filename", "image", "photo",
)  # fmt: skip
"""Names of the column that has the photos, in order of preference. Spaces, `-`, `_` and capitals do not matter."""

_IN_NO_HEADER: Final = re.compile(r"[/\\*]")
_IN_NO_URL: Final = re.compile(r"[\s|]")

_Rating: TypeAlias = tuple[int, int]
"""How much cells look like photos, and how many of them exist."""


class Row(NamedTuple):
    """A row of a list.

    Attributes:
        line: the number of its last line, from 1.
        cells: its cells.
        is_whole: whether it is a single line that names something that exists. Then it is the only cell.
    """

    line: int
    cells: Sequence[str]
    is_whole: bool = False


class Layout(NamedTuple):
    """The form of a list.

    Attributes:
        delimiter: what separates the columns. Empty if the list has none.
        column: index of the column with the photos.
        header: the name of this column. None if the list has no header.
        has_photos: whether there may be photos. A table with columns has none if nothing in it looks like a photo,
            and no column is named as that of the photos.
    """

    delimiter: str
    column: int
    header: str | None
    has_photos: bool


def choose_layout(samples: Mapping[str, Sequence[Row]], exists: Callable[[str], bool]) -> Layout:
    """Return the form in which a column has the most names of photos.

    Args:
        samples: the first rows of the list, as each possible delimiter reads them. Of equally good delimiters, the
            first is chosen.
        exists: whether there is something at a path.
    """
    rated = [_rate_layout(delimiter, rows, exists, may_be_whole="" in samples) for delimiter, rows in samples.items()]
    return max(rated, key=lambda one: one[0])[1]


def find_named_columns(cells: Sequence[str]) -> list[int]:
    """Return the indices of the columns that have one of COLUMNS as their name, in order of preference."""
    names = [re.sub(r"[\s_-]", "", cell).lower() for cell in cells]
    return [] if any(map(_rate_name, cells)) else [names.index(name) for name in COLUMNS if name in names]


def choose_named_column(
    names: Sequence[str], rows: Sequence[Sequence[str]], exists: Callable[[str], bool]
) -> int | None:
    """Return the index of the column with the photos in a table whose columns have names. None if it has none.

    Args:
        names: the names of the columns.
        rows: the first rows of the table.
        exists: whether there is something at a path.
    """
    named = find_named_columns(names)
    ratings = {column: _rate_column((cells[column] for cells in rows), exists) for column in named or range(len(names))}
    candidates = [column for column, rating in ratings.items() if rating != (0, 0)] or named
    return max(candidates, key=ratings.__getitem__, default=None)


def find_cell(cells: Sequence[str], column: int) -> str:
    """Return the cell of a row in a column. A row of one cell names a photo, whatever the column is, if it can."""
    if len(cells) > column:
        return cells[column].strip()
    return cells[0].strip() if len(cells) == 1 and _rate_name(cells[0]) else ""


def _rate_layout(
    delimiter: str, rows: Sequence[Row], exists: Callable[[str], bool], *, may_be_whole: bool
) -> tuple[tuple[_Rating, bool, bool], Layout]:
    """Return a form with its rating: what its column has, whether it has a name, and whether all rows have columns."""
    first = rows[0].cells if rows and not rows[0].is_whole else []
    named = find_named_columns(first)
    table = [row.cells for row in rows[bool(named) :] if not row.is_whole]
    with_columns = [cells for cells in table if len(cells) > 1] or table
    width = min(max(map(len, with_columns), default=1), MAX_COLUMNS)
    ratings = [_rate_column((cells[one] for cells in with_columns if len(cells) > one), exists) for one in range(width)]
    rated = [column for column in range(width) if ratings[column] != (0, 0)]
    candidates = [column for column in named if column in rated] or named or rated or [0]
    column = max(candidates, key=lambda one: ratings[one] if one < width else (0, 0))
    looks, existing = _rate_column((find_cell(cells, column) for cells in table), exists)
    has_header = bool(named)
    if delimiter and looks and not named and len(first) > column and not any(map(_rate_name, first)):
        has_header = not _IN_NO_HEADER.search(first[column]) and not exists(first[column].strip())
    splits = not may_be_whole and len({len(cells) for cells in table}) == 1 and width > 1
    has_photos = bool(looks or existing or named) or not splits
    layout = Layout(delimiter, column, first[column].strip() if has_header else None, has_photos)
    return ((looks, existing), len(first) > 1 and bool(named), splits), layout


def _rate_column(cells: Iterable[str], exists: Callable[[str], bool]) -> _Rating:
    names = [cell.strip() for cell in cells]
    return sum(map(_rate_name, names)), sum(map(exists, names))


def _rate_name(cell: str) -> int:
    """Return how much a cell looks like a photo, 0 to 3: it is a URL, it ends as names of photos do, or both."""
    name = cell.strip()
    ends_so = os.path.splitext(name)[1].lower() in EXTENSIONS
    return 2 * ends_so + (is_url(name) and not _IN_NO_URL.search(name))
