"""The people that pictures show, as they were compared: flipped, turned, and with exchanged sides."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.pose.similarity import Poses, compare, contributions
from posesearch.pose.variants import Variant
from posesearch.render.skeletons import Heat
from posesearch.results.pairs import Pair
from posesearch.results.search import Match, SimilarReport
from posesearch.skeleton import EXCHANGES, Exchange, Invariance
from posesearch.types import Float64, Keypoints, Mask, Pose

HOT: Final = 0.01
"""A joint that adds this much to the distance, or more, is dark red. A good match has this distance in all."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A person, as the picture shows the person.

    Attributes:
        keypoints: in pixels of the drawing. These are pixels of the photo, unless it is flipped or turned.
        width, height: size of the upright photo in pixels. None if it is not known.
        to_drawing: (2, 3) float64, the matrix that maps points of the photo to points of the drawing.
        heat: (14,) float64, how much each body joint differs, 0 to 1. None if the person is not compared.
        compared: (14,) bool, the body joints that are compared. None if the person is not compared.
    """

    keypoints: Keypoints
    width: int | None
    height: int | None
    to_drawing: Float64
    heat: Heat | None = None
    compared: Mask | None = None

    @property
    def is_turned(self) -> bool:
        """Whether the photo is rotated."""
        return bool(self.to_drawing[0, 1])


def make_subject(
    keypoints: Keypoints,
    width: int | None,
    height: int | None,
    *,
    mirrored: bool = False,
    exchanged: Exchange = "none",
    degrees: float = 0.0,
    heat: Heat | None = None,
    compared: Mask | None = None,
) -> Subject:
    """Return a person as the picture shows the person.

    Args:
        keypoints: in pixels of the photo.
        width: of the upright photo in pixels. None if it is not known.
        height: as the width.
        mirrored: whether the photo is flipped.
        exchanged: the joints whose left and right are exchanged.
        degrees: rotation of the person in the flipped photo, clockwise. The picture undoes it.
        heat: as in Subject.
        compared: as in Subject.
    """
    to_drawing = np.eye(2, 3)
    if mirrored:
        keypoints = keypoints.mirror(width or 0)
        to_drawing = np.array([[-1.0, 0.0, width or 0], [0.0, 1.0, 0.0]])
    order = list(EXCHANGES[exchanged])
    keypoints = Keypoints(keypoints.xy[order], keypoints.score[order])
    if round(degrees):
        cosine, sine = math.cos(math.radians(-degrees)), math.sin(math.radians(-degrees))
        rotation = np.array([[cosine, -sine], [sine, cosine]])
        keypoints = Keypoints((keypoints.xy @ rotation.T).astype(np.float32), keypoints.score)
        to_drawing = rotation @ to_drawing
    return Subject(keypoints, width, height, to_drawing, heat, compared)


def make_match_subject(match: Match) -> Subject:
    """Return the person of a match, as the match was compared with the query."""
    stored = match.stored
    return make_subject(
        stored.keypoints,
        stored.width,
        stored.height,
        mirrored=match.mirrored,
        exchanged=match.exchanged,
        degrees=match.degrees or 0.0 if match.invariance == "turn" else 0.0,
        heat=_to_heat(match.contributions),
        compared=match.compared,
    )


def make_query_subject(report: SimilarReport) -> Subject:
    """Return the person who is searched for. The joints that no match was compared by are not compared."""
    query = report.query
    found = [*report.matches, *([report.closest_left_out] if report.closest_left_out is not None else [])]
    # A joint that only the query has adds to the distance too.
    chosen = np.any([match.compared | (match.contributions > 0) for match in found], axis=0) if found else None
    return make_subject(query.keypoints, query.width, query.height, compared=chosen)


def make_pair_subjects(pair: Pair) -> tuple[Subject, Subject]:
    """Return the two people of a pair. The second one is compared with the first one."""
    first, second = pair.first, pair.second
    own = _read_poses(first.pose, pair.invariance)
    other = _read_poses(second.pose, pair.invariance)
    other, _ = Variant(pair.mirrored, pair.exchanged).apply(other, other.masks)
    comparison = compare(other, own, own.masks, pair.invariance)
    added = contributions(other, own, own.masks, comparison, pair.invariance)[0]
    compared = (own.masks[0] > 0) & (other.masks[0] > 0)
    shown = make_subject(
        second.keypoints,
        second.width,
        second.height,
        mirrored=pair.mirrored,
        exchanged=pair.exchanged,
        degrees=float(comparison.degrees[0, 0]) if pair.invariance == "turn" else 0.0,
        heat=_to_heat(added),
        compared=compared,
    )
    return make_subject(first.keypoints, first.width, first.height, compared=compared), shown


def _read_poses(pose: Pose, invariance: Invariance) -> Poses:
    vector = pose.world_vector if invariance == "view" and pose.world_vector is not None else pose.vector
    return Poses(vector[None], pose.mask[None])


def _to_heat(added: Float64) -> Heat:
    """Return how much body joints differ, 0 to 1, from what they add to the distance."""
    return np.sqrt(np.minimum(added / HOT, 1.0))
