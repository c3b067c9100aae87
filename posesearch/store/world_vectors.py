"""Computes the world vectors of stored poses again, from their keypoints and world coordinates."""

from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.pose.normalize import normalize_limbs
from posesearch.store.interruptible import Connection
from posesearch.store.values import to_floats

_BLOCK: Final = 50_000
_AXES: Final = ("x", "y", "world_x", "world_y", "world_z")


def compute_world_vectors(connection: Connection, poses: str, result: str) -> None:
    """Create a temporary table with the columns pose_id, world_vector and world_squares.

    Args:
        connection: an open file.
        poses: name of a table with the columns of poses. Poses without world coordinates are left out, and so are those
            whose coordinates are damaged.
        result: name of the temporary table.
    """
    half, size = skeleton.N_BODY, 3 * skeleton.N_BODY
    columns = f"pose_id BIGINT, world_vector FLOAT[{size}], world_squares FLOAT[{half}]"
    connection.execute(f"CREATE TEMP TABLE {result} ({columns})")
    chosen = f"FROM {poses} WHERE world_x IS NOT NULL"
    ids = connection.execute(f"SELECT pose_id {chosen} ORDER BY pose_id").fetchnumpy()["pose_id"]
    elements = ", ".join(f"{axis}[{i}] AS {axis}{i}" for i in range(1, half + 1) for axis in _AXES)
    arrays = ", ".join(
        f"[{', '.join(f'{name}{i}' for i in range(count))}] AS {column}"
        for name, column, count in (("v", "world_vector", size), ("s", "world_squares", half))
    )
    for start in range(0, len(ids), _BLOCK):
        block = ids[start : start + _BLOCK]
        rows = connection.execute(
            f"SELECT pose_id, {elements} {chosen} AND pose_id BETWEEN ? AND ?",
            [int(block[0]), int(block[-1])],
        ).fetchnumpy()
        numbers = np.asarray(rows.pop("pose_id"), np.int64)
        joints = np.stack([to_floats(column) for column in rows.values()], axis=1)
        joints = joints.reshape(-1, half, len(_AXES))
        joints[~np.isfinite(joints).all(axis=2)] = np.nan  # one damaged coordinate makes the joint a missing one
        vectors = normalize_limbs(joints[..., :2], joints[..., 2:])
        is_pose = vectors.any(axis=1)
        numbers, vectors = numbers[is_pose], vectors[is_pose]
        squares = (vectors.reshape(-1, 3, half) ** 2).sum(axis=1)
        named = {
            f"{name}{i}": np.ascontiguousarray(column)
            for name, matrix in (("v", vectors), ("s", squares))
            for i, column in enumerate(matrix.T)
        }
        connection.register("block", {"pose_id": numbers, **named})
        connection.execute(f"INSERT INTO {result} BY NAME SELECT pose_id, {arrays} FROM block")  # noqa: S608 (likewise)
        connection.unregister("block")
