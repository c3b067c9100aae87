"""BlazePose: a top-down estimator with a person detector and a network that predicts 33 landmarks per person.

The steps and constants are those of MediaPipe 0.10.21 (modules/pose_landmark). See Bazarevsky et al., "BlazePose:
On-device Real-time Body Pose tracking", 2020.
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
from posesearch.estimators.blazepose_detector import Detection, intersection_over_union, sigmoid, upright_crop
from posesearch.estimators.crops import Crop, ImagePyramid, transform_points
from posesearch.estimators.models import POSE_DETECTION, POSE_LANDMARK, BlazePoseSettings, Model
from posesearch.estimators.runtime import Network
from posesearch.photos.photo import Photo
from posesearch.types import Float32, Person

LANDMARK_SIDE: Final = 256
"""Side of the landmark network's square input in pixels."""

N_LANDMARKS: Final = 39  # 33 of the body and 6 auxiliary ones, among them the two below
N_BODY_LANDMARKS: Final = 33
HIPS, CIRCLE_POINT = 33, 34  # midpoint of the hips, point on the circle around the body: they define the next crop

USEFUL_SIDE: Final = 1024
"""Longer side of the photo in pixels. A person a quarter as long still fills the landmark network's input."""

USEFUL_SIDE_ORIGINAL: Final = 8192
"""MediaPipe samples from the full photo. OpenCV can't sample from an image with a side of more than 32,767 pixels."""

_TILE_ASPECT: Final = 1.25  # photos with a larger ratio of width to height are also searched in square tiles
_TILE_STEP: Final = 0.5  # distance between tiles, relative to their side
_MAX_TILES: Final = 8
_BODY_IOU: Final = 0.5  # two candidates with a larger intersection over union are the same person
_HEATMAP_WINDOW: Final = 7  # side of the square around a landmark in which its heatmap is evaluated, heatmap pixels
_HEATMAP_THRESHOLD: Final = 0.5  # the heatmap moves a landmark only if its maximum in the window is at least this
_MOTION_PENALTY: Final = 10.0  # decay of the confidence per mean motion of the landmarks, relative to the crop's width

_LANDMARKS: Final = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
    "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16,
    "left_hip": 23, "right_hip": 24, "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
    "neck": 0,  # a placeholder: people.fill_neck replaces it
}  # fmt: skip
_LANDMARK_OF_JOINT: Final = [_LANDMARKS[name] for name in skeleton.JOINTS]
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


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A detection with its landmarks, which may be a person.

    Attributes:
        detection: output of the detector.
        landmarks: output of the last run of the landmark network.
        confidence: 0 to 1. Of several candidates for the same person, the one with the highest confidence is kept.
    """

    detection: Detection
    landmarks: Landmarks
    confidence: float

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Upper left and lower right corner of the body's bounding box, (2,) pixels of the decoded photo."""
        body = self.landmarks.xy[:N_BODY_LANDMARKS]
        return body.min(axis=0), body.max(axis=0)


class BlazePose:
    """The BlazePose estimator. Threads may share it."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the networks.

        Args:
            model: the model with its settings.
            files: the path of each of the model's weights. The keys are names of weights.
            cache: folder in which OpenVINO caches compiled networks.
            streams: how many threads will call `estimate` in parallel.
        """
        assert isinstance(model.settings, BlazePoseSettings)  # noqa: S101 (the table of models guarantees it)
        self.model = model
        self.settings = model.settings
        self.useful_side: int | None = USEFUL_SIDE_ORIGINAL if self.settings.sampling == "original" else USEFUL_SIDE
        side = blazepose_detector.INPUT_SIDE
        self._detector = Network(files[POSE_DETECTION.name], cache, streams, (1, side, side, 3))
        segmentation_mask = (1, LANDMARK_SIDE, LANDMARK_SIDE, 1)
        self._landmarker = Network(
            files[POSE_LANDMARK.name], cache, streams, (1, LANDMARK_SIDE, LANDMARK_SIDE, 3), (segmentation_mask,)
        )

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main person first. The list is empty if there is nobody."""
        pyramid = ImagePyramid(photo.pixels, area_sampling=self.settings.sampling == "area")
        height, width = photo.pixels.shape[:2]
        detections = self._detect_all(pyramid, width, height)
        candidates = _suppress_duplicates([self._examine(pyramid, detection) for detection in detections])
        if max((candidate.confidence for candidate in candidates), default=0.0) < self.settings.doubt:
            candidates = [self._reexamine(pyramid, candidate) for candidate in candidates]
            candidates += self._search_turned(pyramid, width, height)
        accepted = [
            candidate
            for candidate in candidates
            if candidate.landmarks.presence >= self.settings.presence
            and candidate.confidence >= self.settings.confidence
        ]
        scale = np.array([photo.width / width, photo.height / height])
        return people.rank_people(
            [_make_person(one, scale, photo, self.settings.visibility) for one in _suppress_duplicates(accepted)]
        )

    def _detect_all(self, pyramid: ImagePyramid, width: int, height: int) -> list[Detection]:
        """Detect people in the whole photo and, if it is wide, in square tiles of its height.

        People who stand in a row are too small in the detector's input when it shows the whole of a wide photo.
        """
        whole = Crop(np.array([width / 2, height / 2]), float(max(width, height)), float(max(width, height)))
        detections = self._detect(pyramid, whole)
        if self.settings.tiles and width > _TILE_ASPECT * height:
            count = min(_MAX_TILES, math.ceil((width - height) / (_TILE_STEP * height)) + 1)
            for left in np.linspace(0, width - height, count):
                tile = Crop(np.array([left + height / 2, height / 2]), float(height), float(height))
                detections += self._detect(pyramid, tile)
        return blazepose_detector.suppress_duplicates(detections)

    def _detect(self, pyramid: ImagePyramid, crop: Crop) -> list[Detection]:
        """Run the detector on a square crop of the photo."""
        side = blazepose_detector.INPUT_SIDE
        matrix = crop.matrix(side, side)
        pixels = pyramid.sample(matrix, side, side, cv2.BORDER_CONSTANT)
        first, second = self._detector(_to_rgb_batch(pixels) / 127.5 - 1.0)
        boxes, logits = (first, second) if first.size > second.size else (second, first)
        return blazepose_detector.decode_detections(boxes[0], logits.ravel(), self.settings.detection, matrix)

    def _search_turned(self, pyramid: ImagePyramid, width: int, height: int) -> list[_Candidate]:
        """Search the photo at each of the settings' rotations."""
        side = float(max(width, height))
        candidates = []
        for turn in self.settings.turns:
            turned = Crop(np.array([width / 2, height / 2]), side, side, math.radians(turn))
            candidates += [
                self._reexamine(pyramid, self._examine(pyramid, detection))
                for detection in self._detect(pyramid, turned)
            ]
        return candidates

    def _run_landmarks(self, pyramid: ImagePyramid, crop: Crop) -> Landmarks:
        """Run the landmark network on a square crop of the photo."""
        matrix = crop.matrix(LANDMARK_SIDE, LANDMARK_SIDE)
        pixels = pyramid.sample(matrix, LANDMARK_SIDE, LANDMARK_SIDE, cv2.BORDER_REPLICATE)
        outputs = {output.size: output for output in self._landmarker(_to_rgb_batch(pixels) / 255.0)}
        raw = outputs[N_LANDMARKS * 5].reshape(N_LANDMARKS, 5).astype(np.float64)  # x, y, z, visibility, presence
        heatmaps = next(output for output in outputs.values() if output.shape[-1] == N_LANDMARKS)[0]
        xy = _refine_landmarks(raw[:, :2] / LANDMARK_SIDE, heatmaps) * LANDMARK_SIDE
        world = outputs[N_LANDMARKS * 3].reshape(N_LANDMARKS, 3).astype(np.float64)
        cosine, sine = math.cos(crop.angle), math.sin(crop.angle)
        world[:, :2] = world[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
        return Landmarks(crop, transform_points(xy, matrix), sigmoid(raw[:, 3]), float(outputs[1].ravel()[0]), world)

    def _examine(self, pyramid: ImagePyramid, detection: Detection) -> _Candidate:
        """Find the landmarks of a detection.

        If the landmarks suggest a crop that differs enough from the detection's, the network runs again on that crop.
        The confidence is that of the first run.
        """
        landmarks = self._run_landmarks(pyramid, detection.crop())
        confidence = detection.score * landmarks.score
        next_crop = landmarks.next_crop()
        if self.settings.again is not None and _crop_change(landmarks.crop, next_crop) > self.settings.again:
            landmarks = self._run_landmarks(pyramid, next_crop)
        return _Candidate(detection, landmarks, confidence)

    def _reexamine(self, pyramid: ImagePyramid, candidate: _Candidate) -> _Candidate:
        """Run the landmark network once more, and lower the confidence by how far the landmarks move.

        The landmarks of a body that is seen the right way up hardly move between two runs.
        """
        landmarks = self._run_landmarks(pyramid, candidate.landmarks.next_crop())
        offsets = landmarks.xy[:N_BODY_LANDMARKS] - candidate.landmarks.xy[:N_BODY_LANDMARKS]
        motion = np.linalg.norm(offsets, axis=1).mean() / landmarks.crop.width
        confidence = candidate.detection.score * landmarks.score * math.exp(-_MOTION_PENALTY * float(motion))
        return _Candidate(candidate.detection, landmarks, confidence)


def _make_person(
    candidate: _Candidate, scale: NDArray[np.float64], photo: Photo, threshold: float
) -> tuple[Person, float]:
    """Return the person, and the share of the body's bounding box that lies inside the photo.

    Args:
        candidate: the accepted candidate.
        scale: (2,) pixels of the photo per pixel of the decoded photo, in x and y.
        photo: the photo.
        threshold: lowest visibility of a joint.
    """
    landmarks = candidate.landmarks
    xy = people.fill_neck(landmarks.xy[_LANDMARK_OF_JOINT] * scale)
    visibility = people.fill_neck_score(landmarks.visibility[_LANDMARK_OF_JOINT])
    keypoints = people.visible_keypoints(xy, visibility, threshold, photo)
    low, high = (corner * scale for corner in candidate.bounds)
    world = people.fill_neck(landmarks.world[_LANDMARK_OF_JOINT]).astype(np.float32)
    person = people.make_person(keypoints, candidate.detection.score, low, high, photo, world)
    _, _, width, height = person.box
    return person, width * height / max(float(np.prod(high - low)), 1e-9)


def _to_rgb_batch(pixels: NDArray[np.uint8]) -> Float32:
    """Convert (h, w, 3) uint8 BGR to (1, h, w, 3) float32 RGB."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.float32)[None]


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


def _crop_change(crop: Crop, other: Crop) -> float:
    """Return how much two crops differ: the maximum of their shift, scaling and rotation.

    The shift is relative to half the side of the crop. The scaling is the logarithm of the factor. The rotation is in
    radians. A change of a given size in any of them moves the edge of the crop about equally far.
    """
    shift = 2 * float(np.linalg.norm(crop.centre - other.centre)) / crop.width
    turn = abs((crop.angle - other.angle + math.pi) % (2 * math.pi) - math.pi)
    return max(shift, abs(math.log(other.width / crop.width)), turn)


def _suppress_duplicates(candidates: list[_Candidate]) -> list[_Candidate]:
    """Return one candidate per person, the one with the highest confidence.

    Two candidates are the same person if their bounding boxes overlap enough. One of them may be upside down.
    """
    kept: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.confidence):
        low, high = candidate.bounds
        others = [other.bounds for other in kept]
        lows, highs = (np.array([bounds[corner] for bounds in others]).reshape(-1, 2) for corner in (0, 1))
        if not (intersection_over_union(low, high, lows, highs) > _BODY_IOU).any():
            kept.append(candidate)
    return kept
