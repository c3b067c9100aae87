"""The table sources: where photos lie, what has changed since the last look, and what is not there any more."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from posesearch.store import snapshots
from posesearch.store.file import Connection


@dataclass(frozen=True, slots=True)
class Seen:
    """What is at a source now: columns as in schema.sql."""

    source: str
    bytes: int | None
    modified_ns: int | None
    there: bool = True


@dataclass(frozen=True, slots=True)
class Prior:
    """What the store says of a source that has to be looked at.

    Attributes:
        sha256: of its bytes; None where they could not be read.
        fulfilled: the rule that looked at it is fine.
        complete: what the photo says of itself was read, too.
        etag, last_modified: as in schema.sql.
        missing: it was not there when it was last looked for.
        reason, message: why it was rejected, if it was.
    """

    sha256: str | None
    fulfilled: bool
    complete: bool
    etag: str | None
    last_modified: str | None
    missing: bool
    reason: str | None
    message: str | None


@dataclass(frozen=True)
class Rejected:
    """Why a photo was rejected before."""

    reason: str
    message: str


@dataclass(eq=False)
class Comparison:
    """What there is against what the store has, by position in what there is.

    Attributes:
        look: positions that have to be looked at, each with what the store says of the source; None for a new one.
        rejected: positions that were rejected before, and need not be looked at again.
        gone: sources that are not there any more, each with its SHA-256.
        elsewhere: sources by SHA-256, of the same collection, that nothing was asked about.
        settled: the snapshots are in line with the sources, as they are unless a run was cut off.
    """

    look: dict[int, Prior | None] = field(default_factory=dict)
    rejected: dict[int, Rejected] = field(default_factory=dict)
    gone: dict[str, str | None] = field(default_factory=dict)
    elsewhere: dict[str, list[str]] = field(default_factory=dict)
    settled: bool = True


@dataclass(frozen=True)
class Place:
    """A row of the table sources that is to be written.

    Attributes:
        sha256: of the bytes that lie there, by which the snapshot is found; None where they could not be read.
        was: the source that has moved here, if one has.
    """

    source: str
    sha256: str | None
    bytes: int | None = None
    modified_ns: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    was: str | None = None


def compare(
    connection: Connection,
    collection: str,
    seen: Sequence[Seen],
    fulfilled: Sequence[str],
    folders: Sequence[str],
    unreadable: Sequence[str],
) -> Comparison:
    """Compare what there is with what the store has of a collection.

    Args:
        connection: the database.
        collection: its name.
        seen: what there is, each source once.
        fulfilled: settings under which a photo need not be looked at again.
        folders: that were looked through: what the store has from them and is not in `seen` is gone.
        unreadable: folders, or parts of them, of which that is not known.
    """
    connection.register("seen", _columns(seen))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE compared AS
        SELECT n.position, n.there, p.source IS NOT NULL AS known, s.sha256, s.reason, s.message,
               coalesce(s.settings IN (SELECT unnest($fulfilled)), false) AS fulfilled,
               p.bytes IS NOT NULL AS complete, p.etag, p.last_modified,
               p.missing_since IS NOT NULL AS missing, s.sha256 IS NOT NULL
               AND coalesce(p.bytes = n.bytes AND p.modified_ns = n.modified_ns, false) AS same
        FROM seen AS n
        LEFT JOIN (FROM sources WHERE collection = $collection) AS p USING (source)
        LEFT JOIN snapshots AS s USING (snapshot_id)
        """,
        {"collection": collection, "fulfilled": list(fulfilled)},
    )
    result = Comparison()
    for position, known, *prior in connection.execute("""
        SELECT position, known, sha256, fulfilled, complete, etag, last_modified, missing, reason, message FROM compared
        WHERE there AND NOT (same AND fulfilled) OR NOT (there OR known) ORDER BY position
    """).fetchall():
        result.look[position] = Prior(*prior) if known else None
    for position, *why in connection.execute("""
        SELECT position, reason, message FROM compared WHERE there AND same AND fulfilled AND reason IS NOT NULL
    """).fetchall():
        result.rejected[position] = Rejected(*why)
    scope = {
        "collection": collection,
        "folders": _inside(folders),
        "unreadable": _inside(unreadable),
    }
    rest = connection.execute(
        """
        SELECT p.source, s.sha256,
               n.source IS NOT NULL OR (
                   len([1 for folder in $folders::VARCHAR[] if starts_with(p.source, folder)]) > 0
                   AND len([1 for folder in $unreadable::VARCHAR[] if starts_with(p.source, folder)]) = 0
               ) AS gone
        FROM (FROM sources WHERE collection = $collection) AS p JOIN snapshots AS s USING (snapshot_id)
        LEFT JOIN seen AS n ON n.source = p.source
        WHERE n.source IS NULL OR NOT n.there ORDER BY p.source
        """,
        scope,
    ).fetchall()
    for source, sha256, gone in rest:
        if gone:
            result.gone[source] = sha256
        elif sha256 is not None:
            result.elsewhere.setdefault(sha256, []).append(source)
    result.settled = not connection.execute(
        "SELECT 1 FROM snapshots ANTI JOIN sources USING (snapshot_id, source) LIMIT 1"
    ).fetchall()
    connection.execute("DROP TABLE compared")
    connection.unregister("seen")
    return result


def found_again(connection: Connection, collection: str, seen: Sequence[Seen]) -> None:
    """Take note that sources which were missing are there: files that have a size, addresses that have answered."""
    if connection.execute("FROM sources WHERE missing_since IS NOT NULL LIMIT 1").fetchall():
        connection.register("seen", _columns(seen))
        connection.execute(
            """
            UPDATE sources SET missing_since = NULL FROM (FROM seen WHERE there) AS n
            WHERE sources.source = n.source AND sources.collection = ? AND sources.missing_since IS NOT NULL
            """,
            [collection],
        )
        connection.unregister("seen")
        settle(connection)


def write(connection: Connection, collection: str, places: Sequence[Place]) -> None:
    """Write where photos lie, replacing what the store had of the same sources; their snapshots must be there."""
    columns = {
        "position": np.arange(len(places), dtype=np.int32),
        **{name: _texts(places, name) for name in ("source", "sha256", "etag", "last_modified", "was")},
        **{name: _numbers(places, name) for name in ("bytes", "modified_ns")},
    }
    connection.register("batch", columns)
    connection.execute(
        """
        DELETE FROM sources WHERE collection = ? AND source IN (
            SELECT source FROM batch UNION SELECT was FROM batch WHERE was IS NOT NULL
        )
        """,
        [collection],
    )
    connection.execute(
        f"""
        INSERT INTO sources BY NAME
        SELECT b.source, s.collection, s.snapshot_id, {_NULLED}, b.etag, b.last_modified
        FROM batch AS b JOIN (FROM snapshots WHERE collection = ?) AS s
        ON coalesce(b.sha256, b.source) = coalesce(s.sha256, s.source) ORDER BY b.position
        """,  # noqa: S608 (a constant)
        [collection],
    )
    connection.unregister("batch")


def mark_missing(connection: Connection, collection: str, gone: Sequence[str]) -> None:
    """Take note that sources are not there any more, now, if it was not noted before."""
    connection.register("gone", {"source": np.array(gone, dtype=object)})
    connection.execute(
        """
        UPDATE sources SET missing_since = make_timestamp(epoch_us(now()))
        WHERE collection = ? AND missing_since IS NULL AND source IN (SELECT source FROM gone)
        """,
        [collection],
    )
    connection.unregister("gone")


def prune(connection: Connection, collection: str, gone: Sequence[str]) -> None:
    """Remove sources; `settle` then removes the snapshots that are nowhere any more."""
    connection.register("gone", {"source": np.array(gone, dtype=object)})
    connection.execute("DELETE FROM sources WHERE collection = ? AND source IN (SELECT source FROM gone)", [collection])
    connection.unregister("gone")


def settle(connection: Connection) -> None:
    """Bring the snapshots in line with the sources: those without any go, the others say where they are."""
    snapshots.delete(connection, "SELECT snapshot_id FROM snapshots ANTI JOIN sources USING (snapshot_id)")
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


_UNKNOWN: Final = -(2**63)  # NumPy has no NULL for integers
_LARGEST: Final = 2**63 - 1  # of a BIGINT
_NULLED: Final = ", ".join(f"nullif({name}, {_UNKNOWN}) AS {name}" for name in ("bytes", "modified_ns"))


def _inside(folders: Sequence[str]) -> list[str]:
    """Return how the names begin of what is in the folders; that of the root ends in a separator already."""
    return [folder if folder.endswith(os.sep) else folder + os.sep for folder in folders]


def _columns(seen: Sequence[Seen]) -> dict[str, NDArray[Any]]:
    return {
        "position": np.arange(len(seen), dtype=np.int32),
        "source": _texts(seen, "source"),
        "bytes": _numbers(seen, "bytes"),
        "modified_ns": _numbers(seen, "modified_ns"),
        "there": np.array([one.there for one in seen]),
    }


def _texts(rows: Sequence[Any], name: str) -> NDArray[np.object_]:
    return np.array([getattr(row, name) for row in rows], dtype=object)


def _numbers(rows: Sequence[Any], name: str) -> NDArray[np.int64]:
    """Return a column of integers. What a BIGINT can't hold, as a time after 2262 or before 1677, is not known."""
    values = (getattr(row, name) for row in rows)
    return np.array(
        [value if value is not None and _UNKNOWN < value <= _LARGEST else _UNKNOWN for value in values], np.int64
    )
