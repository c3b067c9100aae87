"""Opens pictures in the user's image viewer, and stdin for a photo or joints."""

import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import typer

from posesearch.cli import output
from posesearch.errors import OutputFailed


def choose_picture(png: Path | None, is_opened: bool, name: str) -> Path | None:
    """Return where a picture is written: the file that was asked for, or a temporary one if it is only opened.

    Args:
        png: the value of --png.
        is_opened: whether --open was given.
        name: the name of a temporary file.
    """
    if png is not None or not is_opened:
        return png
    try:
        return Path(tempfile.mkdtemp(prefix="posesearch-")) / name
    except OSError as error:
        raise OutputFailed(name, "no folder for temporary files can be written; give --png") from error


def open_picture(path: Path) -> None:
    """Open a picture in the program that the desktop has for it. Say so if there is none."""
    if typer.launch(str(path.absolute()), wait=True) != 0:
        output.note(f"No program was found that opens pictures. The picture is {path}")


def open_stdin() -> BinaryIO:
    """Return stdin for reading bytes. A user at a terminal is told that the command waits."""
    if sys.stdin.isatty():
        output.note("The photo or the joints are read from the terminal. Ctrl-D ends them.")
    return sys.stdin.buffer
