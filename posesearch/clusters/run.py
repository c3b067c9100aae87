"""The clustering run: reads the stored poses, clusters them, and stores the result."""

from dataclasses import replace
from typing import Literal

import numpy as np

from posesearch.address_space import CLUSTERING, check_address_space
from posesearch.clusters.kmeans import project, run_kmeans
from posesearch.errors import NoPoses
from posesearch.pose.normalize import Normalization
from posesearch.results.clusters import Clustering, ClusterReport
from posesearch.store import clusterings, snapshots, vectors
from posesearch.store.connection import DatabaseFile
from posesearch.types import Mask


def cluster(
    file: DatabaseFile, k: int | Literal["auto"], *, collection: str | None, normalization: Normalization, seed: int
) -> ClusterReport:
    """Cluster and store the result. See Database.cluster."""
    if k != "auto" and (not isinstance(k, int) or k < 1):
        raise ValueError(f"k must be a number of clusters, 1 or more, or 'auto', not {k!r}")
    if not 0 <= seed < 2**31:
        raise ValueError(f"seed must be 0 to {2**31 - 1}, not {seed}")
    check_address_space(CLUSTERING)
    with file.reading() as connection:
        snapshots.check_collection(connection, collection)
        ids, poses = vectors.read_collection(connection, collection, normalization)
    if not len(ids):
        raise NoPoses(str(file.path))
    result = run_kmeans(poses.vectors, poses.masks, None if k == "auto" else k, normalization, seed)
    complete = np.asarray(poses.masks.all(axis=1))
    clustering = Clustering(
        collection=collection,
        normalization=normalization,
        chosen_by="elbow" if k == "auto" else "user",
        seed=seed,
        complete=int(complete.sum()),
        partial=int((~complete).sum()),
        inertia=result.inertia,
        centroids=result.centroids,
        sizes=np.bincount(result.labels, minlength=len(result.centroids)),
        medoids=ids[result.medoids],
        pose_ids=ids,
        labels=result.labels,
        distances=result.distances,
        inertias=result.curve,
    )
    points, centroid_points = project(poses.vectors[complete], result.centroids)
    with file.writing() as connection:
        # An ingest or a re-estimation may have removed poses since they were read.
        clustering = _keep(clustering, clusterings.are_stored(connection, clustering.pose_ids), complete)
        clustering_id = clusterings.write_clustering(connection, clustering)
    return ClusterReport(clustering_id, clustering, points, centroid_points, result.labels[complete])


def _keep(clustering: Clustering, kept: Mask, complete: Mask) -> Clustering:
    """Return the clustering with the labels of only some poses.

    Args:
        clustering: with n labels.
        kept: (n,) bool, which labels to keep.
        complete: (n,) bool, which of the n poses are complete.
    """
    labels = clustering.labels[kept]
    return replace(
        clustering,
        complete=int((kept & complete).sum()),
        partial=int((kept & ~complete).sum()),
        sizes=np.bincount(labels, minlength=len(clustering.centroids)),
        pose_ids=clustering.pose_ids[kept],
        labels=labels,
        distances=clustering.distances[kept],
    )
