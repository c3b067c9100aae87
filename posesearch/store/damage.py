"""Recognizes what DuckDB says about a damaged file or a full disk, and says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DamagedDatabase, DatabaseFailed
from posesearch.store.companions import beside
from posesearch.store.configuration import first_line
from posesearch.store.rewriting import NotCopied

# Parts of DuckDB's messages for damaged files. They are looked for only in errors of these types, because others quote
# the statement of the user.
_TYPES: Final = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
_LOG: Final = ("replaying WAL", "Corrupt WAL")
_FILE: Final = (
    "Corrupt database file",
    "Could not read enough bytes",
    "No more data remaining",
    "Failed to deserialize",
)


def is_damage(error: Exception) -> bool:
    """Return whether an error means that a file is damaged."""
    may_be = type(error) is duckdb.Error or isinstance(error, _TYPES)  # a wrong checksum has no type of its own
    return may_be and any(words in str(error) for words in (*_LOG, *_FILE))


def make_failure(path: Path, error: duckdb.Error | OSError, what: str = "") -> DatabaseFailed | DamagedDatabase:
    """Return the error for a file that DuckDB can't open, read or write.

    Args:
        path: the file.
        error: the error of DuckDB or of the system.
        what: what failed, if not the opening. It is not said of a damaged file.
    """
    text = first_line(error)
    if is_damage(error) and any(words in text for words in _LOG):
        log = beside(path, ".wal")
        remedy = (
            f"restore a backup of both files, or move {log.name} away to open the database without its last changes"
        )
        return DamagedDatabase(str(path), f"{log.name}, the log of the last changes: {text}", remedy)
    if is_damage(error):
        return DamagedDatabase(str(path), text, "restore a backup, or ingest the photos into a new database")
    detail = f"{what} ({text})" if what else text
    return DatabaseFailed(str(path), f"{detail}; free some space on the disk" if is_full(error) else detail)


@contextmanager
def rewriting_errors(path: Path, what: str) -> Iterator[None]:
    """Turn the errors of a rewriting of the file into DatabaseFailed. The old file is as before.

    Args:
        path: the file.
        what: what failed.
    """
    try:
        yield
    except (duckdb.Error, OSError, NotCopied) as error:
        remedy = "Free some space, or copy it to a folder where you can write"
        if not isinstance(error, OSError | duckdb.IOException | duckdb.FatalException):
            remedy = "Rename or drop your own objects that are named here in the duckdb shell, and try again"
        detail = f"{what} here ({first_line(error)}). It was not changed. {remedy}"
        raise DatabaseFailed(str(path), detail) from error


def is_full(error: Exception) -> bool:
    """Return whether an error means that the disk is full. The words are those of Unix and of Windows."""
    return any(words in str(error) for words in ("No space left", "not enough space", "Disk quota exceeded"))
