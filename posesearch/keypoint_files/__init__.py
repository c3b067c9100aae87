"""Keypoint files: joint coordinates that a search takes in place of a photo, with one module for each format."""

from posesearch.keypoint_files import native
from posesearch.keypoint_files.keypoint_file import KeypointFile

__all__ = ["KeypointFile", "read_keypoints"]


def read_keypoints(path: str) -> KeypointFile:
    """Read a keypoint file. A further format is chosen here, by the content of the file.

    Raises:
        BadKeypoints: the file can't be read, or has something else.
    """
    return native.read_keypoints(path)
