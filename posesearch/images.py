"""A photo's raster to the Photo that estimators look at, decoded here or in processes of their own."""

from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch.rasters import Raster, raster
from posesearch.types import Photo

_HASH: Final = (9, 8)  # columns and rows


class Decode(Protocol):
    """Bytes to a Photo: `decode`, or one that does it elsewhere."""

    def __call__(self, data: bytes, source: str, enough: int | None = None, *, gps: bool = False) -> Photo:
        """Decode; see `decode`."""
        ...


def decode(data: bytes, source: str, enough: int | None = None, *, gps: bool = False) -> Photo:
    """Decode the bytes of a photo in this process. Arguments and errors are those of rasters.raster."""
    return photo_of(raster(data, source, enough, gps=gps))


def photo_of(made: Raster) -> Photo:
    """Return a raster as a photo."""
    pixels = np.frombuffer(made.bgr, np.uint8).reshape(made.rows, made.columns, 3)
    return Photo(pixels, made.width, made.height, dhash(pixels), made.shot)


def dhash(pixels: NDArray[np.uint8]) -> int:
    """Return the difference hash of a photo, 64 bits: whether each of 8 x 8 pixels is darker than its right neighbour.

    Neal Krawetz, "Kind of Like That", 2013. Photos that look alike differ in few bits.
    """
    rows, columns = pixels.shape[:2]
    # A quarter first: averaging over areas of any size takes ten times as long, and one bit in a hundred is another.
    quarter = cv2.resize(pixels, (max(9, columns // 4), max(8, rows // 4)), interpolation=cv2.INTER_LINEAR)
    small = cv2.resize(quarter, _HASH, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return int.from_bytes(np.packbits(grey[:, :-1] < grey[:, 1:]).tobytes(), "big")
