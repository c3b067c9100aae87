"""Crops of a photo at a network's size: turned, scaled, without aliasing."""

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
"""(2, 3): from a crop's coordinates to the photo's pixels, both counted from the upper left corner's edge."""

_CENTRE: Final = np.array([0.5, 0.5])  # of a pixel, from its edge


@dataclass(frozen=True, eq=False)
class Crop:
    """A rectangle in a photo.

    Attributes:
        centre: (2,) pixels.
        width, height: pixels.
        angle: radians by which the crop is turned clockwise; its own up points there.
    """

    centre: NDArray[np.float64]
    width: float
    height: float
    angle: float = 0.0

    def matrix(self, width: int, height: int) -> Matrix:
        """Return the way from an input of that size to the photo."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        turned = np.array([[cosine, -sine], [sine, cosine]]) * [self.width / width, self.height / height]
        shift = self.centre - turned @ [width / 2, height / 2]
        return np.concatenate([turned, shift[:, None]], axis=1)


def placed(points: NDArray[Any], matrix: Matrix) -> NDArray[np.float64]:
    """Return (..., 2) points of a crop in the photo."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float64)


class Levels:
    """A photo, and halves of it that are made when they are first asked for."""

    def __init__(self, pixels: NDArray[np.uint8], area: bool = True) -> None:
        """Take (h, w, 3) uint8; without `area`, sample as MediaPipe does: from the photo itself, at pixels' corners."""
        self._levels: list[NDArray[Any]] = [pixels]
        self._area = area

    def sample(self, matrix: Matrix, width: int, height: int, border: int) -> NDArray[Any]:
        """Return the crop, (height, width, 3) uint8.

        Args:
            matrix: from the crop to the photo.
            width: of the crop, pixels.
            height: of the crop, pixels.
            border: what lies outside the photo, cv2.BORDER_CONSTANT (black) or cv2.BORDER_REPLICATE.
        """
        source, moved = self._levels[0], matrix.copy()
        if self._area:
            scale = math.sqrt(abs(float(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0])))
            level = max(0, math.floor(math.log2(max(scale, 1e-9))))
            source = self._level(level)
            moved = matrix / 2.0 ** min(level, len(self._levels) - 1)
            moved[:, 2] += moved[:, :2] @ _CENTRE - _CENTRE
        return cv2.warpAffine(
            source, moved, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border
        )

    def _level(self, level: int) -> NDArray[Any]:
        while len(self._levels) <= level and min(self._levels[-1].shape[:2]) > 1:
            height, width = (side // 2 for side in self._levels[-1].shape[:2])
            even = self._levels[-1][: 2 * height, : 2 * width]  # halves exactly, in a quarter of the time
            self._levels.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        return self._levels[min(level, len(self._levels) - 1)]
