"""Writes new database files under another name, and renames them when they are complete.

If the path of a database is a link, the link stays, and its target is written.
"""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

import duckdb

from posesearch.store.companions import beside, duckdb_files, follow_link
from posesearch.store.configuration import checkpoint, connect, quote_name, read_name
from posesearch.store.damage import make_failure
from posesearch.store.schema import create_schema

Writing = Callable[[Path, Path], AbstractContextManager[None]]
"""Writes a new file from an old one. In the block, the new one is complete, and no program writes to the old one."""


def create_database(path: Path) -> None:
    """Create a database without rows.

    Raises:
        DatabaseFailed: it can't be written. Nothing is left of it.
    """
    new = beside(path, ".new")
    remove_unfinished(path)
    try:
        with closing(connect(new, read_only=False)) as connection:
            connection.execute("BEGIN TRANSACTION")
            create_schema(connection, quote_name(read_name(connection)))
            connection.execute("COMMIT")
            checkpoint(connection)
        new.replace(follow_link(path))
    except (duckdb.Error, OSError) as error:
        raise make_failure(path, error, "the database can't be created") from error
    finally:
        remove_unfinished(path)


def replace_database(path: Path, writing: Writing) -> None:
    """Replace a database by a new file. Its log must be in the file.

    Args:
        path: the database.
        writing: writes the new file, such as `rewrite`.

    Raises:
        duckdb.Error, OSError: the new file can't be written. Nothing is left of it, and the database is as before. So
            it is after any other error of `writing`.
    """
    new = beside(path, ".new")
    remove_unfinished(path)
    try:
        with writing(path, new):
            new.replace(follow_link(path))
    finally:
        remove_unfinished(path)


def remove_unfinished(path: Path) -> None:
    """Remove the new file of a process that was killed. No process may be writing one."""
    new = beside(path, ".new")
    for file in duckdb_files(new):
        with suppress(OSError):  # the folder may not exist; opening the file reports that
            file.unlink()
    shutil.rmtree(beside(new, ".tmp"), ignore_errors=True)
