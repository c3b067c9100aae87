"""The table `snapshots`: writes batches of photos with their poses, and reads stored photos."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posesearch.errors import NoSuchCollection
from posesearch.photos.decoded import CaptureInfo
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.store.attributes import delete_attributes
from posesearch.store.connection import Connection
from posesearch.store.copies import Copy, Original, list_possible, write_copies
from posesearch.store.forgotten import readmit
from posesearch.store.poses import write_poses
from posesearch.store.values import BadValue, check_present, parse_object
from posesearch.types import Int64, Pose


@dataclass(frozen=True, eq=False)
class SnapshotRow:
    """A row to be written to the table snapshots, with its poses.

    Attributes:
        source, sha256, width, height, collection, settings: as in schema.sql.
        rejection: reason and message. None if the photo has poses.
        poses: the accepted people. Empty if the photo was rejected.
        dhash: difference hash of the photo. None if it could not be decoded.
        thumbnail: 32 x 32 grey bytes. None if it could not be decoded.
        capture: how the photo was taken.
        original: the photo of another collection from which everything else is copied. None if it was estimated.
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
    thumbnail: bytes | None = None
    capture: CaptureInfo = field(default=CaptureInfo())
    original: Original | None = None

    @property
    def pose_count(self) -> int:
        """Number of poses that the photo gets."""
        return len(self.poses) if self.original is None else self.original.poses


class StoredContent(NamedTuple):
    """What the database knows about the bytes of a photo: a source, the acceptance rule, and the rejection if any."""

    source: str
    settings: str
    reason: str | None
    message: str | None

    @property
    def rejection(self) -> tuple[str, str] | None:
        """Reason and message, if the photo was rejected."""
        return None if self.reason is None else (self.reason, self.message or "")


@dataclass(frozen=True)
class StoredSnapshot:
    """A snapshot as the database has it.

    Attributes:
        source, signature: its source, and the signature of the source.
        sha256: hash of the photo.
        collection: its collection.
        settings: JSON of its acceptance rule.
        estimator_settings: JSON of the version and the settings of the estimator of its poses. None if it has no poses.
    """

    source: str
    sha256: str | None
    collection: str
    settings: str
    signature: str | None
    estimator_settings: str | None


def read_snapshots(connection: Connection) -> list[StoredSnapshot]:
    """Return all snapshots in the order of their ids."""
    rows = connection.execute("""
        SELECT s.snapshot_id, s.source, s.sha256, s.collection, s.settings, o.signature, p.settings
        FROM snapshots AS s
        LEFT JOIN sources AS o ON o.snapshot_id = s.snapshot_id AND o.source = s.source
        LEFT JOIN (SELECT snapshot_id, min(settings) AS settings FROM poses GROUP BY snapshot_id) AS p
        ON p.snapshot_id = s.snapshot_id
        ORDER BY s.snapshot_id
    """).fetchall()
    for snapshot_id, source, _, collection, settings, *_ in rows:
        row = f"snapshot_id {snapshot_id}"
        check_present("snapshots", row, source=source, collection=collection, settings=settings)
        _check_settings(settings, row)
    return [StoredSnapshot(*row) for _, *row in rows]


def _check_settings(settings: str, row: str) -> None:
    """Raise BadValue if the settings are no acceptance rule."""
    if settings not in _known_rules:
        try:
            AcceptanceRule(**parse_object("snapshots", row, "settings", settings))
        except (TypeError, ValueError) as error:
            raise BadValue("snapshots", row, "settings that are no rule of posesearch") from error
        _known_rules.add(settings)


_known_rules: set[str] = set()  # there are few distinct ones


def read_contents(connection: Connection, collection: str) -> dict[str, StoredContent]:
    """Return what is known about the photos of a collection, by the SHA-256 of their bytes."""
    rows = connection.execute(
        """
        SELECT sha256, source, settings, reason, message FROM snapshots
        WHERE collection = ? AND sha256 IS NOT NULL
        """,
        [collection],
    ).fetchall()
    for sha256, source, settings, *_ in rows:
        if source is None or settings is None:
            check_present("snapshots", f"sha256 {sha256}", source=source, settings=settings)
    return {sha256: StoredContent._make(values) for sha256, *values in rows}


def read_last_written(connection: Connection) -> tuple[int, datetime] | None:
    """Return the id and time of the snapshot that was written last. None if there is no snapshot."""
    rows = connection.execute("""
        SELECT snapshot_id, ingested_at FROM snapshots ORDER BY ingested_at DESC, snapshot_id DESC LIMIT 1
    """).fetchall()
    return (rows[0][0], rows[0][1]) if rows else None


def write_snapshots(connection: Connection, rows: Sequence[SnapshotRow], estimator: str, pose_settings: str) -> None:
    """Write a batch of photos with their poses. Photos that are already stored are replaced, and keep their ids.

    Photos are the same if they have the same bytes in the same collection, or the same source if the bytes could not be
    read. A photo that would be copied from another collection is left out if it is not there any more. The photos are
    not forgotten any more.
    """
    rows = _leave_out_impossible(connection, rows)
    columns = {
        "position": np.arange(len(rows), dtype=np.int32),
        "source": _object_column(row.source for row in rows),
        "sha256": _object_column(row.sha256 for row in rows),
        "width": np.array([row.width or 0 for row in rows], np.int32),
        "height": np.array([row.height or 0 for row in rows], np.int32),
        "collection": _object_column(row.collection for row in rows),
        "reason": _object_column(row.rejection and row.rejection[0] for row in rows),
        "message": _object_column(row.rejection and row.rejection[1] for row in rows),
        "settings": _object_column(row.settings for row in rows),
        **_photo_facts(rows),
    }
    connection.register("batch", columns)
    connection.execute("""
        CREATE TEMP TABLE replaced AS
        SELECT s.snapshot_id, b.position FROM snapshots AS s JOIN batch AS b ON s.collection = b.collection
        AND coalesce(s.sha256, s.source) = coalesce(b.sha256, b.source)  -- one equality, for a hash join
    """)
    ids = _assign_ids(connection)
    delete_poses(connection, "FROM replaced")
    connection.execute("DELETE FROM snapshots WHERE snapshot_id IN (SELECT snapshot_id FROM replaced)")
    connection.execute("DROP TABLE replaced")
    readmit(connection, "batch")
    connection.unregister("batch")
    is_estimated = np.array([row.original is None for row in rows], bool)
    new = {name: column[is_estimated] for name, column in {"snapshot_id": ids, **columns}.items()}
    connection.register("batch", new)
    connection.execute(f"""
        INSERT INTO snapshots BY NAME
        SELECT snapshot_id, source, sha256, nullif(width, 0) AS width, nullif(height, 0) AS height, collection,
               CASE WHEN reason IS NULL THEN 'ingested' ELSE 'rejected' END AS status, reason, message, settings,
               {_PHOTO_FACTS}
        FROM batch
    """)  # noqa: S608 (a constant)
    connection.unregister("batch")
    poses = [(snapshot_id, pose) for snapshot_id, row in zip(ids, rows, strict=True) for pose in row.poses]
    numbers = [number for row in rows for number in range(1, len(row.poses) + 1)]
    if poses:
        write_poses(connection, poses, numbers, estimator, pose_settings)
    if not is_estimated.all():
        numbered = zip(ids.tolist(), rows, strict=True)
        write_copies(connection, [_make_copy(snapshot_id, row) for snapshot_id, row in numbered if row.original])


def _leave_out_impossible(connection: Connection, rows: Sequence[SnapshotRow]) -> Sequence[SnapshotRow]:
    wanted = [(row.sha256, row.original) for row in rows if row.original is not None]
    if not wanted:
        return rows
    is_possible = iter(list_possible(connection, wanted))
    return [row for row in rows if row.original is None or next(is_possible)]


def _make_copy(snapshot_id: int, row: SnapshotRow) -> Copy:
    assert row.original is not None  # noqa: S101 (for mypy)
    has_position = AcceptanceRule.from_json(row.settings).gps
    return Copy(snapshot_id, row.original.snapshot_id, row.source, row.collection, row.settings, has_position)


# The columns of fingerprints and capture information. NumPy has no NULL for numbers.
_PHOTO_FACTS: Final = """
    CASE WHEN has_dhash THEN dhash END AS dhash, thumbnail::BLOB AS thumbnail,
    taken_at::TIMESTAMP AS taken_at, camera,
    CASE WHEN has_position THEN latitude END AS latitude, CASE WHEN has_position THEN longitude END AS longitude
"""


def _photo_facts(rows: Sequence[SnapshotRow]) -> dict[str, NDArray[Any]]:
    captures = [row.capture for row in rows]
    return {
        "dhash": np.array([row.dhash or 0 for row in rows], np.uint64),
        "thumbnail": _object_column(row.thumbnail for row in rows),
        "has_dhash": np.array([row.dhash is not None for row in rows]),
        "taken_at": _object_column(capture.taken_at for capture in captures),
        "camera": _object_column(capture.camera for capture in captures),
        "latitude": np.array([capture.latitude or 0.0 for capture in captures]),
        "longitude": np.array([capture.longitude or 0.0 for capture in captures]),
        "has_position": np.array([capture.latitude is not None for capture in captures]),
    }


def update_photo_facts(connection: Connection, rows: Sequence[SnapshotRow]) -> None:
    """Update the fingerprints, the capture information and the rule of photos, found by their bytes. Poses stay."""
    columns = {
        "collection": _object_column(row.collection for row in rows),
        "sha256": _object_column(row.sha256 for row in rows),
        "settings": _object_column(row.settings for row in rows),
        **_photo_facts(rows),
    }
    connection.register("batch", columns)
    connection.execute(f"""
        UPDATE snapshots SET settings = b.settings, dhash = b.dhash, thumbnail = b.thumbnail, taken_at = b.taken_at,
                             camera = b.camera, latitude = b.latitude, longitude = b.longitude
        FROM (SELECT collection, sha256, settings, {_PHOTO_FACTS} FROM batch) AS b
        WHERE snapshots.collection = b.collection AND snapshots.sha256 = b.sha256
    """)  # noqa: S608 (a constant)
    connection.unregister("batch")


def delete_snapshots(connection: Connection, query: str) -> None:
    """Delete snapshots with their poses, labels and attributes.

    `query` is trusted SQL that returns a column snapshot_id.
    """
    delete_poses(connection, query)
    delete_attributes(connection, query)
    connection.execute(f"DELETE FROM snapshots WHERE snapshot_id IN (SELECT snapshot_id FROM ({query}))")  # noqa: S608


def delete_poses(connection: Connection, query: str) -> None:
    """Delete the poses of snapshots, and their labels. `query` is as in `delete_snapshots`."""
    for statement in (
        "DELETE FROM labels WHERE pose_id IN (SELECT pose_id FROM poses SEMI JOIN ({}) USING (snapshot_id))",
        "DELETE FROM poses WHERE snapshot_id IN (SELECT snapshot_id FROM ({}))",
    ):
        connection.execute(statement.format(query))


def _assign_ids(connection: Connection) -> Int64:
    """Return the ids of a batch's snapshots. A snapshot gets the id that it replaces, or a new one in batch order."""
    kept = connection.execute("""
        SELECT min(snapshot_id) FROM batch LEFT JOIN replaced USING (position) GROUP BY position ORDER BY position
    """).fetchall()
    missing = sum(snapshot_id is None for (snapshot_id,) in kept)
    # A separate query, because with GROUP BY or a join the order in which nextval counts is arbitrary.
    new_ids = iter(sorted(connection.execute("SELECT nextval('snapshot_ids') FROM range(?)", [missing]).fetchall()))
    return np.array([next(new_ids)[0] if snapshot_id is None else snapshot_id for (snapshot_id,) in kept], np.int64)


def check_collection(connection: Connection, collection: str | None) -> None:
    """Raise NoSuchCollection if a collection is named and has no snapshot."""
    if collection is None:
        return
    rows = connection.execute("SELECT DISTINCT collection FROM snapshots ORDER BY 1").fetchall()
    if (collection,) not in rows:
        raise NoSuchCollection(collection, [name for (name,) in rows])


def _object_column(values: Any) -> NDArray[np.object_]:
    return np.array(list(values), dtype=object)
