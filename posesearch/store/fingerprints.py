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
    """Return the fingerprints of poses, (n,), in their order. The poses must exist."""
    condition, parameters = choose_poses(pose_ids.tolist())
    columns = connection.execute(
        f"""
        SELECT pose_id, snapshot_id, person, dense_rank() OVER (ORDER BY sha256) AS photo,
               coalesce(dhash, 0) AS dhash, dhash IS NOT NULL AS has_dhash,
               coalesce(width, 0) AS width, coalesce(height, 0) AS height, x IS NULL OR y IS NULL AS lacks_joints
        FROM poses JOIN snapshots USING (snapshot_id) WHERE {condition} ORDER BY pose_id
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    stored = np.asarray(columns["pose_id"], np.int64)
    missing = np.setdiff1d(pose_ids, stored)
    if len(missing):
        raise BadValue("poses", f"pose_id {missing[0]}", "a snapshot_id that the table snapshots does not have")
    if columns["lacks_joints"].any():
        raise BadValue("poses", f"pose_id {stored[columns['lacks_joints']][0]}", "no x or no y")
    joints = connection.execute(
        f"""
        SELECT unnest(range(14)) AS joint, unnest(x[1:14]) AS x, unnest(y[1:14]) AS y
        FROM poses WHERE {condition} ORDER BY pose_id, joint
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    xy = np.stack([to_floats(joints[axis]).reshape(-1, skeleton.N_BODY) for axis in "xy"], axis=-1)
    sizes = np.stack([columns["width"], columns["height"]], axis=-1)[:, None].astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = xy / sizes
    places[~np.isfinite(places)] = np.nan
    return Fingerprints(
        np.asarray(columns["snapshot_id"], np.int64),
        np.asarray(columns["person"], np.int64),
        np.asarray(columns["photo"], np.int64),
        np.asarray(columns["dhash"], np.uint64),
        np.asarray(columns["has_dhash"], bool),
        places,
    ).take(np.searchsorted(stored, pose_ids))
