"""Near-duplicates: photos that are copies, re-encodings, crops or mirror images of each other, and their people.

The thresholds were measured on 1,326 photos of streets, studios, sports and yoga, and on copies of them, by
benchmarks/duplicates.py. Two photos of one session, with another pose or another person, must not be near-duplicates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.photos.alignment import align
from posesearch.photos.looks import correlate_nearby, find_alike
from posesearch.store.fingerprints import Fingerprints, PhotoPrints
from posesearch.types import Float32, Float64, Int64, Mask

MIN_COARSE: Final = 0.7
"""The correlation of the coarse looks that a pair needs.

Of photos cropped by up to 6% on each side, 98% have it, and all that were encoded again, resized or brightened. Of
pairs of other photos, 0.1% have it.
"""

MIN_NEARBY: Final = 0.92
"""The correlation of the coarse looks after the best small move and stretch, to the first order.

Of cropped photos with MIN_COARSE, 98.5% have it. Of pairs of other photos, 0.007% have both.
"""

MIN_PROMISING: Final = 0.6
"""The correlation of the details after the first steps of the alignment. All near-duplicates have it."""

MIN_DETAIL: Final = 0.87
"""The correlation of the details of the aligned photos.

Of cropped photos, 99% have more. The highest of two other photos is 0.84, in a studio with a person in another pose.
"""

MAX_HASH_BITS: Final = 8
"""Two photos without thumbnails are near-duplicates if their difference hashes differ in at most this many of 64 bits.

Earlier versions stored no thumbnails. Another encoding of the same photo changes 0 to 7 bits.
"""

MAX_MOVE: Final = 0.03
"""The median joint of a person moves at most this far between two near-duplicates, as a fraction of the photo's side.

The photos are aligned first. Of the main people of 78 cropped photos, 74 are near-duplicates by this, and
of those of 78 mirrored photos 73.
"""

MIN_HASH_CORRELATION: Final = 0.995
"""The correlation of the joints of a person in two photos that only the difference hash compares.

Photos of one session, with another pose or another person, often have the same hash.
"""

MAX_HASH_MOVE: Final = 0.025
"""The median joint of a person moves at most this far between such photos. See MAX_MOVE.

Another encoding of the same photo moves it by up to 0.013.
"""

_ROWS: Final = 128  # poses that are compared with all others in one step


@dataclass(frozen=True, eq=False)
class PhotoPairs:
    """Pairs of m photos, and how the second photo fits on the first.

    Attributes:
        first, second: (m,) int64, rows of the photos. They differ.
        mirrored: (m,) bool, whether one of them is mirrored.
        offset, scale: (m, 2) float32, as in Alignments, after the first photo was mirrored.
    """

    first: Int64
    second: Int64
    mirrored: Mask
    offset: Float32
    scale: Float32

    def take(self, rows: Int64 | Mask | slice) -> "PhotoPairs":
        """Return some pairs."""
        return PhotoPairs(*(column[rows] for column in vars(self).values()))


def find_candidates(photos: PhotoPrints, rows: Int64, columns: Int64) -> PhotoPairs:
    """Return the pairs of photos that may be near-duplicates. `confirm` finds out.

    Args:
        photos: all photos.
        rows: (r,) the rows of some of them.
        columns: (c,) the rows of those that they are compared with.
    """
    first, second, mirrored = find_alike(photos.looks, rows, columns, MIN_COARSE)
    pairs = _make_pairs(first, second, mirrored)
    pairs = pairs.take(pairs.first != pairs.second)
    return pairs.take(correlate_nearby(photos.looks, pairs.first, pairs.second, pairs.mirrored) >= MIN_NEARBY)


def confirm(photos: PhotoPrints, candidates: PhotoPairs) -> PhotoPairs:
    """Return the candidates that are near-duplicates, aligned."""
    thumbnails = photos.looks.thumbnails
    first = thumbnails[candidates.first]
    first[candidates.mirrored] = first[candidates.mirrored][:, :, ::-1]
    found = align(first, thumbnails[candidates.second], MIN_PROMISING)
    pairs = PhotoPairs(candidates.first, candidates.second, candidates.mirrored, found.offset, found.scale)
    return pairs.take(found.correlation >= MIN_DETAIL)


def find_by_hash(photos: PhotoPrints, rows: Int64, columns: Int64) -> PhotoPairs:
    """Return the pairs, one or both without a thumbnail, whose difference hashes are nearly equal."""
    rows, columns = rows[photos.has_dhash[rows]], columns[photos.has_dhash[columns]]
    lacks = ~photos.has_thumbnail
    if not (lacks[rows].any() or lacks[columns].any()):
        return _make_pairs(rows[:0], columns[:0])
    alike = np.bitwise_count(photos.dhash[rows][:, None] ^ photos.dhash[columns]) <= MAX_HASH_BITS
    first, second = np.nonzero(alike & (lacks[rows][:, None] | lacks[columns]))
    pairs = _make_pairs(rows[first], columns[second])
    return pairs.take(pairs.first != pairs.second)


def find_near_duplicates(
    poses: Fingerprints, rows: Int64, columns: Int64, read: Callable[[Int64], Float32]
) -> tuple[Int64, Int64]:
    """Return the pairs of poses of the same person in near-duplicate photos, or in the same photo of two collections.

    Args:
        poses: all poses.
        rows: (r,) the rows of some of them.
        columns: (c,) the rows of those that they are compared with.
        read: returns the places of the joints of the poses in some rows, (m,), as read_places does, (m, 14, 2). It is
            called only for people in near-duplicate photos.
    """
    here, there = np.unique(poses.photo[rows]), np.unique(poses.photo[columns])
    found = [confirm(poses.photos, find_candidates(poses.photos, here, there)), find_by_hash(poses.photos, here, there)]
    pairs = PhotoPairs(*(np.concatenate(parts) for parts in zip(*(vars(one).values() for one in found), strict=True)))
    is_by_hash = np.repeat([False, True], [len(one.first) for one in found])
    same = np.intersect1d(here, there)
    copies_a, copies_b, _ = _pair_people(poses, rows, columns, same, same)
    is_same = poses.number[copies_a] == poses.number[copies_b]
    a, b, pair = _pair_people(poses, rows, columns, pairs.first, pairs.second)
    if len(a):
        used, number = np.unique(np.concatenate([a, b]), return_inverse=True)
        places = read(used)[number]
        places_a, places_b = places[: len(a)], places[len(a) :]
        is_near = _compute_moves(pairs.take(pair), places_a, places_b) <= np.where(
            is_by_hash[pair], MAX_HASH_MOVE, MAX_MOVE
        )
        is_near &= ~is_by_hash[pair] | (_correlate_joints(places_a, places_b) >= MIN_HASH_CORRELATION)
        a, b = a[is_near], b[is_near]
    a, b = np.concatenate([copies_a[is_same], a]), np.concatenate([copies_b[is_same], b])
    others = poses.snapshot_id[a] != poses.snapshot_id[b]
    return a[others], b[others]


def collapse_near_duplicates(poses: Fingerprints, read: Callable[[Int64], Float32]) -> list[tuple[int, list[int]]]:
    """Keep the best of each group of near-duplicates.

    Args:
        poses: n poses, best first.
        read: as in `find_near_duplicates`.

    Returns:
        The rows that are kept, in order, each with the rows of its near-duplicates.
    """
    left = np.arange(len(poses.photo))
    best = left.copy()
    while len(left):
        block, rest = left[:_ROWS], left[_ROWS:]
        _assign(best, *find_near_duplicates(poses, block, block, read))
        _assign(best, *find_near_duplicates(poses, block[best[block] == block], rest, read))
        left = rest[best[rest] == rest]
    groups: dict[int, list[int]] = {}
    for row, first in enumerate(best.tolist()):
        if row == first:
            groups[row] = []
        else:
            groups[first].append(row)
    return list(groups.items())


def _assign(best: Int64, first: Int64, second: Int64) -> None:
    """Set the best near-duplicate of rows that have none yet. `best` of a row that is kept is the row itself."""
    for a, b in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if a < b and best[a] == a and best[b] == b:
            best[b] = a


def _make_pairs(first: Int64, second: Int64, mirrored: Mask | None = None) -> PhotoPairs:
    """Return pairs that are not aligned yet."""
    shape = len(first), 2
    mirrored = np.zeros(len(first), np.bool_) if mirrored is None else mirrored
    return PhotoPairs(first, second, mirrored, np.zeros(shape, np.float32), np.ones(shape, np.float32))


def _pair_people(
    poses: Fingerprints, rows: Int64, columns: Int64, first: Int64, second: Int64
) -> tuple[Int64, Int64, Int64]:
    """Return each person of the first photo with each person of the second: their rows, and the number of the pair."""
    rows, columns = rows[np.argsort(poses.photo[rows])], columns[np.argsort(poses.photo[columns])]
    start_a, people_a = _find_people(poses.photo[rows], first)
    start_b, people_b = _find_people(poses.photo[columns], second)
    counts = people_a * people_b
    pair = np.repeat(np.arange(len(first)), counts)
    number = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)  # within the pair, from 0
    return rows[start_a[pair] + number // people_b[pair]], columns[start_b[pair] + number % people_b[pair]], pair


def _find_people(photo: Int64, wanted: Int64) -> tuple[Int64, Int64]:
    """Return where the people of some photos begin in a sorted column, and how many there are."""
    start = np.searchsorted(photo, wanted)
    return start, np.searchsorted(photo, wanted, side="right") - start


def _compute_moves(pairs: PhotoPairs, a: Float32, b: Float32) -> Float64:
    """Return how far the median joint of n pairs of people, (n, 14, 2) each, is from where the alignment puts it.

    It is NaN if they share no joint.
    """
    flipped = a[:, list(skeleton.MIRROR[: skeleton.N_BODY])] * [-1, 1] + [1, 0]
    a = np.where(pairs.mirrored[:, None, None], flipped, a)
    moved = pairs.scale[:, None] * (a - 0.5) + 0.5 + pairs.offset[:, None]
    moves = np.sort(np.abs(moved - b).max(axis=-1), axis=-1)  # a joint that one of them lacks is NaN, and comes last
    middle = (np.isfinite(moves).sum(axis=-1, keepdims=True) - 1).clip(0) // 2
    return np.asarray(np.take_along_axis(moves, middle, axis=-1)[..., 0], np.float64)


def _correlate_joints(a: Float32, b: Float32) -> Float64:
    """Return the correlation of the places of the joints that two people share, (n,), for n pairs, (n, 14, 2) each.

    It is 0 if their joints have no spread.
    """
    shared = np.isfinite(a + b).all(axis=-1, keepdims=True)
    count = np.maximum(shared.sum(axis=1, keepdims=True), 1)
    a, b = (np.where(shared, one, 0) for one in (a, b))
    a, b = (np.where(shared, one - one.sum(axis=1, keepdims=True) / count, 0) for one in (a, b))
    spread = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    return np.asarray((a * b).sum(axis=(1, 2)) / np.maximum(spread, 1e-9), np.float64)
