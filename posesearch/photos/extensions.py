"""The file name extensions by which photos are recognized in folders and lists."""

from typing import Final

EXTENSIONS: Final = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif",
    ".heic", ".heif", ".hif", ".jp2",
))  # fmt: skip
"""A folder's files with these extensions are photos. A file that is named directly is read whatever its extension."""
