"""Collects the rows of an ingest or a re-estimation, and writes each batch in one transaction."""

import json
import time
from typing import Final

from posesearch.errors import BatchLost, DatabaseBusy, EstimatorMismatch
from posesearch.estimators.config import describe_config
from posesearch.ingest.watched_database import BATCH_PATIENCE, WatchedDatabase
from posesearch.store import about, snapshots, sources
from posesearch.store.connection import Connection
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import SourceRow
from posesearch.types import EstimatorConfig

BATCH_ROWS: Final = 4096
BATCH_SECONDS: Final = 5.0
"""A batch is written after so many rows or seconds. It is what an interruption can lose."""

_IDLE_SECONDS: Final = 1.0


class Batch:
    """Rows that wait to be written."""

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
            collection: the collection of the sources. None if there will be none.
            replace_estimator: whether this estimator becomes the database's, whatever that was.
            mix: whether to write poses beside those of another estimator.
        """
        self._database, self._estimator, self._collection = database, estimator, collection
        self._replace_estimator, self._mix = replace_estimator, mix
        self._settings = json.dumps(describe_config(estimator))
        self._snapshots: list[SnapshotRow] = []
        self._photo_facts: list[SnapshotRow] = []
        self._sources: list[SourceRow] = []
        self._started = time.monotonic()
        self._first_added: float | None = None

    def add(
        self,
        snapshot: SnapshotRow | None = None,
        source: SourceRow | None = None,
        photo_facts: SnapshotRow | None = None,
    ) -> None:
        """Add rows, and write the batch if it is due.

        Args:
            snapshot: a photo that was estimated.
            source: where a photo is.
            photo_facts: a photo whose poses stay and whose capture information is updated.

        Raises:
            EstimatorMismatch: another process wrote poses of another estimator first.
            StoreError: the file can't be written.
        """
        self._snapshots += [snapshot] if snapshot else []
        self._sources += [source] if source else []
        self._photo_facts += [photo_facts] if photo_facts else []
        if self._first_added is None:
            self._first_added = time.monotonic()
        if self._count_photos() >= BATCH_ROWS or time.monotonic() - self._started > BATCH_SECONDS:
            self.write()

    def write_due(self) -> None:
        """Write the rows if they have waited for a second, while no further row comes. The errors are those of `add`.

        Some have waited before, for a photo that takes long, so the documented five seconds are nearly over.
        """
        if self._first_added is not None and time.monotonic() - self._first_added > _IDLE_SECONDS:
            self.write()

    def write(self, patience: float | None = BATCH_PATIENCE) -> None:
        """Write the rows in one transaction. The errors are those of `add`.

        Args:
            patience: seconds to wait for another program to close the file. None takes the file's own.
        """
        if self._snapshots or self._sources or self._photo_facts:
            with self._database.writing(patience) as connection:
                self._check_estimator(connection)
                snapshots.write_snapshots(connection, self._snapshots, self._estimator.name, self._settings)
                snapshots.update_photo_facts(connection, self._photo_facts)
                if self._collection is not None:
                    sources.write_sources(connection, self._collection, self._sources)
            self._database.photos += self._count_photos()
            # Cleared only now: the last write of a run makes up for one that was interrupted.
            self._snapshots, self._sources, self._photo_facts = [], [], []
        self._first_added = None
        self._started = time.monotonic()

    def write_last(self, patience: float | None = BATCH_PATIENCE) -> None:
        """Write the rows of a run that ends early. The arguments and errors are those of `write`.

        Raises:
            BatchLost: another program has the file open for longer, or the user does not wait for it.
        """
        try:
            self.write(patience)
        except (KeyboardInterrupt, DatabaseBusy) as error:
            why = (
                "the run was stopped before"
                if isinstance(error, KeyboardInterrupt)
                else "another program has the database open"
            )
            photos = self._count_photos()
            count = "photo was" if photos == 1 else f"{photos} photos were"
            detail = f"the last {count} not stored, because {why}; run the same command again"
            raise BatchLost(str(self._database.path), detail) from error

    def _count_photos(self) -> int:
        return max(len(self._snapshots), len(self._sources), len(self._photo_facts))

    def _check_estimator(self, connection: Connection) -> None:
        stored = about.read_estimator(connection)
        if stored is None or (self._replace_estimator and stored.key != self._estimator.key):
            about.write_estimator(connection, self._estimator)
        elif stored.key != self._estimator.key and not self._mix:
            raise EstimatorMismatch(str(self._database.path), stored.name, self._estimator.name)
        elif stored.key == self._estimator.key and stored.custom_weights != self._estimator.custom_weights:
            about.write_estimator(
                connection, self._estimator
            )  # the user has named another user's networks, and signs them
