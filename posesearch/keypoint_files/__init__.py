"""Keypoint files: joint coordinates that a search accepts in place of a photo. Each format has its module."""

from posesearch.keypoint_files import native
from posesearch.keypoint_files.keypoint_file import KeypointFile

__all__ = ["KeypointFile", "read_keypoints"]


def read_keypoints(path: str) -> KeypointFile:
    """Read a keypoint file. With more than one format, this function would choose it by the content of the file.

    Raises:
        BadKeypoints: the file can't be read, or is not a keypoint file.
    """
    return native.read_keypoints(path)
