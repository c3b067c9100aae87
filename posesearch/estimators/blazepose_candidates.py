"""Candidates of BlazePose: detections with their landmarks, which may be people."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.estimators.blazepose_detector import Detection, intersection_over_union
from posesearch.estimators.blazepose_landmarks import N_BODY_LANDMARKS, Landmarks
from posesearch.estimators.crops import Crop, ImagePyramid

FindLandmarks = Callable[[ImagePyramid, Crop], Landmarks]
"""A landmark network: finds the landmarks of the person in a square crop of the photo."""

_BODY_IOU: Final = 0.5  # two candidates with a larger intersection over union are the same person
_INSIDE: Final = 0.8  # share of a box inside another's, above which it may be a duplicate of that person
_SURE: Final = 0.8  # detector's score from which a person inside another's box is a person of their own
_NEAR: Final = 0.1  # distance of two landmarks that agree, relative to the smaller person's extent
_AGREEING: Final = 0.5  # share of the landmarks that agree, from which two candidates are the same person
_MOTION_PENALTY: Final = 10.0  # decay of the confidence per mean motion of the landmarks, relative to the crop's width


@dataclass(frozen=True, eq=False)
class Candidate:
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

    @property
    def extent(self) -> float:
        """Longer side of the body's bounding box, pixels of the decoded photo."""
        low, high = self.bounds
        return float((high - low).max())

    def prominence(self, width: int, height: int) -> float:
        """Return the height of the visible body relative to the photo, times the share of the body that is visible.

        The share matters because a bystander whom the edge of the photo cuts off may be taller than the main person.

        Args:
            width: width of the decoded photo in pixels.
            height: its height.
        """
        low, high = self.bounds
        visible = np.minimum(high, [width, height]) - np.maximum(low, 0)
        share = visible.clip(0).prod() / max(float(np.prod(high - low)), 1e-9)
        return float(max(visible[1], 0.0) / height * share)


def examine(network: FindLandmarks, pyramid: ImagePyramid, detection: Detection, again: float | None) -> Candidate:
    """Find the landmarks of a detection.

    If the landmarks suggest a crop that differs enough from the detection's, the network runs again on that crop. The
    confidence is that of the first run.

    Args:
        network: the landmark network.
        pyramid: the photo.
        detection: output of the detector.
        again: threshold of the difference between the crops. See BlazePoseSettings.
    """
    landmarks = network(pyramid, detection.crop())
    confidence = detection.score * landmarks.score
    next_crop = landmarks.next_crop()
    if again is not None and _crop_change(landmarks.crop, next_crop) > again:
        landmarks = network(pyramid, next_crop)
    return Candidate(detection, landmarks, confidence)


def reexamine(network: FindLandmarks, pyramid: ImagePyramid, candidate: Candidate) -> Candidate:
    """Run the landmark network once more, and lower the confidence by how far the landmarks move.

    The landmarks of a body that is seen the right way up hardly move between two runs.
    """
    landmarks = network(pyramid, candidate.landmarks.next_crop())
    offsets = landmarks.xy[:N_BODY_LANDMARKS] - candidate.landmarks.xy[:N_BODY_LANDMARKS]
    motion = np.linalg.norm(offsets, axis=1).mean() / landmarks.crop.width
    confidence = candidate.detection.score * landmarks.score * math.exp(-_MOTION_PENALTY * float(motion))
    return Candidate(candidate.detection, landmarks, confidence)


def look_again(network: FindLandmarks, pyramid: ImagePyramid, candidate: Candidate, presence: float) -> Candidate:
    """Return the candidate with the landmarks that another network finds, if it sees the same person.

    The other network may see nobody, or the neighbour. A joint is as visible as the network says that sees it better,
    because the visibilities of a larger network are lower.

    Args:
        network: the other network.
        pyramid: the photo.
        candidate: an accepted candidate. Its confidence stays.
        presence: lowest presence of a person.
    """
    first, landmarks = candidate.landmarks, network(pyramid, candidate.landmarks.next_crop())
    visibility = np.maximum(first.visibility, landmarks.visibility)
    seen = replace(candidate, landmarks=replace(landmarks, visibility=visibility))
    return seen if landmarks.presence >= presence and _overlap(seen, candidate) else candidate


def rank(candidates: list[Candidate], width: int, height: int) -> list[Candidate]:
    """Return the candidates by prominence, then by the detector's score. The main person is the first one."""
    return sorted(candidates, key=lambda one: (-one.prominence(width, height), -one.detection.score))


def suppress_duplicates(candidates: list[Candidate]) -> list[Candidate]:
    """Return one candidate per person, the one with the highest confidence.

    Two candidates are the same person if their bounding boxes overlap enough. One of them may be upside down.
    """
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.confidence):
        if not any(_overlap(candidate, other) for other in kept):
            kept.append(candidate)
    return kept


def _overlap(candidate: Candidate, other: Candidate) -> bool:
    """Return whether the bounding boxes overlap so much that they are those of the same person."""
    low, high = other.bounds
    return bool(intersection_over_union(*candidate.bounds, low[None], high[None])[0] > _BODY_IOU)


def drop_contained(candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates without duplicates inside a larger box, and without parts of bodies.

    Such a candidate lies inside the box of a larger one. Either its landmarks are where the larger one's are, or its
    score is low and the larger one is more certain. A person in front of or behind another also lies inside the box,
    but the detector is sure of them.
    """
    return [one for one in candidates if not any(_is_contained(one, other) for other in candidates)]


def _is_contained(candidate: Candidate, other: Candidate) -> bool:
    """Return whether the candidate is a part or a duplicate of another, larger candidate."""
    (low, high), (other_low, other_high) = candidate.bounds, other.bounds
    area = (high - low).prod()
    shared = (np.minimum(high, other_high) - np.maximum(low, other_low)).clip(0).prod()
    if area >= (other_high - other_low).prod() or shared <= _INSIDE * area:
        return False
    offsets = candidate.landmarks.xy[:N_BODY_LANDMARKS] - other.landmarks.xy[:N_BODY_LANDMARKS]
    agreeing = (np.linalg.norm(offsets, axis=1) < _NEAR * candidate.extent).mean()
    is_unsure = candidate.detection.score < _SURE and candidate.confidence <= other.confidence
    return bool(is_unsure or agreeing >= _AGREEING)


def _crop_change(crop: Crop, other: Crop) -> float:
    """Return how much two crops differ: the maximum of their shift, scaling and rotation.

    The shift is relative to half the side of the crop. The scaling is the logarithm of the factor. The rotation is in
    radians. A change of a given size in any of them moves the edge of the crop about equally far.
    """
    shift = 2 * float(np.linalg.norm(crop.centre - other.centre)) / crop.width
    turn = abs((crop.angle - other.angle + math.pi) % (2 * math.pi) - math.pi)
    return max(shift, abs(math.log(other.width / crop.width)), turn)
