"""Spinner and progress bar: live displays on stderr while a command works."""

import os
import sys
from typing import Final, Self

from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import Progress as Display
from rich.progress_bar import ProgressBar as Bar
from rich.text import Text

from posesearch.cli import output
from posesearch.cli.words import duration, rate
from posesearch.progress import IngestProgress, Progress
from posesearch.results.ingest import PhotoOutcome

_BAR_WIDTH: Final = 12
_WIDE: Final = 80
"""Columns of a terminal from which on there is room for the bar."""


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
        self._bar = Display(
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


class Waiting(Spinner, Progress):
    """A spinner that also says what is waited for."""

    def waiting(self, sentence: str) -> None:
        """Print what is waited for."""
        output.note(sentence)


class ProgressBar(Spinner, IngestProgress):
    """A line on stderr: a bar, and "312/1,284 · 41/s · 0:24 left · 287 with people".

    With `events`, each photo is also a line of JSON on stdout.
    """

    def __init__(self, what: str = "estimating", *, events: bool = False) -> None:
        super().__init__(what, TextColumn(what), _WideBar(bar_width=_BAR_WIDTH), _Numbers(len(what)))
        self._events = events

    def start(self, steps: int) -> None:
        """Set the number of steps."""
        self._bar.update(self._task, total=steps, completed=0)

    def step(self) -> None:
        """Advance by one step."""
        self._bar.advance(self._task)

    def photo(self, outcome: PhotoOutcome) -> None:
        """Count the people of a photo, and print its outcome."""
        people = self._bar.tasks[self._task].fields.get("people", 0) + outcome.has_people
        self._bar.update(self._task, people=people)
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


class _WideBar(BarColumn):
    """A bar. In a narrow terminal it has no width."""

    def render(self, task: Task) -> Bar:
        """Return the bar."""
        bar = super().render(task)
        bar.width = _BAR_WIDTH if output.err.width >= _WIDE else 0
        return bar


class _Numbers(ProgressColumn):
    """The numbers of a line. The last ones are left out if the terminal has no room for them."""

    def __init__(self, used: int) -> None:
        """Prepare the column. `used` is the width of the text before it."""
        super().__init__()
        self._used = used

    def render(self, task: Task) -> Text:
        """Return the steps done, the rate of the last minute, the time left, and the photos with people."""
        if task.total is None:  # the photos are still looked for
            return Text("")
        parts = [f"{task.completed:,.0f}/{task.total:,.0f}"]
        if task.speed:
            parts.append(f"{rate(task.speed)}/s")
        if task.time_remaining is not None:
            parts.append(f"{duration(task.time_remaining)} left")
        if task.fields.get("people"):
            parts.append(f"{task.fields['people']:,} with people")
        separator = ", " if output.err.options.ascii_only else " · "
        room = output.err.width - self._used - 3 - (_BAR_WIDTH if output.err.width >= _WIDE else 0)
        while len(parts) > 1 and len(separator.join(parts)) > room:
            parts.pop()
        if len(parts[0]) > room:  # half of a number would be another number
            parts = [f"{task.percentage:.0f}%"]
        return Text(separator.join(parts), no_wrap=True, overflow="crop")
