"""A decoded photo, the input of an estimator: pixels, size, thumbnail and capture information."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from posesearch.photos.decoded import CaptureInfo, DecodedImage
from posesearch.photos.dhash import difference_hash
from posesearch.photos.thumbnail import make_thumbnail


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo.

    Attributes:
        pixels: (h, w, 3) uint8, BGR, upright (EXIF orientation applied). The size may be smaller than the photo's.
        width, height: size of the upright photo in its own pixels. Stored keypoints are in these pixels.
        dhash: difference hash, 64 bits. The hashes of photos that look alike differ in few bits.
        capture: how the photo was taken.
        lacking: what the file lacks, such as "3 of 480 rows are lacking". Empty if all pixels are there.
        thumbnail: the photo in 32 x 32 grey bytes, row by row. None if it is not known.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    dhash: int = 0
    capture: CaptureInfo = field(default=CaptureInfo())
    lacking: str = ""
    thumbnail: bytes | None = None

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels must be (h, w, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}")


def make_photo(image: DecodedImage) -> Photo:
    """Return a decoded image as a photo. The pixels are not copied."""
    pixels = np.frombuffer(image.bgr, np.uint8).reshape(image.rows, image.columns, 3)
    dhash, thumbnail = difference_hash(pixels), make_thumbnail(pixels).tobytes()
    return Photo(pixels, image.width, image.height, dhash, image.capture, image.lacking, thumbnail)
