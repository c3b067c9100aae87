"""Writes new database files under another name, and renames them when they are complete.

If the path of a database is a link, the link stays, and its target is written.
"""

from contextlib import closing, suppress
from pathlib import Path

from posesearch.store.companions import beside, follow_link
from posesearch.store.configuration import checkpoint, connect, quote_name, read_name
from posesearch.store.migrations import convert
from posesearch.store.schema import create_schema


def create_database(path: Path) -> None:
    """Create a database without rows.

    Raises:
        duckdb.Error, OSError: it can't be written. Nothing is left of it.
    """
    new = beside(path, ".new")
    _remove_database(new)  # left by an interrupted attempt
    try:
        with closing(connect(new, read_only=False)) as connection:
            connection.execute("BEGIN TRANSACTION")
            create_schema(connection, quote_name(read_name(connection)))
            connection.execute("COMMIT")
            checkpoint(connection)
        new.replace(follow_link(path))
    finally:
        _remove_database(new)


def replace_by_converted(path: Path) -> None:
    """Replace the database of an earlier version by a converted copy. Its log must be in the file.

    Raises:
        duckdb.Error, OSError: the copy can't be written. Nothing is left of it, and the database is as before.
    """
    new = beside(path, ".new")
    _remove_database(new)  # left by an interrupted attempt
    try:
        convert(path, new)
        new.replace(follow_link(path))
    finally:
        _remove_database(new)


def _remove_database(path: Path) -> None:
    for file in (path, path.with_name(f"{path.name}.wal")):
        with suppress(OSError):  # the folder may not exist; opening the file reports that
            file.unlink()
