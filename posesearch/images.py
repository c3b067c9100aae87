"""Bytes to upright BGR pixels. Whatever the file holds, the outcome is a Photo or a PhotoError."""

import io
import warnings
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from posesearch.errors import EmptyPhoto, NotAnImage, PhotoTooLarge, TruncatedPhoto
from posesearch.types import Photo

MAX_PIXELS: Final = 200_000_000
"""A photo with more pixels is refused before it is decoded; the largest phone sensors have just under this."""

EXTENSIONS: Final = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2")
)
"""Files with these endings are taken from a folder; a file that is named outright is always tried."""

# Pillow warns from this on and refuses at twice as many. What it warns of is refused here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Damaged metadata spoils no photo, and damaged pixels raise.
warnings.filterwarnings("ignore", category=UserWarning, module="PIL")

# What photos come in. Pillow knows more, and some of it, EPS, starts other programs.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")

_ORIENTATION: Final = 0x0112  # the EXIF tag
# What makes an orientation upright: EXIF 2.32, tag 0x0112, "the 0th row is at the ... of the scene".
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset((5, 6, 7, 8))
_BACKGROUND: Final = (255, 255, 255)  # behind transparent pixels: cut-outs of people are made for white pages


def decode(data: bytes, source: str, enough: int | None = None) -> Photo:
    """Decode the bytes of a photo.

    Args:
        data: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000 or PPM; of an animation the first frame counts.
        source: the photo's name, for the error.
        enough: pixels of the longer side that the caller can use; a larger photo may come back smaller, down to this.

    Raises:
        EmptyPhoto, NotAnImage, TruncatedPhoto, PhotoTooLarge: with the source's name.
    """
    if not data:
        raise EmptyPhoto(source)
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge(source, _too_large()) from error
    except Exception as error:  # a decoder raises anything on bytes made to break it
        raise NotAnImage(source) from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise PhotoTooLarge(source, _too_large(width, height))
        try:
            if enough is not None:
                _reduce_jpeg(image, enough)
            image.load()  # before the EXIF block is asked for: that would load too, and its errors are forgiven
            orientation = _orientation(image)
            rgb = _rgb(image)
            if enough is not None and max(rgb.size) > 2 * enough:
                rgb = rgb.reduce(max(rgb.size) // enough)
            upright = rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb
            pixels = cv2.cvtColor(np.asarray(upright), cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)
        except Exception as error:  # as above
            raise TruncatedPhoto(source) from error
    if orientation in _SIDEWAYS:
        width, height = height, width
    return Photo(pixels, width, height, dhash(pixels))


def dhash(pixels: NDArray[np.uint8]) -> int:
    """Return the difference hash of a photo, 64 bits: whether each of 8 x 8 pixels is darker than its right neighbour.

    Neal Krawetz, "Kind of Like That", 2013. Photos that look alike differ in few bits.
    """
    small = cv2.resize(pixels, (9, 8), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return int.from_bytes(np.packbits(grey[:, :-1] < grey[:, 1:]).tobytes(), "big")


def _too_large(width: int = 0, height: int = 0) -> str:
    what = f"the photo has {width} x {height} pixels, more than" if width else "the photo has more than"
    return f"{what} the limit of {MAX_PIXELS // 1_000_000} megapixels; scale it down"


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none or the EXIF block is broken."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 (a broken EXIF block raises anything, and does not spoil the pixels)
        return 1


def _reduce_jpeg(image: Image.Image, enough: int) -> None:
    """Let libjpeg decode at 1/2, 1/4 or 1/8, never smaller than `enough`: most of a large photo's time."""
    scale = enough / max(image.size)
    if scale < 1:
        image.draft(image.mode, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")  # convert would copy
    rgba = image.convert("RGBA")
    rgb = Image.new("RGB", rgba.size, _BACKGROUND)
    rgb.paste(rgba, mask=rgba.getchannel("A"))
    return rgb


def _eight_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Map 16-bit, 32-bit or floating samples to 0..255, by their type's range where it is full, else by their own."""
    if values.dtype == np.uint16:
        return (values // 257).astype(np.uint8)  # without a copy in a wider type: photos are large
    samples = np.nan_to_num(values.astype(np.float64))
    top = 65535.0 if values.dtype.itemsize == 2 or samples.max() > 255 else max(float(samples.max()), 1.0)
    return (samples.clip(0, top) * (255.0 / top)).astype(np.uint8)
