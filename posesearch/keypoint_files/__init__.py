"""Keypoint files: joint coordinates that a search accepts in place of a photo. Each format has its module."""

from posesearch.keypoint_files import native
from posesearch.keypoint_files.json_text import begins_json
from posesearch.keypoint_files.keypoint_file import KeypointFile, frame_people, make_person
from posesearch.keypoint_files.native import parse_value

__all__ = [
    "KeypointFile",
    "begins_json",
    "frame_people",
    "make_person",
    "parse_keypoints",
    "parse_value",
    "read_keypoints",
]


def read_keypoints(path: str) -> KeypointFile:
    """Read a keypoint file. With more than one format, this function would choose it by the content of the file.

    Raises:
        BadKeypoints: the file can't be read, or is not a keypoint file.
    """
    return native.read_keypoints(path)


def parse_keypoints(data: bytes, name: str) -> KeypointFile:
    """Return the content of a keypoint file whose bytes are in memory. `name` is for the error.

    Raises:
        BadKeypoints: they are not a keypoint file.
    """
    return native.parse_file(data, name)
