"""K-means over pose vectors, the elbow of its inertia, and the nearest centroid of any pose."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.errors import TooFewPoses
from posesearch.normalise import Normalisation
from posesearch.similarity import Poses, compare
from posesearch.types import Float

CURVE: Final = range(1, 14)
"""The k for which the inertia is kept, as in the article."""

RESTARTS: Final = 10
"""Runs of k-means from different starts, of which the best counts."""


@dataclass(frozen=True, eq=False)
class Result:
    """A k-means run over n poses, the largest cluster first.

    Attributes:
        centroids: (k, 28) float32.
        labels: (n,) int64.
        distances: (n,) float32, see `assign`.
        medoids: (k,) int64, row numbers: the complete pose nearest each centroid.
        inertia: sum of squared distances of the complete poses.
        curve: (k, inertia) of the elbow curve.
    """

    centroids: Float
    labels: NDArray[np.int64]
    distances: Float
    medoids: NDArray[np.int64]
    inertia: float
    curve: tuple[tuple[int, float], ...]


def cluster(vectors: Float, masks: Float, k: int | None, normalisation: Normalisation, seed: int) -> Result:
    """Cluster the complete poses, then label the partial ones by their nearest centroid.

    Args:
        vectors: (n, 28) float32, 0 where missing.
        masks: (n, 14) float32, 0 or 1.
        k: the number of clusters; None takes the elbow of the curve.
        normalisation: how the vectors were made.
        seed: of k-means; the same seed gives the same clusters.

    Raises:
        TooFewPoses: there are fewer different complete poses than clusters.
    """
    complete = np.flatnonzero(masks.all(axis=1))
    different = len(np.unique(vectors[complete], axis=0))
    if different < (k or 1):
        raise TooFewPoses(k or 1, different)
    curve = tuple((count, _fit(vectors[complete], count, seed)[1]) for count in CURVE if count <= different)
    centroids, inertia = _fit(vectors[complete], k or elbow(curve), seed)
    labels, _ = assign(vectors, masks, centroids, normalisation)
    centroids = centroids[np.argsort(-np.bincount(labels, minlength=len(centroids)), kind="stable")]
    labels, distances = assign(vectors, masks, centroids, normalisation)
    medoids = [complete[np.linalg.norm(vectors[complete] - centroid, axis=1).argmin()] for centroid in centroids]
    return Result(centroids, labels, distances, np.array(medoids), inertia, curve)


def _fit(vectors: Float, k: int, seed: int) -> tuple[Float, float]:
    from sklearn.cluster import KMeans  # noqa: PLC0415 (two seconds to import, which a search need not pay)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)  # of threads and memory on Windows
        fitted = KMeans(n_clusters=k, n_init=RESTARTS, random_state=seed).fit(vectors)
    return np.asarray(fitted.cluster_centers_, dtype=np.float32), float(fitted.inertia_)


def elbow(curve: tuple[tuple[int, float], ...]) -> int:
    """Return the k at which the curve is farthest below the straight line between its ends.

    Satopaa et al., "Finding a 'Kneedle' in a Haystack", 2011, for a curve without noise.
    """
    k, inertia = np.array(curve, dtype=np.float64).T
    if len(k) < 3 or inertia[0] <= inertia[-1]:
        return int(k[0])
    below = (inertia[0] - inertia) / (inertia[0] - inertia[-1]) - (k - k[0]) / (k[-1] - k[0])
    return int(k[below.argmax()])


def assign(
    vectors: Float, masks: Float, centroids: Float, normalisation: Normalisation
) -> tuple[NDArray[np.int64], Float]:
    """Return the nearest centroid of each pose and the distance to it, (n,) each.

    Of a complete pose the distance is Euclidean, k-means's own. Of a partial one, "body": between the joints that it
    has and the centroid's same joints, each moved and scaled to norm 1 by themselves; "max": over the coordinates that
    it has, times sqrt(14 / joints).
    """
    distances = np.stack([_distances(vectors, masks, centroid, normalisation) for centroid in centroids], axis=1)
    labels = distances.argmin(axis=1)
    return labels, distances[np.arange(len(labels)), labels].astype(np.float32)


def _distances(vectors: Float, masks: Float, centroid: Float, normalisation: Normalisation) -> NDArray[np.float64]:
    joints = masks.sum(axis=1)
    there = np.concatenate([masks, masks], axis=1)
    euclidean = np.sqrt((there * (vectors - centroid).astype(np.float64) ** 2).sum(axis=1))
    if normalisation == "max":
        return np.asarray(euclidean * np.sqrt(skeleton.N_BODY / np.maximum(joints, 1)))
    everywhere = np.ones((1, skeleton.N_BODY), np.float32)
    correlation = compare(Poses(vectors, masks), Poses(centroid[None], everywhere), everywhere).correlation[0]
    return np.asarray(np.where(joints == skeleton.N_BODY, euclidean, np.sqrt(2.0 - 2.0 * correlation)))


def plane(vectors: Float, centroids: Float) -> tuple[Float, Float]:
    """Project poses and centroids on the two principal components of the poses: (n, 28), (k, 28) -> (n, 2), (k, 2)."""
    from sklearn.decomposition import PCA  # noqa: PLC0415 (as above)

    components = min(2, *vectors.shape)
    fitted = PCA(n_components=components, svd_solver="full").fit(vectors)
    points, centres = (np.asarray(fitted.transform(rows), dtype=np.float32) for rows in (vectors, centroids))
    missing = ((0, 0), (0, 2 - components))  # a single pose spans no plane
    return np.pad(points, missing), np.pad(centres, missing)
