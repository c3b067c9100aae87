"""Runs BlazePose's landmark network, which predicts 33 landmarks of the person in a crop.

The steps and constants are those of MediaPipe 0.10.21 (modules/pose_landmark).
"""

import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch.estimators.blazepose_detector import sigmoid, to_rgb_batch, upright_crop
from posesearch.estimators.crops import Crop, ImagePyramid, transform_points
from posesearch.estimators.runtime import Network
from posesearch.types import Float32

INPUT_SIDE: Final = 256
"""Side of the landmark network's square input in pixels."""

N_LANDMARKS: Final = 39  # 33 of the body and 6 auxiliary ones, among them the two below
N_BODY_LANDMARKS: Final = 33
HIPS, CIRCLE_POINT = 33, 34  # midpoint of the hips, point on the circle around the body: they define the next crop

_HEATMAP_WINDOW: Final = 7  # side of the square around a landmark in which its heatmap is evaluated, heatmap pixels
_HEATMAP_THRESHOLD: Final = 0.5  # the heatmap moves a landmark only if its maximum in the window is at least this
_BELOW_FACE: Final = slice(11, N_BODY_LANDMARKS)


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Output of the landmark network for one crop.

    Attributes:
        crop: the crop that the network ran on.
        xy: (39, 2) pixels of the decoded photo.
        visibility: (39,) 0 to 1.
        presence: 0 to 1, whether there is a person in the crop.
        world: (39, 3) metres from the midpoint of the hips. x points right, y down, z away from the camera.
    """

    crop: Crop
    xy: NDArray[np.float64]
    visibility: NDArray[np.float64]
    presence: float
    world: NDArray[np.float64]

    def next_crop(self) -> Crop:
        """Return the square crop around the body that these landmarks suggest."""
        return upright_crop(self.xy[HIPS], self.xy[CIRCLE_POINT])

    @property
    def score(self) -> float:
        """Presence times the mean visibility of the body below the face, 0 to 1."""
        return self.presence * float(self.visibility[_BELOW_FACE].mean())


class LandmarkNetwork:
    """A compiled landmark network. Threads may share it."""

    def __init__(self, graph: Path, cache: Path, streams: int) -> None:
        """Compile the network. The arguments are those of Network."""
        segmentation_mask = (1, INPUT_SIDE, INPUT_SIDE, 1)
        self._network = Network(graph, cache, streams, (1, INPUT_SIDE, INPUT_SIDE, 3), (segmentation_mask,))

    def __call__(self, pyramid: ImagePyramid, crop: Crop) -> Landmarks:
        """Run the network on a square crop of the photo."""
        matrix = crop.matrix(INPUT_SIDE, INPUT_SIDE)
        pixels = pyramid.sample(matrix, INPUT_SIDE, INPUT_SIDE, cv2.BORDER_REPLICATE)
        outputs = {output.size: output for output in self._network(to_rgb_batch(pixels) / 255.0)}
        raw = outputs[N_LANDMARKS * 5].reshape(N_LANDMARKS, 5).astype(np.float64)  # x, y, z, visibility, presence
        heatmaps = next(output for output in outputs.values() if output.shape[-1] == N_LANDMARKS)[0]
        xy = _refine_landmarks(raw[:, :2] / INPUT_SIDE, heatmaps) * INPUT_SIDE
        world = outputs[N_LANDMARKS * 3].reshape(N_LANDMARKS, 3).astype(np.float64)
        cosine, sine = math.cos(crop.angle), math.sin(crop.angle)
        world[:, :2] = world[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
        return Landmarks(crop, transform_points(xy, matrix), sigmoid(raw[:, 3]), float(outputs[1].ravel()[0]), world)


class LateLandmarkNetwork:
    """A landmark network that a single query compiles when it first needs it. Threads may share it.

    Compiling a large network, or reading it from the cache, takes longer than estimating a photo. A query seldom needs
    the second look, but an ingest does.
    """

    def __init__(self, graph: Path, cache: Path, streams: int) -> None:
        """Compile the network if several threads will call it. The arguments are those of Network."""
        self._arguments = graph, cache, streams
        self._lock = threading.Lock()
        self._network = LandmarkNetwork(graph, cache, streams) if streams > 1 else None

    def __call__(self, pyramid: ImagePyramid, crop: Crop) -> Landmarks:
        """Run the network on a square crop of the photo."""
        with self._lock:
            self._network = self._network or LandmarkNetwork(*self._arguments)
        return self._network(pyramid, crop)


def _refine_landmarks(xy: NDArray[np.float64], heatmaps: Float32) -> NDArray[np.float64]:
    """Move each landmark to the centre of mass of its heatmap in a window around it, if the heatmap is high enough.

    Args:
        xy: (39, 2) landmarks as fractions of the crop.
        heatmaps: (64, 64, 39) logits.
    """
    height, width, count = heatmaps.shape
    radius = _HEATMAP_WINDOW // 2
    column, row = np.floor(xy * [width, height]).astype(np.int64).T
    is_inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    offsets = np.arange(-radius, radius + 1)
    columns = column[:, None, None] + offsets[None, None, :]  # (39, 1, 7)
    rows = row[:, None, None] + offsets[None, :, None]  # (39, 7, 1)
    in_heatmap = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    values = heatmaps[rows.clip(0, height - 1), columns.clip(0, width - 1), np.arange(count)[:, None, None]]
    mass = np.where(in_heatmap, sigmoid(values.astype(np.float64)), 0.0)  # (39, 7, 7)
    total = np.maximum(mass.sum(axis=(1, 2)), 1e-12)
    is_refined = is_inside & (mass.max(axis=(1, 2)) >= _HEATMAP_THRESHOLD)
    centre = np.stack(
        [(mass * columns).sum(axis=(1, 2)) / total / width, (mass * rows).sum(axis=(1, 2)) / total / height]
    )
    return np.where(is_refined[:, None], centre.T, xy)
