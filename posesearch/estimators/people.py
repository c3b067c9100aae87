"""From a network's joints to people: what is missing, the box, the prominence, the order."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.types import Float, Keypoints, Person, Photo

_SHOULDERS: Final = [skeleton.INDEX["right_shoulder"], skeleton.INDEX["left_shoulder"]]
_NECK: Final = skeleton.INDEX["neck"]


def with_neck(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill in the neck, which only OpenPose's networks know, as its makers drew it: between the shoulders.

    Args:
        joints: (18, n) values per joint; the neck's are replaced.
    """
    filled = joints.copy()
    filled[_NECK] = joints[_SHOULDERS].mean(axis=0)
    return filled


def sure_of_neck(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill in how sure the neck is: as sure as the less sure shoulder. (18,) to (18,)."""
    filled = score.copy()
    filled[_NECK] = score[_SHOULDERS].min()
    return filled


def seen(xy: NDArray[np.float64], score: NDArray[np.float64], floor: float, photo: Photo) -> Keypoints:
    """Return the joints as keypoints; those outside the frame or below the score floor are missing, not guessed.

    Args:
        xy: (18, 2), pixels of the photo.
        score: (18,), 0 to 1.
        floor: least score.
        photo: whose frame counts.
    """
    inside = ((xy >= 0) & (xy <= [photo.width, photo.height])).all(axis=1)
    there = inside & (score >= floor)
    return Keypoints(
        np.where(there[:, None], xy, np.nan).astype(np.float32),
        np.where(there, score, 0.0).clip(0, 1).astype(np.float32),
    )


def person(
    keypoints: Keypoints,
    score: float,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    photo: Photo,
    world: Float | None = None,
) -> Person:
    """Return a person whose box is what of the body's extent lies inside the frame.

    Args:
        keypoints: in pixels of the photo.
        score: the estimator's, of the person.
        low: (2,) upper left corner of the body's extent, pixels; may lie outside the frame.
        high: (2,) lower right corner.
        photo: whose frame counts.
        world: (18, 3) metres, or None.
    """
    frame = np.array([photo.width, photo.height], dtype=np.float64)
    left, top = np.clip(low, 0, frame).tolist()
    right, bottom = np.clip(high, 0, frame).tolist()
    if world is not None:
        world = np.where(keypoints.present[:, None], world, np.nan).astype(np.float32)
    return Person(keypoints, score, (left, top, right - left, bottom - top), (bottom - top) / photo.height, world)


def ranked(people: list[tuple[Person, float]]) -> list[Person]:
    """Return the people, the main one first: the most prominent, less what of the body lies outside the frame.

    Args:
        people: each with the share of the body that lies inside the frame, 0 to 1. A bystander whom the frame cuts
            may be taller than the one whom the photo is of.
    """
    return [one for one, _ in sorted(people, key=lambda found: (-found[0].prominence * found[1], -found[0].score))]
