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
"""Errors of bytes that are not a complete photo.

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
        row: the analyzed photo. None if the database already has these bytes.
        photo_facts: the photo's capture information, if only that is to be updated. None otherwise.
        error: why the photo could not be read or decoded in this run. None if it could.
    """

    observed: ObservedSource
    stored: StoredSource | None
    sha256: str | None = None
    content: Content | None = None
    row: SnapshotRow | None = None
    photo_facts: SnapshotRow | None = None
    error: PhotoError | None = None


class PhotoAnalyzer:
    """Decodes and estimates photos. Threads may share an analyzer. At most `jobs` threads compute at the same time."""

    def __init__(self, load: Callable[[], Estimator], decoders: DecoderPool, jobs: int) -> None:
        """Create an analyzer. `load` is called for the first photo, not before."""
        self._load, self._decoders = load, decoders
        self._slots = threading.Semaphore(jobs)

    def estimate(self, data: bytes, sha256: str, source: str, collection: str, rule: AcceptanceRule) -> SnapshotRow:
        """Return the row of a photo, with the poses that the rule accepts, or with the reason for its rejection.

        Raises:
            PhotoError: the error is transient, so the photo is not rejected because of it.
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
            PhotoError: the error is transient.
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
