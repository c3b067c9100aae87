"""A photo's bytes to the row that the store keeps of it: decoded in a process that can be killed, then estimated."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from posesearch import images
from posesearch.decoders import Decoders
from posesearch.engine.rules import Rule, poses_of
from posesearch.errors import PhotoError
from posesearch.estimators import Estimator
from posesearch.store.snapshots import Snapshot
from posesearch.types import Photo


class Looker:
    """Decodes and estimates. Threads may share one; not more than `jobs` of them compute at once."""

    def __init__(self, load: Callable[[], Estimator], decoders: Decoders, jobs: int) -> None:
        """Take what gives the estimator, which is asked when the first photo needs it, and what decodes."""
        self._load, self._decoders = load, decoders
        self._places = threading.Semaphore(jobs)

    def estimated(self, data: bytes, sha256: str, source: str, collection: str, rule: Rule) -> Snapshot:
        """Return the row of a photo: with the poses that the rule takes, or why it is rejected."""
        photo: Photo | None = None
        with self._places:
            try:
                estimator = self._load()
                photo = self._decoded(data, source, estimator.enough, rule)
                poses = poses_of(estimator.estimate(photo), rule, source)
            except PhotoError as error:
                row = _row(photo, sha256, source, collection, rule)
                return replace(row, rejection=(error.reason, error.detail))
        return replace(_row(photo, sha256, source, collection, rule), poses=poses)

    def described(self, data: bytes, sha256: str, source: str, collection: str, rule: Rule) -> Snapshot:
        """Return the row of a photo without looking for people in it."""
        photo: Photo | None = None
        with self._places, suppress(PhotoError):  # one that can't be decoded says nothing of itself
            photo = self._decoded(data, source, self._load().enough, rule)
        return _row(photo, sha256, source, collection, rule)

    def _decoded(self, data: bytes, source: str, enough: int | None, rule: Rule) -> Photo:
        return decoded_by(self._decoders)(data, source, enough, gps=rule.gps)


def decoded_by(decoders: Decoders) -> images.Decode:
    """Return images.decode as these processes do it."""

    def decode(data: bytes, source: str, enough: int | None = None, *, gps: bool = False) -> Photo:
        return images.photo_of(decoders.raster(data, source, enough, gps=gps))

    return decode


def _row(photo: Photo | None, sha256: str, source: str, collection: str, rule: Rule) -> Snapshot:
    if photo is None:
        return Snapshot(source, sha256, None, None, collection, rule.as_json())
    size = photo.width, photo.height
    return Snapshot(source, sha256, *size, collection, rule.as_json(), dhash=photo.dhash, shot=photo.shot)
