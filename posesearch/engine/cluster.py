"""From stored poses to a stored clustering."""

import numpy as np

from posesearch import clustering, normalise
from posesearch.engine.reports import ClusterReport
from posesearch.errors import NoPoses
from posesearch.normalise import Normalisation
from posesearch.store import clusterings, snapshots
from posesearch.store.file import File


def cluster(
    file: File, k: int | None, *, collection: str | None, normalization: Normalisation, seed: int
) -> ClusterReport:
    """Cluster and store. See Database.cluster; k is None for the elbow."""
    with file.reading() as connection:
        snapshots.check_collection(connection, collection)
        ids, vectors, raw = snapshots.body_joints(connection, collection)
    if not len(ids):
        raise NoPoses(str(file.path))
    if normalization == "max":
        vectors = normalise.maximum(raw)
    masks = (~np.isnan(raw[..., 0])).astype(np.float32)
    result = clustering.cluster(vectors, masks, k, normalization, seed)
    complete = masks.all(axis=1)
    stored = clusterings.Clustering(
        collection=collection,
        normalization=normalization,
        chosen_by="elbow" if k is None else "user",
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
    with file.writing() as connection:
        clustering_id = clusterings.save(connection, stored)
    return ClusterReport(clustering_id, stored, vectors[complete], result.labels[complete])
