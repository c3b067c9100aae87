"""The content of a keypoint file, whatever its format."""

from dataclasses import dataclass

from posesearch.types import Person


@dataclass(frozen=True, eq=False)
class KeypointFile:
    """The content of a keypoint file.

    Attributes:
        people: the people in it, with keypoints, and with world coordinates if the file has them.
        width, height: size of the photo. If the file does not say, the size of a frame around the keypoints.
    """

    people: tuple[Person, ...]
    width: int
    height: int
