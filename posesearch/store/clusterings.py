"""The tables of clusterings: `clusterings`, `centroids`, `labels`, `inertias`. They are written and read here."""

from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np

from posesearch.errors import NoSuchCluster
from posesearch.pose.normalize import Normalization
from posesearch.results.clusters import Clustering
from posesearch.store.connection import Connection
from posesearch.store.schema import view_query
from posesearch.store.values import BadValue, check_finite, check_present
from posesearch.types import Float32, Int64, Mask


@dataclass(frozen=True, eq=False)
class StoredCentroids:
    """The centroids of a clustering, as a search needs them.

    Attributes:
        clustering_id: id of the clustering.
        name: its name. None if it has none.
        normalization: "body" or "max".
        centroids: (k, 28) float32.
        sizes: (k,) int64.
        medoids: (k,) int64, pose ids.
    """

    clustering_id: int
    name: str | None
    normalization: Normalization
    centroids: Float32
    sizes: Int64
    medoids: Int64


def are_stored(connection: Connection, pose_ids: Int64) -> Mask:
    """Return which of the poses are in the database, (n,) bool."""
    stored = connection.execute("SELECT pose_id FROM poses").fetchnumpy()["pose_id"]
    return np.isin(pose_ids, np.asarray(stored, np.int64))


def write_clustering(connection: Connection, clustering: Clustering) -> int:
    """Write a clustering and return its id."""
    [(clustering_id,)] = connection.execute(
        """
        INSERT INTO clusterings
            (clustering_id, collection, normalization, k, chosen_by, seed, complete, partial, inertia)
        VALUES (nextval('clustering_ids'), ?, ?, ?, ?, ?, ?, ?, ?) RETURNING clustering_id
        """,
        [
            clustering.collection, clustering.normalization, len(clustering.centroids), clustering.chosen_by,
            clustering.seed, clustering.complete, clustering.partial, clustering.inertia,
        ],
    ).fetchall()  # fmt: skip
    centroids = np.empty(len(clustering.centroids), dtype=object)
    centroids[:] = list(clustering.centroids)
    k, inertia = np.array(clustering.inertias).T
    tables: dict[str, dict[str, Any]] = {
        "centroids": {
            "cluster": np.arange(len(centroids)),
            "vector": centroids,
            "size": clustering.sizes,
            "medoid_pose_id": clustering.medoids,
        },
        "labels": {
            "pose_id": clustering.pose_ids,
            "cluster": clustering.labels,
            "distance": clustering.distances,
        },
        "inertias": {"k": k.astype(np.int64), "inertia": inertia},
    }
    for table, columns in tables.items():
        connection.register("batch", columns)
        connection.execute(
            f"INSERT INTO {table} BY NAME SELECT ? AS clustering_id, * FROM batch",  # noqa: S608 (our own three names)
            [clustering_id],
        )
        connection.unregister("batch")
    return int(clustering_id)


_CHOSEN: Final = f"""
    clustering_id = $clustering_id OR $clustering_id IS NULL AND clustering_id IN (
        SELECT clustering_id FROM ({view_query("collection_clusterings")})
        WHERE $collection IS NULL OR collection = $collection
    )
"""  # noqa: S608 (a view of schema.sql)
"""Whether a row is of one clustering, or else of those from which a collection, or any, takes its labels."""


def read_centroids(
    connection: Connection, collection: str | None, clustering_id: int | None = None
) -> list[StoredCentroids]:
    """Return the centroids of clusterings, the newest first.

    Args:
        connection: an open file.
        collection: only the clustering from which this collection takes its labels. None means those of all
            collections.
        clustering_id: only this clustering. None means those of `collection`.
    """
    rows = connection.execute(
        f"""
        SELECT clustering_id, any_value(name), any_value(normalization), list(vector ORDER BY cluster),
               list(size ORDER BY cluster), list(medoid_pose_id ORDER BY cluster)
        FROM clusterings JOIN centroids USING (clustering_id) WHERE {_CHOSEN}
        GROUP BY clustering_id ORDER BY clustering_id DESC
        """,  # noqa: S608 (our own text)
        {"collection": collection, "clustering_id": clustering_id},
    ).fetchall()
    return [_make_centroids(*row) for row in rows]


def _make_centroids(
    clustering_id: int, name: str | None, normalization: Normalization, centroids: Any, sizes: Any, medoids: Any
) -> StoredCentroids:
    """Return the centroids of a clustering. Raise BadValue if one can't be compared."""
    row = f"clustering_id {clustering_id}"
    if normalization not in get_args(Normalization):
        raise BadValue("clusterings", row, f"the normalization {normalization!r}, which is unknown")
    for vector in centroids:
        check_finite("centroids", row, vector=vector)
    for size, medoid in zip(sizes, medoids, strict=True):
        check_present("centroids", row, size=size, medoid_pose_id=medoid)
    vectors = np.array(centroids, np.float32)
    return StoredCentroids(clustering_id, name, normalization, vectors, np.array(sizes), np.array(medoids))


def check_cluster(connection: Connection, cluster: int, clustering_id: int | None = None) -> None:
    """Raise NoSuchCluster if a clustering has no such cluster. None means those from which collections take labels."""
    query = f"SELECT count(DISTINCT cluster) FROM centroids WHERE {_CHOSEN}"  # noqa: S608 (our own text)
    named = {"collection": None, "clustering_id": clustering_id}
    ((clusters,),) = connection.execute(query, named).fetchall()
    if not 0 <= cluster < clusters:
        raise NoSuchCluster(cluster, clusters, clustering_id)
