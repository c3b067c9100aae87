"""K-means over pose vectors, the elbow of its inertia curve, and principal components. Uses scikit-learn."""

import os
from typing import Final

import numpy as np

from posesearch.types import Float32

CURVE_K: Final = range(1, 14)
"""The values of k in the inertia curve, as in the article."""

RESTARTS: Final = 10
"""K-means runs from this many random starts, and the best result is kept."""

ROUNDING: Final = 1e-5
"""Vectors that differ by less in each coordinate show the same pose at another size or place, and were rounded."""

_PROCESS: Final = os.getpid()  # the process that imported this module


def count_different(vectors: Float32) -> int:
    """Return how many of the complete poses, (n, 28) float32, differ from each other."""
    if len(vectors) and np.ptp(vectors, axis=0).max() < ROUNDING:
        return 1
    return len(np.unique(vectors, axis=0))


def run_kmeans(
    vectors: Float32, different: int, k: int | None, seed: int
) -> tuple[Float32, float, tuple[tuple[int, float], ...]]:
    """Find the centroids of complete poses.

    Args:
        vectors: (n, 28) float32, in any normalization.
        different: how many of them differ from each other, at least 1. There are no more clusters than that.
        k: the number of clusters, at most `different`. None uses the elbow of the curve.
        seed: the same seed gives the same clusters.

    Returns:
        The centroids, (k, 28) float32, the sum of the squared distances of the poses to them, and the (k, inertia)
        pairs of the elbow curve.
    """
    from sklearn.cluster import KMeans  # noqa: PLC0415 (its import takes two seconds, and a search does not need it)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (scikit-learn imports it)

    counts = sorted({*CURVE_K, k or 1})
    # OpenMP's other threads exist only in the original process, so that a forked process would wait for them forever.
    with threadpool_limits(None if os.getpid() == _PROCESS else 1, user_api="openmp"):
        fits = {
            count: KMeans(n_clusters=count, n_init=RESTARTS, random_state=seed).fit(vectors)
            for count in counts
            if count <= different
        }
    curve = tuple((count, float(fitted.inertia_)) for count, fitted in fits.items() if count in CURVE_K)
    chosen = fits[k or find_elbow(curve)]
    return np.asarray(chosen.cluster_centers_, dtype=np.float32), float(chosen.inertia_), curve


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

    if (vectors == vectors[0]).all():  # a single point has no components
        return np.zeros((len(vectors), 2), np.float32), np.zeros((len(centroids), 2), np.float32)
    components = min(2, *vectors.shape)
    fitted = PCA(n_components=components, svd_solver="full").fit(vectors)
    points, centroid_points = (np.asarray(fitted.transform(rows), dtype=np.float32) for rows in (vectors, centroids))
    padding = ((0, 0), (0, 2 - components))  # two poses have one component
    return np.pad(points, padding), np.pad(centroid_points, padding)
