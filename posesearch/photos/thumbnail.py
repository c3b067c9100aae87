"""The thumbnail of a photo, by which near-duplicate photos are confirmed."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE: Final = 32
"""Rows and columns of a thumbnail."""


def make_thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the photo scaled down to 32 x 32 pixels in grey, whatever its shape: (32, 32) uint8.

    Args:
        pixels: (h, w, 3) uint8 BGR.
    """
    # Halve a large photo first: INTER_AREA alone takes several times as long.
    rows, columns = (side // 2 if side >= 8 * SIDE else side for side in pixels.shape[:2])
    halved = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_LINEAR)
    small = cv2.resize(halved, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
