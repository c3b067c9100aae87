"""Cuts people out of their photos, flipped and turned as they are compared."""

from typing import Final, NamedTuple

import cv2
import numpy as np

from posesearch.render.skeletons import Pixels
from posesearch.render.subjects import Subject
from posesearch.types import Float64

EMPTY: Final = (225, 225, 225)
"""BGR, where a picture goes beyond its photo."""

MAX_USEFUL_SIDE: Final = 4096
"""A photo is decoded with at most about this many pixels on its longer side. More would show people who are tiny."""

_MARGIN: Final = 0.15  # around a person, as a part of the longer side of the box
_FAR: Final = 1e6  # pixels. No photo is so large


class Frame(NamedTuple):
    """A part of a drawing, in pixels of the drawing. It may go beyond the photo."""

    left: float
    top: float
    width: float
    height: float

    @property
    def corners(self) -> Float64:
        """(4, 2) float64, in the order in which a line goes around."""
        right, bottom = self.left + self.width, self.top + self.height
        return np.array([[self.left, self.top], [right, self.top], [right, bottom], [self.left, bottom]])


def frame_person(subject: Subject, aspect: float | None = None) -> Frame | None:
    """Return the part of a drawing that shows the person with a margin. None if the person has no place in a photo.

    Args:
        subject: the person.
        aspect: width of the frame divided by its height. More of the photo is shown for it. None leaves it open, and
            the frame ends where the photo does.
    """
    if subject.width is None or subject.height is None or not subject.keypoints.present.any():
        return None
    x, y, width, height = subject.keypoints.box
    margin = max(width, height, 1.0) * _MARGIN
    frame = Frame(x - margin, y - margin, width + 2 * margin, height + 2 * margin)
    if aspect is not None:
        wide, high = max(frame.width, frame.height * aspect), max(frame.height, frame.width / aspect)
        frame = Frame(frame.left - (wide - frame.width) / 2, frame.top - (high - frame.height) / 2, wide, high)
    if not subject.is_turned:
        left, width = _fit(frame.left, frame.width, subject.width, is_cut=aspect is None)
        top, height = _fit(frame.top, frame.height, subject.height, is_cut=aspect is None)
        frame = Frame(left, top, width, height)
    is_near = np.abs(frame.corners).max() < _FAR and min(frame.width, frame.height) >= 1
    return frame if is_near and find_share(subject, frame) > 0 else None


def find_aspect(subject: Subject) -> float | None:
    """Return the width of a person with a margin, divided by the height. None if the person has no joints."""
    if not subject.keypoints.present.any():
        return None
    _, _, width, height = subject.keypoints.box
    margin = 2 * max(width, height, 1.0) * _MARGIN
    return (width + margin) / (height + margin)


def find_share(subject: Subject, frame: Frame) -> float:
    """Return the share of the photo that is inside a frame, 0 to 1."""
    width, height = subject.width or 0, subject.height or 0
    photo = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inside, _ = cv2.intersectConvexConvex(photo, to_photo(subject, frame.corners).astype(np.float32))
    return float(inside) / max(1, width * height)


def to_photo(subject: Subject, points: Float64) -> Float64:
    """Return points of a drawing, (n, 2), as points of the photo."""
    matrix = subject.to_drawing
    return np.asarray((points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T)


def find_useful_side(subject: Subject, frame: Frame, width: int) -> int:
    """Return with how many pixels on its longer side a photo is decoded, so that the frame has this width in pixels."""
    side = max(subject.width or 1, subject.height or 1)
    return min(MAX_USEFUL_SIDE, side, round(side * width / frame.width) + 1)


def cut(photo: Pixels, subject: Subject, frame: Frame, size: tuple[int, int]) -> Pixels:
    """Return the part of the photo that is inside a frame, flipped and turned: (height, width, 3) uint8.

    Args:
        photo: (h, w, 3) uint8. It may be smaller than the photo whose pixels the keypoints are in.
        subject: the person.
        frame: of the drawing.
        size: width and height of the picture in pixels.
    """
    scale = photo.shape[1] / (subject.width or photo.shape[1])
    corners = to_photo(subject, frame.corners) * scale
    low = np.clip(np.floor(corners.min(axis=0)) - 2, 0, None).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0)) + 2, photo.shape[1::-1]).astype(int)
    part = photo[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return np.full((size[1], size[0], 3), EMPTY, np.uint8)
    zoom = size[0] / (frame.width * scale)
    shrink = np.ones(2)
    if zoom < 1:  # warpAffine would skip pixels
        small = [max(1, round(side * zoom)) for side in part.shape[1::-1]]
        shrink = np.array(small) / part.shape[1::-1]
        part = np.asarray(cv2.resize(part, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # From pixels of the part to points of the photo, of the drawing, and to pixels of the picture
    inward = np.diag([*(1 / (shrink * scale)), 1.0])
    inward[:2, 2] = low / scale
    outward = np.diag([size[0] / frame.width, size[1] / frame.height, 1.0])
    outward[:2, 2] = -outward[0, 0] * frame.left, -outward[1, 1] * frame.top
    matrix = (outward @ np.vstack([subject.to_drawing, [0, 0, 1]]) @ inward)[:2]
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5  # the middle of the first pixel is at (0.5, 0.5)
    method = cv2.INTER_LINEAR if zoom < 1 else cv2.INTER_CUBIC
    picture = cv2.warpAffine(part, matrix, size, flags=method, borderMode=cv2.BORDER_CONSTANT, borderValue=EMPTY)
    return np.asarray(picture, dtype=np.uint8)


def _fit(start: float, length: float, most: int, *, is_cut: bool) -> tuple[float, float]:
    """Return the start and the length of a frame along one side of the photo, which is `most` pixels long.

    The frame is cut where the photo ends, or it is moved inside, as far as there is room.
    """
    if is_cut:
        end = min(start + length, most)
        start = max(start, 0.0)
        return start, max(0.0, end - start)
    if length >= most:
        return (most - length) / 2, length
    return min(max(start, 0.0), most - length), length
