"""Printing: tables, JSON, CSV and skeletons to stdout, notes and errors to stderr."""

import csv
import json
import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from posesearch.cli import hints
from posesearch.errors import PosesearchError
from posesearch.render import terminal
from posesearch.render.terminal import Style, TextPicture

PIPE_WIDTH: Final = 10**12
"""Columns if stdout is not a terminal. Programs that read it need each row on one line."""

NARROW: Final = 50
"""Columns of a terminal below which names and values are not in two columns."""

STYLES: Final = {"left": "bright_blue", "right": "dark_orange", "centre": "bold"}

_NOT_ASCII: Final = re.compile(r"[^\n -~]")
_ACTING: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories whose characters could act on a terminal: escape sequences, deletions, marks of direction."""

out = Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
# Soft wrap: lines that a live display lets through stay whole.
err = Console(stderr=True, highlight=False, soft_wrap=True)


def note(sentence: str) -> None:
    """Print a sentence for the user to stderr."""
    err.print(Text(printable(hints.name_options(sentence))), soft_wrap=True)


def fail(error: PosesearchError) -> None:
    """Print an error as one line to stderr, with the command that helps."""
    sentence = printable(hints.name_options(str(error)))
    if error.hint:
        end = "" if sentence.endswith((".", "?", "!", ":")) else "."
        sentence += f"{end} Try: {printable(hints.command(*error.hint))}"
    err.print(Text(f"posesearch: {sentence}", style="red"), soft_wrap=True)


def fail_usage(text: str) -> None:
    """Print what is wrong with a command line to stderr, some lines."""
    for line in text.splitlines():
        err.print(Text(printable(line)), soft_wrap=True)


def show_json(value: Any) -> None:
    """Print JSON. Numbers that JSON does not have, such as NaN, become null."""
    sys.stdout.write(_to_json(value, indent=2) + "\n")


def show_json_line(value: Any) -> None:
    """Print JSON on one line."""
    sys.stdout.write(_to_json(value) + "\n")
    sys.stdout.flush()  # the reader waits for each line


def _to_json(value: Any, indent: int | None = None) -> str:
    """Return JSON, in plain ASCII if the encoding of stdout is not UTF.

    Characters that could act on a terminal, and bytes of file names that are not Unicode, become escapes of JSON.
    """
    text = json.dumps(
        _replace_nan(value),
        default=_to_jsonable,
        ensure_ascii=not encodes_unicode(),
        indent=indent,
        allow_nan=False,
    )
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def show_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV with a header. NULL is empty. Characters that could act on a terminal are escaped as in Python."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(_to_cell, columns))
    writer.writerows(map(_to_cell, row) for row in rows)


def _to_cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if text.isprintable() else "".join(map(_escape_format, text))


def _escape_format(character: str) -> str:
    """Return an escape for a control or format character. Line breaks, tabs and unusual blanks stay."""
    is_kept = character in "\n\t" or unicodedata.category(character) not in _ACTING
    return character if is_kept else repr(character)[1:-1]


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    numbers: Sequence[str] = (),
    line: tuple[int, str] | None = None,
) -> None:
    """Print a table.

    If a terminal is too narrow for it, each row is a paragraph, in which values have the names of their columns.

    Args:
        columns: the names of the columns.
        rows: the values of each row.
        numbers: the columns that are aligned to the right.
        line: the number of rows before a line that separates the others, and its text.
    """
    names = [printable(column) for column in columns]
    cells = [["" if value is None else printable(str(value)) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip_longest(names, *cells, fillvalue="")]
    if sum(widths) + 2 * (len(widths) - 1) > out.width:
        for row in cells:
            show_paragraph([f"{name} {cell}" for name, cell in zip(names, row, strict=False) if cell])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, name in zip(columns, names, strict=True):
        table.add_column(Text(name), justify="right" if column in numbers else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    for number, segments in enumerate(out.render_lines(table, pad=False), start=-1):
        show_line_before(number, line)
        out.print(Segments([*segments, Segment.line()]), end="")


def show_line_before(number: int, line: tuple[int, str] | None) -> None:
    """Print the line that separates rows, if it comes before the row with this number, from 0."""
    if line is not None and line[0] == number:
        dash = "─" if encodes_unicode() else "-"
        out.print(Text(f"{dash * 3} {line[1]} {dash * 3}", style="dim"), soft_wrap=True)


def show_paragraph(parts: Sequence[str]) -> None:
    """Print parts with commas between them. Lines end between parts, and all but the first are indented."""
    lines = [""]
    for number, part in enumerate(parts, start=1):
        text = printable(part) + "," * (number < len(parts))
        longer = f"{lines[-1]} {text}" if lines[-1] else text
        if cell_len(longer) <= out.width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(f"  {text}")
    for line in lines:
        out.print(Text(line))


def show_lines(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one pair per line."""
    pairs = list(pairs)
    width = max(len(name) for name, _ in pairs) if out.width >= NARROW else 0  # values need the room
    for name, value in pairs:
        out.print(Text.assemble((printable(name.ljust(width)), "bold"), "  ", printable(str(value))), soft_wrap=True)


def choose_style(ascii_only: bool) -> Style:
    """Return the style of skeletons: braille if stdout can encode it, unless plain ASCII is asked for."""
    return "braille" if encodes_unicode() and not ascii_only else "ascii"


def encodes_unicode() -> bool:
    """Return whether stdout can encode every character."""
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")


def show_skeletons(drawn: Sequence[tuple[Any, str]], ascii_only: bool, width: int = 20, height: int = 11) -> None:
    """Print skeletons side by side, as many in a row as fit, with captions below.

    Args:
        drawn: (keypoints (n, 2), caption) each.
        ascii_only: no braille.
        width: characters of each. In a narrower terminal, they are as wide as that.
        height: likewise.
    """
    gap, width = 2, min(width, out.width)
    columns = max(1, min(out.width, 120) // (width + gap))
    for first in range(0, len(drawn), columns):
        row = drawn[first : first + columns]
        pictures = [terminal.draw(xy, width, height, choose_style(ascii_only)) for xy, _ in row]
        _show_picture(terminal.place_side_by_side(pictures, gap))
        captions = "".join(printable(caption)[:width].center(width) + " " * gap for _, caption in row).rstrip()
        out.print(Text(captions + "\n" if captions else ""), soft_wrap=True)


def _show_picture(picture: TextPicture) -> None:
    for row in picture.rows:
        line = Text()
        for run in row:
            line.append(run.text, style=STYLES[run.side] if run.side else "")
        line.rstrip()
        out.print(line, soft_wrap=True)


def printable(sentence: str) -> str:
    """Return the text on one line. Newlines, control and format characters, as in file names, are escaped."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in sentence)


def _replace_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _replace_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _to_jsonable(value: Any) -> Any:
    """Convert a value from DuckDB that JSON has no type for: decimals to numbers, others to text."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)
