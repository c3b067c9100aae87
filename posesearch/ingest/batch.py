"""Collects the rows of an ingest or a re-estimation, and writes each batch in one transaction."""

import json
import time
from typing import Final

from posesearch.errors import BatchLost, DatabaseBusy, DatabaseOpenHere, EstimatorMismatch, StoreError
from posesearch.estimators.config import describe_config
from posesearch.ingest.watched_database import BATCH_PATIENCE, WatchedDatabase
from posesearch.store import about, snapshots, sources
from posesearch.store.connection import Connection
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import SourceRow
from posesearch.types import EstimatorConfig

BATCH_ROWS: Final = 4096
BATCH_SECONDS: Final = 5.0
"""A batch is written after this many rows or seconds. If the process is killed, the rows of one batch are lost."""

_IDLE_SECONDS: Final = 1.0


class Batch:
    """The rows of a run that are not yet written."""

    def __init__(
        self,
        database: WatchedDatabase,
        estimator: EstimatorConfig,
        collection: str | None = None,
        *,
        replace_estimator: bool = False,
        mix: bool = False,
    ) -> None:
        """Start an empty batch.

        Args:
            database: the database of the run.
            estimator: the estimator of the poses.
            collection: the collection of the sources. None if no sources will be added.
            replace_estimator: whether this estimator replaces the database's.
            mix: whether to write the poses if the database has poses of another estimator.
        """
        self._database, self._estimator, self._collection = database, estimator, collection
        self._replace_estimator, self._mix = replace_estimator, mix
        self._settings = json.dumps(describe_config(estimator))
        self._snapshots: list[SnapshotRow] = []
        self._photo_facts: list[SnapshotRow] = []
        self._sources: list[SourceRow] = []
        self._photos = 0
        self._started = time.monotonic()
        self._first_added: float | None = None

    def add(
        self,
        snapshot: SnapshotRow | None = None,
        source: SourceRow | None = None,
        photo_facts: SnapshotRow | None = None,
    ) -> None:
        """Add the rows of a photo, and write the batch if it is due.

        Args:
            snapshot: a photo that was estimated.
            source: a path or URL of a photo.
            photo_facts: a photo whose capture information is updated. Its poses stay.

        Raises:
            EstimatorMismatch: another process has meanwhile written poses of another estimator.
            StoreError: the file can't be written.
        """
        self._photos += 1
        self._snapshots += [snapshot] if snapshot else []
        self._sources += [source] if source else []
        self._photo_facts += [photo_facts] if photo_facts else []
        if self._first_added is None:
            self._first_added = time.monotonic()
        if self._photos >= BATCH_ROWS or time.monotonic() - self._started > BATCH_SECONDS:
            self.write()

    def write_due(self) -> None:
        """Write the rows if the first of them was added more than a second ago. The errors are those of `add`.

        A run calls this while it has no further row to add. The rows may have waited four seconds for a slow photo
        before they were added. One more second makes the five that are documented.
        """
        if self._first_added is not None and time.monotonic() - self._first_added > _IDLE_SECONDS:
            self.write()

    def write(self, patience: float | None = BATCH_PATIENCE) -> None:
        """Write the rows in one transaction. The errors are those of `add`.

        Args:
            patience: seconds to wait for another program to close the file. None uses the file's own.
        """
        if self._photos:
            with self._database.opening(patience=patience) as connection:
                self._check_estimator(connection)
                snapshots.write_snapshots(connection, self._snapshots, self._estimator.name, self._settings)
                if self._photo_facts:
                    snapshots.update_photo_facts(connection, self._photo_facts)
                if self._collection is not None:
                    sources.write_sources(connection, self._collection, self._sources)
            self._database.photos += self._photos
            # Cleared only now, so that the last write of a run repeats a write that was interrupted.
            self._snapshots, self._sources, self._photo_facts, self._photos = [], [], [], 0
        self._first_added = None
        self._started = time.monotonic()

    def write_last(self, patience: float | None = BATCH_PATIENCE) -> None:
        """Write the rows of a run that ends early. The arguments and errors are those of `write`.

        Raises:
            BatchLost: another program kept the file open for longer, or the user interrupted this write too.
            BaseException: an error of the callback `waiting`. It gets a note that photos were not stored.
        """
        try:
            self.write(patience)
        except (KeyboardInterrupt, DatabaseBusy) as error:
            why = "another program has the database open"
            if isinstance(error, KeyboardInterrupt):
                why = "the run was stopped during the last write"
            elif isinstance(error, DatabaseOpenHere):
                why = "a connection of this Python has the database open"
            raise BatchLost(str(self._database.path), self._describe_loss(why)) from error
        except StoreError:
            raise
        except BaseException as error:
            error.add_note(f"{self._database.path}: {self._describe_loss('the wait for another program was ended')}.")
            raise

    def _describe_loss(self, why: str) -> str:
        count = "photo was" if self._photos == 1 else f"{self._photos} photos were"
        return f"the last {count} not stored, because {why}; run the same command again"

    def _check_estimator(self, connection: Connection) -> None:
        stored = about.read_estimator(connection)
        if stored is None or (self._replace_estimator and stored.key != self._estimator.key):
            about.write_estimator(connection, self._estimator)
        elif stored.key != self._estimator.key and not self._mix:
            raise EstimatorMismatch(str(self._database.path), stored.name, self._estimator.name)
        elif stored.key == self._estimator.key and stored.custom_weights != self._estimator.custom_weights:
            # The user has named the network files again. Another user had signed them, or they were at another path.
            about.write_estimator(connection, self._estimator)
