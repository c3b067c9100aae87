"""The table `poses`: writes people with their keypoints and vectors, and reads them back."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.errors import NoPoses, NoSuchPose
from posesearch.pose.joint_sets import to_joint_sets, to_masks
from posesearch.pose.normalize import squared_lengths
from posesearch.pose.traits.table import NAMES
from posesearch.sources import is_url, to_path
from posesearch.sources.changes import look_at_file
from posesearch.store.attributes import read_attributes
from posesearch.store.chosen import choose_poses
from posesearch.store.clearness import make_struct, measure_clearness
from posesearch.store.connection import Connection
from posesearch.store.labels import labelled_poses
from posesearch.store.values import BadValue, check_finite, check_present, check_vectors
from posesearch.trust import Trust
from posesearch.types import Keypoints, Person, Pose, StoredPose


def write_poses(
    connection: Connection, poses: list[tuple[int, Pose]], numbers: list[int], estimator: str, settings: str
) -> None:
    """Insert poses.

    Args:
        connection: the database, in a transaction.
        poses: each with its snapshot's id.
        numbers: for each pose, which person of its snapshot it is, from 1.
        estimator: name of the estimator.
        settings: JSON, version and settings of the estimator.
    """
    people = [pose.person for _, pose in poses]
    keypoints = [person.keypoints for person in people]
    xy = np.stack([points.xy for points in keypoints])
    no_world, no_vector = np.full((skeleton.N_JOINTS, 3), np.nan, np.float32), np.zeros(3 * skeleton.N_BODY, np.float32)
    world = np.stack([no_world if person.world is None else person.world for person in people])
    world_vectors = np.stack([no_vector if pose.world_vector is None else pose.world_vector for _, pose in poses])
    vectors, masks = np.stack([pose.vector for _, pose in poses]), np.stack([pose.mask for _, pose in poses])
    arrays = {
        "x": xy[:, :, 0],
        "y": xy[:, :, 1],
        "joint_score": np.stack([points.score for points in keypoints]),
        **{f"world_{axis}": world[:, :, number] for number, axis in enumerate("xyz")},
        "vector": vectors,
        "mask": masks,
        "squares": np.stack([squared_lengths(vector) for vector in vectors]),
        "world_vector": world_vectors,
        "world_squares": np.stack([squared_lengths(vector) for vector in world_vectors]),
    }
    clearness = measure_clearness(xy, world)
    boxes = np.array([person.box for person in people], np.float32)
    columns = {
        "snapshot_id": np.array([snapshot_id for snapshot_id, _ in poses], np.int64),
        "person": np.array(numbers, np.int32),
        **{name: boxes[:, number] for number, name in enumerate(("box_x", "box_y", "box_width", "box_height"))},
        "prominence": np.array([person.prominence for person in people], np.float32),
        "score": np.array([person.score for person in people], np.float32),
        "body_joints": np.array([points.body_joints for points in keypoints], np.int32),
        "joint_set": to_joint_sets(masks).astype(np.uint16),
        "has_world": np.array([person.world is not None for person in people]),
        "has_world_vector": np.array([pose.world_vector is not None for _, pose in poses]),
        **{f"{name}_{i}": column for name, array in arrays.items() for i, column in enumerate(array.T)},
        **{f"trait_{i}": column for i, column in enumerate(clearness.T)},
    }
    connection.register("batch", {name: np.ascontiguousarray(column) for name, column in columns.items()})
    connection.execute(
        f"""
        INSERT INTO poses BY NAME
        SELECT nextval('pose_ids') AS pose_id, snapshot_id, person, box_x, box_y, box_width, box_height,
               CASE WHEN NOT isnan(prominence) THEN prominence END AS prominence, score, body_joints, joint_set,
               {_ARRAYS}, {_CLEARNESS}, $estimator AS estimator, $settings AS settings
        FROM batch
        """,  # noqa: S608 (our own names)
        {"estimator": estimator, "settings": settings},
    )
    connection.unregister("batch")


def _array(name: str, length: int, element: str = "{}", only: str = "true") -> str:
    """Return SQL that makes an array from one column per element. DuckDB reads such columns much faster than arrays."""
    elements = ", ".join(element.format(f"{name}_{i}") for i in range(length))
    return f"CASE WHEN {only} THEN [{elements}] END AS {name}"


_NAN_TO_NULL: Final = "CASE WHEN isnan({0}) THEN NULL ELSE {0} END"
_ARRAYS: Final = ", ".join((
    *(_array(name, skeleton.N_JOINTS, _NAN_TO_NULL) for name in ("x", "y")),
    *(_array(name, skeleton.N_JOINTS, _NAN_TO_NULL, "has_world") for name in ("world_x", "world_y", "world_z")),
    _array("joint_score", skeleton.N_JOINTS),
    _array("vector", 2 * skeleton.N_BODY),
    *(_array(name, skeleton.N_BODY) for name in ("mask", "squares")),
    _array("world_vector", 3 * skeleton.N_BODY, only="has_world_vector"),
    _array("world_squares", skeleton.N_BODY, only="has_world_vector"),
))  # fmt: skip


_CLEARNESS: Final = f"{make_struct([f'trait_{i}' for i in range(len(NAMES))])} AS clearness"


def read_pose(connection: Connection, pose_id: int) -> StoredPose:
    """Return one pose.

    Raises:
        NoSuchPose: there is no pose with this id.
    """
    found = read_poses(connection, [pose_id])
    if not found:
        raise NoSuchPose(pose_id)
    return found[0]


def find_snapshot(connection: Connection, pose_id: int) -> int:
    """Return the id of the snapshot that shows a pose.

    Raises:
        NoSuchPose: there is no pose with this id.
    """
    rows = connection.execute("SELECT snapshot_id FROM poses WHERE pose_id = ?", [pose_id]).fetchall()
    if not rows:
        raise NoSuchPose(pose_id)
    return int(rows[0][0])


def read_poses(connection: Connection, pose_ids: Sequence[int], clustering_id: int | None = None) -> list[StoredPose]:
    """Return the poses with these ids, in the order of the ids. Ids that do not exist are ignored.

    Args:
        connection: an open file.
        pose_ids: the ids.
        clustering_id: the clustering from which their labels come. None means the one of each collection.
    """
    condition, parameters = choose_poses(pose_ids)
    cursor = connection.execute(
        f"""
        SELECT pose_id, snapshot_id, source, collection, width, height, person AS number, estimator, clustering_id,
               cluster, distance, sha256, dhash, score, [box_x, box_y, box_width, box_height] AS box, prominence,
               x, y, joint_score, [world_x, world_y, world_z] AS world, vector, joint_set, world_vector, signature,
               bytes AS size, modified_ns, clustering_name
        FROM ({labelled_poses(clustering_id, *_MORE_COLUMNS, join=_MORE_TABLES)}) WHERE {condition}
        """,  # noqa: S608 (a view of schema.sql)
        parameters,
    )
    columns = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    found = {}
    look = cache(_look_at_source)  # several poses may be of one photo
    attributes = read_attributes(connection, [row["snapshot_id"] for row in rows])
    for row in rows:
        _check_row(row)
        try:
            found[row["pose_id"]] = _make_stored_pose(look, attributes=attributes.get(row["snapshot_id"], {}), **row)
        except ValueError as error:
            raise BadValue(
                "poses", f"pose_id {row['pose_id']}", f"values that do not fit together ({error})"
            ) from error
    return [found[pose_id] for pose_id in pose_ids if pose_id in found]


_MORE_COLUMNS: Final = (
    *("s.sha256", "s.dhash", "o.signature", "o.bytes", "o.modified_ns", "c.name AS clustering_name"),
    *(
        "p.x",
        "p.y",
        "p.joint_score",
        "p.world_x",
        "p.world_y",
        "p.world_z",
        "p.vector",
        "p.joint_set",
        "p.world_vector",
    ),
)
_MORE_TABLES: Final = """
LEFT JOIN sources AS o ON o.snapshot_id = p.snapshot_id AND o.source = s.source
LEFT JOIN clusterings AS c ON c.clustering_id = l.clustering_id"""
"""What a StoredPose has and the view labelled_poses has not."""


def _check_row(row: dict[str, Any]) -> None:
    """Raise BadValue if a pose has a value that posesearch does not write."""
    name = f"pose_id {row['pose_id']}"
    present = ("snapshot_id", "source", "collection", "number", "estimator")
    check_present(
        "poses", name, **{column: row.pop(column) if column == "settings" else row[column] for column in present}
    )
    check_finite("poses", name, score=row["score"], box=row["box"], joint_score=row["joint_score"])
    row["prominence"] = math.nan if row["prominence"] is None else row["prominence"]
    if math.isinf(row["prominence"]):
        raise BadValue("poses", name, "a prominence that is not finite")
    snapshot = f"snapshot_id {row['snapshot_id']}"
    check_present("snapshots", snapshot, sha256=row["sha256"])
    for column in ("width", "height"):
        if row[column] is not None and row[column] <= 0:
            raise BadValue("snapshots", snapshot, f"a {column} of {row[column]} pixels")
    if row["distance"] is not None:
        check_finite("labels", name, distance=row["distance"])
    check_present("poses", name, x=row["x"], y=row["y"], joint_set=row["joint_set"], vector=row["vector"])
    found = [value is not None for value in row["x"]]
    world = row["world"]
    for column, values in (("y", row["y"]), *(("world", axis) for axis in world if world != [None] * 3)):
        if values is None or [value is not None for value in values] != found:
            raise BadValue("poses", name, f"other missing joints in {column} than in x")
    for column, values in (("x", row["x"]), ("y", row["y"]), *(("world", axis) for axis in world if axis is not None)):
        check_finite("poses", name, **{column: [value for value in values if value is not None]})
    for column in ("vector", "world_vector"):
        if row[column] is not None:
            vector = np.array([row[column]], dtype=np.float32)
            check_vectors("poses", "pose_id", np.array([row["pose_id"]]), column, vector)


def _make_stored_pose(
    look: Callable[..., tuple[bool | None, bool | None]],
    size: int | None, modified_ns: int | None,
    score: float, box: list[float], prominence: float,
    x: Any, y: Any, joint_score: Any, world: Any, vector: Any, joint_set: int, world_vector: Any, **rest: Any,
) -> StoredPose:  # fmt: skip
    xy = np.array([x, y], dtype=np.float32).T  # a NULL element is None in Python and becomes NaN
    keypoints = Keypoints(np.ascontiguousarray(xy), np.array(joint_score, dtype=np.float32))
    left, top, width, height = box
    world_xyz = None if world[0] is None else np.ascontiguousarray(np.array(world, dtype=np.float32).T)  # (18, 3)
    person = Person(keypoints, score, (left, top, width, height), prominence, world_xyz)
    world_array = None if world_vector is None else np.array(world_vector, np.float32)
    pose = Pose(person, np.array(vector, np.float32), to_masks(np.array(joint_set)), world_array)
    exists, changed = look(rest["source"], rest["signature"], size, modified_ns, rest["sha256"])
    return StoredPose(pose=pose, exists=exists, changed=changed, **rest)


def check_poses(connection: Connection, path: str, collection: str | None = None) -> None:
    """Raise NoPoses if the database at this path has no pose, or none in a collection."""
    chosen = "FROM snapshots WHERE $collection IS NULL OR collection = $collection"
    named = {"collection": collection}
    some = f"SELECT pose_id FROM poses SEMI JOIN ({chosen}) USING (snapshot_id) LIMIT 1"  # noqa: S608 (our own text)
    key = "has_poses", collection
    if not connection.compute_once(key, lambda: bool(connection.execute(some, named).fetchall())):
        ((photos,),) = connection.execute(f"SELECT count(DISTINCT source) {chosen}", named).fetchall()
        raise NoPoses(path, photos, collection)


def _look_at_source(
    source: str, signature: str | None, size: int | None, modified_ns: int | None, sha256: str
) -> tuple[bool | None, bool | None]:
    """Return whether a file is there now, and whether it has changed, as `look_at_file`.

    Both are None for a URL, and for a name that this user did not store. Looking at a name from a stranger could call a
    server, or wait for it.
    """
    if is_url(source) or not Trust().allows(source, signature):
        return None, None
    return look_at_file(to_path(source), size, modified_ns, sha256)
