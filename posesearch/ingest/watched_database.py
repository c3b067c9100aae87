"""The database of a run, which must stay the file that it was when the run began."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from posesearch.errors import DatabaseMoved
from posesearch.store import snapshots
from posesearch.store.connection import Connection, DatabaseFile

BATCH_PATIENCE: Final = 600.0
"""Seconds that a run waits for another program to close the file. Hours of work may depend on it."""


class WatchedDatabase:
    """Opens a database for one run, and notices if the file was moved, removed or replaced since the last time.

    What a run finds unchanged, and what it has written, is in the file that it knows. If another file is at the path,
    the counts of the run would be wrong. The file is recognized by the snapshot that was written last, because
    inode numbers do not change if a file is overwritten, and change on some network file systems if it is not.

    Attributes:
        photos: number of photos that this run has written. `Batch` counts them.
    """

    def __init__(self, file: DatabaseFile, waiting: Callable[[str], None] | None = None) -> None:
        """Open nothing yet.

        Args:
            file: the database, which need not exist yet.
            waiting: is called with a sentence if another process has the file open.
        """
        self._file, self._waiting = file, waiting
        self._is_known = False
        self._last: object = None
        self._next: object = None
        self.photos = 0

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self._file.path

    @contextmanager
    def opening(self, *, dry_run: bool) -> Iterator[Connection | None]:
        """Open the database for writing, or for reading in a dry run. Yield None if there is none yet.

        Opening it for writing reports a database that can't be written before the work.

        Raises:
            DatabaseMoved, StoreError: as `writing`.
        """
        if not self._file.exists():
            self.check_exists()
            yield None
        elif dry_run:
            with self.reading() as connection:
                yield connection
        else:
            with self.writing() as connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open the database for queries. The errors are those of DatabaseFile.reading, and DatabaseMoved."""
        self.check_exists()
        with self._file.reading(BATCH_PATIENCE, self._waiting) as connection:
            self._check_last(connection)
            yield connection
        self._is_known = True

    @contextmanager
    def writing(self, patience: float | None = BATCH_PATIENCE) -> Iterator[Connection]:
        """Open the database for one transaction.

        Args:
            patience: seconds to wait for another program to close the file. None takes the file's own.

        Raises:
            DatabaseMoved: it is no longer there, or is another file. Nothing is written.
            StoreError: as DatabaseFile.writing.
        """
        self.check_exists()
        with self._file.writing(patience, self._waiting) as connection:
            self._check_last(connection)
            yield connection
            self._next = snapshots.read_last_written(connection)  # an interruption can come after the commit
        self._last, self._is_known = self._next, True

    def check_exists(self) -> None:
        """Raise DatabaseMoved if the file no longer exists."""
        if self._is_known and not self._file.exists():  # opening it would create a new one
            raise self._make_error()

    def _check_last(self, connection: Connection) -> None:
        last = snapshots.read_last_written(connection)
        if self._is_known and last not in (self._last, self._next):
            raise self._make_error()
        self._last = self._next = last

    def _make_error(self) -> DatabaseMoved:
        count = "1 photo" if self.photos == 1 else f"{self.photos} photos"
        detail = (
            f"this database was moved, removed or replaced during the run; the file that was here has {count} of this "
            f"run, and the others are not stored; put that file back, and run the same command again"
        )
        return DatabaseMoved(str(self.path), detail)
