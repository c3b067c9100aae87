"""Draws small pictures of people, cut out of their photos, for pages that show many of them."""

import time
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np

from posesearch.errors import PosesearchError
from posesearch.photos.pool import DecoderPool
from posesearch.render.pictures import match_heat, read_photo
from posesearch.render.skeletons import Heat, Pixels, draw_alone, draw_on_photo, mirror_pixels
from posesearch.results.people import PhotoPeople
from posesearch.results.query import Query
from posesearch.results.search import Match
from posesearch.sources import SourceReader, is_url, to_location
from posesearch.trust import Trust
from posesearch.types import Float32, Keypoints, Person, StoredPose

_MARGIN: Final = 0.12  # around a person, as a part of the longer side of the box
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

    def draw_stored(self, stored: StoredPose) -> bytes:
        """Return the person of a stored pose."""
        return _encode(self._draw(self._open_stored(stored), stored.width, stored.keypoints))

    def draw_match(self, match: Match) -> bytes:
        """Return the person of a match. The colours of the joints show the differences. A mirrored match is flipped."""
        photo, keypoints, width = self._open_stored(match.stored), match.keypoints, match.stored.width
        if match.mirrored:
            keypoints = keypoints.mirror(width or 0)
            photo = None if photo is None else mirror_pixels(photo)
        return _encode(self._draw(photo, width, keypoints, match_heat(match)))

    def draw_query(self, query: Query) -> bytes:
        """Return the person that is searched for."""
        photo = query.pixels
        if photo is None and (query.pose_id is None or self._trust.allows(query.source, query.signature)):
            photo = self._open(to_location(query.source), query.keypoints, query.width, query.height, query.sha256)
        return _encode(self._draw(photo, query.width, query.keypoints))

    def draw_person(self, found: PhotoPeople, person: Person) -> bytes:
        """Return one of the people in a photo."""
        photo = found.pixels
        if photo is None:
            photo = self._open(to_location(found.source), person.keypoints, found.width, found.height)
        return _encode(self._draw(photo, found.width, person.keypoints))

    def draw_vector(self, vector: Float32) -> bytes:
        """Return the skeleton of a (28,) vector: x0..x13, y0..y13."""
        return _encode(draw_alone(vector.reshape(2, -1).T, self._height * 2 // 3, self._height))

    def _open_stored(self, stored: StoredPose) -> Pixels | None:
        if not self._trust.allows(stored.source, stored.signature):
            return None
        return self._open(to_location(stored.source), stored.keypoints, stored.width, stored.height, stored.sha256)

    def _open(
        self, location: str, keypoints: Keypoints, width: int | None, height: int | None, sha256: str | None = None
    ) -> Pixels | None:
        """Return a photo, with just enough pixels for the person. None if it can't be opened now, or has changed."""
        if is_url(location) or width is None or height is None or time.monotonic() > self._end:
            return None
        person = max(keypoints.box[2:])
        useful_side = round(min(1.0, self._height / max(person, 1.0)) * max(width, height)) + 1
        try:
            return read_photo(location, self._reader, self._decoders, useful_side, sha256).pixels
        except PosesearchError:  # decoding processes can't be started here
            return None

    def _draw(self, photo: Pixels | None, width: int | None, keypoints: Keypoints, heat: Heat | None = None) -> Pixels:
        """Draw the skeleton on the cut-out of its photo, or alone. The photo may be smaller than `width`."""
        if photo is not None and width is not None:
            scale = photo.shape[1] / width
            x, y, right, bottom = _frame(keypoints.scale(scale, scale), photo)
            if right - x > 1 and bottom - y > 1:
                factor = min(self._height / (bottom - y), self._height * _WIDEST / (right - x))
                size = max(1, round((right - x) * factor)), max(1, round((bottom - y) * factor))
                method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
                cut = cv2.resize(photo[y:bottom, x:right], size, interpolation=method)
                points = (keypoints.xy * scale - np.array([x, y])) * factor
                return draw_on_photo(np.asarray(cut, dtype=np.uint8), points.astype(np.float32), heat)
        return draw_alone(keypoints.xy, self._height * 2 // 3, self._height, heat)


def _frame(keypoints: Keypoints, photo: Pixels) -> tuple[int, int, int, int]:
    """Return the part of a photo that shows a person: left, top, right and bottom. It is inside the photo."""
    x, y, width, height = keypoints.box
    margin = max(width, height) * _MARGIN
    rows, columns = photo.shape[:2]
    left, right = np.clip([x - margin, x + width + margin], 0, columns).astype(int).tolist()
    top, bottom = np.clip([y - margin, y + height + margin], 0, rows).astype(int).tolist()
    return left, top, right, bottom


def _encode(pixels: Pixels) -> bytes:
    """Return a picture as a JPEG file, reduced to its final size."""
    size = max(1, pixels.shape[1] // _FINER), max(1, pixels.shape[0] // _FINER)
    reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    is_encoded, data = cv2.imencode(".jpg", reduced, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not is_encoded:
        raise ValueError("the picture can't be encoded as JPEG")
    return data.tobytes()
