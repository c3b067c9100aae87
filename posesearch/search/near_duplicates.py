"""Near-duplicates: poses of the same person in copies, re-encodings or burst shots of a photo."""

from collections.abc import Callable
from typing import Final

import numpy as np

from posesearch.pose.similarity import Poses, compare
from posesearch.store.fingerprints import Fingerprints
from posesearch.types import Float32, Float64, Int64, Mask

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


def look_alike(a: Fingerprints, b: Fingerprints) -> Mask:
    """Return which of n pairs of poses may be near-duplicates, because their photos are the same or look alike."""
    same_hash = a.has_dhash & b.has_dhash & (np.bitwise_count(a.dhash ^ b.dhash) <= MAX_HASH_BITS)
    return np.asarray((a.snapshot_id != b.snapshot_id) & (_is_same_person(a, b) | same_hash), np.bool_)


def _is_same_person(a: Fingerprints, b: Fingerprints) -> Mask:
    return np.asarray((a.photo == b.photo) & (a.number == b.number), np.bool_)


def are_near_duplicates(
    a: Fingerprints, b: Fingerprints, correlation: Float64, places_a: Float32, places_b: Float32
) -> Mask:
    """Return which of n pairs that look alike show the same person.

    Args:
        a: n poses.
        b: n poses. `look_alike` is true for each pair.
        correlation: (n,) float64, not mirrored.
        places_a: (n, 14, 2) float32, where the joints of the first poses are in their photos. See read_places.
        places_b: the same for the second poses.
    """
    same_pose = (correlation >= MIN_CORRELATION) & (_compute_moves(places_a, places_b) <= MAX_MOVE)
    return np.asarray(_is_same_person(a, b) | same_pose, dtype=np.bool_)


def _compute_moves(a: Float32, b: Float32) -> Float32:
    """Return how far the median joint of n pairs moves, (n,), as a fraction of the photo. NaN if no joint is shared."""
    with np.errstate(invalid="ignore"):
        moves = np.sort(np.abs(a - b).max(axis=-1), axis=-1)  # a joint that one of them lacks is NaN, and comes last
    middle = (np.isfinite(moves).sum(axis=-1, keepdims=True) - 1).clip(0) // 2
    return np.asarray(np.take_along_axis(moves, middle, axis=-1)[..., 0], np.float32)


def collapse_near_duplicates(
    fingerprints: Fingerprints, read: Callable[[Int64], tuple[Poses, Float32]]
) -> list[tuple[int, list[int]]]:
    """Keep the best of each group of near-duplicates.

    Args:
        fingerprints: of n poses, best first.
        read: returns the poses in some rows, (m,), and their joints' places, (m, 14, 2). It is called only for rows
            whose photos look alike.

    Returns:
        The rows that are kept, in order, each with the rows of its near-duplicates.
    """
    left = np.arange(len(fingerprints.photo))
    kept = []
    while len(left):
        first, others = int(left[0]), left[1:]
        rows = others[look_alike(fingerprints.take(np.full(len(others), first)), fingerprints.take(others))]
        if len(rows):
            poses, places = read(np.array([first, *rows]))
            one = poses.take(slice(0, 1))
            correlation = compare(poses.take(slice(1, None)), one, one.masks).correlation[0]
            same = are_near_duplicates(
                fingerprints.take(np.full(len(rows), first)),
                fingerprints.take(rows),
                correlation,
                places[:1],
                places[1:],
            )
            rows = rows[same]
        kept.append((first, rows.tolist()))
        left = np.setdiff1d(others, rows, assume_unique=True)
    return kept
