"""The table `sources`: stores paths and URLs of photos, and detects changed and missing ones."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from posesearch import trust
from posesearch.results.ingest import Rejection
from posesearch.sources.resolve import ObservedSource
from posesearch.store import snapshots
from posesearch.store.connection import Connection
from posesearch.store.unread import read_unread


@dataclass(frozen=True, slots=True)
class StoredSource:
    """What the database knows about a source that must be read.

    Attributes:
        sha256: SHA-256 of its bytes. None if they could not be read.
        has_sufficient_settings: whether the photo was processed under a rule that suffices for the present one.
        has_capture_info: whether the photo's capture information was read.
        etag, last_modified: as in schema.sql.
        is_missing: whether it is marked as missing.
        reason, message: why the photo was rejected. None if it was not.
    """

    sha256: str | None
    has_sufficient_settings: bool
    has_capture_info: bool
    etag: str | None
    last_modified: str | None
    is_missing: bool
    reason: str | None
    message: str | None

    @property
    def has_poses(self) -> bool:
        """Whether the photo was read and not rejected."""
        return self.sha256 is not None and self.reason is None


@dataclass(eq=False)
class SourceDiff:
    """The difference between the observed sources and the stored ones. Positions are those of the observed sources.

    Attributes:
        to_read: positions that must be read, with what the database knows about the source. None for a new source.
        rejected: positions that were rejected earlier and need not be read again.
        missing: stored sources that no longer exist, with their SHA-256.
        unobserved: stored sources of the collection that the scan does not cover, by SHA-256.
        unread: stored sources that an earlier ingest could not read. See store/unread.py.
        is_consistent: whether each snapshot agrees with its sources. False only after an interrupted run.
    """

    to_read: dict[int, StoredSource | None] = field(default_factory=dict)
    rejected: dict[int, Rejection] = field(default_factory=dict)
    missing: dict[str, str | None] = field(default_factory=dict)
    unobserved: dict[str, list[str]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    is_consistent: bool = True


@dataclass(frozen=True)
class SourceRow:
    """A row to be written to the table sources. Fields without a description are as in schema.sql.

    Attributes:
        sha256: SHA-256 of the bytes at the source, which identifies the snapshot. None if they could not be read.
        moved_from: the earlier source, if the photo was moved. None otherwise.
    """

    source: str
    sha256: str | None
    bytes: int | None = None
    modified_ns: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_from: str | None = None


def diff_sources(
    connection: Connection,
    collection: str,
    observed: Sequence[ObservedSource],
    sufficient_settings: Sequence[str],
    folders: Sequence[str],
    unreadable: Sequence[str],
) -> SourceDiff:
    """Compare the observed sources with the stored ones of a collection.

    Args:
        connection: the database.
        collection: its name.
        observed: each source once.
        sufficient_settings: stored acceptance rules under which a photo need not be read again.
        folders: folders that were scanned. A stored source in them that was not observed is missing.
        unreadable: folders, or parts of them, that could not be scanned.
    """
    connection.register("observed", _to_columns(observed))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE compared AS
        SELECT n.position, n.source, n.is_there, p.source IS NOT NULL AS known, s.sha256, s.reason, s.message,
               coalesce(s.settings IN (SELECT unnest($sufficient)), false) AS sufficient,
               p.bytes IS NOT NULL AS has_capture_info, p.etag, p.last_modified,
               p.missing_since IS NOT NULL AS missing, s.sha256 IS NOT NULL
               AND coalesce(p.bytes = n.bytes AND p.modified_ns = n.modified_ns, false) AS same
        FROM observed AS n
        LEFT JOIN (FROM sources WHERE collection = $collection) AS p USING (source)
        LEFT JOIN snapshots AS s USING (snapshot_id)
        """,
        {"collection": collection, "sufficient": list(sufficient_settings)},
    )
    diff = SourceDiff()
    for position, known, *stored in connection.execute("""
        SELECT position, known, sha256, sufficient, has_capture_info, etag, last_modified, missing, reason, message
        FROM compared WHERE is_there AND NOT (same AND sufficient) OR NOT (is_there OR known) ORDER BY position
    """).fetchall():
        diff.to_read[position] = StoredSource(*stored) if known else None
    for position, *rejection in connection.execute("""
        SELECT position, source, reason, message FROM compared
        WHERE is_there AND same AND sufficient AND reason IS NOT NULL
    """).fetchall():
        diff.rejected[position] = Rejection(*rejection)
    scope = {
        "collection": collection,
        "folders": _as_prefixes(folders),
        "unreadable": _as_prefixes(unreadable),
    }
    rest = connection.execute(
        """
        SELECT p.source, s.sha256,
               n.source IS NOT NULL OR (
                   len([1 for folder in $folders::VARCHAR[] if starts_with(p.source, folder)]) > 0
                   AND len([1 for folder in $unreadable::VARCHAR[] if starts_with(p.source, folder)]) = 0
               ) AS missing
        FROM (FROM sources WHERE collection = $collection) AS p JOIN snapshots AS s USING (snapshot_id)
        LEFT JOIN observed AS n ON n.source = p.source
        WHERE n.source IS NULL OR NOT n.is_there ORDER BY p.source
        """,
        scope,
    ).fetchall()
    for source, sha256, is_missing in rest:
        if is_missing:
            diff.missing[source] = sha256
        elif sha256 is not None:
            diff.unobserved.setdefault(sha256, []).append(source)
    diff.unread = read_unread(connection, collection)
    diff.is_consistent = not connection.execute(
        "SELECT 1 FROM snapshots ANTI JOIN sources USING (snapshot_id, source) LIMIT 1"
    ).fetchall()
    connection.execute("DROP TABLE compared")
    connection.unregister("observed")
    return diff


def unmark_missing(connection: Connection, collection: str, observed: Sequence[ObservedSource]) -> None:
    """Mark sources as present that were missing and exist again."""
    if connection.execute("FROM sources WHERE missing_since IS NOT NULL LIMIT 1").fetchall():
        connection.register("observed", _to_columns(observed))
        connection.execute(
            """
            UPDATE sources SET missing_since = NULL FROM (FROM observed WHERE is_there) AS n
            WHERE sources.source = n.source AND sources.collection = ? AND sources.missing_since IS NOT NULL
            """,
            [collection],
        )
        connection.unregister("observed")
        update_snapshots(connection)


def write_sources(connection: Connection, collection: str, rows: Sequence[SourceRow]) -> None:
    """Insert sources, or replace those with the same names. Their snapshots must exist."""
    columns = {
        "position": np.arange(len(rows), dtype=np.int32),
        **{name: _text_column(rows, name) for name in ("source", "sha256", "etag", "last_modified", "moved_from")},
        **{name: _integer_column(rows, name) for name in ("bytes", "modified_ns")},
        "signature": np.array([trust.sign(row.source) for row in rows], dtype=object),
    }
    connection.register("batch", columns)
    connection.execute(
        """
        DELETE FROM sources WHERE collection = ? AND source IN (
            SELECT source FROM batch UNION SELECT moved_from FROM batch WHERE moved_from IS NOT NULL
        )
        """,
        [collection],
    )
    connection.execute(
        f"""
        INSERT INTO sources BY NAME
        SELECT b.source, s.collection, s.snapshot_id, {_INTEGERS}, b.etag, b.last_modified, b.signature
        FROM batch AS b JOIN (FROM snapshots WHERE collection = ?) AS s
        ON coalesce(b.sha256, b.source) = coalesce(s.sha256, s.source) ORDER BY b.position
        """,  # noqa: S608 (a constant)
        [collection],
    )
    connection.unregister("batch")


def sign_observed(connection: Connection, collection: str, observed: Sequence[ObservedSource]) -> None:
    """Sign sources that the present user has named, and that another user or an earlier version has stored."""
    prefix = trust.signature_prefix()
    unsigned = connection.execute(
        "SELECT source FROM sources WHERE collection = ? AND NOT coalesce(starts_with(signature, ?), false)",
        [collection, prefix],
    ).fetchall()
    if prefix is None or not unsigned:
        return
    names = list({one.source for one in observed} & {source for (source,) in unsigned})
    signatures = [trust.sign(name) for name in names]
    connection.register("signed", {"source": np.array(names, object), "signature": np.array(signatures, object)})
    connection.execute(
        """
        UPDATE sources SET signature = signed.signature FROM signed
        WHERE sources.source = signed.source AND sources.collection = ?
        """,
        [collection],
    )
    connection.unregister("signed")


def mark_missing(connection: Connection, collection: str, missing: Sequence[str]) -> None:
    """Mark sources as missing since now. Sources that are already marked keep their time."""
    connection.register("missing", {"source": np.array(missing, dtype=object)})
    connection.execute(
        """
        UPDATE sources SET missing_since = make_timestamp(epoch_us(now()))
        WHERE collection = ? AND missing_since IS NULL AND source IN (SELECT source FROM missing)
        """,
        [collection],
    )
    connection.unregister("missing")


def delete_sources(connection: Connection, collection: str, missing: Sequence[str]) -> None:
    """Delete sources. `update_snapshots` then deletes the snapshots that have no source."""
    connection.register("missing", {"source": np.array(missing, dtype=object)})
    connection.execute(
        "DELETE FROM sources WHERE collection = ? AND source IN (SELECT source FROM missing)", [collection]
    )
    connection.unregister("missing")


def update_snapshots(connection: Connection) -> None:
    """Make the snapshots agree with their sources. Snapshots without a source are deleted."""
    snapshots.delete_snapshots(connection, "SELECT snapshot_id FROM snapshots ANTI JOIN sources USING (snapshot_id)")
    connection.execute("""
        UPDATE snapshots SET source = now.source, missing_since = now.missing_since
        FROM (
            SELECT s.snapshot_id,
                   CASE WHEN bool_and(p.missing_since IS NOT NULL) THEN max(p.missing_since) END AS missing_since,
                   coalesce(any_value(p.source) FILTER (p.source = s.source AND p.missing_since IS NULL),
                            min(p.source) FILTER (p.missing_since IS NULL),
                            any_value(p.source) FILTER (p.source = s.source), min(p.source)) AS source
            FROM snapshots AS s JOIN sources AS p USING (snapshot_id) GROUP BY s.snapshot_id, s.source
        ) AS now
        WHERE snapshots.snapshot_id = now.snapshot_id
          AND (snapshots.source != now.source OR snapshots.missing_since IS DISTINCT FROM now.missing_since)
    """)


_NULL: Final = -(2**63)  # stands for NULL, which NumPy does not have for integers
_MAX: Final = 2**63 - 1  # of a BIGINT
_INTEGERS: Final = ", ".join(f"nullif({name}, {_NULL}) AS {name}" for name in ("bytes", "modified_ns"))


def _as_prefixes(folders: Sequence[str]) -> list[str]:
    """Return the beginning that all paths in a folder share, for each folder."""
    return [folder if folder.endswith(os.sep) else folder + os.sep for folder in folders]


def _to_columns(observed: Sequence[ObservedSource]) -> dict[str, NDArray[Any]]:
    return {
        "position": np.arange(len(observed), dtype=np.int32),
        "source": _text_column(observed, "source"),
        "bytes": _integer_column(observed, "bytes"),
        "modified_ns": _integer_column(observed, "modified_ns"),
        "is_there": np.array([source.exists for source in observed]),
    }


def _text_column(rows: Sequence[Any], name: str) -> NDArray[np.object_]:
    return np.array([getattr(row, name) for row in rows], dtype=object)


def _integer_column(rows: Sequence[Any], name: str) -> NDArray[np.int64]:
    """Return a column of integers, _NULL for a file time that a BIGINT can't hold, such as one after the year 2262."""
    values = (getattr(row, name) for row in rows)
    return np.array([value if value is not None and _NULL < value <= _MAX else _NULL for value in values], np.int64)
