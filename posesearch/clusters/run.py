"""The clustering run: reads the stored poses, clusters them, and stores the result."""

import operator
from typing import Literal, SupportsIndex, get_args

import numpy as np

from posesearch.address_space import CLUSTERING, check_address_space
from posesearch.arguments import to_count
from posesearch.clusters.kmeans import count_different, project, run_kmeans
from posesearch.errors import TooFewPoses
from posesearch.pose.centroids import assign_to_centroids
from posesearch.pose.normalize import Normalization
from posesearch.results.clusters import Clustering, ClusterReport
from posesearch.store import clusterings, snapshots, stored_clusterings, vectors
from posesearch.store.connection import DatabaseFile
from posesearch.store.poses import check_poses


def cluster(
    file: DatabaseFile,
    k: SupportsIndex | Literal["auto"],
    *,
    collection: str | None,
    normalization: Normalization,
    seed: SupportsIndex,
) -> ClusterReport:
    """Cluster and store the result. See Database.cluster."""
    count = _parse_k(k)
    seed = to_count("seed", seed)
    if not 0 <= seed < 2**31:
        raise ValueError(f"seed must be 0 to {2**31 - 1}, not {seed}")
    if normalization not in get_args(Normalization):
        raise ValueError(f"normalization must be 'body' or 'max', not {normalization!r}")
    check_address_space(CLUSTERING)
    while True:
        report = _cluster_once(file, count, collection=collection, normalization=normalization, seed=seed)
        if report is not None:
            return report


def _cluster_once(
    file: DatabaseFile, count: int | None, *, collection: str | None, normalization: Normalization, seed: int
) -> ClusterReport | None:
    """Cluster and store the result, unless a cluster has lost all its complete poses meanwhile. Then return None.

    The centroid of such a cluster may be the vector of a pose that was forgotten, and must not be stored.
    """
    with file.reading() as connection:
        snapshots.check_collection(connection, collection)
        check_poses(connection, str(file.path), collection)
        ids, poses = vectors.read_collection(connection, collection, normalization)
    complete = np.asarray(poses.masks.all(axis=1))
    clustered = poses.vectors[complete]
    different = count_different(clustered)
    if different < (count or 1):
        raise TooFewPoses(count or 1, different, len(clustered), len(ids), collection)
    centroids, inertia, inertias = run_kmeans(clustered, different, count, seed)
    labels, distances = assign_to_centroids(poses.vectors, poses.masks, centroids, normalization)
    by_size = np.argsort(-np.bincount(labels, minlength=len(centroids)), kind="stable")
    centroids, labels = centroids[by_size], np.argsort(by_size)[labels]  # label 0 is the largest cluster
    nearest = [np.linalg.norm(clustered - centroid, axis=1).argmin() for centroid in centroids]
    points, centroid_points = project(clustered, centroids)
    with file.writing() as connection:
        # An ingest or a re-estimation may have removed poses since they were read. They get no label.
        kept = clusterings.are_stored(connection, ids)
        if not np.bincount(labels[kept & complete], minlength=len(centroids)).all():
            return None
        clustering = Clustering(
            collection=collection,
            normalization=normalization,
            chosen_by="elbow" if count is None else "user",
            seed=seed,
            complete=int((kept & complete).sum()),
            partial=int((kept & ~complete).sum()),
            inertia=inertia,
            centroids=centroids,
            sizes=np.bincount(labels[kept], minlength=len(centroids)),
            medoids=ids[complete][nearest],
            pose_ids=ids[kept],
            labels=labels[kept],
            distances=distances[kept],
            inertias=inertias,
        )
        clustering_id = clusterings.write_clustering(connection, clustering)
        stored_clusterings.remove_choices(connection, collection)
        uses = stored_clusterings.read_uses(connection)
    return ClusterReport(
        clustering_id,
        clustering,
        points,
        centroid_points,
        labels[complete],
        used_by=tuple(name for name, used in uses.items() if used == clustering_id),
        not_used_by=tuple(name for name, used in uses.items() if used != clustering_id and collection is None),
    )


def _parse_k(k: SupportsIndex | Literal["auto"]) -> int | None:
    """Return the number of clusters. None for "auto"."""
    if isinstance(k, str) and k == "auto":
        return None
    if isinstance(k, bool) or not hasattr(k, "__index__") or operator.index(k) < 1:
        raise ValueError(f"k must be a number of clusters, 1 or more, or 'auto', not {k!r}")
    return operator.index(k)
