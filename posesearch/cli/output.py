"""What the terminal shows. Answers go to stdout; progress, notes and errors to stderr."""

import csv
import json
import math
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from posesearch.engine.pipeline import Outcome
from posesearch.engine.pipeline import Progress as IngestProgress
from posesearch.render import text
from posesearch.render.text import Style, TextPicture

PIPE_WIDTH: Final = 240
"""Columns where stdout is no terminal: paths are not folded for a reader that is a program."""

STYLES: Final = {"left": "bright_blue", "right": "dark_orange", "centre": "bold"}

out = Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False)


def note(sentence: str) -> None:
    """Tell the user something that is not the answer."""
    err.print(Text(printable(sentence)), soft_wrap=True)


def fail(error: Exception) -> None:
    """Show an error as one line."""
    err.print(Text(f"posesearch: {printable(str(error))}", style="red"), soft_wrap=True)


def show_json(value: Any) -> None:
    """Print JSON; numbers that JSON does not know are null."""
    sys.stdout.write(_written(value, indent=2) + "\n")


def show_json_line(value: Any) -> None:
    """Print JSON on one line."""
    sys.stdout.write(_written(value) + "\n")
    sys.stdout.flush()  # who reads it waits for it


def _written(value: Any, indent: int | None = None) -> str:
    """Return JSON, in plain ASCII where stdout takes no more."""
    plain = not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    written = json.dumps(_finite(value), default=_jsonable, ensure_ascii=plain, indent=indent, allow_nan=False)
    # Bytes of a file name that are no Unicode become \\udcXX, which is JSON's own way to write them.
    return written.encode("utf-8", "backslashreplace").decode()


def show_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV with a header; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Sequence[str] = ()) -> None:
    """Print a table; `numbers` are the columns that are aligned to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else printable(str(value))) for value in row))
    out.print(table)


def show_lines(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, a line each."""
    pairs = list(pairs)
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        out.print(Text.assemble((name.ljust(width), "bold"), "  ", printable(str(value))), soft_wrap=True)


def style(ascii_only: bool) -> Style:
    """Return braille where stdout can encode it, unless plain ASCII was asked for."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return "braille" if encoding.startswith("utf") and not ascii_only else "ascii"


def show_skeletons(drawn: Sequence[tuple[Any, str]], ascii_only: bool, width: int = 20, height: int = 11) -> None:
    """Print skeletons side by side, as many a row as fit, each with its caption below.

    Args:
        drawn: (keypoints (n, 2), caption) each.
        ascii_only: no braille.
        width: characters of each.
        height: likewise.
    """
    gap = 2
    columns = max(1, min(out.width, 120) // (width + gap))
    for first in range(0, len(drawn), columns):
        row = drawn[first : first + columns]
        pictures = [text.draw(xy, width, height, style(ascii_only)) for xy, _ in row]
        _show_picture(text.beside(pictures, gap))
        captions = "".join(caption[:width].center(width) + " " * gap for _, caption in row).rstrip()
        out.print(Text(captions + "\n" if captions else ""), soft_wrap=True)


def _show_picture(picture: TextPicture) -> None:
    for row in picture.rows:
        line = Text()
        for run in row:
            line.append(run.text, style=STYLES[run.side] if run.side else "")
        line.rstrip()
        out.print(line, soft_wrap=True)


def printable(sentence: str) -> str:
    """Return the text on one line: a file's name may hold newlines and control characters."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in sentence)


class Working:
    """A live display on stderr while a command works. It is silent where stderr is no terminal.

    rich's displays take over stdout as well, unless they are told not to. What is printed would then go to stderr, and
    `> file` would stay empty. Nothing here touches stdout.
    """

    def __init__(self, what: str, *columns: ProgressColumn, prints_lines: bool = False) -> None:
        """Prepare the display.

        Args:
            what: the work, in a word.
            columns: what the display shows beside that; none is a spinner.
            prints_lines: the command prints lines to stdout meanwhile. They would break a display on the same terminal,
                and show the progress themselves.
        """
        self._bar = Progress(
            *(columns or (SpinnerColumn(), TextColumn(what))),
            console=err, transient=True, speed_estimate_period=60, redirect_stdout=False,
        )  # fmt: skip
        self._task = self._bar.add_task(what, total=None)
        self._is_shown = err.is_terminal and not (prints_lines and sys.stdout.isatty())

    def __enter__(self) -> Self:
        if self._is_shown:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._bar.stop()


class ProgressBar(Working, IngestProgress):
    """A progress bar on stderr. With `events`, each photo is a line of JSON on stdout as well."""

    def __init__(self, what: str = "estimating", *, events: bool = False) -> None:
        columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
        super().__init__(what, *columns, prints_lines=events)
        self._events = events

    def start(self, steps: int) -> None:
        """Take the number of steps that there are."""
        self._bar.update(self._task, total=steps, completed=0)

    def step(self) -> None:
        """Advance by one."""
        self._bar.advance(self._task)

    def photo(self, outcome: Outcome) -> None:
        """Advance by a photo, and tell of it."""
        self.step()
        self.gone(outcome)

    def gone(self, outcome: Outcome) -> None:
        """Tell of a photo that is no step."""
        if self._events:
            show_json_line(outcome.as_json())

    def waiting(self, sentence: str) -> None:
        """Tell who is waited for."""
        note(sentence)


class _Rate(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        """Return the rate of the last minute."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


def silence_broken_pipe() -> None:
    """Let `posesearch ... | head` end without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _jsonable(value: Any) -> Any:
    """Return a value of DuckDB's that JSON has no type for: decimals as numbers, the rest as text."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)
