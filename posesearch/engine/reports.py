"""What the library answers: plain values, each with the JSON that the command line prints, as in docs/json.md."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.store.clusterings import Clustering
from posesearch.store.snapshots import StoredPose
from posesearch.types import Float, Keypoints, Pose

Json = dict[str, Any]


@dataclass(frozen=True)
class Rejection:
    """A photo that did not become a pose, and why."""

    source: str
    reason: str
    message: str

    def as_json(self) -> Json:
        """Return the entry of "rejected"."""
        return {"source": self.source, "reason": self.reason, "message": self.message}


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did. seen = ingested + unchanged + the number of rejected.

    Attributes:
        seen: photos that the sources name.
        ingested: photos that are new in the database, with `poses` poses.
        unchanged: photos that the database had.
        rejected: photos that it has not, new or as before.
        seconds: wall-clock time.
        interrupted: the run was stopped before the last photo.
    """

    seen: int
    ingested: int
    unchanged: int
    poses: int
    rejected: tuple[Rejection, ...]
    seconds: float
    interrupted: bool = False

    def as_json(self) -> Json:
        """Return the JSON of `posesearch ingest --json`."""
        return {
            "seen": self.seen,
            "ingested": self.ingested,
            "unchanged": self.unchanged,
            "poses": self.poses,
            "rejected": [rejection.as_json() for rejection in self.rejected],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class ReestimateReport:
    """What a re-estimation did.

    Attributes:
        estimator: whose poses the database has now.
        redone: photos that were looked at again, with `poses` poses.
        unchanged: photos that were this estimator's already.
        rejected: those of `redone` that have no usable pose any more.
        gone: photos that are not where they were, or have changed; what the database has of them stays.
        seconds: wall-clock time.
        interrupted: the run was stopped before the last photo.
    """

    estimator: str
    redone: int
    poses: int
    unchanged: int
    rejected: tuple[Rejection, ...]
    gone: tuple[str, ...]
    seconds: float
    interrupted: bool = False

    def as_json(self) -> Json:
        """Return the JSON of `posesearch reestimate --json`."""
        return {
            "estimator": self.estimator,
            "redone": self.redone,
            "poses": self.poses,
            "unchanged": self.unchanged,
            "rejected": [rejection.as_json() for rejection in self.rejected],
            "gone": list(self.gone),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, eq=False)
class Cluster:
    """One cluster of a clustering.

    Attributes:
        cluster: its number, 0 for the largest.
        size: poses in it.
        medoid_pose_id: the complete pose nearest the centroid.
        centroid: (28,) float32, in the clustering's normalisation.
    """

    cluster: int
    size: int
    medoid_pose_id: int
    centroid: Float


@dataclass(frozen=True, eq=False)
class ClusterReport:
    """A clustering that was made and stored.

    Attributes:
        clustering_id: its number.
        clustering: as it was stored.
        vectors: (complete, 28) float32 and
        labels: (complete,) int64, of the poses that k-means saw; for plots.
    """

    clustering_id: int
    clustering: Clustering
    vectors: Float
    labels: NDArray[np.int64]

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters, the largest first."""
        made = self.clustering
        rows = zip(made.sizes.tolist(), made.medoids.tolist(), made.centroids, strict=True)
        return tuple(Cluster(number, *row) for number, row in enumerate(rows))

    def as_json(self) -> Json:
        """Return the JSON of `posesearch cluster --json`."""
        made = self.clustering
        return {
            "clustering_id": self.clustering_id,
            "collection": made.collection,
            "normalization": made.normalization,
            "k": len(made.centroids),
            "chosen_by": made.chosen_by,
            "seed": made.seed,
            "complete": made.complete,
            "partial": made.partial,
            "inertia": made.inertia,
            "inertias": [{"k": k, "inertia": inertia} for k, inertia in made.inertias],
            "clusters": [{**vars(cluster), "centroid": _vector_json(cluster.centroid)} for cluster in self.clusters],
        }


@dataclass(frozen=True, eq=False)
class Query:
    """What was searched for.

    Attributes:
        source: path, address, or the source of the stored pose.
        width, height: of the upright photo, pixels.
        people: people in the photo that could be searched for; person: the one that was, from 1.
    """

    source: str
    width: int
    height: int
    estimator: str
    people: int
    person: int
    pose: Pose

    def as_json(self) -> Json:
        """Return "query"."""
        return {
            "source": self.source,
            "width": self.width,
            "height": self.height,
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
    """An answer: a stored pose, its rank from 1, and how similar it is."""

    rank: int
    similarity: float
    shared_joints: int
    stored: StoredPose

    def as_json(self) -> Json:
        """Return the entry of "matches"."""
        return {
            "rank": self.rank,
            "pose_id": self.stored.pose_id,
            "snapshot_id": self.stored.snapshot_id,
            "source": self.stored.source,
            "collection": self.stored.collection,
            "similarity": round(self.similarity, 6),
            "shared_joints": self.shared_joints,
            "cluster": self.stored.cluster,
        }


@dataclass(frozen=True, eq=False)
class SimilarReport:
    """The answer to a search."""

    query: Query
    cluster: NearestCluster | None
    matches: tuple[Match, ...]

    def as_json(self) -> Json:
        """Return the JSON of `posesearch similar --json`."""
        cluster = self.cluster and {**vars(self.cluster), "similarity": round(self.cluster.similarity, 6)}
        return {
            "query": self.query.as_json(),
            "cluster": cluster,
            "matches": [match.as_json() for match in self.matches],
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


def _vector_json(vector: Float) -> Json:
    half = skeleton.N_BODY
    return {
        joint: [round(float(vector[number]), 5), round(float(vector[number + half]), 5)]
        for number, joint in enumerate(skeleton.JOINTS[skeleton.BODY])
    }
