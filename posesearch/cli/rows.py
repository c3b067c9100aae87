"""Lays out rows that name photos, such as matches: one line each, or the paths on lines of their own."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.style import Style
from rich.text import Text

from posesearch import sources
from posesearch.cli import output

WIDE: Final = 120
"""Columns of a terminal from which a row and its paths are on one line, if they fit."""

_GAP: Final = 2  # blanks between two columns
_LAST: Final = "remarks"  # the column whose text may be wrapped
_MIN_LAST: Final = 16  # its least width


def show_rows(
    columns: Sequence[str],
    rows: Sequence[tuple[Sequence[Any], Sequence[str]]],
    numbers: Sequence[str] = (),
    line: tuple[int, str] | None = None,
) -> None:
    """Print rows. Columns without a value are left out. Without rows, nothing is printed.

    In a pipe, each row is one line, and so is the line that separates rows. In a terminal, a path is relative to the
    current folder and a link. If the rows do not fit on lines, or if the terminal is narrow, each path is on a line of
    its own, and never cut.

    Args:
        columns: the names of the columns, without the paths.
        rows: the values of each row, and its paths or URLs. All rows have the same number of paths.
        numbers: the columns that are aligned to the right.
        line: the number of rows before a line that separates the others, and its text. There is no line without others.
    """
    if not rows:
        return
    used = [number for number in range(len(columns)) if any(values[number] not in (None, "") for values, _ in rows)]
    names = [columns[number] for number in used]
    rows = [(["" if values[number] is None else values[number] for number in used], paths) for values, paths in rows]
    titles = ["path"] * max((len(paths) for _, paths in rows), default=1)
    if not sys.stdout.isatty():
        output.show_table([*names, *titles], [[*values, *paths] for values, paths in rows], numbers, line)
        return
    are_right = [name in numbers for name in names]
    heading = [Text(name, style="bold") for name in names]
    cells = [[Text(output.printable(str(value))) for value in values] for values, _ in rows]
    links = [[_link(path) for path in paths] for _, paths in rows]
    in_full = [[*heading, *(Text(title, style="bold") for title in titles)], *map(list.__add__, cells, links)]
    widths = _measure(in_full)
    if max(WIDE, sum(widths) + _GAP * (len(widths) - 1)) <= output.out.width:
        for number, row in enumerate(in_full, start=-1):
            output.show_line_before(number, line)
            output.out.print(_align(row, widths, are_right), soft_wrap=True)
        return
    widths = _measure([heading, *cells])
    if names[-1] == _LAST:
        widths[-1] = min(widths[-1], output.out.width - sum(widths[:-1]) - _GAP * len(widths[:-1]))
    is_aligned = widths[-1] >= _MIN_LAST if names[-1] == _LAST else sum(widths) + _GAP * len(widths) <= output.out.width
    if is_aligned:
        output.out.print(_align(heading, widths, are_right), soft_wrap=True)
    for number, ((values, _), row, paths) in enumerate(zip(rows, cells, links, strict=True)):
        output.show_line_before(number, line)
        if is_aligned:
            output.out.print(_align(row, widths, are_right), soft_wrap=True)
        else:
            output.show_paragraph(_describe(names, values))
        for link in paths:
            output.out.print(Text.assemble("  ", link), soft_wrap=True)


def _measure(rows: Sequence[Sequence[Text]]) -> list[int]:
    """Return the width of each column."""
    return [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]


def _align(row: Sequence[Text], widths: Sequence[int], are_right: Sequence[bool]) -> Text:
    """Return a row as text in columns. The last cell is wrapped in its column.

    Args:
        row: the cells.
        widths: of the columns.
        are_right: whether a column is aligned to the right. Further columns are aligned to the left.
    """
    line = Text()
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        blanks = " " * (width - cell.cell_len)
        is_right = number < len(are_right) and are_right[number]
        if number == len(row) - 1 and not blanks and not is_right:
            start = line.cell_len
            for part, wrapped in enumerate(cell.wrap(output.out, width)):
                wrapped.rstrip()
                line.append("\n" + " " * start if part else "").append_text(wrapped)
            break
        line.append(blanks if is_right else "").append_text(cell).append("" if is_right else blanks)
        line.append(" " * _GAP)
    line.rstrip()
    return line


def _describe(names: Sequence[str], values: Sequence[Any]) -> list[str]:
    """Return values that say what they are, for a terminal in which they do not fit side by side."""
    pairs = [(name, value) for name, value in zip(names, values, strict=True) if value != ""]
    return [str(value) if name == _LAST else f"{name} {value}" for name, value in pairs]


def _link(source: str) -> Text:
    """Return a path, relative to the current folder if it is in it, or a URL, as a link that terminals can open."""
    location = sources.to_location(source)
    url = location if sources.is_url(location) else Path(location).as_uri()
    return Text(output.printable(_shorten(source)), style=Style(link=url))


def _shorten(source: str) -> str:
    """Return a path relative to the current folder if it is in it."""
    try:
        folder = os.path.join(sources.to_unicode(os.getcwd()), "")  # noqa: PTH109, PTH118 (names are text, not paths)
    except OSError:  # the current folder was deleted
        return source
    return source.removeprefix(folder)
