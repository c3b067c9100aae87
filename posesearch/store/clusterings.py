"""The tables of clusterings: `clusterings`, `centroids`, `labels`, `inertias`."""

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from posesearch.errors import NoSuchCluster
from posesearch.pose.normalize import Normalization
from posesearch.results.clusters import Clustering
from posesearch.store.connection import Connection
from posesearch.store.schema import view_query
from posesearch.store.values import BadValue, check_finite, check_present
from posesearch.types import Float32, Int64, Mask


@dataclass(frozen=True, eq=False)
class CurrentClustering:
    """The centroids of a current clustering, as a search needs them.

    Attributes:
        clustering_id: its id.
        normalization: "body" or "max".
        centroids: (k, 28) float32.
        sizes: (k,) int64.
        medoids: (k,) int64, pose ids.
    """

    clustering_id: int
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


def read_current(connection: Connection, collection: str | None) -> list[CurrentClustering]:
    """Return the newest clustering that covers a collection. Without a collection, return all current clusterings."""
    rows = connection.execute(
        f"""
        SELECT clustering_id, any_value(normalization), list(vector ORDER BY cluster),
               list(size ORDER BY cluster), list(medoid_pose_id ORDER BY cluster)
        FROM ({view_query("current_clusterings")}) JOIN centroids USING (clustering_id)
        WHERE $collection IS NULL OR collection IS NULL OR collection = $collection
        GROUP BY clustering_id ORDER BY clustering_id DESC
        LIMIT CASE WHEN $collection IS NULL THEN 1000000 ELSE 1 END
        """,  # noqa: S608 (a view of schema.sql)
        {"collection": collection},
    ).fetchall()
    return [_make_clustering(*row) for row in rows]


def _make_clustering(
    clustering_id: int, normalization: Normalization, centroids: Any, sizes: Any, medoids: Any
) -> CurrentClustering:
    """Return a clustering. Raise BadValue if a centroid can't be compared."""
    name = f"clustering_id {clustering_id}"
    if normalization not in get_args(Normalization):
        raise BadValue("clusterings", name, f"the normalization {normalization!r}, which is unknown")
    for vector in centroids:
        check_finite("centroids", name, vector=vector)
    for size, medoid in zip(sizes, medoids, strict=True):
        check_present("centroids", name, size=size, medoid_pose_id=medoid)
    return CurrentClustering(
        clustering_id, normalization, np.array(centroids, np.float32), np.array(sizes), np.array(medoids)
    )


def check_cluster(connection: Connection, cluster: int) -> None:
    """Raise NoSuchCluster if no current clustering has a cluster with this label."""
    current = view_query("current_clusterings")
    query = f"SELECT count(DISTINCT cluster) FROM ({current}) JOIN centroids USING (clustering_id)"  # noqa: S608
    ((clusters,),) = connection.execute(query).fetchall()
    if not 0 <= cluster < clusters:
        raise NoSuchCluster(cluster, clusters)
