"""Results of searches. docs/json.md describes their JSON."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.results.ingest import Json
from posesearch.types import Float32, Float64, Keypoints, Pose, StoredPose

_NEGLIGIBLE: Final = 3e-4  # a joint that adds less to the distance, 2% of the body, is not named


@dataclass(frozen=True, eq=False)
class Query:
    """The pose that a search asks for.

    Attributes:
        source: path or URL of the photo or keypoint file, or the source of the stored pose.
        width, height: of the upright photo, pixels.
        estimator: name of the estimator that found the pose. None for a keypoint file.
        people: number of people in the photo that could be searched for.
        person: the one that is searched for, from 1.
        pose: its keypoints and vectors.
        pose_id, collection, signature: of a stored pose. None otherwise.
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
    signature: str | None = None

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
    """The cluster whose centroid is nearest to the query."""

    clustering_id: int
    cluster: int
    similarity: float
    size: int
    medoid_pose_id: int


@dataclass(frozen=True, eq=False)
class Match:
    """A stored pose that is similar to the query, and why.

    Attributes:
        rank: from 1.
        similarity: -1 to 1. The distance is 1 - similarity.
        percentile: percentage of random pairs of the database's poses that are at most as similar. None if the database
            has too few poses.
        shared_joints: number of body joints that both poses have.
        mirrored: whether the mirrored query is more similar than the query itself.
        degrees: angle by which the stored pose, mirrored if the match is, is rotated against the query. None unless
            rotations are ignored (`turn` or `view`).
        contributions: (14,) float64, what each body joint of the query adds to the distance.
        duplicates: ids of near-duplicate poses, which are not listed themselves.
        stored: the stored pose.
    """

    rank: int
    similarity: float
    percentile: float | None
    shared_joints: int
    mirrored: bool
    degrees: float | None
    contributions: Float64
    duplicates: tuple[int, ...]
    stored: StoredPose

    @property
    def worst(self) -> tuple[str, ...]:
        """The shared joints that differ most, at most three. Each adds at least twice its share to the distance."""
        there = self.stored.pose.mask[list(skeleton.MIRROR[skeleton.BODY])] if self.mirrored else self.stored.pose.mask
        differing = self.contributions * there
        part = 2 * differing.sum() / max(1, np.count_nonzero(differing))
        order = np.argsort(-differing, kind="stable")[:3]
        return tuple(skeleton.JOINTS[joint] for joint in order if differing[joint] > max(part, _NEGLIGIBLE))

    def remarks(self) -> str:
        """Return a few words on what is special about the match."""
        of = "" if self.shared_joints == skeleton.N_BODY else f"{self.shared_joints} joints"
        turned = "" if not self.degrees or abs(self.degrees) < 0.5 else f"turned {self.degrees:+.0f}°"
        same = f"+{len(self.duplicates)} near-duplicate{'s' * (len(self.duplicates) > 1)}" if self.duplicates else ""
        differing = ", ".join(joint.replace("_", " ") for joint in self.worst[:2])
        differs = f"{differing} {'differ' if len(self.worst) > 1 else 'differs'}" if differing else ""
        return "; ".join(part for part in ("mirrored" if self.mirrored else "", turned, of, differs, same) if part)

    def as_json(self) -> Json:
        """Return an entry of "matches"."""
        return {
            "rank": self.rank,
            **_identify(self.stored),
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
        query: the pose that was searched for.
        cluster: the nearest cluster. None if there is no clustering.
        matches: best first.
        closest_left_out: the best of the poses that are not similar enough to be a match. None if there are none.
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
    """One of many queries that could not be searched for, and why."""

    source: str
    reason: str
    message: str

    def as_json(self) -> Json:
        """Return a line of `posesearch similar FOLDER`."""
        return {"query": {"source": self.source}, "error": {"reason": self.reason, "message": self.message}}


@dataclass(frozen=True, eq=False)
class Pair:
    """Two stored poses and how similar they are. The similarity is the same in both directions."""

    similarity: float
    percentile: float | None
    mirrored: bool
    first: StoredPose
    second: StoredPose


@dataclass(frozen=True)
class PairsReport:
    """The most similar pairs, best first, and the number of near-duplicate pairs that are left out."""

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
                    "poses": [_identify(stored) for stored in (pair.first, pair.second)],
                }
                for pair in self.pairs
            ],
            "duplicates": self.duplicates,
        }


@dataclass(frozen=True, eq=False)
class Outlier:
    """A stored pose, the id of the most similar other pose that is not a near-duplicate, and how similar that is."""

    similarity: float
    percentile: float | None
    stored: StoredPose
    nearest: int


@dataclass(frozen=True)
class OutliersReport:
    """The poses that are least similar to any other, the least similar first."""

    outliers: tuple[Outlier, ...]

    def as_json(self) -> Json:
        """Return the JSON of `posesearch outliers --json`."""
        return {
            "outliers": [
                {
                    **_identify(outlier.stored),
                    "similarity": round(outlier.similarity, 6),
                    "percentile": None if outlier.percentile is None else round(outlier.percentile, 2),
                    "nearest": outlier.nearest,
                }
                for outlier in self.outliers
            ]
        }


def _identify(stored: StoredPose) -> Json:
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


def world_json(world: Float32 | None) -> Json | None:
    """Return {joint: [x, y, z]} in metres, without missing joints. None if there are no world coordinates."""
    if world is None:
        return None
    return {
        joint: [round(float(value), 4) for value in xyz]
        for joint, xyz in zip(skeleton.JOINTS, world, strict=True)
        if not np.isnan(xyz).any()
    }


def keypoints_json(keypoints: Keypoints) -> Json:
    """Return {joint: [x, y, score]} in pixels, without missing joints. A joint that was found has a score above 0."""
    return {
        joint: [round(float(x), 2), round(float(y), 2), max(round(float(score), 4), 1e-4)]
        for joint, (x, y), score in zip(skeleton.JOINTS, keypoints.xy, keypoints.score, strict=True)
        if not np.isnan(x)
    }
