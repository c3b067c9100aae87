"""What searches answer: plain values, each with the JSON that the command line prints, as in docs/json.md."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.engine.reports import Json
from posesearch.store.snapshots import StoredPose
from posesearch.types import Float, Keypoints, Pose

_NOTHING: Final = 3e-4  # what a joint may add to the distance and not be worth a word: 2% of the body elsewhere


@dataclass(frozen=True, eq=False)
class Query:
    """What was searched for.

    Attributes:
        source: path, address, or the source of the stored pose.
        width, height: of the upright photo, pixels.
        estimator: who found the pose; None for a file of keypoints.
        people: people in the photo that could be searched for; person: the one that was, from 1.
        pose_id, collection: of a stored pose; None otherwise.
    """

    source: str
    width: int
    height: int
    estimator: str | None
    people: int
    person: int
    pose: Pose
    pose_id: int | None = None
    collection: str | None = None

    def as_json(self) -> Json:
        """Return "query"."""
        return {
            "source": self.source,
            "width": self.width,
            "height": self.height,
            "pose_id": self.pose_id,
            "estimator": self.estimator,
            "people": self.people,
            "person": self.person,
            "keypoints": keypoints_json(self.pose.person.keypoints),
        }


@dataclass(frozen=True)
class NearestCluster:
    """The cluster that the query belongs to."""

    clustering_id: int
    cluster: int
    similarity: float
    size: int
    medoid_pose_id: int


@dataclass(frozen=True, eq=False)
class Match:
    """An answer: a stored pose, how similar it is, and why.

    Attributes:
        rank: from 1.
        similarity: -1 to 1; 1 - similarity is the distance.
        percentile: per cent of random pairs of the database's poses that are no more similar; None of too few.
        shared_joints: body joints that were compared.
        mirrored: whether it is like the query in a mirror.
        degrees: how far it, flipped if mirrored, is turned against the query, as was asked; else None.
        contributions: (14,) float64, what each body joint of the query adds to the distance.
        duplicates: numbers of poses that are near-duplicates of this one and are not listed themselves.
    """

    rank: int
    similarity: float
    percentile: float | None
    shared_joints: int
    mirrored: bool
    degrees: float | None
    contributions: NDArray[np.float64]
    duplicates: tuple[int, ...]
    stored: StoredPose

    @property
    def worst(self) -> tuple[str, ...]:
        """The shared joints that differ most, at most three: each adds twice its part to the distance."""
        there = self.stored.pose.mask[list(skeleton.MIRROR[skeleton.BODY])] if self.mirrored else self.stored.pose.mask
        differing = self.contributions * there
        part = 2 * differing.sum() / max(1, np.count_nonzero(differing))
        order = np.argsort(-differing, kind="stable")[:3]
        return tuple(skeleton.JOINTS[joint] for joint in order if differing[joint] > max(part, _NOTHING))

    def remarks(self) -> str:
        """Return in a few words what else is to be said of it."""
        of = "" if self.shared_joints == skeleton.N_BODY else f"{self.shared_joints} joints"
        turned = "" if not self.degrees or abs(self.degrees) < 0.5 else f"turned {self.degrees:+.0f}°"
        same = f"+{len(self.duplicates)} alike" if self.duplicates else ""
        differing = ", ".join(joint.replace("_", " ") for joint in self.worst[:2])
        differs = f"{differing} {'differ' if len(self.worst) > 1 else 'differs'}" if differing else ""
        return "; ".join(part for part in ("mirrored" if self.mirrored else "", turned, of, differs, same) if part)

    def as_json(self) -> Json:
        """Return the entry of "matches"."""
        return {
            "rank": self.rank,
            **_named(self.stored),
            "similarity": round(self.similarity, 6),
            "percentile": None if self.percentile is None else round(self.percentile, 2),
            "shared_joints": self.shared_joints,
            "mirrored": self.mirrored,
            "degrees": None if self.degrees is None else round(self.degrees, 1),
            "contributions": {
                joint: round(float(value), 6)
                for joint, value in zip(skeleton.JOINTS[skeleton.BODY], self.contributions, strict=True)
            },
            "worst": list(self.worst),
            "duplicates": list(self.duplicates),
            "cluster": self.stored.cluster,
        }


@dataclass(frozen=True, eq=False)
class SimilarReport:
    """The answer to a search.

    Attributes:
        matches: best first.
        closest_left_out: the best of those that are too far to be an answer; None where there are none.
    """

    query: Query
    cluster: NearestCluster | None
    matches: tuple[Match, ...]
    closest_left_out: Match | None = None

    def as_json(self) -> Json:
        """Return the JSON of `posesearch similar --json`."""
        cluster = self.cluster and {**vars(self.cluster), "similarity": round(self.cluster.similarity, 6)}
        left_out = self.closest_left_out and self.closest_left_out.as_json()
        return {
            "query": self.query.as_json(),
            "cluster": cluster,
            "matches": [match.as_json() for match in self.matches],
            "closest_left_out": left_out and {key: left_out[key] for key in ("pose_id", "similarity", "percentile")},
        }


@dataclass(frozen=True)
class Failure:
    """A query of many that could not be searched for."""

    source: str
    reason: str
    message: str

    def as_json(self) -> Json:
        """Return the line of `posesearch similar FOLDER`."""
        return {"query": {"source": self.source}, "error": {"reason": self.reason, "message": self.message}}


@dataclass(frozen=True, eq=False)
class Pair:
    """Two stored poses and how similar they are; the share is of the one that has more joints."""

    similarity: float
    percentile: float | None
    mirrored: bool
    first: StoredPose
    second: StoredPose


@dataclass(frozen=True)
class PairsReport:
    """The nearest pairs, best first, and how many pairs of near-duplicates are left out."""

    pairs: tuple[Pair, ...]
    duplicates: int

    def as_json(self) -> Json:
        """Return the JSON of `posesearch pairs --json`."""
        return {
            "pairs": [
                {
                    "similarity": round(pair.similarity, 6),
                    "percentile": None if pair.percentile is None else round(pair.percentile, 2),
                    "mirrored": pair.mirrored,
                    "poses": [_named(stored) for stored in (pair.first, pair.second)],
                }
                for pair in self.pairs
            ],
            "duplicates": self.duplicates,
        }


@dataclass(frozen=True, eq=False)
class Outlier:
    """A stored pose, how similar the nearest other is that is no near-duplicate, and the number of that."""

    similarity: float
    percentile: float | None
    stored: StoredPose
    nearest: int


@dataclass(frozen=True)
class OutliersReport:
    """The poses that are farthest from every other, the farthest first."""

    outliers: tuple[Outlier, ...]

    def as_json(self) -> Json:
        """Return the JSON of `posesearch outliers --json`."""
        return {
            "outliers": [
                {
                    **_named(outlier.stored),
                    "similarity": round(outlier.similarity, 6),
                    "percentile": None if outlier.percentile is None else round(outlier.percentile, 2),
                    "nearest": outlier.nearest,
                }
                for outlier in self.outliers
            ]
        }


def _named(stored: StoredPose) -> Json:
    return {
        "pose_id": stored.pose_id,
        "snapshot_id": stored.snapshot_id,
        "source": stored.source,
        "collection": stored.collection,
    }


def pose_json(stored: StoredPose) -> Json:
    """Return the JSON of `posesearch show --json`."""
    person = stored.pose.person
    return {
        "pose_id": stored.pose_id,
        "snapshot_id": stored.snapshot_id,
        "source": stored.source,
        "collection": stored.collection,
        "width": stored.width,
        "height": stored.height,
        "person": stored.number,
        "estimator": stored.estimator,
        "score": round(person.score, 4),
        "box": [round(value, 2) for value in person.box],
        "prominence": round(person.prominence, 4),
        "body_joints": person.keypoints.body_joints,
        "clustering_id": stored.clustering_id,
        "cluster": stored.cluster,
        "distance": None if stored.distance is None else round(stored.distance, 6),
        "keypoints": keypoints_json(person.keypoints),
        "world": world_json(person.world),
    }


def world_json(world: Float | None) -> Json | None:
    """Return {joint: [x, y, z]} in metres, a missing joint left out; None where the estimator gives none."""
    if world is None:
        return None
    return {
        joint: [round(float(value), 4) for value in xyz]
        for joint, xyz in zip(skeleton.JOINTS, world, strict=True)
        if not np.isnan(xyz).any()
    }


def keypoints_json(keypoints: Keypoints) -> Json:
    """Return {joint: [x, y, score]} in pixels; a missing joint is left out."""
    return {
        joint: [round(float(x), 2), round(float(y), 2), round(float(score), 4)]
        for joint, (x, y), score in zip(skeleton.JOINTS, keypoints.xy, keypoints.score, strict=True)
        if not np.isnan(x)
    }
