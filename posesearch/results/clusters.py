"""The report of a clustering. docs/json.md describes its JSON."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from posesearch import display, skeleton
from posesearch.results.frames import Column
from posesearch.results.ingest import Json
from posesearch.results.report import Report
from posesearch.types import Float32, Int64

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Clustering:
    """One run of k-means over n poses.

    Attributes:
        collection: the collection that was clustered. None means all poses.
        normalization: "body" or "max".
        chosen_by: "user" if the user chose k, "elbow" if posesearch did.
        seed: seed of k-means.
        complete: number of complete poses. K-means made the centroids from these.
        partial: number of partial poses. They were labelled afterwards.
        inertia: sum of the squared distances of the complete poses to their centroids.
        centroids: (k, 28) float32, x0..x13, y0..y13 of the body joints, in this normalization.
        sizes: (k,) int64, number of poses with each label, complete and partial.
        medoids: (k,) int64, id of the complete pose that is nearest to each centroid.
        pose_ids: (n,) int64, ids of the poses.
        labels: (n,) int64, label of each pose, 0 to k - 1.
        distances: (n,) float32, distance of each pose to its centroid.
        inertias: (k, inertia) pairs of the elbow curve.
    """

    collection: str | None
    normalization: str
    chosen_by: str
    seed: int
    complete: int
    partial: int
    inertia: float
    centroids: Float32
    sizes: Int64
    medoids: Int64
    pose_ids: Int64
    labels: Int64
    distances: Float32
    inertias: tuple[tuple[int, float], ...]

    def __repr__(self) -> str:
        poses = display.count(len(self.pose_ids), "pose")
        return f"<Clustering: {display.count(len(self.centroids), 'cluster')} of {poses}>"


@dataclass(frozen=True, eq=False)
class Cluster:
    """One cluster of a clustering.

    Attributes:
        cluster: the label. The largest cluster has the label 0.
        size: number of poses with this label, complete and partial.
        medoid_pose_id: id of the complete pose that is nearest to the centroid.
        centroid: (28,) float32, x0..x13, y0..y13 of the body joints, in the clustering's normalization.
    """

    cluster: int
    size: int
    medoid_pose_id: int
    centroid: Float32

    def __repr__(self) -> str:
        return f"<Cluster {self.cluster}: {display.count(self.size, 'pose')}, medoid pose {self.medoid_pose_id}>"


@dataclass(frozen=True, eq=False)
class ClusterReport(Report[Cluster]):
    """The answer of `Database.cluster`: a clustering that was stored. It is a sequence of its clusters.

    Attributes:
        clustering_id: id of the clustering in the database.
        clustering: the clustering as it was stored.
        points: (complete, 2) float32, the complete poses on their first two principal components.
        centroid_points: (k, 2) float32, the centroids on the same components.
        point_labels: (complete,) int64, the labels of the complete poses.
        used_by: the collections that take their labels from this clustering.
        not_used_by: the collections of these poses that keep the labels of another clustering.

    Example:
        for cluster in db.cluster(k=3):
            print(cluster.cluster, cluster.size, cluster.medoid_pose_id)
    """

    clustering_id: int
    clustering: Clustering
    points: Float32
    centroid_points: Float32
    point_labels: Int64
    used_by: tuple[str, ...] = ()
    not_used_by: tuple[str, ...] = ()

    def __repr__(self) -> str:
        poses = display.count(len(self.clustering.pose_ids), "pose")
        clusters = display.count(len(self.clustering.centroids), "cluster")
        return f"<ClusterReport of clustering {self.clustering_id}: {clusters}, {poses}>"

    @property
    def _elements(self) -> tuple[Cluster, ...]:
        return self.clusters

    @property
    def _columns(self) -> list[Column]:
        stored = self.clustering
        return [
            Column("cluster", "BIGINT", list(range(len(stored.sizes)))),
            Column("size", "BIGINT", stored.sizes.tolist()),
            Column("medoid_pose_id", "BIGINT", stored.medoids.tolist()),
            Column("centroid", f"FLOAT[{2 * skeleton.N_BODY}]", stored.centroids.tolist()),
        ]

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters in the order of their labels."""
        stored = self.clustering
        rows = zip(stored.sizes.tolist(), stored.medoids.tolist(), stored.centroids, strict=True)
        return tuple(Cluster(number, *row) for number, row in enumerate(rows))

    @property
    def titles(self) -> list[str]:
        """The title of each cluster in plots, such as "cluster 0" above "12 poses"."""
        return [f"cluster {one.cluster}\n{display.count(one.size, 'pose')}" for one in self.clusters]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot the centroids as skeletons, and return the Axes of matplotlib. The right side of the body is dashed.

        Args:
            ax: what is plotted on. None makes a new figure of pyplot, which notebooks show.

        Example:
            db.cluster(k=3).plot().figure.savefig("centroids.png")
        """
        axes: Axes = display.plot_centroids(self.clustering.centroids, self.titles, ax)
        return axes

    def as_json(self) -> Json:
        """Return the JSON of `posesearch cluster --json`."""
        stored = self.clustering
        return {
            "clustering_id": self.clustering_id,
            "collection": stored.collection,
            "normalization": stored.normalization,
            "k": len(stored.centroids),
            "chosen_by": stored.chosen_by,
            "seed": stored.seed,
            "complete": stored.complete,
            "partial": stored.partial,
            "inertia": stored.inertia,
            "inertias": [{"k": k, "inertia": inertia} for k, inertia in stored.inertias],
            "used_by": list(self.used_by),
            "not_used_by": list(self.not_used_by),
            "clusters": [{**vars(cluster), "centroid": _vector_json(cluster.centroid)} for cluster in self.clusters],
        }


def _vector_json(vector: Float32) -> Json:
    half = skeleton.N_BODY
    return {
        joint: [round(float(vector[number]), 5), round(float(vector[number + half]), 5)]
        for number, joint in enumerate(skeleton.JOINTS[skeleton.BODY])
    }


@dataclass(frozen=True)
class NearestCluster:
    """The cluster whose centroid is nearest to the query.

    Attributes:
        clustering_id: id of the clustering.
        cluster: label of the cluster.
        similarity: similarity of the query and the centroid, -1 to 1.
        size: number of poses in the cluster.
        medoid_pose_id: id of the complete pose that is nearest to the centroid.
        clustering_name: name of the clustering. None if it has none.
    """

    clustering_id: int
    cluster: int
    similarity: float
    size: int
    medoid_pose_id: int
    clustering_name: str | None = None

    def __repr__(self) -> str:
        size = display.count(self.size, "pose")
        return f"<NearestCluster {self.cluster}: similarity {self.similarity:.3f}, {size}>"
