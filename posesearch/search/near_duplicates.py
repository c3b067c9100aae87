"""Near-duplicates: poses of the same person in copies, re-encodings or burst shots of a photo."""

from collections.abc import Callable
from typing import Final

import numpy as np

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


def are_near_duplicates(a: Fingerprints, b: Fingerprints, correlation: Float64) -> Mask:
    """Return which of n pairs show the same person in the same, or almost the same, photo.

    Args:
        a: n poses.
        b: n poses.
        correlation: (n,) float64, not mirrored.
    """
    same_look = _have_same_hash(a, b) & (correlation >= MIN_CORRELATION)
    same_look[same_look] = _compute_moves(a.places[same_look], b.places[same_look]) <= MAX_MOVE
    return np.asarray((a.snapshot_id != b.snapshot_id) & (_have_same_photo(a, b) | same_look), dtype=np.bool_)


def _have_same_photo(a: Fingerprints, b: Fingerprints) -> Mask:
    return np.asarray((a.photo == b.photo) & (a.number == b.number), np.bool_)


def _have_same_hash(a: Fingerprints, b: Fingerprints) -> Mask:
    return np.asarray(a.has_dhash & b.has_dhash & (np.bitwise_count(a.dhash ^ b.dhash) <= MAX_HASH_BITS), np.bool_)


def _compute_moves(a: Float32, b: Float32) -> Float32:
    """Return how far the median joint of n pairs moves, (n,), as a fraction of the photo. NaN if no joint is shared."""
    with np.errstate(invalid="ignore"):
        moves = np.sort(np.abs(a - b).max(axis=-1), axis=-1)  # a joint that one of them lacks is NaN, and comes last
    middle = (np.isfinite(moves).sum(axis=-1, keepdims=True) - 1).clip(0) // 2
    return np.asarray(np.take_along_axis(moves, middle, axis=-1)[..., 0], np.float32)


def collapse_near_duplicates(
    fingerprints: Fingerprints, correlate: Callable[[Int64, int], Float64]
) -> list[tuple[int, list[int]]]:
    """Keep the best of each group of near-duplicates.

    Args:
        fingerprints: of n poses, best first.
        correlate: returns the correlations of some rows, (m,), with one row, (m,) float64. It is called only for rows
            whose photos look alike.

    Returns:
        The rows that are kept, in order, each with the rows of its near-duplicates.
    """
    left = np.arange(len(fingerprints.photo))
    kept = []
    while len(left):
        first, others = int(left[0]), left[1:]
        rows = others[_may_be_duplicates(fingerprints.take(np.full(len(others), first)), fingerprints.take(others))]
        if len(rows):
            one = fingerprints.take(np.full(len(rows), first))
            rows = rows[are_near_duplicates(one, fingerprints.take(rows), correlate(rows, first))]
        kept.append((first, rows.tolist()))
        left = np.setdiff1d(others, rows, assume_unique=True)
    return kept


def _may_be_duplicates(a: Fingerprints, b: Fingerprints) -> Mask:
    return _have_same_photo(a, b) | _have_same_hash(a, b)
