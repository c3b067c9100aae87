"""Copies photos with their poses from one collection to another, so that the same bytes are estimated once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from posesearch.store.connection import Connection

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Original(NamedTuple):
    """A photo of another collection that can be copied: its snapshot, its rejection if any, and number of poses."""

    snapshot_id: int
    rejection: tuple[str, str] | None
    poses: int


class Copy(NamedTuple):
    """A snapshot to be made from that of another collection.

    Attributes:
        snapshot_id: id of the new snapshot.
        original: id of the other snapshot.
        source, collection, settings: as in schema.sql.
        has_position: whether to copy where the photo was taken.
    """

    snapshot_id: int
    original: int
    source: str
    collection: str
    settings: str
    has_position: bool


def read_originals(connection: Connection, collection: str, settings: Sequence[str]) -> dict[str, Original]:
    """Return the photos of the other collections with one of these settings, by the SHA-256 of their bytes.

    Photos without a difference hash are left out. They could not be decoded, or are of an early version.
    """
    rows = connection.execute(
        """
        SELECT sha256, min(snapshot_id) FROM snapshots
        WHERE collection != ? AND list_contains(?, settings) AND sha256 IS NOT NULL AND dhash IS NOT NULL
        GROUP BY sha256
        """,
        [collection, list(settings)],
    ).fetchall()
    by_id = {snapshot_id: sha256 for sha256, snapshot_id in rows}
    if not by_id:
        return {}
    found = _read_by_id(connection, [*by_id])
    return {by_id[number]: original for number, (_, original) in found.items()}


def list_possible(connection: Connection, wanted: Sequence[tuple[str | None, Original]]) -> list[bool]:
    """Return which photos can still be copied, each given with the SHA-256 of its bytes."""
    found = _read_by_id(connection, [original.snapshot_id for _, original in wanted])
    return [found.get(original.snapshot_id) == (sha256, original) for sha256, original in wanted]


def _read_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, Original]]:
    connection.register("wanted", {"snapshot_id": np.array(ids, np.int64)})
    rows = connection.execute("""
        SELECT s.snapshot_id, s.sha256, s.reason, s.message, coalesce(p.number, 0) FROM snapshots AS s
        LEFT JOIN (SELECT snapshot_id, count(*) AS number FROM poses GROUP BY snapshot_id) AS p USING (snapshot_id)
        WHERE s.snapshot_id IN (SELECT snapshot_id FROM wanted) AND (p.number IS NULL) = (s.reason IS NOT NULL)
    """).fetchall()
    connection.unregister("wanted")
    return {
        number: (sha256, Original(number, None if reason is None else (reason, message or ""), poses))
        for number, sha256, reason, message, poses in rows
    }


def write_copies(connection: Connection, copies: Sequence[Copy]) -> None:
    """Insert copies of snapshots, with their poses. The poses get new ids."""
    types: dict[str, type] = {"snapshot_id": np.int64, "original": np.int64, "has_position": np.bool_}
    columns: dict[str, NDArray[Any]] = {
        name: np.array([getattr(copy, name) for copy in copies], types.get(name, object)) for name in Copy._fields
    }
    connection.register("batch", columns)
    connection.execute("""
        INSERT INTO snapshots BY NAME
        SELECT b.snapshot_id, b.source, s.sha256, s.width, s.height, b.collection, s.status, s.reason, s.message,
               b.settings, s.dhash, s.thumbnail, s.taken_at, s.camera,
               CASE WHEN b.has_position THEN s.latitude END AS latitude,
               CASE WHEN b.has_position THEN s.longitude END AS longitude
        FROM batch AS b JOIN snapshots AS s ON s.snapshot_id = b.original
    """)
    connection.execute("""
        INSERT INTO poses BY NAME
        SELECT nextval('pose_ids') AS pose_id, * FROM (
            SELECT b.snapshot_id, p.* EXCLUDE (pose_id, snapshot_id) FROM batch AS b
            JOIN poses AS p ON p.snapshot_id = b.original ORDER BY b.snapshot_id, p.person
        )
    """)
    connection.unregister("batch")
