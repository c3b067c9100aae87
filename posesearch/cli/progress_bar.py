"""Spinner and progress bar: live displays on stderr while a command works."""

import os
import sys
from typing import Self

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
from rich.text import Text

from posesearch.cli import output
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome


class Spinner:
    """A spinner on stderr while a command works. Nothing is shown if stderr is not a terminal.

    rich's displays redirect stdout to their own console by default. That is right if both are the same terminal: what
    is printed stands above the display. Otherwise `command > file` would write an empty file.
    """

    def __init__(self, what: str, *columns: ProgressColumn) -> None:
        """Prepare the display.

        Args:
            what: the work, in a word.
            columns: what the display shows instead of a spinner.
        """
        self._bar = Progress(
            *(columns or (SpinnerColumn(), TextColumn(what))),
            console=output.err, transient=True, speed_estimate_period=60, redirect_stdout=_is_one_terminal(),
        )  # fmt: skip
        self._task = self._bar.add_task(what, total=None)
        self._is_shown = output.err.is_terminal

    def __enter__(self) -> Self:
        if self._is_shown:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._bar.stop()


class ProgressBar(Spinner, IngestProgress):
    """A progress bar on stderr. With `events`, each photo is also a line of JSON on stdout."""

    def __init__(self, what: str = "estimating", *, events: bool = False) -> None:
        columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
        super().__init__(what, *columns)
        self._events = events

    def start(self, steps: int) -> None:
        """Set the number of steps."""
        self._bar.update(self._task, total=steps, completed=0)

    def step(self) -> None:
        """Advance by one step."""
        self._bar.advance(self._task)

    def photo(self, outcome: PhotoOutcome) -> None:
        """Advance by one photo, and print its outcome."""
        self.step()
        self.missing(outcome)

    def missing(self, outcome: PhotoOutcome) -> None:
        """Print the outcome of a photo that is not a step."""
        if self._events:
            output.show_json_line(outcome.as_json())

    def waiting(self, sentence: str) -> None:
        """Print what is waited for."""
        output.note(sentence)


def _is_one_terminal() -> bool:
    """Return whether stdout and stderr are the same terminal."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        return False
    return not hasattr(os, "ttyname") or os.ttyname(sys.stdout.fileno()) == os.ttyname(sys.stderr.fileno())


class _Rate(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        """Return the rate of the last minute."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")
