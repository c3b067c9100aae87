"""Near-duplicates: poses of the same person in copies, re-encodings or burst shots of a photo."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.pose.similarity import Poses, compare
from posesearch.store.fingerprints import Fingerprints
from posesearch.types import Float32, Float64, Int64, Mask, StoredPose

MAX_HASH_BITS: Final = 8
"""The difference hashes differ in at most this many of 64 bits.

Another encoding of the same photo changes 0 to 7 bits. A crop of 4% changes 4 to 8.
"""

MIN_CORRELATION: Final = 0.995
"""The poses have at least this correlation. Those of two people in front of the same background often have less."""

MAX_MOVE: Final = 0.025
"""The median joint moves at most this far, as a fraction of the photo's width or height.

Another person in the same pose in front of a plain background is usually elsewhere in the photo. Another encoding of
the same photo moves the median joint by up to 0.013, and a crop of 4% moves it by up to 0.026 (95 of 100 photos).
"""


def are_near_duplicates(a: Fingerprints, b: Fingerprints, correlation: Float64) -> Mask:
    """Return which of n pairs show the same person in the same, or almost the same, photo.

    Args:
        a: n poses.
        b: n poses.
        correlation: (n,) float64, not mirrored. It may be a similarity instead, which is at most as large.
    """
    same_photo = (a.photo == b.photo) & (a.number == b.number)
    same_hash = a.has_dhash & b.has_dhash & (np.bitwise_count(a.dhash ^ b.dhash) <= MAX_HASH_BITS)
    same_look = same_hash & (correlation >= MIN_CORRELATION)
    same_look[same_look] = _compute_moves(a.places[same_look], b.places[same_look]) <= MAX_MOVE
    return np.asarray((a.snapshot_id != b.snapshot_id) & (same_photo | same_look), dtype=np.bool_)


def _compute_moves(a: Float32, b: Float32) -> Float32:
    """Return how far the median joint of n pairs moves, (n,), as a fraction of the photo. NaN if no joint is shared."""
    with np.errstate(invalid="ignore"):
        moves = np.sort(np.abs(a - b).max(axis=-1), axis=-1)  # a joint that one of them lacks is NaN, and comes last
    middle = (np.isfinite(moves).sum(axis=-1, keepdims=True) - 1).clip(0) // 2
    return np.asarray(np.take_along_axis(moves, middle, axis=-1)[..., 0], np.float32)


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
        np.stack([_place_joints(one) for one in stored]),
    )


def _place_joints(stored: StoredPose) -> Float32:
    """Return the body joints as fractions of the photo's width and height, (14, 2). NaN if these are not known."""
    xy = stored.pose.person.keypoints.xy[skeleton.BODY]
    return np.asarray(xy / (stored.width or np.nan, stored.height or np.nan), np.float32)


def stack_poses(stored: Sequence[StoredPose]) -> Poses:
    """Return the image coordinates of stored poses as a matrix."""
    return Poses(np.stack([one.pose.vector for one in stored]), np.stack([one.pose.mask for one in stored]))
