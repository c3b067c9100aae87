"""What tells near-duplicates, of many poses at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesearch.store.file import Connection


@dataclass(frozen=True, eq=False)
class Looks:
    """Of n poses, where each is from and what the photo looks like.

    Attributes:
        snapshot_id, number: (n,) int64, the snapshot and which person of it.
        photo: (n,) int64, the same for photos of the same bytes.
        dhash: (n,) uint64; has_dhash: (n,) bool, whether it is known.
    """

    snapshot_id: NDArray[np.int64]
    number: NDArray[np.int64]
    photo: NDArray[np.int64]
    dhash: NDArray[np.uint64]
    has_dhash: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> "Looks":
        """Return some of them."""
        return Looks(*(column[rows] for column in vars(self).values()))


def looks(connection: Connection, pose_ids: NDArray[np.int64]) -> Looks:
    """Return the looks of poses; `pose_ids` (n,) must be there, in ascending order."""
    columns = connection.execute("""
        SELECT pose_id, snapshot_id, person, dense_rank() OVER (ORDER BY sha256) AS photo,
               coalesce(dhash, 0) AS dhash, dhash IS NOT NULL AS has_dhash
        FROM poses JOIN snapshots USING (snapshot_id) ORDER BY pose_id
    """).fetchnumpy()
    rows = np.searchsorted(columns["pose_id"], pose_ids)
    return Looks(
        np.asarray(columns["snapshot_id"], np.int64),
        np.asarray(columns["person"], np.int64),
        np.asarray(columns["photo"], np.int64),
        np.asarray(columns["dhash"], np.uint64),
        np.asarray(columns["has_dhash"], bool),
    ).take(rows)
