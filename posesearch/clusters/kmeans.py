"""K-means over pose vectors, the elbow of its inertia curve, and principal components. Uses scikit-learn."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.errors import TooFewPoses
from posesearch.pose.centroids import assign_to_centroids
from posesearch.pose.normalize import Normalization
from posesearch.types import Float32, Int64

CURVE_K: Final = range(1, 14)
"""The values of k in the inertia curve, as in the article."""

RESTARTS: Final = 10
"""K-means runs from this many random starts, and the best result is kept."""

_PROCESS: Final = os.getpid()  # the process that imported this module


@dataclass(frozen=True, eq=False)
class KMeansResult:
    """The result of k-means over n poses. Label 0 is the largest cluster.

    Attributes:
        centroids: (k, 28) float32.
        labels: (n,) int64.
        distances: (n,) float32, as assign_to_centroids defines them.
        medoids: (k,) int64, the row of the complete pose nearest to each centroid.
        inertia: sum of the squared distances of the complete poses.
        curve: (k, inertia) pairs of the elbow curve.
    """

    centroids: Float32
    labels: Int64
    distances: Float32
    medoids: Int64
    inertia: float
    curve: tuple[tuple[int, float], ...]


def run_kmeans(
    vectors: Float32, masks: Float32, k: int | None, normalization: Normalization, seed: int
) -> KMeansResult:
    """Cluster the complete poses, and label the partial ones by their nearest centroid.

    Args:
        vectors: (n, 28) float32, 0 where missing.
        masks: (n, 14) float32, 0 or 1.
        k: the number of clusters. None uses the elbow of the curve.
        normalization: how the vectors were normalized.
        seed: the same seed gives the same clusters.

    Raises:
        TooFewPoses: there are fewer distinct complete poses than clusters, or none.
    """
    complete = np.flatnonzero(masks.all(axis=1))
    distinct = len(np.unique(vectors[complete], axis=0))
    if distinct < (k or 1):
        raise TooFewPoses(k or 1, distinct)
    curve = tuple((count, _fit(vectors[complete], count, seed)[1]) for count in CURVE_K if count <= distinct)
    centroids, inertia = _fit(vectors[complete], k or find_elbow(curve), seed)
    labels, _ = assign_to_centroids(vectors, masks, centroids, normalization)
    centroids = centroids[np.argsort(-np.bincount(labels, minlength=len(centroids)), kind="stable")]
    labels, distances = assign_to_centroids(vectors, masks, centroids, normalization)
    medoids = [complete[np.linalg.norm(vectors[complete] - centroid, axis=1).argmin()] for centroid in centroids]
    return KMeansResult(centroids, labels, distances, np.array(medoids), inertia, curve)


def _fit(vectors: Float32, k: int, seed: int) -> tuple[Float32, float]:
    from sklearn.cluster import KMeans  # noqa: PLC0415 (its import takes two seconds, and a search does not need it)

    with _working_threads():
        fitted = KMeans(n_clusters=k, n_init=RESTARTS, random_state=seed).fit(vectors)
    return np.asarray(fitted.cluster_centers_, dtype=np.float32), float(fitted.inertia_)


@contextmanager
def _working_threads() -> Iterator[None]:
    """Let scikit-learn use only one thread in a forked process.

    OpenMP's other threads exist only in the original process, so that a forked process would wait for them forever.
    """
    if os.getpid() == _PROCESS:
        yield
        return
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (only a forked process needs it)

    with threadpool_limits(1, user_api="openmp"):
        yield


def find_elbow(curve: tuple[tuple[int, float], ...]) -> int:
    """Return the k at which the curve is farthest below the straight line between its ends.

    Satopaa et al., "Finding a 'Kneedle' in a Haystack", 2011, for a curve without noise.
    """
    k, inertia = np.array(curve, dtype=np.float64).T
    if len(k) < 3 or inertia[0] <= inertia[-1]:
        return int(k[0])
    below = (inertia[0] - inertia) / (inertia[0] - inertia[-1]) - (k - k[0]) / (k[-1] - k[0])
    return int(k[below.argmax()])


def project(vectors: Float32, centroids: Float32) -> tuple[Float32, Float32]:
    """Project poses and centroids on the poses' first two principal components: (n, 28), (k, 28) -> (n, 2), (k, 2)."""
    from sklearn.decomposition import PCA  # noqa: PLC0415 (as above)

    if len(np.unique(vectors, axis=0)) < 2:  # a single point has no components
        return np.zeros((len(vectors), 2), np.float32), np.zeros((len(centroids), 2), np.float32)
    components = min(2, *vectors.shape)
    fitted = PCA(n_components=components, svd_solver="full").fit(vectors)
    points, centroid_points = (np.asarray(fitted.transform(rows), dtype=np.float32) for rows in (vectors, centroids))
    padding = ((0, 0), (0, 2 - components))  # two poses have one component
    return np.pad(points, padding), np.pad(centroid_points, padding)
