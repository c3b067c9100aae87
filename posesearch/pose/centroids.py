"""Finds the nearest centroid of a pose. The pose may be complete or partial."""

from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.pose.normalize import Normalization
from posesearch.pose.similarity import Poses, compare
from posesearch.types import Float32, Int64

_BLOCK: Final = 2000
"""Number of partial poses that are compared at once. `compare` needs a dozen matrices of poses times centroids."""


def assign_to_centroids(
    vectors: Float32, masks: Float32, centroids: Float32, normalization: Normalization
) -> tuple[Int64, Float32]:
    """Return the nearest centroid of each pose and the distance to it.

    The distance of a complete pose is Euclidean, as in k-means. The distance of a partial pose depends on the
    normalization:

    - "body": the joints of the pose and the same joints of the centroid are centred and scaled to norm 1. The distance
      is that between the two.
    - "max": the Euclidean distance over the joints of the pose, times sqrt(14 / joints).

    Args:
        vectors: (n, 28) float32, 0 where missing.
        masks: (n, 14) float32, 0 or 1.
        centroids: (k, 28) float32.
        normalization: how the vectors and centroids were made.

    Returns:
        Labels, (n,) int64, and distances, (n,) float32.
    """
    joints = masks.sum(axis=1)
    present = np.concatenate([masks, masks], axis=1)
    # One centroid at a time, because all differences together would be k times as large as the vectors.
    squares = [(present * (vectors - centroid).astype(np.float64) ** 2).sum(axis=1) for centroid in centroids]
    distances = np.sqrt(np.stack(squares, axis=1))
    if normalization == "max":
        distances *= np.sqrt(skeleton.N_BODY / np.maximum(joints, 1))[:, None]
    else:
        partial = np.flatnonzero(joints < skeleton.N_BODY)
        all_joints = np.ones((len(centroids), skeleton.N_BODY), np.float32)
        for rows in np.split(partial, range(_BLOCK, len(partial), _BLOCK)):
            compared = compare(Poses(vectors[rows], masks[rows]), Poses(centroids, all_joints), all_joints)
            distances[rows] = np.sqrt(2.0 - 2.0 * compared.correlation.T)
    labels = distances.argmin(axis=1)
    return labels, distances[np.arange(len(labels)), labels].astype(np.float32)
