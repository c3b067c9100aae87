"""Collects the rows of an ingest or a re-estimation, and writes each batch in one transaction."""

import json
import time
from collections.abc import Callable
from typing import Final

from posesearch.errors import EstimatorMismatch
from posesearch.estimators.config import describe_config
from posesearch.store import about, snapshots, sources
from posesearch.store.connection import Connection, DatabaseFile
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import SourceRow
from posesearch.types import EstimatorConfig

BATCH_ROWS: Final = 4096
BATCH_SECONDS: Final = 5.0
"""A batch is written after so many rows or seconds. It is what an interruption can lose."""

BATCH_PATIENCE: Final = 600.0
"""Seconds that a batch waits for another program to close the file. Hours of work may depend on it."""


class Batch:
    """Rows that wait to be written."""

    def __init__(
        self,
        file: DatabaseFile,
        estimator: EstimatorConfig,
        collection: str | None = None,
        *,
        replace_estimator: bool = False,
        mix: bool = False,
        waiting: Callable[[str], None] | None = None,
    ) -> None:
        """Start an empty batch.

        Args:
            file: the database.
            estimator: the estimator of the poses.
            collection: the collection of the sources. None if there will be none.
            replace_estimator: whether this estimator becomes the database's, whatever that was.
            mix: whether to write poses beside those of another estimator.
            waiting: is called with a sentence if another process has the file open.
        """
        self._file, self._estimator, self._collection = file, estimator, collection
        self._replace_estimator, self._mix, self._waiting = replace_estimator, mix, waiting
        self._settings = json.dumps(describe_config(estimator))
        self._snapshots: list[SnapshotRow] = []
        self._photo_facts: list[SnapshotRow] = []
        self._sources: list[SourceRow] = []
        self._started = time.monotonic()

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
        rows = max(len(self._snapshots), len(self._sources))
        if rows >= BATCH_ROWS or time.monotonic() - self._started > BATCH_SECONDS:
            self.write()

    def write(self, patience: float | None = BATCH_PATIENCE) -> None:
        """Write the rows in one transaction. The errors are those of `add`.

        Args:
            patience: seconds to wait for another program to close the file. None takes the file's own.
        """
        if self._snapshots or self._sources or self._photo_facts:
            with self._file.writing(patience, self._waiting) as connection:
                self._check_estimator(connection)
                snapshots.write_snapshots(connection, self._snapshots, self._estimator.name, self._settings)
                snapshots.update_photo_facts(connection, self._photo_facts)
                if self._collection is not None:
                    sources.write_sources(connection, self._collection, self._sources)
            # Cleared only now: the last write of a run makes up for one that was interrupted.
            self._snapshots, self._sources, self._photo_facts = [], [], []
        self._started = time.monotonic()

    def _check_estimator(self, connection: Connection) -> None:
        stored = about.read_estimator(connection)
        if stored is None or (self._replace_estimator and stored.key != self._estimator.key):
            about.write_estimator(connection, self._estimator)
        elif stored.key != self._estimator.key and not self._mix:
            raise EstimatorMismatch(str(self._file.path), stored.name, self._estimator.name)
