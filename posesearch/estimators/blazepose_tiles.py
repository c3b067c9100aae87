"""Square tiles of a photo, in which BlazePose's detector finds people who are too small in the whole photo.

The detector finds a person who is at least 0.3 times as tall as its square input. Below 0.25, it finds nobody.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from posesearch.estimators.crops import Crop

LARGE_ENOUGH: Final = 0.42
"""Smaller tiles are searched if nobody found is this tall or wide, relative to the squares that were searched."""

_STEP: Final = 0.5  # distance between tiles, relative to their side: a person half as tall lies inside one tile
_WIDE: Final = 1.25  # photos with a larger ratio of width to height are always searched in tiles of their height
_MAX_ROW: Final = 8
_LEVELS: Final = 2
_LEAST_SIDE: Final = 224  # pixels of the decoded photo: in a smaller tile, the detector would get enlarged pixels


def whole(width: int, height: int) -> Crop:
    """Return the square around the whole photo."""
    return _square(width / 2, height / 2, float(max(width, height)))


def row(width: int, height: int) -> list[Crop]:
    """Return the square tiles of a wide photo's height. The list is empty if the photo is not wide."""
    if width <= _WIDE * height:
        return []
    return [_square(x, height / 2, float(height)) for x in _centres(width, float(height), _MAX_ROW)]


def finer(width: int, height: int) -> Iterator[list[Crop]]:
    """Yield levels of ever smaller square tiles. The tiles of a level cover the photo.

    The tiles of the first level are half as wide as the photo's longer side, and each level halves them again. A small
    photo has fewer levels, or none.
    """
    for level in range(1, _LEVELS + 1):
        side = max(width, height) / 2**level
        if side < _LEAST_SIDE:
            return
        yield [_square(x, y, side) for y in _centres(height, side) for x in _centres(width, side)]


def _square(x: float, y: float, side: float) -> Crop:
    return Crop(np.array([x, y]), side, side)


def _centres(length: int, side: float, most: int | None = None) -> list[float]:
    """Return the centres of at most `most` tiles along one side of the photo. A larger tile is centred."""
    if length <= side:
        return [length / 2]
    count = math.ceil((length - side) / (_STEP * side)) + 1
    count = count if most is None else min(most, count)
    return [float(centre) for centre in np.linspace(side / 2, length - side / 2, count)]
