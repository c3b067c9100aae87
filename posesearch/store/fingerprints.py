"""Photo, difference hash and joint positions of stored poses, for near-duplicate detection."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.store.connection import Connection
from posesearch.store.values import BadValue, to_floats
from posesearch.types import Float32, Int64


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """The fingerprints of n poses.

    Attributes:
        snapshot_id: (n,) int64.
        number: (n,) int64, which person of the snapshot.
        photo: (n,) int64, equal for photos with the same bytes.
        dhash: (n,) uint64, difference hash of the photo.
        has_dhash: (n,) bool, whether the difference hash is known.
        places: (n, 14, 2) float32, the body joints as fractions of the photo's width and height. NaN if missing.
    """

    snapshot_id: Int64
    number: Int64
    photo: Int64
    dhash: NDArray[np.uint64]
    has_dhash: NDArray[np.bool_]
    places: Float32

    def take(self, rows: Int64) -> "Fingerprints":
        """Return some rows."""
        return Fingerprints(*(column[rows] for column in vars(self).values()))


def read_fingerprints(connection: Connection, pose_ids: Int64) -> Fingerprints:
    """Return the fingerprints of poses. `pose_ids`, (n,), must exist and be in ascending order."""
    # One column per number, because DuckDB passes numbers to NumPy directly, but arrays as objects.
    places = ", ".join(
        f"x[{i}] / nullif(width, 0) AS x{i}, y[{i}] / nullif(height, 0) AS y{i}" for i in range(1, skeleton.N_BODY + 1)
    )
    columns = connection.execute(
        f"""
        SELECT pose_id, snapshot_id, person, dense_rank() OVER (ORDER BY sha256) AS photo,
               coalesce(dhash, 0) AS dhash, dhash IS NOT NULL AS has_dhash, {places}
        FROM poses JOIN snapshots USING (snapshot_id) ORDER BY pose_id
        """  # noqa: S608 (our own names)
    ).fetchnumpy()
    axes = np.array([[to_floats(columns[f"{axis}{i}"]) for i in range(1, skeleton.N_BODY + 1)] for axis in "xy"])
    axes[~np.isfinite(axes)] = np.nan
    stored = np.asarray(columns["pose_id"], np.int64)
    missing = np.setdiff1d(pose_ids, stored)
    if len(missing):
        raise BadValue("poses", f"pose_id {missing[0]}", "a snapshot_id that the table snapshots does not have")
    rows = np.searchsorted(stored, pose_ids)
    return Fingerprints(
        np.asarray(columns["snapshot_id"], np.int64),
        np.asarray(columns["person"], np.int64),
        np.asarray(columns["photo"], np.int64),
        np.asarray(columns["dhash"], np.uint64),
        np.asarray(columns["has_dhash"], bool),
        axes.transpose(2, 1, 0),
    ).take(rows)
