"""BlazePose: a top-down estimator with a person detector and a network that predicts 33 landmarks per person.

The steps and constants are those of MediaPipe 0.10.21 (modules/pose_landmark). See Bazarevsky et al., "BlazePose:
On-device Real-time Body Pose tracking", 2020.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from posesearch.estimators import blazepose_detector, people
from posesearch.estimators import blazepose_tiles as tiles
from posesearch.estimators.blazepose_candidates import (
    Candidate,
    drop_contained,
    examine,
    look_again,
    rank,
    reexamine,
    suppress_duplicates,
)
from posesearch.estimators.blazepose_detector import Detector
from posesearch.estimators.blazepose_joints import LANDMARK_OF_JOINT, move_to_labels, take_joints
from posesearch.estimators.blazepose_landmarks import LandmarkNetwork, LateLandmarkNetwork
from posesearch.estimators.crops import Crop, ImagePyramid
from posesearch.estimators.models import BlazePoseSettings, Model
from posesearch.photos.photo import Photo
from posesearch.types import Person

USEFUL_SIDE: Final = 1024
"""Longer side of the photo in pixels. A person a quarter as long still fills the landmark network's input."""

USEFUL_SIDE_ORIGINAL: Final = 8192
"""MediaPipe samples from the full photo. OpenCV can't sample from an image with a side of more than 32,767 pixels."""


class BlazePose:
    """The BlazePose estimator. Threads may share it."""

    def __init__(self, model: Model, files: Mapping[str, Path], cache: Path, streams: int) -> None:
        """Compile the networks.

        Args:
            model: the model with its settings. Its weights are the detector's, the landmark network's, and between them
                those of the second look, if there is one.
            files: the path of each of the model's weights. The keys are names of weights.
            cache: folder in which OpenVINO caches compiled networks.
            streams: how many threads will call `estimate` in parallel.
        """
        assert isinstance(model.settings, BlazePoseSettings)  # noqa: S101 (the table of models guarantees it)
        self.model = model
        self.settings = model.settings
        self.useful_side: int | None = USEFUL_SIDE_ORIGINAL if self.settings.sampling == "original" else USEFUL_SIDE
        detector, *second, landmarker = (files[weights.name] for weights in model.weights)
        self._detector = Detector(detector, cache, streams)
        self._landmarker = LandmarkNetwork(landmarker, cache, streams)
        self._second = LateLandmarkNetwork(second[0], cache, streams) if second else None

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main person first. The list is empty if there is nobody."""
        pyramid = ImagePyramid(photo.pixels, area_sampling=self.settings.sampling == "area")
        height, width = photo.pixels.shape[:2]
        found = self._search(pyramid, width, height)
        if self.settings.tiles:
            found = drop_contained(self._search_tiles(pyramid, width, height, found))
        ranked = rank(found, width, height)
        if self._second is not None and ranked and ranked[0].confidence < self.settings.second_look:
            ranked[0] = look_again(self._second, pyramid, ranked[0], self.settings.presence)
        return [self._make_person(candidate, photo) for candidate in ranked]

    def _search(self, pyramid: ImagePyramid, width: int, height: int) -> list[Candidate]:
        """Return the people who are found in the whole photo and, if it is wide, in a row of tiles of its height.

        If nobody is found with little doubt, the photo is also rotated.
        """
        crops = [tiles.whole(width, height), *(tiles.row(width, height) if self.settings.tiles else ())]
        candidates = suppress_duplicates(self._examine_all(pyramid, crops, self.settings.detection))
        if max((candidate.confidence for candidate in candidates), default=0.0) < self.settings.doubt:
            candidates = [self._reexamine(pyramid, candidate) for candidate in candidates]
            candidates += self._search_turned(pyramid, width, height)
        return suppress_duplicates(self._accept(candidates))

    def _search_tiles(self, pyramid: ImagePyramid, width: int, height: int, found: list[Candidate]) -> list[Candidate]:
        """Return the people found, and those in ever smaller tiles while nobody or only small people are found.

        Many tiles show nobody, so a person in them must stay at the same place in a further run, without doubt.
        """
        for crops in tiles.finer(width, height):
            if max((candidate.extent for candidate in found), default=0.0) >= tiles.LARGE_ENOUGH * 2 * crops[0].width:
                break
            candidates = self._accept(self._examine_all(pyramid, crops, self.settings.doubt))
            again = [self._reexamine(pyramid, candidate) for candidate in candidates]
            sure = [one for one in self._accept(again) if one.confidence >= self.settings.doubt]
            found = suppress_duplicates([*found, *sure])
        return found

    def _accept(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return the candidates that are people."""
        return [
            candidate
            for candidate in candidates
            if candidate.landmarks.presence >= self.settings.presence
            and candidate.confidence >= self.settings.confidence
        ]

    def _examine_all(self, pyramid: ImagePyramid, crops: list[Crop], threshold: float) -> list[Candidate]:
        """Find the landmarks of the people that the detector finds in any of the crops."""
        detections = [one for crop in crops for one in self._detector(pyramid, crop, threshold)]
        unique = blazepose_detector.suppress_duplicates(detections)
        return [examine(self._landmarker, pyramid, detection, self.settings.again) for detection in unique]

    def _search_turned(self, pyramid: ImagePyramid, width: int, height: int) -> list[Candidate]:
        """Search the photo at each of the settings' rotations."""
        side = float(max(width, height))
        candidates = []
        for turn in self.settings.turns:
            turned = Crop(np.array([width / 2, height / 2]), side, side, math.radians(turn))
            candidates += [
                self._reexamine(pyramid, candidate)
                for candidate in self._examine_all(pyramid, [turned], self.settings.detection)
            ]
        return candidates

    def _reexamine(self, pyramid: ImagePyramid, candidate: Candidate) -> Candidate:
        return reexamine(self._landmarker, pyramid, candidate)

    def _make_person(self, candidate: Candidate, photo: Photo) -> Person:
        height, width = photo.pixels.shape[:2]
        scale = np.array([photo.width / width, photo.height / height])  # pixels of the photo per decoded pixel
        landmarks = candidate.landmarks
        xy = take_joints(landmarks.xy * scale)
        score = people.fill_neck_score(landmarks.visibility[LANDMARK_OF_JOINT])
        keypoints = people.visible_keypoints(xy, score, self.settings.visibility, photo)
        if self.settings.calibrated:
            keypoints = people.move_joints(keypoints, move_to_labels(xy), photo)
        low, high = (corner * scale for corner in candidate.bounds)
        world = take_joints(landmarks.world).astype(np.float32)
        return people.make_person(keypoints, candidate.detection.score, low, high, photo, world)
