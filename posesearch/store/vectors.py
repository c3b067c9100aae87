"""Reads the vectors of many poses as matrices: a random sample, candidates in blocks, or a collection."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.pose.joint_sets import to_masks
from posesearch.pose.normalize import Normalization, normalize_max
from posesearch.pose.similarity import Poses
from posesearch.store.candidates import all_poses
from posesearch.store.connection import Connection
from posesearch.store.values import BadValue, check_vectors, to_floats
from posesearch.types import Float32, Int64

# A number that orders ids as if at random, and always in the same way: Knuth's multiplicative hash.
_HASH: Final = "abs(pose_id % 4294967296)::UBIGINT * 2654435761 % 4294967296"

_OF_COLLECTION: Final = """
    poses WHERE $collection IS NULL
    OR snapshot_id IN (SELECT snapshot_id FROM snapshots WHERE collection = $collection)
"""


def sample_poses(connection: Connection, count: int, *, world: bool) -> Poses:
    """Return a random sample of up to `count` poses. It is the same each time."""
    table = all_poses(world=world)
    chosen = f"SELECT pose_id FROM {table} ORDER BY {_HASH}, pose_id LIMIT {count:d}"  # noqa: S608 (our own names)
    return _read(connection, f"{table} WHERE pose_id IN ({chosen})", {}, world=world)[1]


def read_blocks(
    connection: Connection, candidates: str, *, world: bool, size: int = 50_000
) -> Iterator[tuple[Int64, Poses]]:
    """Yield the ids, (n,), and the vectors of all candidates in blocks, ordered by id."""
    rows = connection.execute(f"SELECT pose_id FROM {candidates} ORDER BY pose_id").fetchnumpy()  # noqa: S608
    stored = _to_ids(rows["pose_id"])
    for start in range(0, len(stored), size):
        first, last = stored[start], stored[start : start + size][-1]
        between = {"first": int(first), "last": int(last)}
        ids, poses = _read(connection, f"{candidates} WHERE pose_id BETWEEN $first AND $last", between, world=world)
        if len(ids):
            yield ids, poses


def read_collection(
    connection: Connection, collection: str | None, normalization: Normalization
) -> tuple[Int64, Poses]:
    """Return the ids, (n,), and the vectors of the poses of a collection, ordered by id. None means all collections.

    The vectors for "body" are stored. Those for "max" are computed from the joints in pixels.

    Raises:
        BadValue: a vector can't be compared, or "max" needs a joint that has no coordinates.
    """
    ids, poses = _read(connection, _OF_COLLECTION, {"collection": collection}, world=False)
    if normalization == "body":
        return ids, poses
    joints = _read_joints(connection, collection)
    wrong = np.flatnonzero((np.isfinite(joints).all(axis=2) != (poses.masks > 0)).any(axis=1))
    if len(wrong):
        raise BadValue("poses", f"pose_id {ids[wrong[0]]}", "other joints in x and y than in joint_set")
    return ids, Poses(normalize_max(joints), poses.masks)


def _read(connection: Connection, candidates: str, parameters: Any, *, world: bool) -> tuple[Int64, Poses]:
    """Return the ids and the vectors of poses, ordered by id. Raise BadValue if one has no id or can't be compared.

    Args:
        connection: an open file.
        candidates: SQL for FROM, with or without WHERE.
        parameters: the values of its parameters.
        world: whether the vectors are those of the limbs in 3D.
    """
    # DuckDB passes numbers to NumPy directly, but arrays as objects. So each element is a column.
    elements = ", ".join(f"vector[{i}] AS v{i}" for i in range(1, (3 if world else 2) * skeleton.N_BODY + 1))
    rows = connection.execute(
        f"SELECT pose_id, joint_set, {elements} FROM {candidates} ORDER BY pose_id",  # noqa: S608 (our own names)
        parameters,
    ).fetchnumpy()
    ids = _to_ids(rows.pop("pose_id"))
    masks = to_masks(np.asarray(np.ma.filled(rows.pop("joint_set"), 0), np.int64))
    vectors = np.stack([to_floats(column) for column in rows.values()], axis=1)
    check_vectors("poses", "pose_id", ids, "world_vector" if world else "vector", vectors)
    return ids, Poses(vectors, masks)


def _read_joints(connection: Connection, collection: str | None) -> Float32:
    """Return the body joints of a collection, (n, 14, 2) in pixels, NaN where missing, ordered by the pose's id."""
    elements = ", ".join(f"{axis}[{i}] AS {axis}{i}" for i in range(1, skeleton.N_BODY + 1) for axis in "xy")
    rows = connection.execute(
        f"SELECT {elements} FROM {_OF_COLLECTION} ORDER BY pose_id",  # noqa: S608 (our own names)
        {"collection": collection},
    ).fetchnumpy()
    return np.stack([to_floats(column) for column in rows.values()], axis=1).reshape(-1, skeleton.N_BODY, 2)


def _to_ids(column: Any) -> Int64:
    """Return the column pose_id of fetchnumpy. Raise BadValue if one is NULL."""
    if np.ma.is_masked(column):
        raise BadValue("poses", "pose_id NULL", "no id")
    return np.asarray(column, np.int64)
