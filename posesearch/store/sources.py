"""The table `sources`: stores paths and URLs of photos, and detects changed and missing ones."""

from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posesearch import trust
from posesearch.sources.observed import ObservedSource
from posesearch.store import snapshots
from posesearch.store.attributes import carry_attributes
from posesearch.store.connection import Connection


class StoredSource(NamedTuple):
    """What the database knows about a source and the photo there.

    Attributes:
        source: its path or URL.
        sha256: SHA-256 of its bytes. None if they could never be read.
        settings: the JSON of the rule under which the photo was processed.
        reason, message: why the photo was rejected. None if it was not.
        bytes, modified_ns, etag, last_modified: as in schema.sql. A photo with `bytes` None has no capture information.
        is_marked: whether the source is marked as missing, or as one that could not be read last time.
        unread_reason: why it could not be read last time. None if it could.
    """

    source: str
    sha256: str | None
    settings: str
    reason: str | None
    message: str | None
    bytes: int | None
    modified_ns: int | None
    etag: str | None
    last_modified: str | None
    is_marked: bool
    unread_reason: str | None = None

    @property
    def rejection(self) -> tuple[str, str] | None:
        """Reason and message if the photo was rejected, or could not be read."""
        return None if self.reason is None else (self.reason, self.message or "")


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


class StoredSources:
    """The sources of a collection by name.

    The rows stay as DuckDB returns them, because Python's garbage collector soon ignores such tuples. It would visit a
    hundred thousand objects of another kind again and again.
    """

    def __init__(self, rows: Sequence[tuple[Any, ...]] = ()) -> None:
        """Take rows with the fields of StoredSource."""
        self._rows = {row[0]: row for row in rows}

    def find(self, source: str) -> StoredSource | None:
        """Return what the database knows about a source. None if it does not have the source."""
        row = self._rows.get(source)
        return None if row is None else StoredSource(*row)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each source that was read."""
        return {source: row[1] for source, row in self._rows.items() if row[1] is not None}

    def __contains__(self, source: object) -> bool:
        return source in self._rows

    def names(self) -> KeysView[str]:
        """Return the names of the sources."""
        return self._rows.keys()

    def names_except(self, others: Iterable[str]) -> list[str]:
        """Return the names of the other sources, sorted."""
        return sorted(self._rows.keys() - others)


def read_sources(connection: Connection, collection: str) -> StoredSources:
    """Return what the database knows about the sources of a collection."""
    rows = connection.execute(
        """
        SELECT p.source, s.sha256, s.settings, s.reason, s.message, p.bytes, p.modified_ns, p.etag, p.last_modified,
               p.missing_since IS NOT NULL OR p.unread_reason IS NOT NULL, p.unread_reason
        FROM sources AS p JOIN snapshots AS s USING (snapshot_id) WHERE p.collection = ?
        """,
        [collection],
    ).fetchall()
    return StoredSources(rows)


def read_snapshot_ids(connection: Connection) -> dict[str, list[int]]:
    """Return the ids of the snapshots of each source: one for each collection that has the source.

    After an interrupted run, a source may have an older snapshot as well.
    """
    ids: dict[str, list[int]] = {}
    query = "SELECT source, snapshot_id FROM sources UNION SELECT source, snapshot_id FROM snapshots"
    for source, snapshot_id in connection.execute(query).fetchall():
        ids.setdefault(source, []).append(snapshot_id)
    return ids


def write_sources(connection: Connection, collection: str, rows: Sequence[SourceRow]) -> None:
    """Insert sources, or replace those with the same names. Sources without a snapshot are left out."""
    columns: dict[str, NDArray[Any]] = {
        "position": np.arange(len(rows), dtype=np.int32),
        "signature": np.array([trust.sign(row.source) for row in rows], dtype=object),
    }
    for name in ("source", "sha256", "etag", "last_modified", "moved_from"):
        columns[name] = np.array([getattr(row, name) for row in rows], dtype=object)
    for name in ("bytes", "modified_ns"):
        columns[name] = _integer_column([getattr(row, name) for row in rows])
    connection.register("batch", columns)
    carry_attributes(connection, collection)
    connection.execute(
        """
        DELETE FROM sources WHERE collection = $collection AND source IN (
            SELECT unnest([b.source, b.moved_from])
            FROM batch AS b JOIN (FROM snapshots WHERE collection = $collection) AS s
            ON coalesce(b.sha256, b.source) = coalesce(s.sha256, s.source)
        )
        """,
        {"collection": collection},
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


def has_unsigned(connection: Connection, collection: str) -> bool:
    """Return whether another user or an earlier version has stored a source, so that `sign_observed` may sign it."""
    return bool(_list_unsigned(connection, collection, limit=1))


def _list_unsigned(connection: Connection, collection: str, limit: int | None = None) -> list[str]:
    prefix = trust.signature_prefix()
    if prefix is None:
        return []
    rows = connection.execute(
        """
        SELECT source FROM sources WHERE collection = ? AND NOT coalesce(starts_with(signature, ?), false) LIMIT ?
        """,
        [collection, prefix, limit],
    ).fetchall()
    return [source for (source,) in rows]


def sign_observed(connection: Connection, collection: str, observed: Sequence[ObservedSource]) -> None:
    """Sign sources that the present user has named, and that another user or an earlier version has stored."""
    unsigned = _list_unsigned(connection, collection)
    if not unsigned:
        return
    names = list({one.source for one in observed}.intersection(unsigned))
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


def list_own(connection: Connection, collection: str, names: Sequence[str]) -> list[str]:
    """Return those of the sources that the present user has stored. Looking at others could call a server."""
    connection.register("wanted", {"source": np.array(names, dtype=object)})
    rows = connection.execute(
        "SELECT source, signature FROM sources WHERE collection = ? AND source IN (SELECT source FROM wanted)",
        [collection],
    ).fetchall()
    connection.unregister("wanted")
    trusted = trust.Trust()
    return [source for source, signature in rows if trusted.allows(source, signature)]


def mark_missing(connection: Connection, collection: str, marks: Mapping[str, bool]) -> None:
    """Mark sources as missing since now (True), or as present (False). Sources already marked keep their time."""
    connection.register(
        "marks", {"source": np.array([*marks], dtype=object), "is_missing": np.array([*marks.values()], dtype=bool)}
    )
    connection.execute(
        """
        UPDATE sources SET missing_since = CASE WHEN marks.is_missing THEN make_timestamp(epoch_us(now())) END
        FROM marks WHERE sources.source = marks.source AND collection = ?
          AND (missing_since IS NOT NULL) != marks.is_missing
        """,
        [collection],
    )
    connection.unregister("marks")


def mark_unread(connection: Connection, collection: str, reasons: Mapping[str, str | None]) -> None:
    """Mark sources with the reasons why they can't be read. None removes the mark. `write_sources` removes it too.

    The photos of these sources, and their poses, stay as they were last read.
    """
    connection.register(
        "unread",
        {"source": np.array([*reasons], dtype=object), "reason": np.array([*reasons.values()], dtype=object)},
    )
    connection.execute(
        """
        UPDATE sources SET unread_reason = unread.reason FROM unread
        WHERE sources.source = unread.source AND collection = ? AND unread_reason IS DISTINCT FROM unread.reason
        """,
        [collection],
    )
    connection.unregister("unread")


def delete_sources(connection: Connection, collection: str, names: Sequence[str]) -> None:
    """Delete sources. `update_snapshots` then deletes the snapshots that have no source."""
    connection.register("deleted", {"source": np.array(names, dtype=object)})
    connection.execute(
        "DELETE FROM sources WHERE collection = ? AND source IN (SELECT source FROM deleted)", [collection]
    )
    connection.unregister("deleted")


def are_snapshots_current(connection: Connection) -> bool:
    """Return whether `update_snapshots` would change nothing. It would change something after an interrupted run."""
    return not connection.execute("""
        SELECT 1 FROM snapshots AS s LEFT JOIN sources AS p USING (snapshot_id, source)
        WHERE p.source IS NULL OR (s.missing_since IS NULL) != (p.missing_since IS NULL)
        UNION ALL
        SELECT 1 FROM snapshots AS s JOIN sources AS p USING (snapshot_id)
        WHERE s.missing_since IS NOT NULL AND p.missing_since IS NULL LIMIT 1
    """).fetchall()


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


def _integer_column(values: Sequence[int | None]) -> NDArray[np.int64]:
    """Return a column of integers, _NULL for a file time that a BIGINT can't hold, such as one after the year 2262."""
    return np.array([value if value is not None and _NULL < value <= _MAX else _NULL for value in values], np.int64)
