"""Photo, difference hash and joint positions of stored poses, for near-duplicate detection."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.store.chosen import choose_poses
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
    """

    snapshot_id: Int64
    number: Int64
    photo: Int64
    dhash: NDArray[np.uint64]
    has_dhash: NDArray[np.bool_]

    def take(self, rows: Int64) -> "Fingerprints":
        """Return some rows."""
        return Fingerprints(*(column[rows] for column in vars(self).values()))


def read_fingerprints(connection: Connection, pose_ids: Int64) -> Fingerprints:
    """Return the fingerprints of poses, (n,), in their order. The poses must exist."""
    condition, parameters = choose_poses(pose_ids.tolist())
    columns = connection.execute(
        f"""
        SELECT pose_id, snapshot_id, person, coalesce(sha256, '') AS sha256,
               coalesce(dhash, 0) AS dhash, dhash IS NOT NULL AS has_dhash
        FROM poses JOIN snapshots USING (snapshot_id) WHERE {condition} ORDER BY pose_id
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    stored = np.asarray(columns["pose_id"], np.int64)
    missing = np.setdiff1d(pose_ids, stored)
    if len(missing):
        raise BadValue("poses", f"pose_id {missing[0]}", "a snapshot_id that the table snapshots does not have")
    return Fingerprints(
        np.asarray(columns["snapshot_id"], np.int64),
        np.asarray(columns["person"], np.int64),
        np.unique(columns["sha256"].astype(str), return_inverse=True)[1].astype(np.int64),
        np.asarray(columns["dhash"], np.uint64),
        np.asarray(columns["has_dhash"], bool),
    ).take(np.searchsorted(stored, pose_ids))


def read_places(connection: Connection, pose_ids: Int64) -> Float32:
    """Return the body joints of poses, (n,), as fractions of the photo's width and height.

    Returns:
        (n, 14, 2) float32. NaN where a joint is missing, or where the size of the photo is not known.
    """
    condition, parameters = choose_poses(pose_ids.tolist())
    columns = connection.execute(
        f"""
        SELECT unnest(range(14)) AS joint, unnest(x[1:14]) / nullif(width, 0) AS x,
               unnest(y[1:14]) / nullif(height, 0) AS y, pose_id
        FROM poses JOIN snapshots USING (snapshot_id) WHERE {condition} ORDER BY pose_id, joint
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    places = np.stack([to_floats(columns[axis]).reshape(-1, skeleton.N_BODY) for axis in "xy"], axis=-1)
    places[~np.isfinite(places)] = np.nan
    stored = np.asarray(columns["pose_id"], np.int64)[:: skeleton.N_BODY]
    return places[np.searchsorted(stored, pose_ids)]
