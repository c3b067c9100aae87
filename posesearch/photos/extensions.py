"""The file name extensions of photos, raw photos and videos."""

from typing import Final

EXTENSIONS: Final = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif",
    ".heic", ".heif", ".hif", ".jp2",
))  # fmt: skip
"""The files of a folder with these extensions are photos. A file that is named directly can have any extension."""

RAW_EXTENSIONS: Final = (
    ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".orf", ".rw2", ".rwl", ".raf", ".pef",
    ".srw", ".3fr", ".fff", ".iiq", ".erf", ".mef", ".mos", ".mrw", ".dcr", ".kdc", ".x3f", ".gpr",
)  # fmt: skip
"""Raw photos of cameras. They are not read, because decoders return the small preview that is in them."""

OTHER_PICTURES: Final = (*RAW_EXTENSIONS, ".jxl", ".jxr", ".psd", ".xcf", ".svg", ".tga", ".exr", ".hdr")
"""Extensions of pictures that posesearch does not read. A folder's files with these extensions are passed over."""

VIDEO_EXTENSIONS: Final = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".3g2",
    ".ogv", ".vob", ".asf",
)  # fmt: skip

# The first bytes of Matroska and WebM (RFC 9559), MPEG program streams, ASF and FLV.
_VIDEO_SIGNATURES: Final = (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"0&\xb2u\x8ef\xcf\x11", b"FLV\x01")

# The beginnings of the brands of videos in the container of MP4 and QuickTime: ISO/IEC 14496-12. The container also has
# images (HEIC, AVIF, the raw photos of Canon) and audio, with other brands.
_VIDEO_BRANDS: Final = (b"iso", b"mp4", b"avc", b"qt  ", b"M4V", b"3g", b"dash", b"f4v", b"MSNV", b"XAVC", b"mmp4")


def is_video(data: bytes, name: str) -> bool:
    """Return whether a file that can't be decoded as a photo is a video, by its first bytes or by its name."""
    is_mp4 = data[4:8] == b"moov" or (data[4:8] == b"ftyp" and data[8:12].startswith(_VIDEO_BRANDS))
    is_avi = data[:4] == b"RIFF" and data[8:12] == b"AVI "
    is_other = data.startswith(_VIDEO_SIGNATURES)
    return is_mp4 or is_avi or is_other or name.lower().endswith(VIDEO_EXTENSIONS)
