"""Crops rectangles, which may be rotated, out of a photo and resizes them to a network's input without aliasing."""

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
"""(2, 3) affine transform from coordinates in a crop to pixels of the photo.

Both are continuous coordinates: (0, 0) is the upper left corner of the upper left pixel, not its centre.
"""

_PIXEL_CENTRE: Final = np.array([0.5, 0.5])  # continuous coordinates of the centre of the upper left pixel


@dataclass(frozen=True, eq=False)
class Crop:
    """A rectangle in a photo, which may be rotated.

    Attributes:
        centre: (2,) pixels of the photo.
        width, height: pixels of the photo.
        angle: clockwise rotation in radians. The crop's upward direction is the photo's, rotated by this angle.
    """

    centre: NDArray[np.float64]
    width: float
    height: float
    angle: float = 0.0

    def matrix(self, width: int, height: int) -> Matrix:
        """Return the transform from a network's input of this size in pixels to the photo."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        linear = np.array([[cosine, -sine], [sine, cosine]]) * [self.width / width, self.height / height]
        shift = self.centre - linear @ [width / 2, height / 2]
        return np.concatenate([linear, shift[:, None]], axis=1)


def transform_points(points: NDArray[Any], matrix: Matrix) -> NDArray[np.float64]:
    """Transform (..., 2) points of a crop to pixels of the photo."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float64)


class ImagePyramid:
    """A photo and copies of it, each half the size of the one before. A copy is made when it is first needed."""

    def __init__(self, pixels: NDArray[np.uint8], *, area_sampling: bool = True) -> None:
        """Start a pyramid of one photo.

        Args:
            pixels: (h, w, 3) uint8.
            area_sampling: whether to sample a large crop from a smaller copy, which avoids aliasing, and to sample at
                pixel centres. Otherwise crops are sampled as MediaPipe does: from the photo at pixel corners.
        """
        self._levels: list[NDArray[Any]] = [pixels]
        self._area_sampling = area_sampling

    def sample(self, matrix: Matrix, width: int, height: int, border: int) -> NDArray[Any]:
        """Return the pixels of a crop, (height, width, 3) uint8.

        Args:
            matrix: transform from the crop to the photo.
            width: width of the result in pixels.
            height: height of the result in pixels.
            border: how to fill what lies outside the photo: cv2.BORDER_CONSTANT (black) or cv2.BORDER_REPLICATE.
        """
        source, to_source = self._levels[0], matrix.copy()
        if self._area_sampling:
            scale = math.sqrt(abs(float(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0])))
            level = max(0, math.floor(math.log2(max(scale, 1e-9))))
            source = self._level(level)
            to_source = matrix / 2.0 ** min(level, len(self._levels) - 1)
            # OpenCV's coordinates count from the centre of the upper left pixel.
            to_source[:, 2] += to_source[:, :2] @ _PIXEL_CENTRE - _PIXEL_CENTRE
        return cv2.warpAffine(
            source, to_source, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border
        )

    def _level(self, level: int) -> NDArray[Any]:
        """Return the photo halved this many times, or as many times as its size allows."""
        while len(self._levels) <= level and min(self._levels[-1].shape[:2]) > 1:
            height, width = (side // 2 for side in self._levels[-1].shape[:2])
            # Even sides are halved exactly, which takes OpenCV a quarter of the time.
            even = self._levels[-1][: 2 * height, : 2 * width]
            self._levels.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        return self._levels[min(level, len(self._levels) - 1)]
