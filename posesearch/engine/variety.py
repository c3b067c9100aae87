"""Near-duplicates: the same photo stored twice, encoded again, or the next of a burst."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posesearch.similarity import Poses, compare
from posesearch.store.snapshots import StoredPose

SAME_BITS: Final = 8
"""Of the 64 bits of the difference hash, so many may differ. Encoding again changes 0 to 7, a crop of 4% 4 to 8."""

SAME_POSE: Final = 0.995
"""And the poses must be so similar: photos with the same background and another person differ in this."""


def near_duplicates(a: StoredPose, b: StoredPose) -> bool:
    """Tell whether two poses are of the same person in the same, or almost the same, photo."""
    if a.snapshot_id == b.snapshot_id:
        return False
    if a.sha256 == b.sha256 and a.estimator == b.estimator:
        return a.number == b.number
    if a.dhash is None or b.dhash is None or (a.dhash ^ b.dhash).bit_count() > SAME_BITS:
        return False
    one, other = (Poses(stored.pose.vector[None], stored.pose.mask[None]) for stored in (a, b))
    return bool(compare(one, other, other.masks).correlation[0, 0] >= SAME_POSE)


def collapsed(ranked: Sequence[StoredPose]) -> list[tuple[int, tuple[int, ...]]]:
    """Return the rows that stay, best first, each with the numbers of the poses that are its near-duplicates."""
    kept: list[tuple[int, list[int]]] = []
    for row, stored in enumerate(ranked):
        for first, same in kept:
            if near_duplicates(ranked[first], stored):
                same.append(stored.pose_id)
                break
        else:
            kept.append((row, []))
    return [(row, tuple(same)) for row, same in kept]


def poses_of(stored: Sequence[StoredPose]) -> Poses:
    """Return stored poses as a matrix, of the picture."""
    return Poses(np.stack([one.pose.vector for one in stored]), np.stack([one.pose.mask for one in stored]))
