"""The standard streams of the process: what happens if one is closed, cannot be written, or lacks a character."""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, Final

CLOSED_PIPE: Final = 141
"""Exit code after the reader of stdout has gone, as in `posesearch ... | head`. A shell uses it for SIGPIPE."""


class StdoutFailed(Exception):
    """Stdout can't be written. Click handles an OSError itself, so this is another error.

    Attributes:
        error: what the operating system said.
    """

    def __init__(self, error: OSError) -> None:
        self.error = error
        super().__init__(f"The output can't be written to stdout ({error.strerror or error}).")

    @property
    def exit_code(self) -> int:
        """1, or the code of a closed pipe, about which nobody needs to be told."""
        return CLOSED_PIPE if self.error.errno == errno.EPIPE else 1


class _Stdout(io.TextIOWrapper):
    """Stdout whose failures can be told from those of other files."""

    def write(self, text: str) -> int:
        """Write text. Raise StdoutFailed if it can't be written."""
        try:
            return super().write(text)
        except OSError as error:
            raise StdoutFailed(error) from error

    def flush(self) -> None:
        """Write what is buffered. Raise StdoutFailed if it can't be written."""
        try:
            super().flush()
        except OSError as error:
            raise StdoutFailed(error) from error


class _Stderr(io.TextIOWrapper):
    """Stderr that loses what can't be written, because nobody could be told."""

    def write(self, text: str) -> int:
        """Write text, if that is possible."""
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, if that is possible."""
        with suppress(OSError):
            super().flush()


def prepare_streams() -> None:
    """Replace the standard streams by streams that report failures as this module says.

    A closed stream gets a file of its own. Otherwise, the next file that is opened, such as the database, would have
    its number, and a library that prints would write into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)  # the lowest free number. See open(2)
    sys.stdin = sys.stdin or _open(io.TextIOWrapper, 0)
    sys.stdout = _open(_Stdout, 1)
    sys.stderr = _open(_Stderr, 2)


def _open(kind: type[io.TextIOWrapper], number: int) -> Any:
    """Open a stream of this kind, with the encoding of Python's own stream."""
    own = (sys.stdin, sys.stdout, sys.stderr)[number]
    encoding = own.encoding if own else None
    buffer = open(number, "rb" if number == 0 else "wb", closefd=False)  # noqa: SIM115 (open for the whole run)
    return kind(buffer, encoding, errors="backslashreplace" if number else None, line_buffering=buffer.isatty())


def drop_output() -> None:
    """Lose what stdout has buffered, so that Python does not fail to write it once more at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
