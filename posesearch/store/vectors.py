"""Reads the vectors of many poses as matrices: a fixed random sample, or all candidates in blocks."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.pose.joint_sets import to_masks
from posesearch.pose.similarity import Poses
from posesearch.store.candidates import all_poses
from posesearch.store.chosen import choose_poses
from posesearch.store.connection import Connection
from posesearch.store.values import BadValue, check_vectors, to_floats
from posesearch.types import Int64

# A number that orders ids as if at random, and always in the same way: Knuth's multiplicative hash.
_HASH: Final = "abs(pose_id % 4294967296)::UBIGINT * 2654435761 % 4294967296"


def sample_poses(connection: Connection, count: int, *, world: bool) -> Poses:
    """Return a random sample of up to `count` poses. It is the same each time."""
    table = all_poses(world=world)
    rows = connection.execute(
        f"""
        SELECT pose_id, joint_set, {_elements("vector", world=world)} FROM {table}
        WHERE pose_id IN (SELECT pose_id FROM {table} ORDER BY {_HASH}, pose_id LIMIT {count:d})
        ORDER BY pose_id
        """  # noqa: S608 (our own names)
    ).fetchnumpy()
    return _to_poses(rows)[1]


def read_chosen(connection: Connection, pose_ids: Int64) -> Poses:
    """Return the image coordinates of some poses, in the order of `pose_ids`, (n,). The poses must exist."""
    condition, parameters = choose_poses(pose_ids.tolist())
    rows = connection.execute(
        f"SELECT pose_id, joint_set, {_elements('vector', world=False)} FROM poses WHERE {condition} ORDER BY pose_id",  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    ids, poses = _to_poses(rows)
    return poses.take(np.searchsorted(ids, pose_ids))


def read_blocks(
    connection: Connection, candidates: str, *, world: bool, size: int = 50_000
) -> Iterator[tuple[Int64, Poses]]:
    """Yield the ids, (n,), and the vectors of all candidates in blocks, ordered by id."""
    stored = connection.execute(f"SELECT pose_id FROM {candidates} ORDER BY pose_id").fetchnumpy()["pose_id"]  # noqa: S608
    if np.ma.is_masked(stored):
        raise BadValue("poses", "pose_id NULL", "no id")
    for start in range(0, len(stored), size):
        rows = connection.execute(
            f"""
            SELECT pose_id, joint_set, {_elements("vector", world=world)} FROM {candidates}
            WHERE pose_id BETWEEN $first AND $last ORDER BY pose_id
            """,  # noqa: S608 (our own names)
            {"first": int(stored[start]), "last": int(stored[start : start + size][-1])},
        ).fetchnumpy()
        ids, poses = _to_poses(rows)
        if len(ids):
            yield ids, poses


def _elements(vector: str, *, world: bool) -> str:
    """Return SQL for one column per element. DuckDB passes numbers to NumPy directly, but arrays as objects."""
    return ", ".join(f"{vector}[{i}] AS v{i}" for i in range(1, (3 if world else 2) * skeleton.N_BODY + 1))


def _to_poses(rows: dict[str, NDArray[Any]]) -> tuple[Int64, Poses]:
    """Return ids and vectors. Raise BadValue if a vector can't be compared."""
    ids = np.asarray(rows.pop("pose_id"), np.int64)
    sets = np.asarray(np.ma.filled(rows.pop("joint_set"), 0), np.int64)
    masks = to_masks(sets)
    vectors = np.stack([to_floats(column) for column in rows.values()], axis=1)
    check_vectors("poses", "pose_id", ids, "vector" if len(rows) == 2 * skeleton.N_BODY else "world_vector", vectors)
    return ids, Poses(vectors, masks)
