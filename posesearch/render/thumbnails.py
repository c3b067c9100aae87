"""Draws small pictures of people, cut out of their photos, and of photos, for pages that show many of them."""

import time
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np

from posesearch.errors import PosesearchError
from posesearch.photos.pool import DecoderPool
from posesearch.render.crops import EMPTY, Frame, cut, find_useful_side, frame_person
from posesearch.render.photos import read_photo
from posesearch.render.skeletons import Pixels, draw_alone, draw_on_photo
from posesearch.render.subjects import Subject, make_match_subject, make_query_subject, make_subject
from posesearch.results.duplicates import DuplicatePhoto
from posesearch.results.people import PhotoPeople
from posesearch.results.search import Match, SimilarReport
from posesearch.sources import SourceReader, is_url, to_location
from posesearch.trust import Trust
from posesearch.types import Float32, Person, StoredPose

_WIDEST: Final = 1.5  # width of a thumbnail divided by its height
_QUALITY: Final = 80  # of JPEG
_FINER: Final = 2  # pictures are drawn larger by this factor and then reduced, so that lines are thin
_SECONDS: Final = 2.0  # in which photos are opened. Later people are drawn without their photos


class Thumbnails:
    """Draws people as JPEG files, each with its skeleton. It opens only files, and never a URL.

    If a photo is missing, has changed, can't be decoded or was stored by another user, its skeleton is drawn alone. So
    are the skeletons of photos that would take too long.
    """

    def __init__(self, height: int, seconds: float = _SECONDS) -> None:
        """Open nothing yet.

        Args:
            height: height of the pictures in pixels.
            seconds: how long photos are opened. It is also the limit for one photo.
        """
        self._height = _FINER * height
        self._end = time.monotonic() + seconds
        self._decoders = DecoderPool(1, seconds)
        self._reader = SourceReader()
        self._trust = Trust()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._decoders.close()

    def draw_stored(self, stored: StoredPose, subject: Subject | None = None) -> bytes:
        """Return the person of a stored pose, as `subject` says, or else as in the photo."""
        subject = subject or make_subject(stored.keypoints, stored.width, stored.height)
        return self._draw(self._open_stored(stored, subject), subject)

    def draw_match(self, match: Match) -> bytes:
        """Return the person of a match, flipped and turned as in the comparison. The joints show the differences."""
        return self.draw_stored(match.stored, make_match_subject(match))

    def draw_query(self, report: SimilarReport) -> bytes:
        """Return the person that is searched for."""
        query, subject = report.query, make_query_subject(report)
        photo = query.pixels
        if photo is None and (query.pose_id is None or self._trust.allows(query.source, query.signature)):
            photo = self._open(to_location(query.source), subject, query.sha256)
        return self._draw(photo, subject)

    def draw_person(self, found: PhotoPeople, person: Person) -> bytes:
        """Return one of the people in a photo."""
        photo, subject = found.pixels, make_subject(person.keypoints, found.width, found.height)
        if photo is None:
            photo = self._open(to_location(found.source), subject)
        return self._draw(photo, subject)

    def draw_photo(self, photo: DuplicatePhoto) -> bytes:
        """Return a whole photo. It is empty if the photo can't be opened now, or has changed."""
        pixels = None
        is_open = not is_url(photo.source) and self._trust.allows(photo.source, photo.signature)
        if is_open and time.monotonic() <= self._end:
            pixels = self._read(to_location(photo.source), 2 * self._height, photo.sha256)
        if pixels is None:
            return _encode(np.full((self._height, self._height * 2 // 3, 3), EMPTY, np.uint8))
        factor = min(self._height / pixels.shape[0], self._height * _WIDEST / pixels.shape[1])
        size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
        return _encode(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))

    def draw_vector(self, vector: Float32) -> bytes:
        """Return the skeleton of a (28,) vector: x0..x13, y0..y13."""
        return _encode(draw_alone(vector.reshape(2, -1).T, self._height * 2 // 3, self._height))

    def _open_stored(self, stored: StoredPose, subject: Subject) -> Pixels | None:
        if not self._trust.allows(stored.source, stored.signature):
            return None
        return self._open(to_location(stored.source), subject, stored.sha256)

    def _open(self, location: str, subject: Subject, sha256: str | None = None) -> Pixels | None:
        """Return a photo, with just enough pixels for the person. None if it can't be opened now, or has changed."""
        frame = frame_person(subject)
        if is_url(location) or frame is None or time.monotonic() > self._end:
            return None
        return self._read(location, find_useful_side(subject, frame, self._find_size(frame)[0]), sha256)

    def _read(self, location: str, useful_side: int, sha256: str | None) -> Pixels | None:
        try:
            return read_photo(location, self._reader, self._decoders, useful_side, sha256).pixels
        except PosesearchError:  # decoding processes can't be started here
            return None

    def _draw(self, photo: Pixels | None, subject: Subject) -> bytes:
        """Draw the skeleton on the cut-out of its photo, or alone. The photo may be smaller than the subject's."""
        frame, xy = frame_person(subject), subject.keypoints.xy
        if photo is None or frame is None:
            drawn = draw_alone(xy, self._height * 2 // 3, self._height, subject.heat, subject.compared)
        else:
            size = self._find_size(frame)
            placed = (xy - [frame.left, frame.top]) * (size[0] / frame.width)
            picture = cut(photo, subject, frame, size)
            drawn = draw_on_photo(picture, placed.astype("float32"), subject.heat, subject.compared)
        return _encode(drawn)

    def _find_size(self, frame: Frame) -> tuple[int, int]:
        """Return the width and height of the picture of a frame, before it is reduced."""
        factor = min(self._height / frame.height, self._height * _WIDEST / frame.width)
        return max(1, round(frame.width * factor)), max(1, round(frame.height * factor))


def _encode(pixels: Pixels) -> bytes:
    """Return a picture as a JPEG file, reduced to its final size."""
    size = max(1, pixels.shape[1] // _FINER), max(1, pixels.shape[0] // _FINER)
    reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    is_encoded, data = cv2.imencode(".jpg", reduced, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not is_encoded:
        raise ValueError("the picture can't be encoded as JPEG")
    return data.tobytes()
