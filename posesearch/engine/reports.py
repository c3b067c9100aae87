"""What ingesting, re-estimating and clustering answer: plain values, each with the JSON that the command line prints.

docs/json.md describes it; answers.py has those of searches.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.store.clusterings import Clustering
from posesearch.types import Float

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
    """What an ingest did. seen = ingested + changed + moved + copies + unchanged + the number of rejected.

    Attributes:
        seen: photos that the sources name and that are there.
        ingested: photos that are new in the database, or were looked at by another rule.
        changed: photos whose bytes are others than before, looked at again.
        moved: photos that the database had from a place where they are not any more.
        copies: photos that the database has from another place, too.
        unchanged: photos that the database had.
        poses: of those ingested and changed.
        rejected: photos that it has no poses of, new or as before.
        missing: photos of the database that are not there any more, now or as before.
        pruned: the same, removed.
        seconds: wall-clock time.
        interrupted: the run was stopped before the last photo.
        dry_run: nothing was written, and `ingested` and `changed` would have been looked at.
    """

    seen: int
    ingested: int
    changed: int
    moved: int
    copies: int
    unchanged: int
    poses: int
    rejected: tuple[Rejection, ...]
    missing: int
    pruned: int
    seconds: float
    interrupted: bool = False
    dry_run: bool = False

    def as_json(self) -> Json:
        """Return the last line of `posesearch ingest --json`."""
        return {
            "seen": self.seen,
            "ingested": self.ingested,
            "changed": self.changed,
            "moved": self.moved,
            "copies": self.copies,
            "unchanged": self.unchanged,
            "poses": self.poses,
            "rejected": [rejection.as_json() for rejection in self.rejected],
            "missing": self.missing,
            "pruned": self.pruned,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "dry_run": self.dry_run,
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


def _vector_json(vector: Float) -> Json:
    half = skeleton.N_BODY
    return {
        joint: [round(float(vector[number]), 5), round(float(vector[number + half]), 5)]
        for number, joint in enumerate(skeleton.JOINTS[skeleton.BODY])
    }
