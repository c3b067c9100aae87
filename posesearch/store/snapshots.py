"""Snapshots and their poses: writing batches, reading them back, counting."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from posesearch import normalise, skeleton
from posesearch.errors import NoSuchCollection, NoSuchPose
from posesearch.shots import Shot
from posesearch.store.file import Connection
from posesearch.types import Float, Keypoints, Person, Pose


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A row of the snapshots table with its poses, before it has a number.

    Attributes:
        source, sha256, width, height, collection, settings: as in schema.sql.
        rejection: reason and message, or None where the photo was ingested.
        dhash: of the photo's looks; None where it could not be decoded.
        shot: how it was taken, likewise.
        poses: none where it was rejected.
    """

    source: str
    sha256: str | None
    width: int | None
    height: int | None
    collection: str
    settings: str
    rejection: tuple[str, str] | None = None
    poses: tuple[Pose, ...] = ()
    dhash: int | None = None
    shot: Shot = field(default=Shot())


@dataclass(frozen=True, slots=True)
class Known:
    """What the store says of a photo that it has seen: where, the rule, and why it was rejected, if it was."""

    source: str
    settings: str
    reason: str | None
    message: str | None


@dataclass(frozen=True)
class Filed:
    """What the store says of a photo, wherever it is: its source, its bytes' hash, and the rule that looked at it."""

    source: str
    sha256: str | None
    collection: str
    settings: str


@dataclass(frozen=True, eq=False)
class StoredPose:
    """A pose with the snapshot that it is from and its current label."""

    pose_id: int
    snapshot_id: int
    source: str
    collection: str
    width: int
    height: int
    number: int
    estimator: str
    pose: Pose
    clustering_id: int | None
    cluster: int | None
    distance: float | None
    sha256: str
    dhash: int | None


def about(connection: Connection, key: str) -> str | None:
    """Return a value of the table about; None where it has none."""
    rows = connection.execute("SELECT value FROM about WHERE key = ?", [key]).fetchall()
    return str(rows[0][0]) if rows else None


def record(connection: Connection, key: str, value: str) -> None:
    """Write a value of the table about."""
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", [key, value])


def filed(connection: Connection) -> list[Filed]:
    """Return what is known of every photo, in the order of their numbers."""
    rows = connection.execute(
        "SELECT source, sha256, collection, settings FROM snapshots ORDER BY snapshot_id"
    ).fetchall()
    return [Filed(*row) for row in rows]


def known(connection: Connection, collection: str) -> dict[str, Known]:
    """Return the photos of a collection that were seen, by the SHA-256 of their bytes."""
    rows = connection.execute(
        """
        SELECT sha256, source, settings, reason, message FROM snapshots
        WHERE collection = ? AND sha256 IS NOT NULL
        """,
        [collection],
    ).fetchall()
    # The few rules and reasons that there are need no copy each.
    shared: dict[str | None, str | None] = {}
    return {
        sha256: Known(source, sys.intern(settings), *(shared.setdefault(text, text) for text in why))
        for sha256, source, settings, *why in rows
    }


def write(connection: Connection, snapshots: Sequence[Snapshot], estimator_name: str, pose_settings: str) -> None:
    """Write a batch, replacing what the store had of the same photos; their snapshots keep their numbers.

    The same photo is the same bytes in the same collection or, where the bytes could not be read, the same source.
    """
    columns = {
        "position": np.arange(len(snapshots), dtype=np.int32),
        "source": _texts(snapshot.source for snapshot in snapshots),
        "sha256": _texts(snapshot.sha256 for snapshot in snapshots),
        "width": np.array([snapshot.width or 0 for snapshot in snapshots], np.int32),
        "height": np.array([snapshot.height or 0 for snapshot in snapshots], np.int32),
        "collection": _texts(snapshot.collection for snapshot in snapshots),
        "reason": _texts(snapshot.rejection and snapshot.rejection[0] for snapshot in snapshots),
        "message": _texts(snapshot.rejection and snapshot.rejection[1] for snapshot in snapshots),
        "settings": _texts(snapshot.settings for snapshot in snapshots),
        **_facts(snapshots),
    }
    connection.register("batch", columns)
    connection.execute("""
        CREATE TEMP TABLE replaced AS
        SELECT s.snapshot_id, b.position FROM snapshots AS s JOIN batch AS b ON s.collection = b.collection
        AND coalesce(s.sha256, s.source) = coalesce(b.sha256, b.source)  -- one equality: a hash join
    """)
    ids = _numbers(connection)
    delete(connection, "FROM replaced")
    connection.execute("DROP TABLE replaced")
    connection.unregister("batch")
    connection.register("batch", {"snapshot_id": ids, **columns})
    connection.execute(f"""
        INSERT INTO snapshots BY NAME
        SELECT snapshot_id, source, sha256, nullif(width, 0) AS width, nullif(height, 0) AS height, collection,
               CASE WHEN reason IS NULL THEN 'ingested' ELSE 'rejected' END AS status, reason, message, settings,
               {_FACTS}
        FROM batch
    """)  # noqa: S608 (a constant)
    connection.unregister("batch")
    poses = [(id_, pose) for id_, snapshot in zip(ids, snapshots, strict=True) for pose in snapshot.poses]
    numbers = [number for snapshot in snapshots for number in range(1, len(snapshot.poses) + 1)]
    if poses:
        _write_poses(connection, poses, numbers, estimator_name, pose_settings)


# What a photo says of itself; NumPy has no NULL for numbers.
_FACTS: Final = """
    CASE WHEN looked THEN dhash END AS dhash, taken_at::TIMESTAMP AS taken_at, camera,
    CASE WHEN placed THEN latitude END AS latitude, CASE WHEN placed THEN longitude END AS longitude
"""


def _facts(snapshots: Sequence[Snapshot]) -> dict[str, NDArray[Any]]:
    shots = [snapshot.shot for snapshot in snapshots]
    return {
        "dhash": np.array([snapshot.dhash or 0 for snapshot in snapshots], np.uint64),
        "looked": np.array([snapshot.dhash is not None for snapshot in snapshots]),
        "taken_at": _texts(shot.taken_at for shot in shots),
        "camera": _texts(shot.camera for shot in shots),
        "latitude": np.array([shot.latitude or 0.0 for shot in shots]),
        "longitude": np.array([shot.longitude or 0.0 for shot in shots]),
        "placed": np.array([shot.latitude is not None for shot in shots]),
    }


def refresh(connection: Connection, snapshots: Sequence[Snapshot]) -> None:
    """Write anew what photos say of themselves, found by their bytes; their poses stay."""
    columns = {
        "collection": _texts(snapshot.collection for snapshot in snapshots),
        "sha256": _texts(snapshot.sha256 for snapshot in snapshots),
        "settings": _texts(snapshot.settings for snapshot in snapshots),
        **_facts(snapshots),
    }
    connection.register("batch", columns)
    connection.execute(f"""
        UPDATE snapshots SET settings = b.settings, dhash = b.dhash, taken_at = b.taken_at, camera = b.camera,
                             latitude = b.latitude, longitude = b.longitude
        FROM (SELECT collection, sha256, settings, {_FACTS} FROM batch) AS b
        WHERE snapshots.collection = b.collection AND snapshots.sha256 = b.sha256
    """)  # noqa: S608 (a constant)
    connection.unregister("batch")


def delete(connection: Connection, which: str) -> None:
    """Delete snapshots with their poses and labels; `which` is SQL of our own that answers with column snapshot_id."""
    for statement in (
        "DELETE FROM labels WHERE pose_id IN (SELECT pose_id FROM poses SEMI JOIN ({}) USING (snapshot_id))",
        "DELETE FROM poses WHERE snapshot_id IN (SELECT snapshot_id FROM ({}))",
        "DELETE FROM snapshots WHERE snapshot_id IN (SELECT snapshot_id FROM ({}))",
    ):
        connection.execute(statement.format(which))


def _numbers(connection: Connection) -> NDArray[np.int32]:
    """Return the numbers of a batch's snapshots: the one that each replaces or, in the batch's order, new ones."""
    kept = connection.execute("""
        SELECT min(snapshot_id) FROM batch LEFT JOIN replaced USING (position) GROUP BY position ORDER BY position
    """).fetchall()
    missing = sum(number is None for (number,) in kept)
    # Drawn apart from the rows: nextval beside a GROUP BY or a join counts in whatever order the rows come.
    fresh = iter(sorted(connection.execute("SELECT nextval('snapshot_ids') FROM range(?)", [missing]).fetchall()))
    return np.array([next(fresh)[0] if number is None else number for (number,) in kept], np.int32)


def _write_poses(
    connection: Connection, poses: list[tuple[int, Pose]], numbers: list[int], estimator_name: str, settings: str
) -> None:
    people = [pose.person for _, pose in poses]
    keypoints = [person.keypoints for person in people]
    xy = np.stack([points.xy for points in keypoints])
    nowhere, flat = np.full((skeleton.N_JOINTS, 3), np.nan, np.float32), np.zeros(3 * skeleton.N_BODY, np.float32)
    world = np.stack([nowhere if person.world is None else person.world for person in people])
    in_space = np.stack([flat if pose.world is None else pose.world for _, pose in poses])
    vectors, masks = np.stack([pose.vector for _, pose in poses]), np.stack([pose.mask for _, pose in poses])
    arrays = {
        "x": xy[:, :, 0],
        "y": xy[:, :, 1],
        "joint_score": np.stack([points.score for points in keypoints]),
        **{f"world_{axis}": world[:, :, number] for number, axis in enumerate("xyz")},
        "vector": vectors,
        "mask": masks,
        "squares": np.stack([normalise.squares(vector) for vector in vectors]),
        "world_vector": in_space,
        "world_squares": np.stack([normalise.squares(vector) for vector in in_space]),
    }
    boxes = np.array([person.box for person in people], np.float32)
    columns = {
        "snapshot_id": np.array([snapshot_id for snapshot_id, _ in poses], np.int32),
        "person": np.array(numbers, np.int32),
        **{name: boxes[:, number] for number, name in enumerate(("box_x", "box_y", "box_width", "box_height"))},
        "prominence": np.array([person.prominence for person in people], np.float32),
        "score": np.array([person.score for person in people], np.float32),
        "body_joints": np.array([points.body_joints for points in keypoints], np.int32),
        "joint_set": np.array([joint_set(mask) for mask in masks], np.uint16),
        "in_metres": np.array([person.world is not None for person in people]),
        "in_space": np.array([pose.world is not None for _, pose in poses]),
        **{f"{name}_{i}": column for name, array in arrays.items() for i, column in enumerate(array.T)},
    }
    connection.register("batch", {name: np.ascontiguousarray(column) for name, column in columns.items()})
    connection.execute(
        f"""
        INSERT INTO poses BY NAME
        SELECT snapshot_id, person, box_x, box_y, box_width, box_height, prominence, score, body_joints, joint_set,
               {_ARRAYS}, $estimator AS estimator, $settings AS settings
        FROM batch
        """,  # noqa: S608 (our own names)
        {"estimator": estimator_name, "settings": settings},
    )
    connection.unregister("batch")


def _array(name: str, length: int, element: str = "{}", only: str = "true") -> str:
    """Return SQL for an array column from a column an element: DuckDB reads those at once, and arrays one by one."""
    elements = ", ".join(element.format(f"{name}_{i}") for i in range(length))
    return f"CASE WHEN {only} THEN [{elements}] END AS {name}"


_NULLED: Final = "CASE WHEN isnan({0}) THEN NULL ELSE {0} END"  # NumPy's NaN is no NULL
_ARRAYS: Final = ", ".join((
    *(_array(name, skeleton.N_JOINTS, _NULLED) for name in ("x", "y")),
    *(_array(name, skeleton.N_JOINTS, _NULLED, "in_metres") for name in ("world_x", "world_y", "world_z")),
    _array("joint_score", skeleton.N_JOINTS),
    _array("vector", 2 * skeleton.N_BODY),
    *(_array(name, skeleton.N_BODY) for name in ("mask", "squares")),
    _array("world_vector", 3 * skeleton.N_BODY, only="in_space"),
    _array("world_squares", skeleton.N_BODY, only="in_space"),
))  # fmt: skip


def joint_set(mask: Float) -> int:
    """Return a mask, (14,), as bits, the nose the lowest."""
    return int((mask > 0) @ (1 << np.arange(skeleton.N_BODY)))


def pose(connection: Connection, pose_id: int) -> StoredPose:
    """Return one pose.

    Raises:
        NoSuchPose: there is none of that number.
    """
    found = poses(connection, [pose_id])
    if not found:
        raise NoSuchPose(pose_id)
    return found[0]


def poses(connection: Connection, pose_ids: Sequence[int]) -> list[StoredPose]:
    """Return the poses of these numbers that there are, in the order asked."""
    cursor = connection.execute(
        """
        SELECT l.pose_id, l.snapshot_id, l.source, l.collection, l.width, l.height, l.person AS number, l.estimator,
               l.clustering_id, l.cluster, l.distance, s.sha256, s.dhash,
               l.score, [l.box_x, l.box_y, l.box_width, l.box_height] AS box, l.prominence,
               p.x, p.y, p.joint_score, [p.world_x, p.world_y, p.world_z] AS world,
               p.vector, p.mask, p.world_vector
        FROM labelled_poses AS l JOIN poses AS p USING (pose_id) JOIN snapshots AS s ON s.snapshot_id = l.snapshot_id
        WHERE l.pose_id IN (SELECT unnest(?::HUGEINT[]))
        """,
        [list(pose_ids)],
    )
    columns = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    found = {row["pose_id"]: _stored_pose(**row) for row in rows}
    return [found[pose_id] for pose_id in pose_ids if pose_id in found]


def _stored_pose(
    score: float, box: list[float], prominence: float,
    x: Any, y: Any, joint_score: Any, world: Any, vector: Any, mask: Any, world_vector: Any, **rest: Any,
) -> StoredPose:  # fmt: skip
    xy = np.array([x, y], dtype=np.float32).T  # a NULL element is None in Python and becomes NaN
    keypoints = Keypoints(np.ascontiguousarray(xy), np.array(joint_score, dtype=np.float32))
    left, top, width, height = box
    metres = None if world[0] is None else np.ascontiguousarray(np.array(world, dtype=np.float32).T)  # (18, 3)
    person = Person(keypoints, score, (left, top, width, height), prominence, metres)
    in_space = None if world_vector is None else np.array(world_vector, np.float32)
    normalised = Pose(person, np.array(vector, np.float32), np.array(mask, np.float32), in_space)
    return StoredPose(pose=normalised, **rest)


def any_poses(connection: Connection) -> bool:
    """Tell whether there is a pose."""
    return bool(connection.execute("SELECT pose_id FROM poses LIMIT 1").fetchall())


def body_joints(connection: Connection, collection: str | None) -> tuple[NDArray[np.int64], Float, Float]:
    """Return every pose of a collection, or of all: pose_id (n,), vector (n, 28) and raw body joints (n, 14, 2).

    Raw joints are pixels, NaN where missing.
    """
    where = (
        "WHERE snapshot_id IN (SELECT snapshot_id FROM snapshots WHERE collection = $collection OR $collection IS NULL)"
    )
    columns = connection.execute(
        f"""
        SELECT pose_id, unnest(range(1, 29)) AS i, vector[i] AS v,
               coalesce(CASE WHEN i <= 14 THEN x[i] ELSE y[i - 14] END, 'nan') AS raw
        FROM poses {where} ORDER BY pose_id, i
        """,  # noqa: S608 (the text is a constant)
        {"collection": collection},
    ).fetchnumpy()
    ids = np.asarray(columns["pose_id"], np.int64)[:: 2 * skeleton.N_BODY]
    vectors = np.asarray(columns["v"], np.float32).reshape(-1, 2 * skeleton.N_BODY)
    raw = np.asarray(columns["raw"], np.float32).reshape(-1, 2, skeleton.N_BODY).transpose(0, 2, 1)
    return ids, vectors, raw


def check_collection(connection: Connection, collection: str | None) -> None:
    """Raise NoSuchCollection where a collection is named and no snapshot is in it."""
    names = [row[0] for row in connection.execute("SELECT DISTINCT collection FROM snapshots ORDER BY 1").fetchall()]
    if collection is not None and collection not in names:
        raise NoSuchCollection(collection, names)


def _texts(values: Any) -> NDArray[np.object_]:
    return np.array(list(values), dtype=object)
