"""Decodes a photo to upright BGR pixels. Raises a PhotoError if it is not a valid photo.

Pillow decodes, without NumPy and OpenCV, so that the decoding processes start quickly and stay small. These processes
are the only place where the library decodes files (see photos/pool.py): the settings of `configure_process` belong to
the whole process. An image that the caller has opened is converted in the caller's process.
"""

import functools
import io
import warnings
from dataclasses import replace
from typing import Any, Final

from PIL import Image

from posesearch.errors import EmptyPhoto, NotAnImage, PhotoError, PhotoTooLarge, RawPhoto, TruncatedPhoto, VideoFile
from posesearch.photos.decoded import DecodedImage
from posesearch.photos.depth import stretch_colours, to_eight_bits
from posesearch.photos.exif import read_capture_info
from posesearch.photos.extensions import RAW_EXTENSIONS, is_video
from posesearch.photos.raw import is_raw
from posesearch.photos.repair import begins_as_photo, find_unreadable_variant

MAX_PIXELS: Final = 200_000_000
"""A photo with more pixels is rejected before it is decoded. The largest phone sensors have slightly fewer."""

# Pillow knows more formats. Some of them, such as EPS, start other programs.
# Pillow skips HEIF until its plugin is registered.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "HEIF")

_ORIENTATION: Final = 0x0112  # the EXIF tag
# The operation that makes each orientation upright: EXIF 2.32, tag 0x0112, "the 0th row is at the ... of the scene".
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
_BACKGROUND: Final = (255, 255, 255)  # behind transparent pixels, because cut-outs of people are made for white pages
_OUT_OF_MEMORY: Final = "decoding takes more memory than the limit; scale the photo down"


def configure_process() -> None:
    """Set Pillow's limit and the warning filters of a decoding process."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow warns above this size, and raises above twice this size
    # decode() raises PhotoTooLarge itself. Damaged metadata does not spoil a photo, and damaged pixels raise.
    warnings.simplefilter("ignore")


def decode(data: bytes, source: str, useful_side: int | None = None, *, gps: bool = False) -> DecodedImage:
    """Decode the bytes of a photo.

    Args:
        data: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 or PPM. The first frame of an animation is used.
        source: the photo's name, for the error.
        useful_side: pixels of the longer side that the caller can use. A larger photo may come back smaller, but not
            smaller than this. None keeps the full size.
        gps: whether to read where the photo was taken.

    Raises:
        EmptyPhoto, NotAnImage, VideoFile, RawPhoto, TruncatedPhoto, PhotoTooLarge: the bytes are not a valid photo.
    """
    if not data:
        raise EmptyPhoto(source)
    if is_raw(data, source):
        raise RawPhoto(source)
    if data[4:8] == b"ftyp":  # ISO/IEC 14496-12: HEIC and AVIF begin with it
        _register_heif()
    try:
        with _open(data, source) as image:
            return convert(image, source, useful_side, gps=gps, is_own=True, data=data)
    except (NotAnImage, TruncatedPhoto) as error:
        repaired, lacking = _open_damaged(data, error)
        return replace(convert(repaired, source, useful_side, gps=gps), lacking=lacking)


def convert(
    image: Image.Image,
    source: str,
    useful_side: int | None = None,
    *,
    gps: bool = False,
    is_own: bool = False,
    data: bytes = b"",
) -> DecodedImage:
    """Return the upright pixels of an image of Pillow. The other arguments and the errors are those of `decode`.

    Args:
        image: any mode, with its EXIF block and colour profile.
        source: the name of the image, for the error.
        useful_side: as in `decode`.
        gps: likewise.
        is_own: whether nobody else uses the image, so that it may be loaded at a lower size.
        data: the bytes of the image, if they are known. Pillow does not keep all bits of them.
    """
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PhotoTooLarge(source, _describe_excess(width, height))
    try:
        if is_own and useful_side is not None:
            _request_reduced_jpeg(image, useful_side)
        image = stretch_colours(data, image) if data else image
        image.load()  # before reading EXIF, which would load the pixels and hide their errors
        orientation = _read_orientation(image)
        capture = read_capture_info(image, gps=gps)
        eight_bits = to_eight_bits(image) if image.mode.startswith(("I", "F")) else image
        small = _reduce(eight_bits, useful_side) if eight_bits.mode in ("RGB", "CMYK", "L") else eight_bits
        rgb = _reduce(_to_srgb(small), useful_side)
        upright = rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb
        pixels = upright.tobytes("raw", "BGR")
    except MemoryError as error:
        raise PhotoTooLarge(source, _OUT_OF_MEMORY) from error
    except Exception as error:  # a decoder raises anything on bytes made to break it
        raise TruncatedPhoto(source) from error
    if orientation in _SIDEWAYS:
        width, height = height, width
    return DecodedImage(pixels, *upright.size, width, height, capture)


def _open(data: bytes, source: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge(source, _describe_excess()) from error
    except MemoryError as error:
        raise PhotoTooLarge(source, _OUT_OF_MEMORY) from error
    except Exception as error:  # a decoder raises anything on bytes made to break it
        raise _describe_refusal(data, source) from error


def _describe_refusal(data: bytes, source: str) -> PhotoError:
    """Return the error for bytes that Pillow does not open."""
    if begins_as_photo(data):
        return TruncatedPhoto(source)
    if source.lower().endswith(RAW_EXTENSIONS):
        return RawPhoto(source)
    return (VideoFile if is_video(data, source) else NotAnImage)(source)


def _open_damaged(data: bytes, error: PhotoError) -> tuple[Image.Image, str]:
    """Return the image of a photo that raised an error, and what it lacks. Raise the error if too much is lacking."""
    if variant := find_unreadable_variant(data):
        raise NotAnImage(error.source, f"this is {variant}, which can't be read; convert it to a usual JPEG or PNG")
    from posesearch.photos.incomplete import IncompleteImage, open_incomplete  # noqa: PLC0415 (few photos are damaged)

    try:
        return open_incomplete(data, _FORMATS)
    except IncompleteImage as reason:
        raise TruncatedPhoto.lacking(error.source, str(reason)) from reason
    except Image.DecompressionBombError as reason:
        raise PhotoTooLarge(error.source, _describe_excess()) from reason
    except MemoryError as reason:
        raise PhotoTooLarge(error.source, _OUT_OF_MEMORY) from reason
    except Exception:  # noqa: BLE001 (as in `convert`)
        raise error from None


@functools.cache
def _register_heif() -> None:
    """Register Pillow's HEIC plugin. It takes 20% of a process's start-up time, and few photo libraries have HEIC."""
    import pillow_heif  # noqa: PLC0415 (as above)

    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _describe_excess(width: int = 0, height: int = 0) -> str:
    what = f"the photo has {width} x {height} pixels, more than" if width else "the photo has more than"
    return f"{what} the limit of {MAX_PIXELS // 1_000_000} megapixels; scale the photo down"


def _read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation. It is 1 (upright) if there is none or the EXIF block is broken."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 (a broken EXIF block raises anything, and the pixels are fine)
        return 1


def _request_reduced_jpeg(image: Image.Image, useful_side: int) -> None:
    """Make libjpeg decode at 1/2, 1/4 or 1/8 of the size. This saves most of the time for a large photo."""
    scale = useful_side / max(image.size)
    if scale < 1:
        image.draft(image.mode, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _reduce(image: Image.Image, useful_side: int | None) -> Image.Image:
    """Reduce the image by a whole factor, so that its longer side is between `useful_side` and twice that."""
    if useful_side is None or max(image.size) <= 2 * useful_side:
        return image
    return image.reduce(max(image.size) // useful_side)


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert the image to sRGB, without transparency, palette or a colour space of its own."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")  # convert would copy
        rgb = Image.new("RGB", rgba.size, _BACKGROUND)
        rgb.paste(rgba, mask=rgba.getchannel("A"))
    elif image.mode == "CMYK":
        return _apply_profile(image, profile) or image.convert("RGB")
    else:
        rgb = image if image.mode == "RGB" else image.convert("RGB")  # convert would copy here too
    return _apply_profile(rgb, profile) or rgb


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert the image to sRGB by its ICC profile. Return None if the profile is missing, broken, or sRGB."""
    if not profile:
        return None
    try:
        from PIL import ImageCms  # noqa: PLC0415 (most photos have none)

        transform = _build_transform(profile, image.mode)
        return transform and ImageCms.applyTransform(image, transform)
    except Exception:  # noqa: BLE001 (a broken profile raises anything, and the pixels are fine)
        return None


@functools.lru_cache(maxsize=16)
def _build_transform(profile: bytes, mode: str) -> Any:
    from PIL import ImageCms  # noqa: PLC0415 (as above)

    own = ImageCms.getOpenProfile(io.BytesIO(profile))
    if "srgb" in ImageCms.getProfileDescription(own).lower():
        return None
    return ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), mode, "RGB")
