"""Near-duplicates: poses of the same person in copies, re-encodings or burst shots of a photo."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posesearch.pose.similarity import Poses, compare
from posesearch.store.fingerprints import Fingerprints
from posesearch.types import Float64, Int64, Mask, StoredPose

MAX_HASH_BITS: Final = 8
"""At most so many bits of the difference hashes differ, of 64. Encoding again changes 0 to 7, a crop of 4% 4 to 8."""

MIN_CORRELATION: Final = 0.995
"""The poses also correlate at least so much: another person before the same background does not."""


def are_near_duplicates(a: Fingerprints, b: Fingerprints, correlation: Float64) -> Mask:
    """Return which of n pairs show the same person in the same, or almost the same, photo.

    Args:
        a: n poses.
        b: n poses.
        correlation: (n,) float64, not mirrored. A similarity, which is at most as large, may stand for it.
    """
    same_photo = (a.photo == b.photo) & (a.number == b.number)
    same_hash = a.has_dhash & b.has_dhash & (np.bitwise_count(a.dhash ^ b.dhash) <= MAX_HASH_BITS)
    same_look = same_hash & (correlation >= MIN_CORRELATION)
    return np.asarray((a.snapshot_id != b.snapshot_id) & (same_photo | same_look), dtype=np.bool_)


def collapse_near_duplicates(ranked: Sequence[StoredPose]) -> list[tuple[int, tuple[int, ...]]]:
    """Keep the best of each group of near-duplicates.

    Args:
        ranked: poses, best first.

    Returns:
        The rows that are kept, in order, each with the ids of its near-duplicates.
    """
    if not ranked:
        return []
    fingerprints, poses = make_fingerprints(ranked), stack_poses(ranked)
    left = np.arange(len(ranked))
    kept = []
    while len(left):
        first, others = left[:1], left[1:]
        correlation = compare(poses.take(others), poses.take(first), poses.masks[first]).correlation[0]
        same = are_near_duplicates(
            fingerprints.take(np.repeat(first, len(others))), fingerprints.take(others), correlation
        )
        kept.append((int(first[0]), tuple(ranked[row].pose_id for row in others[same])))
        left = others[~same]
    return kept


def make_fingerprints(stored: Sequence[StoredPose]) -> Fingerprints:
    """Return the fingerprints of stored poses."""

    def column(values: list[int]) -> Int64:
        return np.array(values, np.int64)

    return Fingerprints(
        column([one.snapshot_id for one in stored]),
        column([one.number for one in stored]),
        np.unique([one.sha256 for one in stored], return_inverse=True)[1].astype(np.int64),
        np.array([one.dhash or 0 for one in stored], np.uint64),
        np.array([one.dhash is not None for one in stored]),
    )


def stack_poses(stored: Sequence[StoredPose]) -> Poses:
    """Return the image coordinates of stored poses as a matrix."""
    return Poses(np.stack([one.pose.vector for one in stored]), np.stack([one.pose.mask for one in stored]))
