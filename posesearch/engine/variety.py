"""Near-duplicates: the same photo stored twice, encoded again, or the next of a burst."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.similarity import Double, Poses, compare
from posesearch.store.looks import Looks
from posesearch.store.snapshots import StoredPose
from posesearch.types import Mask

SAME_BITS: Final = 8
"""Of the 64 bits of the difference hash, so many may differ. Encoding again changes 0 to 7, a crop of 4% 4 to 8."""

SAME_POSE: Final = 0.995
"""And the poses must correlate so far: photos with the same background and another person differ in this."""


def near_duplicates(a: Looks, b: Looks, correlation: Double) -> Mask:
    """Tell which of n pairs are of the same person in the same, or almost the same, photo.

    Args:
        a: n poses.
        b: n poses.
        correlation: (n,) of each pair, not mirrored.
    """
    same_photo = (a.photo == b.photo) & (a.number == b.number)
    alike = np.bitwise_count(a.dhash ^ b.dhash) <= SAME_BITS
    same_look = a.has_dhash & b.has_dhash & alike & (correlation >= SAME_POSE)
    return np.asarray((a.snapshot_id != b.snapshot_id) & (same_photo | same_look), dtype=np.bool_)


def collapsed(ranked: Sequence[StoredPose]) -> list[tuple[int, tuple[int, ...]]]:
    """Return the rows that stay, best first, each with the numbers of the poses that are its near-duplicates."""
    if not ranked:
        return []
    looks, poses = looks_of(ranked), poses_of(ranked)
    left = np.arange(len(ranked))
    kept = []
    while len(left):
        first, others = left[:1], left[1:]
        correlation = compare(poses.take(others), poses.take(first), poses.masks[first]).correlation[0]
        same = near_duplicates(looks.take(np.repeat(first, len(others))), looks.take(others), correlation)
        kept.append((int(first[0]), tuple(ranked[row].pose_id for row in others[same])))
        left = others[~same]
    return kept


def looks_of(stored: Sequence[StoredPose]) -> Looks:
    """Return the looks of stored poses."""

    def column(values: list[int]) -> NDArray[np.int64]:
        return np.array(values, np.int64)

    return Looks(
        column([one.snapshot_id for one in stored]),
        column([one.number for one in stored]),
        np.unique([one.sha256 for one in stored], return_inverse=True)[1].astype(np.int64),
        np.array([one.dhash or 0 for one in stored], np.uint64),
        np.array([one.dhash is not None for one in stored]),
    )


def poses_of(stored: Sequence[StoredPose]) -> Poses:
    """Return stored poses as a matrix, of the picture."""
    return Poses(np.stack([one.pose.vector for one in stored]), np.stack([one.pose.mask for one in stored]))
