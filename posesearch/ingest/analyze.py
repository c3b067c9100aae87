"""Analysis of one photo: from its bytes to its row in the database, by decoding, estimating and accepting."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from posesearch.errors import EmptyPhoto, NotAnImage, PhotoError, TruncatedPhoto
from posesearch.estimators import Estimator
from posesearch.photos.photo import Photo
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import AcceptanceRule, accept_people
from posesearch.sources import Content, ObservedSource
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import StoredSource

GARBLED: Final = {kind.reason: kind for kind in (EmptyPhoto, NotAnImage, TruncatedPhoto)}
"""Errors of bytes that are no whole photo. A file that has such bytes is damaged; a server may have cut its answer."""


@dataclass(frozen=True, eq=False)
class PhotoAnalysis:
    """What a thread found out about a photo.

    Attributes:
        observed: the photo.
        stored: what the database knows about its source.
        sha256: SHA-256 of its bytes. None if they were not read.
        content: what was read, without the bytes.
        row: the analyzed photo. None if the database has these bytes already.
        photo_facts: the photo's capture information, if the database needs only that.
        error: why the photo could not be read or decoded this time.
    """

    observed: ObservedSource
    stored: StoredSource | None
    sha256: str | None = None
    content: Content | None = None
    row: SnapshotRow | None = None
    photo_facts: SnapshotRow | None = None
    error: PhotoError | None = None


class PhotoAnalyzer:
    """Decodes and estimates photos. Threads may share one. At most `jobs` of them compute at the same time."""

    def __init__(self, load: Callable[[], Estimator], decoders: DecoderPool, jobs: int) -> None:
        """Load nothing yet: `load` is called for the first photo."""
        self._load, self._decoders = load, decoders
        self._slots = threading.Semaphore(jobs)

    def estimate(self, data: bytes, sha256: str, source: str, collection: str, rule: AcceptanceRule) -> SnapshotRow:
        """Return the row of a photo, with the poses that the rule accepts, or with the reason for its rejection.

        Raises:
            PhotoError: it is transient, so it is no reason to reject these bytes.
        """
        photo: Photo | None = None
        with self._slots:
            try:
                estimator = self._load()
                photo = self._decoders.decode(data, source, estimator.useful_side, gps=rule.gps)
                poses = accept_people(estimator.estimate(photo), rule, source)
            except PhotoError as error:
                if error.is_transient:
                    raise
                row = _make_row(photo, sha256, source, collection, rule)
                return replace(row, rejection=(error.reason, error.detail))
        return replace(_make_row(photo, sha256, source, collection, rule), poses=poses)

    def describe(self, data: bytes, sha256: str, source: str, collection: str, rule: AcceptanceRule) -> SnapshotRow:
        """Return the row of a photo without estimating people, for its capture information.

        Raises:
            PhotoError: it is transient.
        """
        photo: Photo | None = None
        with self._slots:
            try:
                photo = self._decoders.decode(data, source, self._load().useful_side, gps=rule.gps)
            except PhotoError as error:  # an undecodable photo has no capture information
                if error.is_transient:
                    raise
        return _make_row(photo, sha256, source, collection, rule)


def _make_row(photo: Photo | None, sha256: str, source: str, collection: str, rule: AcceptanceRule) -> SnapshotRow:
    if photo is None:
        return SnapshotRow(source, sha256, None, None, collection, rule.to_json())
    size = photo.width, photo.height
    return SnapshotRow(source, sha256, *size, collection, rule.to_json(), dhash=photo.dhash, capture=photo.capture)
