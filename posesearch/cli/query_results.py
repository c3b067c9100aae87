"""Prints the results of the user's own SQL."""

import sys
from collections.abc import Sequence
from typing import Any, Final

from rich.cells import cell_len
from rich.text import Text

from posesearch.cli import output
from posesearch.cli.one_line import OneLine, write_whole
from posesearch.results.table import Table

MIN_WIDTH: Final = 24
"""Values in a table are not shortened to less than this. A table that is still too wide gets a line for each value."""

_GAP: Final = 2  # blanks between two columns
_PLAN: Final = ("explain_key", "explain_value")  # the columns of EXPLAIN


def show_json(tables: Sequence[Table]) -> None:
    """Print a list of objects for one result, and a list of such lists for several."""
    results = [[dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in tables]
    output.show_json(results[0] if len(results) == 1 else results)


def whole_rows(table: Table) -> list[list[Any]]:
    """Return the rows as text for a pipe or for CSV."""
    return [[write_whole(*pair) for pair in zip(row, table.types, strict=True)] for row in table.rows]


def show(tables: Sequence[Table]) -> None:
    """Print the results one after the other. In a pipe, every row is one line with the whole values."""
    one_line = OneLine()
    for number, table in enumerate(tables):
        if number:
            output.out.print()
        if not sys.stdout.isatty():
            output.show_table(table.columns, whole_rows(table))
        elif table.columns == _PLAN:
            _show_plan(table)
        else:
            _show_in_terminal(table, one_line)
    if one_line.has_shortened:
        output.note("Long values are shortened. --json and --csv print them in full.")


def _show_plan(table: Table) -> None:
    """Print the drawing of EXPLAIN."""
    for line in "\n".join(str(value) for _, value in table.rows).splitlines():
        output.out.print(Text(output.printable(line)), soft_wrap=True)


def _show_in_terminal(table: Table, one_line: OneLine) -> None:
    """Print a result as a table if it fits, and otherwise with a line for each value."""
    names = [output.printable(name) for name in table.columns]
    if not table.rows:
        output.note(f"There are no rows. The columns are {', '.join(names)}.")
        return
    rows = [[one_line.write(*pair) for pair in zip(row, table.types, strict=True)] for row in table.rows]
    widths = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    width = _find_width(widths, output.out.width - _GAP * (len(widths) - 1))
    if width is not None:
        names, *rows = [[one_line.shorten(cell, width) for cell in row] for row in (names, *rows)]
        output.show_table(names, rows)
        return
    names = [one_line.shorten(name, max(output.out.width // 3, MIN_WIDTH)) for name in names]
    width = max(output.out.width - max(map(len, names)) - _GAP, MIN_WIDTH)
    for number, row in enumerate(rows, start=1):
        if number > 1:
            output.out.print()
        if len(rows) > 1:
            output.out.print(Text(f"row {number}", style="bold"))
        output.show_lines((name, one_line.shorten(cell, width)) for name, cell in zip(names, row, strict=True))


def _find_width(widths: Sequence[int], room: int) -> int | None:
    """Return the width to which columns must be shortened, so that they fit together. None if they can't fit."""
    for width in range(max(MIN_WIDTH, min(max(widths), room)), MIN_WIDTH - 1, -1):
        if sum(min(column, width) for column in widths) <= room:
            return width
    return None
