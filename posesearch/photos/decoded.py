"""What decoding a photo gives. The process that searches or ingests needs no Pillow for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CaptureInfo:
    """How a photo was taken. A field is None if the EXIF block does not have it.

    Attributes:
        taken_at: the time on the camera's own clock, without a time zone. ISO 8601, to the second.
        camera: make and model.
        latitude, longitude: degrees, north and east positive. None unless the caller asks for them.
    """

    taken_at: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """The upright pixels of a photo.

    Attributes:
        bgr: columns * rows * 3 bytes, row by row.
        columns, rows: size of `bgr` in pixels. It may be smaller than the photo.
        width, height: size of the upright photo in its own pixels.
        capture: how the photo was taken, from its EXIF block.
        lacking: what the file lacks, such as "3 of 480 rows are lacking". Empty if all pixels are there.
    """

    bgr: bytes | bytearray
    columns: int
    rows: int
    width: int
    height: int
    capture: CaptureInfo
    lacking: str = ""
