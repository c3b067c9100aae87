"""Analysis of one photo: from its bytes to its row in the database, by decoding, estimating and accepting."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from posesearch.errors import EmptyPhoto, MissingPhoto, MissingURL, NotAnImage, PhotoError, TruncatedPhoto
from posesearch.estimators import Estimator
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import AcceptanceRule, accept_people
from posesearch.sources import Content, ObservedSource, is_url
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import StoredSource

GARBLED: Final = frozenset(kind.reason for kind in (EmptyPhoto, NotAnImage, TruncatedPhoto))
"""Reasons for the rejection of bytes that are not a complete photo.

A file with such bytes is damaged. A server may send the complete photo the next time.
"""


@dataclass(frozen=True, eq=False)
class PhotoAnalysis:
    """The result of the analysis of one photo.

    Attributes:
        observed: the photo.
        stored: what the database knows about its source. None for a new source.
        sha256: SHA-256 of its bytes. None if they were not read.
        content: what was read, without the bytes.
        row: the photo with its poses if it was estimated, or only with what it says about itself. None if the database
            has these bytes and needs neither.
        error: why the photo could not be read or decoded in this run. None if it could.
    """

    observed: ObservedSource
    stored: StoredSource | None
    sha256: str | None = None
    content: Content | None = None
    row: SnapshotRow | None = None
    error: PhotoError | None = None

    @property
    def is_absent(self) -> bool:
        """Whether nothing is at the source of a stored photo. A server that never sent one says nothing by a 404."""
        had_photo = self.stored is not None and self.stored.sha256 is not None
        return isinstance(self.error, MissingPhoto) or (had_photo and isinstance(self.error, MissingURL))


class PhotoAnalyzer:
    """Decodes and estimates photos. Threads may share an analyzer. At most `jobs` threads compute at the same time."""

    def __init__(self, load: Callable[[], Estimator], decoders: DecoderPool, jobs: int) -> None:
        """Create an analyzer. `load` is called for the first photo, not before."""
        self._load, self._decoders = load, decoders
        self._slots = threading.Semaphore(jobs)

    def estimate(
        self, data: bytes, sha256: str, source: str, collection: str, rule: AcceptanceRule, *, people: bool = True
    ) -> SnapshotRow:
        """Return the row of a photo, with the poses that the rule accepts, or with the reason for its rejection.

        Args:
            data: the bytes of the photo.
            sha256: their hash.
            source: the photo's name.
            collection: its collection.
            rule: the rule that accepts or rejects it.
            people: whether to find people. Without, the row has only what the photo says about itself.

        Raises:
            PhotoError: the error is transient, so the photo is not rejected because of it.
        """
        row = SnapshotRow(source, sha256, None, None, collection, rule.settings)
        with self._slots:
            try:
                estimator = self._load()
                photo = self._decoders.decode(data, source, estimator.useful_side, gps=rule.gps)
                if photo.lacking and is_url(source):  # the server may send the rest next time
                    raise TruncatedPhoto.lacking(source, photo.lacking)
                row = replace(row, width=photo.width, height=photo.height, capture=photo.capture)
                row = replace(row, dhash=photo.dhash, thumbnail=photo.thumbnail)
                if not people:
                    return row
                found = estimator.estimate(photo)
                return replace(row, poses=accept_people(found, rule, source, (photo.width, photo.height)))
            except PhotoError as error:
                if error.is_transient:
                    raise
                return replace(row, rejection=(error.reason, error.detail))
