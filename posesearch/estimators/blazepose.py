"""BlazePose: a detector that finds people, and a network that finds 33 landmarks of each.

The steps and constants are those of MediaPipe 0.10.21 (modules/pose_landmark); see Bazarevsky et al.,
"BlazePose: On-device Real-time Body Pose tracking", 2020.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.estimators import blazepose_detector, people
from posesearch.estimators.blazepose_detector import Detection, overlap, sigmoid
from posesearch.estimators.crops import Crop, Levels, placed
from posesearch.estimators.models import POSE_DETECTION, POSE_LANDMARK, BlazePoseSettings, Model
from posesearch.estimators.runtime import Network
from posesearch.types import Float, Person, Photo

LANDMARK_SIDE: Final = 256
N_LANDMARKS: Final = 39  # 33 of the body, then those that say where to look next
N_BODY: Final = 33
HIPS, CIRCLE = 33, 34  # the middle of the hips, and a point on the circle around the body

ENOUGH: Final = 1024
"""Pixels of the photo's longer side: a person of a quarter of it still fills the landmark network's input."""

ENOUGH_ORIGINAL: Final = 8192
"""MediaPipe takes the photo as it is; OpenCV samples from no more than 32,767 pixels."""

_WIDE: Final = 1.25  # width over height from which a photo is searched in squares as well
_STEP: Final = 0.5  # between squares, in parts of their side
_SQUARES: Final = 8  # at most, however wide the photo
_SAME_BODY: Final = 0.5  # overlap from which two findings are one
_KERNEL: Final = 7  # of the heatmap around a landmark
_REFINE: Final = 0.5  # least value of the heatmap for it to be heard
_STEADY: Final = 10.0  # how much a landmark that moves between two looks counts against a finding

# Where the joints are among the landmarks; the neck is filled in.
_LANDMARKS: Final = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
    "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16,
    "left_hip": 23, "right_hip": 24, "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
    "neck": 0,
}  # fmt: skip
_TAKEN: Final = [_LANDMARKS[name] for name in skeleton.JOINTS]
_LIMBS: Final = slice(11, N_BODY)  # landmarks below the face


@dataclass(frozen=True, eq=False)
class Landmarks:
    """What the landmark network says of a crop.

    Attributes:
        crop: where it looked.
        xy: (39, 2) pixels of the decoded photo.
        visibility: (39,) 0 to 1.
        presence: 0 to 1, whether there is a person.
        world: (39, 3) metres from the middle of the hips: x to the right, y down, z away from the camera.
    """

    crop: Crop
    xy: NDArray[np.float64]
    visibility: NDArray[np.float64]
    presence: float
    world: NDArray[np.float64]

    def next_crop(self, score: float) -> Crop:
        """Return where it would look next."""
        return Detection(score, self.xy[HIPS], self.xy[CIRCLE]).crop()

    @property
    def certainty(self) -> float:
        """Presence times the mean visibility of the body below the face."""
        return self.presence * float(self.visibility[_LIMBS].mean())


@dataclass(frozen=True, eq=False)
class _Found:
    """A detection and the last look at it; `confidence` ranks readings of the same person."""

    detection: Detection
    landmarks: Landmarks
    confidence: float

    @property
    def extent(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        body = self.landmarks.xy[:N_BODY]
        return body.min(axis=0), body.max(axis=0)


class BlazePose:
    """An estimator, top down. Threads may share one."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the networks.

        Args:
            model: the row with its settings.
            files: the weights' files by name.
            cache: folder for compiled networks; OpenVINO fills it.
            streams: how many photos will be estimated at once.
        """
        assert isinstance(model.settings, BlazePoseSettings)  # noqa: S101 (the table pairs decoders and settings)
        self.model = model
        self.settings = model.settings
        self.enough: int | None = ENOUGH_ORIGINAL if self.settings.sampling == "original" else ENOUGH
        self._detector = Network(
            files[POSE_DETECTION.name], cache, streams, (1, blazepose_detector.SIDE, blazepose_detector.SIDE, 3)
        )
        mask = (1, LANDMARK_SIDE, LANDMARK_SIDE, 1)  # the person cut out
        self._landmarks = Network(
            files[POSE_LANDMARK.name], cache, streams, (1, LANDMARK_SIDE, LANDMARK_SIDE, 3), (mask,)
        )

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main one first; an empty list where there is nobody."""
        levels = Levels(photo.pixels, area=self.settings.sampling == "area")
        height, width = photo.pixels.shape[:2]
        found = _distinct([self._found(levels, one) for one in self._detect_all(levels, width, height)])
        if max((one.confidence for one in found), default=0.0) < self.settings.doubt:
            found = [self._steadied(levels, one) for one in found]
            side = float(max(width, height))
            for turn in self.settings.turns:
                turned = Crop(np.array([width / 2, height / 2]), side, side, math.radians(turn))
                found += [self._steadied(levels, self._found(levels, one)) for one in self._detect(levels, turned)]
        there = [
            one
            for one in found
            if one.landmarks.presence >= self.settings.presence and one.confidence >= self.settings.confidence
        ]
        scale = np.array([photo.width / width, photo.height / height])
        return people.ranked([self._person(one, scale, photo) for one in _distinct(there)])

    def _detect_all(self, levels: Levels, width: int, height: int) -> list[Detection]:
        """Find people in the photo and, where it is wide, in squares of its height: a row of people is small in it."""
        whole = Crop(np.array([width / 2, height / 2]), float(max(width, height)), float(max(width, height)))
        found = self._detect(levels, whole)
        if self.settings.tiles and width > _WIDE * height:
            count = min(_SQUARES, math.ceil((width - height) / (_STEP * height)) + 1)
            for left in np.linspace(0, width - height, count):
                square = Crop(np.array([left + height / 2, height / 2]), float(height), float(height))
                found += self._detect(levels, square)
        return blazepose_detector.strongest(found)

    def _detect(self, levels: Levels, crop: Crop) -> list[Detection]:
        """Find people in a square of the photo."""
        matrix = crop.matrix(blazepose_detector.SIDE, blazepose_detector.SIDE)
        square = levels.sample(matrix, blazepose_detector.SIDE, blazepose_detector.SIDE, cv2.BORDER_CONSTANT)
        first, second = self._detector(_rgb(square) / 127.5 - 1.0)
        boxes, logits = (first, second) if first.size > second.size else (second, first)
        return blazepose_detector.decoded(boxes[0], logits.ravel(), self.settings.detection, matrix)

    def _look(self, levels: Levels, crop: Crop) -> Landmarks:
        matrix = crop.matrix(LANDMARK_SIDE, LANDMARK_SIDE)
        pixels = levels.sample(matrix, LANDMARK_SIDE, LANDMARK_SIDE, cv2.BORDER_REPLICATE)
        outputs = {output.size: output for output in self._landmarks(_rgb(pixels) / 255.0)}
        raw = outputs[N_LANDMARKS * 5].reshape(N_LANDMARKS, 5).astype(np.float64)  # x, y, z, visibility, presence
        heatmaps = next(output for output in outputs.values() if output.shape[-1] == N_LANDMARKS)[0]
        xy = _refined(raw[:, :2] / LANDMARK_SIDE, heatmaps) * LANDMARK_SIDE
        world = outputs[N_LANDMARKS * 3].reshape(N_LANDMARKS, 3).astype(np.float64)
        cosine, sine = math.cos(crop.angle), math.sin(crop.angle)
        world[:, :2] = world[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
        return Landmarks(crop, placed(xy, matrix), sigmoid(raw[:, 3]), float(outputs[1].ravel()[0]), world)

    def _found(self, levels: Levels, detection: Detection) -> _Found:
        """Look at a detection, and again where the first look suggests a crop that differs enough."""
        landmarks = self._look(levels, detection.crop())
        confidence = detection.score * landmarks.certainty
        again = landmarks.next_crop(detection.score)
        if self.settings.again is not None and _change(landmarks.crop, again) > self.settings.again:
            landmarks = self._look(levels, again)
        return _Found(detection, landmarks, confidence)

    def _steadied(self, levels: Levels, found: _Found) -> _Found:
        """Look once more at a doubtful finding: the right reading of a body is the one that stays where it was."""
        landmarks = self._look(levels, found.landmarks.next_crop(found.detection.score))
        moved = (
            np.linalg.norm(landmarks.xy[:N_BODY] - found.landmarks.xy[:N_BODY], axis=1).mean() / landmarks.crop.width
        )
        confidence = found.detection.score * landmarks.certainty * math.exp(-_STEADY * float(moved))
        return _Found(found.detection, landmarks, confidence)

    def _person(self, found: _Found, scale: NDArray[np.float64], photo: Photo) -> tuple[Person, float]:
        landmarks = found.landmarks
        xy = people.with_neck(landmarks.xy[_TAKEN] * scale)
        visibility = people.sure_of_neck(landmarks.visibility[_TAKEN])
        keypoints = people.seen(xy, visibility, self.settings.visibility, photo)
        low, high = (corner * scale for corner in found.extent)
        world = people.with_neck(landmarks.world[_TAKEN]).astype(np.float32)
        one = people.person(keypoints, found.detection.score, low, high, photo, world)
        _, _, width, height = one.box
        share = width * height / max(float(np.prod(high - low)), 1e-9)
        return one, share


def _rgb(pixels: NDArray[np.uint8]) -> Float:
    """(h, w, 3) uint8 BGR -> (1, h, w, 3) float32 RGB."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.float32)[None]


def _refined(xy: NDArray[np.float64], heatmaps: Float) -> NDArray[np.float64]:
    """Move each landmark to the heatmap's centre of mass around it, where the heatmap is sure.

    Args:
        xy: (39, 2), in parts of the crop.
        heatmaps: (64, 64, 39) logits.
    """
    height, width, count = heatmaps.shape
    reach = _KERNEL // 2
    column, row = np.floor(xy * [width, height]).astype(np.int64).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    offsets = np.arange(-reach, reach + 1)
    columns = column[:, None, None] + offsets[None, None, :]  # (39, 1, 7)
    rows = row[:, None, None] + offsets[None, :, None]  # (39, 7, 1)
    on = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    values = heatmaps[rows.clip(0, height - 1), columns.clip(0, width - 1), np.arange(count)[:, None, None]]
    mass = np.where(on, sigmoid(values.astype(np.float64)), 0.0)  # (39, 7, 7)
    total = np.maximum(mass.sum(axis=(1, 2)), 1e-12)
    sure = inside & (mass.max(axis=(1, 2)) >= _REFINE)
    centre = np.stack(
        [(mass * columns).sum(axis=(1, 2)) / total / width, (mass * rows).sum(axis=(1, 2)) / total / height]
    )
    return np.where(sure[:, None], centre.T, xy)


def _change(crop: Crop, other: Crop) -> float:
    """Return how much two crops differ: the largest of shift, growth and turn, about in parts of the half side."""
    shift = 2 * float(np.linalg.norm(crop.centre - other.centre)) / crop.width
    turn = abs((crop.angle - other.angle + math.pi) % (2 * math.pi) - math.pi)
    return max(shift, abs(math.log(other.width / crop.width)), turn)


def _distinct(found: list[_Found]) -> list[_Found]:
    """Of findings that are the same person, read another way round, keep the surest."""
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: -one.confidence):
        low, high = one.extent
        others = [other.extent for other in kept]
        lows, highs = (np.array([extent[corner] for extent in others]).reshape(-1, 2) for corner in (0, 1))
        if not (overlap(low, high, lows, highs) > _SAME_BODY).any():
            kept.append(one)
    return kept
