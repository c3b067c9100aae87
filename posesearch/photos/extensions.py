"""The file name extensions of photos and videos."""

from typing import Final

EXTENSIONS: Final = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif",
    ".heic", ".heif", ".hif", ".jp2",
))  # fmt: skip
"""A folder's files with these extensions are photos. A file that is named directly is read whatever its extension."""

VIDEO_EXTENSIONS: Final = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv",
)  # fmt: skip

# The first bytes of Matroska and WebM (RFC 9559), MPEG program streams, ASF, FLV, and Ogg (RFC 3533).
_VIDEO_SIGNATURES: Final = (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"0&\xb2u\x8ef\xcf\x11", b"FLV\x01", b"OggS")


_IMAGE_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of images in the container of MP4: ISO/IEC 23008-12, annex B, and AVIF 1.1."""


def is_video(data: bytes, name: str) -> bool:
    """Return whether a file that can't be decoded as a photo is a video, by its first bytes or by its name."""
    is_mp4 = data[4:8] in (b"ftyp", b"moov") and data[8:12] not in _IMAGE_BRANDS
    is_avi = data[:4] == b"RIFF" and data[8:12] == b"AVI "
    is_other = data.startswith(_VIDEO_SIGNATURES)
    return is_mp4 or is_avi or is_other or name.lower().endswith(VIDEO_EXTENSIONS)
