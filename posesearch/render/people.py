"""Draws one person: cut out of the photo with the whole photo small in a corner, on the whole photo, or alone."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np

from posesearch import skeleton
from posesearch.render.crops import EMPTY, Frame, cut, find_share, frame_person, to_photo
from posesearch.render.labels import draw_numbers
from posesearch.render.skeletons import Pixels, draw_alone, draw_on_photo
from posesearch.render.subjects import Subject
from posesearch.types import Box, Float32, Float64

_WHOLE: Final = 0.7  # of a photo. A picture that shows more than this share needs no whole photo beside it
_INSETS: Final = (0.3, 0.24, 0.18)  # sides of the whole photo in the corner, as parts of those of the picture
_NUMBERED: Final = 0.45  # height of the whole photo under a person, if people have numbers, which have to be readable
_DARK: Final = (40, 40, 40)
_LIGHT: Final = (255, 255, 255)


class Numbers(NamedTuple):
    """The people of a photo who are numbered in a picture.

    Attributes:
        boxes: of the people, in pixels of the photo.
        chosen: number of the person whom the picture shows, from 1.
    """

    boxes: Sequence[Box]
    chosen: int


def draw_person(
    photo: Pixels | None,
    subject: Subject,
    size: tuple[int, int],
    *,
    plain: bool = False,
    numbers: Numbers | None = None,
) -> Pixels:
    """Draw a person with the skeleton, cut out of the photo. The whole photo is small in a corner.

    The whole photo is as it is in the file, with a frame around the part that is shown. It is left out if the picture
    shows most of it. If people have numbers, it is under the person. The skeleton is drawn alone if there is no photo.

    Args:
        photo: (h, w, 3) uint8. It may be smaller than the photo whose pixels the keypoints are in.
        subject: the person.
        size: width and height of the picture in pixels.
        plain: whether the skeleton is left out.
        numbers: the people who are numbered in the whole photo. None numbers nobody.
    """
    frame = frame_person(subject, size[0] / size[1])
    if photo is None or frame is None:
        return draw_alone(subject.keypoints.xy, *size, subject.heat, subject.compared)
    if numbers is not None:
        below = min(round(size[1] * _NUMBERED), round(size[0] * photo.shape[0] / photo.shape[1]))
        numbered = _draw_numbered(photo, subject.width or photo.shape[1], (size[0], below), numbers)
        return np.concatenate([_draw_cut(photo, subject, (size[0], size[1] - below), plain=plain), numbered])
    return _draw_cut(photo, subject, size, plain=plain, has_inset=find_share(subject, frame) < _WHOLE)


def draw_whole(photo: Pixels | None, subject: Subject, size: tuple[int, int], *, plain: bool = False) -> Pixels:
    """Draw a whole photo with the skeleton, flipped and turned.

    Args:
        photo: as in `draw_person`.
        subject: as in `draw_person`.
        size: width and height in pixels of a picture that has the skeleton alone.
        plain: as in `draw_person`.
    """
    if photo is None or subject.width is None:
        return draw_alone(subject.keypoints.xy, *size, subject.heat, subject.compared)
    scale = photo.shape[1] / subject.width
    corners = np.array([[x, y] for x in (0, photo.shape[1]) for y in (0, photo.shape[0])]) / scale
    corners = corners @ subject.to_drawing[:, :2].T + subject.to_drawing[:, 2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    columns, rows = np.rint((high - low) * scale).astype(int).tolist()
    picture = cut(photo, subject, Frame(*low.tolist(), *(high - low).tolist()), (max(1, columns), max(1, rows)))
    if plain:
        return picture
    xy = ((subject.keypoints.xy - low) * scale).astype(np.float32)
    return draw_on_photo(picture, xy, subject.heat, subject.compared)


def _draw_cut(
    photo: Pixels, subject: Subject, size: tuple[int, int], *, plain: bool, has_inset: bool = False
) -> Pixels:
    """Draw a person with the skeleton, cut out of the photo. With `has_inset`, the whole photo is in a corner."""
    frame = frame_person(subject, size[0] / size[1])
    if frame is None:
        return draw_alone(subject.keypoints.xy, *size, subject.heat, subject.compared)
    picture = cut(photo, subject, frame, size)
    xy = ((subject.keypoints.xy - np.array(frame[:2])) * (size[0] / frame.width)).astype(np.float32)
    if not plain:
        picture = draw_on_photo(picture, xy, subject.heat, subject.compared)
    if has_inset:
        _paste_in_corner(picture, [_draw_inset(photo, subject, frame, size, part) for part in _INSETS], xy)
    return picture


def _draw_inset(photo: Pixels, subject: Subject, frame: Frame, size: tuple[int, int], part: float) -> Pixels:
    """Return the whole photo with a frame around the part that is shown, as a part of the size of a picture."""
    inset = _shrink(photo, (round(size[0] * part), round(size[1] * part)))
    corners = to_photo(subject, frame.corners) * inset.shape[1] / (subject.width or inset.shape[1])
    for colour, thickness in ((_LIGHT, 3), (_DARK, 1)):
        line = [np.rint(corners).astype(np.int32)]
        cv2.polylines(inset, line, isClosed=True, color=colour, thickness=thickness, lineType=cv2.LINE_AA)
    white = cv2.copyMakeBorder(inset, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=_LIGHT)
    return np.asarray(cv2.copyMakeBorder(white, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=_DARK), dtype=np.uint8)


def _draw_numbered(photo: Pixels, width: int, size: tuple[int, int], numbers: Numbers) -> Pixels:
    """Return the whole photo with numbered people, in the middle of a picture of this size."""
    small = _shrink(photo, size)
    small = draw_numbers(small, numbers.boxes, small.shape[1] / width, numbers.chosen)
    picture = np.full((size[1], size[0], 3), EMPTY, np.uint8)
    x, y = (size[0] - small.shape[1]) // 2, (size[1] - small.shape[0]) // 2
    picture[y : y + small.shape[0], x : x + small.shape[1]] = small
    return picture


def _shrink(photo: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a whole photo with at most this width and height."""
    scale = min(size[0] / photo.shape[1], size[1] / photo.shape[0])
    small = [max(1, math.floor(side * scale)) for side in photo.shape[1::-1]]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, small, interpolation=method), dtype=np.uint8)


def _paste_in_corner(picture: Pixels, insets: Sequence[Pixels], xy: Float32) -> None:
    """Paste a small picture in the corner of a larger one where it covers the person least, in place.

    Args:
        picture: (h, w, 3) uint8.
        insets: the small picture in several sizes, (h, w, 3) uint8, the largest first. The first that covers nothing of
            the person is pasted, or the smallest.
        xy: (18, 2) float32, the person's joints in pixels of the picture. NaN where the joint is missing.
    """
    points = _spread_over_limbs(xy)
    margin = 0.04 * max(picture.shape[:2])  # limbs are not lines
    for inset in insets:
        height, width = (min(sides) for sides in zip(picture.shape[:2], inset.shape[:2], strict=True))
        corners = [(x, y) for y in (0, picture.shape[0] - height) for x in (picture.shape[1] - width, 0)]
        low = np.array(corners)[:, None] - margin
        high = np.array(corners)[:, None] + np.array([width, height]) + margin
        covered = ((points >= low) & (points <= high)).all(axis=2).sum(axis=1)
        if not covered.min():
            break
    x, y = corners[int(covered.argmin())]
    picture[y : y + height, x : x + width] = inset[:height, :width]


def _spread_over_limbs(xy: Float32) -> Float64:
    """Return points along the limbs of a person, (n, 2)."""
    limbs = [limb for limb in skeleton.LIMBS if not np.isnan(xy[[limb.start, limb.end]]).any()]
    lines = [np.linspace(xy[limb.start], xy[limb.end], 12) for limb in limbs]
    return np.concatenate([np.zeros((0, 2)), xy[~np.isnan(xy).any(axis=1)], *lines])
