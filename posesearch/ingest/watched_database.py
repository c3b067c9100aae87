"""The database of a run. Its path must lead to the same file for the whole run."""

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
    """Opens a database for one run, and detects that the file was moved, removed or replaced since it was last opened.

    A run counts the photos that it finds unchanged in the file and the photos that it writes there. If another file
    takes its place, these counts are wrong. The file is recognized by the snapshot that was written last. An inode
    number is not enough. It stays the same if the file is overwritten, and it can change on network file systems.

    Attributes:
        photos: number of photos that this run has written. `Batch` updates it.
    """

    def __init__(self, file: DatabaseFile, waiting: Callable[[str], None] | None = None) -> None:
        """Open nothing yet.

        Args:
            file: the database. It need not exist yet.
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

    def exists(self) -> bool:
        """Return whether the file exists. Raise DatabaseMoved if it did during this run, and no longer does."""
        exists = self._file.exists()
        if self._is_known and not exists:
            raise self._make_error()
        return exists

    @contextmanager
    def opening(self, *, read_only: bool = False, patience: float | None = BATCH_PATIENCE) -> Iterator[Connection]:
        """Open the database for one transaction.

        Args:
            read_only: whether to open it for queries only. Then the file must exist.
            patience: seconds to wait for another program to close the file. None uses the file's own.

        Raises:
            DatabaseMoved: the file no longer exists, or is another one. Nothing is written.
            StoreError: as DatabaseFile.reading or DatabaseFile.writing.
        """
        self.exists()  # opening it would create a new one
        if not self._is_known:
            self._file.check_not_connected()
        open_file = self._file.reading if read_only else self._file.writing
        with open_file(patience, self._waiting) as connection:
            last = snapshots.read_last_written(connection)
            if self._is_known and last not in (self._last, self._next):
                raise self._make_error()
            self._last = self._next = last
            yield connection
            self._next = snapshots.read_last_written(connection)  # an interruption can come after the commit
        self._last, self._is_known = self._next, True

    def _make_error(self) -> DatabaseMoved:
        count = "1 photo" if self.photos == 1 else f"{self.photos or 'no'} photos"
        detail = (
            f"this database was moved, removed or replaced during the run. The original file has {count} of this run. "
            f"To store the others, put the original file back and run the same command again."
        )
        return DatabaseMoved(str(self.path), detail)
