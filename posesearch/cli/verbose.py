"""Shows on stderr what the library logs."""

import logging
import time
from typing import Final


class _ToStderr(logging.Handler):
    """Prints records as notes, which stand above a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from posesearch.cli import output  # noqa: PLC0415 (rich)

        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        output.note(f"{clock} {record.name}: {record.getMessage()}")


_TO_STDERR: Final = _ToStderr()


def show_log(is_asked: bool) -> None:
    """Show everything that the library logs, if it is asked for. Other libraries could log the secrets of URLs."""
    if is_asked:
        logger = logging.getLogger("posesearch")
        logger.addHandler(_TO_STDERR)
        logger.setLevel(logging.DEBUG)
