"""EXIF: when, where and with which camera a photo was taken."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from PIL import Image

from posesearch.photos.decoded import CaptureInfo

# Tags of EXIF 2.32.
_MAKE: Final = 0x010F
_MODEL: Final = 0x0110
_CHANGED: Final = 0x0132
_EXIF_BLOCK: Final = 0x8769
_TAKEN: Final = 0x9003
_GPS_BLOCK: Final = 0x8825
_LATITUDE: Final = 2  # the tag before each of these two names the hemisphere
_LONGITUDE: Final = 4

_TIME: Final = "%Y:%m:%d %H:%M:%S"
_OLDEST: Final = 1826  # the first photograph
_LONGEST: Final = 100  # characters of a camera's name


def read_capture_info(image: Image.Image, *, gps: bool) -> CaptureInfo:
    """Read the EXIF block of an opened image. If the block is broken, all fields are None."""
    try:
        exif = image.getexif()
        taken = _parse_time(exif.get_ifd(_EXIF_BLOCK).get(_TAKEN)) or _parse_time(exif.get(_CHANGED))
        camera = _join_make_and_model(exif.get(_MAKE), exif.get(_MODEL))
        where = _read_position(exif.get_ifd(_GPS_BLOCK)) if gps else None
    except Exception:  # noqa: BLE001 (a broken EXIF block raises anything, and the pixels are fine)
        return CaptureInfo()
    return CaptureInfo(taken, camera, *(where or (None, None)))


def _parse_time(value: Any) -> str | None:
    try:
        time = datetime.strptime(str(value).strip("\0 "), _TIME)
    except ValueError:  # a clock that is not set writes zeros or blanks
        return None
    return time.isoformat() if time.year >= _OLDEST else None


def _join_make_and_model(make: Any, model: Any) -> str | None:
    maker, name = (_clean_text(value) for value in (make, model))
    both = name if name.lower().startswith(maker.lower()) else f"{maker} {name}"
    return both.strip()[:_LONGEST] or None


def _clean_text(value: Any) -> str:
    written = value if isinstance(value, str) else ""
    return "".join(character for character in written.partition("\0")[0] if character.isprintable()).strip()


def _read_position(block: Mapping[int, Any]) -> tuple[float, float] | None:
    if not {_LATITUDE, _LONGITUDE} <= block.keys():
        return None
    latitude = _to_degrees(block[_LATITUDE], negative=block.get(_LATITUDE - 1) == "S")
    longitude = _to_degrees(block[_LONGITUDE], negative=block.get(_LONGITUDE - 1) == "W")
    on_earth = math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if on_earth and (latitude or longitude) else None  # no position is written as 0, 0


def _to_degrees(parts: Sequence[Any], *, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = round(degrees + minutes / 60 + seconds / 3600, 6)
    return -value if negative else value
