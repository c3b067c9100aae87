"""Bytes to an upright BGR raster. Whatever the file holds, the outcome is a Raster or a PhotoError.

Pillow does the work alone, without NumPy and OpenCV, so that the processes that decode start at once and stay small.
"""

import functools
import io
import warnings
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from posesearch.errors import EmptyPhoto, NotAnImage, PhotoTooLarge, TruncatedPhoto
from posesearch.shots import Shot, shot_of

MAX_PIXELS: Final = 200_000_000
"""A photo with more pixels is refused before it is decoded; the largest phone sensors have just under this."""

EXTENSIONS: Final = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif",
    ".heic", ".heif", ".hif", ".jp2",
))  # fmt: skip
"""Files with these endings are taken from a folder; a file that is named outright is always tried."""

# Pillow warns from this on and refuses at twice as many. What it warns of is refused here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Damaged metadata spoils no photo, and damaged pixels raise.
warnings.filterwarnings("ignore", category=UserWarning, module="PIL")

# What photos come in. Pillow knows more, and some of it, EPS, starts other programs.
# HEIF comes last: until it is taught, Pillow passes over it.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "HEIF")

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


@dataclass(frozen=True, eq=False)
class Raster:
    """A decoded photo, upright.

    Attributes:
        bgr: columns * rows * 3 bytes, row by row.
        columns, rows: of `bgr`, which may be smaller than the photo.
        width, height: of the upright photo in its own pixels.
        shot: how it was taken.
    """

    bgr: bytes | bytearray
    columns: int
    rows: int
    width: int
    height: int
    shot: Shot


def raster(data: bytes, source: str, enough: int | None = None, *, gps: bool = False) -> Raster:
    """Decode the bytes of a photo.

    Args:
        data: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 or PPM; of an animation the first frame counts.
        source: the photo's name, for the error.
        enough: pixels of the longer side that the caller can use; a larger photo may come back smaller, down to this.
        gps: read where it was taken, too.

    Raises:
        EmptyPhoto, NotAnImage, TruncatedPhoto, PhotoTooLarge: with the source's name.
    """
    if not data:
        raise EmptyPhoto(source)
    if data[4:8] == b"ftyp":  # ISO/IEC 14496-12: HEIC and AVIF begin so
        _learn_heif()
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge(source, _too_large()) from error
    except MemoryError as error:
        raise PhotoTooLarge(source, _TOO_MUCH) from error
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
            shot = shot_of(image, gps=gps)
            shallow = _eight_bits(image) if image.mode.startswith(("I", "F")) else image
            small = _reduced(shallow, enough) if shallow.mode in ("RGB", "CMYK", "L") else shallow
            rgb = _reduced(_rgb(small), enough)
            upright = rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb
            pixels = upright.tobytes("raw", "BGR")
        except MemoryError as error:
            raise PhotoTooLarge(source, _TOO_MUCH) from error
        except Exception as error:  # as above
            raise TruncatedPhoto(source) from error
    if orientation in _SIDEWAYS:
        width, height = height, width
    return Raster(pixels, *upright.size, width, height, shot)


@functools.cache
def _learn_heif() -> None:
    """Teach Pillow HEIC; a fifth of a decoding process's start, for photos that not everybody has."""
    import pillow_heif  # noqa: PLC0415 (as above)

    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


_TOO_MUCH: Final = "decoding it takes more memory than the limit; scale it down"


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


def _reduced(image: Image.Image, enough: int | None) -> Image.Image:
    """Return the image by a whole factor smaller, its longer side from `enough` to twice that."""
    if enough is None or max(image.size) <= 2 * enough:
        return image
    return image.reduce(max(image.size) // enough)


def _rgb(image: Image.Image) -> Image.Image:
    """Return the image in sRGB: without transparency, palette, or a colour space of its own."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")  # convert would copy
        rgb = Image.new("RGB", rgba.size, _BACKGROUND)
        rgb.paste(rgba, mask=rgba.getchannel("A"))
    elif image.mode == "CMYK":
        return _managed(image, profile) or image.convert("RGB")
    else:
        rgb = image if image.mode == "RGB" else image.convert("RGB")  # likewise
    return _managed(rgb, profile) or rgb


def _managed(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Return the image in sRGB by its ICC profile; None where that is none, broken, or sRGB itself."""
    if not profile:
        return None
    try:
        from PIL import ImageCms  # noqa: PLC0415 (most photos have none)

        transform = _to_srgb(profile, image.mode)
        return transform and ImageCms.applyTransform(image, transform)
    except Exception:  # noqa: BLE001 (a broken profile raises anything, and does not spoil the pixels)
        return None


@functools.lru_cache(maxsize=16)
def _to_srgb(profile: bytes, mode: str) -> Any:
    from PIL import ImageCms  # noqa: PLC0415 (as above)

    own = ImageCms.getOpenProfile(io.BytesIO(profile))
    if "srgb" in ImageCms.getProfileDescription(own).lower():
        return None
    return ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), mode, "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Map 16-bit, 32-bit or floating samples to 0..255, by their type's range where it is full, else by their own."""
    import numpy as np  # noqa: PLC0415 (few photos have such samples)

    values = np.asarray(image)
    if values.dtype == np.uint16:
        shifted = np.empty(values.shape, np.uint8)  # without a copy in a wider type: photos are large
        return Image.fromarray(np.right_shift(values, 8, out=shifted, casting="unsafe"))
    samples = np.nan_to_num(values.astype(np.float64))
    top = 65535.0 if values.dtype.itemsize == 2 or samples.max() > 255 else max(float(samples.max()), 1.0)
    return Image.fromarray((samples.clip(0, top) * (255.0 / top)).astype(np.uint8))
