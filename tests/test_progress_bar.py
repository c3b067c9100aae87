"""The progress bar, in a terminal of its own."""

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

SHOW = """
import fcntl, struct, sys, termios, time
fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
from posesearch.cli.progress_bar import ProgressBar
from posesearch.progress import report_photo
from posesearch.results.ingest import PhotoOutcome, Rejection
with ProgressBar() as bar:
    bar.start(1284)
    for number in range(312):
        nobody = Rejection("a.jpg", "no_person", "nobody found") if number % 12 == 0 else None
        report_photo(bar, PhotoOutcome("a.jpg", "rejected" if nobody else "unchanged", rejection=nobody))
        bar.missing(PhotoOutcome("b.jpg", "missing"))
        time.sleep(0.005)
    bar._bar.refresh()
"""


def show(columns: int, **environment: str) -> str:
    """Return what a run writes to a terminal of this width."""
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW, str(columns)], stdin=terminal, stdout=terminal, stderr=terminal,
        env={**{key: value for key, value in os.environ.items() if key != "COLUMNS"}, "TERM": "xterm", **environment},
    )  # fmt: skip
    os.close(terminal)
    written = b""
    try:
        while data := os.read(main, 4096):
            written += data
    except OSError:  # Linux says so at the end
        pass
    os.close(main)
    assert process.wait(60) == 0
    return written.decode()


def lines(written: str) -> list[str]:
    """Return each line that was shown, also if it was overwritten later."""
    return re.split(r"[\r\n]+|\x1b\[2K", re.sub(r"\x1b\[[0-9;?]*[A-JL-Za-z]", "", written))


@pytest.mark.parametrize(
    ("columns", "last"),
    [
        (100, r"estimating [━╸╺]+ 312/1,284 · \d+/s · 0:\d\d left · 286 with people"),
        (80, r"estimating [━╸╺]+ 312/1,284 · \d+/s · 0:\d\d left · 286 with people"),
        (60, r"estimating  312/1,284 · \d+/s · 0:\d\d left · 286 with people"),
        (40, r"estimating  312/1,284 · \d+/s"),
        (20, r"estimating  24%"),
    ],
)
@pytest.mark.slow
def test_the_line_fits_in_the_terminal(columns: int, last: str) -> None:
    written = show(columns)
    shown = [line.rstrip() for line in lines(written) if line.strip()]
    assert max(map(len, shown)) <= columns
    assert written.count("\n") == 1  # the end of the display
    assert any(re.fullmatch(last, line) for line in shown), shown[-3:]


@pytest.mark.slow
def test_a_terminal_that_shows_ascii_only() -> None:
    assert "312/1,284, " in show(80, PYTHONIOENCODING="ascii")


def test_nothing_is_shown_if_stderr_is_no_terminal() -> None:
    script = SHOW.replace("fcntl.ioctl", "(lambda *_: None)")
    done = subprocess.run([sys.executable, "-c", script, "80"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
