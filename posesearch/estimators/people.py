"""Makes Person objects from a network's joints."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.photos.photo import Photo
from posesearch.types import Float32, Keypoints, Person

_SHOULDERS: Final = [skeleton.INDEX["right_shoulder"], skeleton.INDEX["left_shoulder"]]
_NECK: Final = skeleton.INDEX["neck"]


def fill_neck(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the joints with the neck replaced by the midpoint of the shoulders.

    Only OpenPose's networks predict a neck. Their training data defines it as this midpoint.

    Args:
        joints: (18, n) values per joint.
    """
    filled = joints.copy()
    filled[_NECK] = joints[_SHOULDERS].mean(axis=0)
    return filled


def fill_neck_score(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (18,) scores with the neck's score replaced by the lower score of the two shoulders."""
    filled = score.copy()
    filled[_NECK] = score[_SHOULDERS].min()
    return filled


def visible_keypoints(xy: NDArray[np.float64], score: NDArray[np.float64], threshold: float, photo: Photo) -> Keypoints:
    """Return the joints as keypoints. Joints outside the photo or with a score below the threshold are missing.

    Args:
        xy: (18, 2) pixels of the photo.
        score: (18,) score of each joint, 0 to 1.
        threshold: lowest score of a visible joint.
        photo: the photo whose width and height bound the joints.
    """
    inside = ((xy >= 0) & (xy <= [photo.width, photo.height])).all(axis=1)
    visible = inside & (score >= threshold)
    return Keypoints(
        np.where(visible[:, None], xy, np.nan).astype(np.float32),
        np.where(visible, score, 0.0).clip(0, 1).astype(np.float32),
    )


def move_joints(keypoints: Keypoints, xy: NDArray[np.float64], photo: Photo) -> Keypoints:
    """Return the keypoints with the joints present at other places. No joint leaves the photo.

    Args:
        keypoints: the keypoints. Missing joints stay missing.
        xy: (18, 2) the other places, pixels of the photo.
        photo: the photo whose width and height bound the joints.
    """
    inside = xy.clip(0, [photo.width, photo.height])
    return Keypoints(np.where(keypoints.present[:, None], inside, np.nan).astype(np.float32), keypoints.score)


def make_person(
    keypoints: Keypoints,
    score: float,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    photo: Photo,
    world: Float32 | None = None,
) -> Person:
    """Return a person. The person's box is the body's bounding box, clipped to the photo.

    Args:
        keypoints: keypoints in pixels of the photo.
        score: the estimator's score of the person.
        low: (2,) upper left corner of the body's bounding box in pixels. It may lie outside the photo.
        high: (2,) lower right corner.
        photo: the photo whose width and height bound the box.
        world: (18, 3) joints in metres, or None. Joints that the keypoints lack are removed.
    """
    size = np.array([photo.width, photo.height], dtype=np.float64)
    left, top = np.clip(low, 0, size).tolist()
    right, bottom = np.clip(high, 0, size).tolist()
    if world is not None:
        world = np.where(keypoints.present[:, None], world, np.nan).astype(np.float32)
    return Person(keypoints, score, (left, top, right - left, bottom - top), (bottom - top) / photo.height, world)


def rank_people(people: Iterable[Person]) -> list[Person]:
    """Return the people by prominence, then by score. The main person is the first one."""
    return sorted(people, key=lambda person: (-person.prominence, -person.score))
