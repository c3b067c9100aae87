"""The rows of a database in plain dicts: as a model keeps them, and as the database has them.

test_ingest_states.py compares the two after each ingest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from posesearch.database import Database
from tests.photo_library import KNOWN, Rule

Key = str
"""SHA-256 of a photo, or the path of a file that could never be read."""


@dataclass(frozen=True)
class Source:
    """A row of `sources`: the photo, None if it could never be read, and whether the marks are set."""

    photo: str | None
    missing: bool = False
    unread: bool = False


@dataclass(frozen=True)
class Snapshot:
    """A row of `snapshots` with the ids of its poses, and the rule that made it."""

    rule: Rule
    snapshot_id: int
    pose_ids: tuple[int, ...]


@dataclass
class Shelf:
    """What the database has of a collection."""

    sources: dict[str, Source] = field(default_factory=dict)
    snapshots: dict[Key, Snapshot] = field(default_factory=dict)


class Row(NamedTuple):
    """A row of `snapshots` with its poses, in the order of the query."""

    snapshot_id: int
    status: str
    reason: str | None
    source: str
    is_missing: bool
    pose_ids: list[int] | None
    poses: list[list[float]] | None


class Tables(NamedTuple):
    """What the database has: the sources by collection and path, and the snapshots by collection and key."""

    sources: dict[str, dict[str, Source]]
    snapshots: dict[tuple[str, Key], Row]
    forgotten: set[tuple[str, str | None]]


def read_tables(db: Database) -> Tables:
    """Return what the database has. The same bytes must be one snapshot of a collection."""
    tables = Tables({}, {}, set())
    if not Path(db.path).exists():
        return tables
    tables.forgotten.update(db.sql("SELECT sha256, collection FROM forgotten").rows)
    for collection, source, photo, *marks in db.sql("""
        SELECT p.collection, p.source, s.sha256, p.missing_since IS NOT NULL, p.unread_reason IS NOT NULL
        FROM sources AS p LEFT JOIN snapshots AS s USING (snapshot_id, collection)
    """).rows:
        assert source not in tables.sources.setdefault(collection, {})
        tables.sources[collection][source] = Source(photo, *marks)
    for collection, key, *row in db.sql("""
        SELECT collection, coalesce(sha256, source), snapshot_id, status, reason, source, missing_since IS NOT NULL,
               list(pose_id ORDER BY person) FILTER (person IS NOT NULL),
               list([body_joints, x[2], coalesce(y[8], 0)] ORDER BY person) FILTER (person IS NOT NULL)
        FROM snapshots LEFT JOIN poses USING (snapshot_id) GROUP BY ALL
    """).rows:
        assert (collection, key) not in tables.snapshots, "the same bytes are two snapshots"
        tables.snapshots[collection, key] = Row(*row)
    return tables


class Model:
    """The database in dicts."""

    def __init__(self, collections: Iterable[str]) -> None:
        self.shelves = {name: Shelf() for name in collections}
        self.forgotten: set[tuple[str, str | None]] = set()
        """The photos that ingests leave out: SHA-256, and the collection or None for all."""
        self._last_id = 0

    def update(
        self, tables: Tables, collection: str, sources: dict[str, Source], estimated: Collection[Key], rule: Rule
    ) -> None:
        """Take the sources and the new ids of a collection, and compare all rows of all collections."""
        shelf, last_id = self.shelves[collection], self._last_id
        old, shelf.sources, shelf.snapshots = shelf.snapshots, sources, {}
        for key in dict.fromkeys(source.photo or path for path, source in sources.items()):
            assert (collection, key) in tables.snapshots, key
            row = tables.snapshots[collection, key]
            snapshot = Snapshot(rule, row.snapshot_id, tuple(row.pose_ids or ()))
            if key in old:
                assert row.snapshot_id == old[key].snapshot_id, "a photo has a new id"
            if key in old and key not in estimated:
                assert snapshot.pose_ids == old[key].pose_ids, "poses have new ids"
                snapshot = replace(snapshot, rule=old[key].rule)
            else:
                assert all(pose_id > last_id for pose_id in snapshot.pose_ids), "new poses have old ids"
                self._last_id = max(self._last_id, *snapshot.pose_ids, 0)
            shelf.snapshots[key] = snapshot
        self.forgotten -= {(key, scope) for key in shelf.snapshots for scope in (None, collection)}
        self.check(tables)

    def find_forgotten(self, collection: str) -> set[str]:
        """Return the photos that an ingest into a collection leaves out."""
        return {photo for photo, scope in self.forgotten if scope in (None, collection)}

    def forget(self, path: str, collection: str | None) -> bool:
        """Forget the photos at a path, wherever the database has their bytes. Return whether there are any."""
        keys = {shelf.sources[path].photo or path for shelf in self.shelves.values() if path in shelf.sources}
        is_found = False
        for name, shelf in self.shelves.items():
            gone = keys & shelf.snapshots.keys() if collection in (None, name) else set()
            is_found |= bool(gone)
            shelf.snapshots = {key: one for key, one in shelf.snapshots.items() if key not in gone}
            shelf.sources = {at: one for at, one in shelf.sources.items() if (one.photo or at) not in gone}
            self.forgotten |= {(key, collection) for key in gone if key in KNOWN}
        return is_found

    def check(self, tables: Tables) -> None:
        """Compare all rows of all collections."""
        assert tables.forgotten == self.forgotten
        keys = {(name, key) for name, shelf in self.shelves.items() for key in shelf.snapshots}
        assert keys == tables.snapshots.keys(), "snapshots without a source"
        for name, shelf in self.shelves.items():
            assert _visible(shelf.sources) == _visible(tables.sources.get(name, {})), name
            for key, snapshot in shelf.snapshots.items():
                _compare(shelf, key, snapshot, tables.snapshots[name, key])


def _compare(shelf: Shelf, key: Key, snapshot: Snapshot, row: Row) -> None:
    reason, poses = KNOWN[key].expected(snapshot.rule) if key in KNOWN else ("unreadable", ())
    held = {path: source for path, source in shelf.sources.items() if key in (source.photo, path)}
    is_missing = all(source.missing for source in held.values())
    assert (row.status, row.reason) == ("rejected" if reason else "ingested", reason), (held, row)
    assert row.is_missing == is_missing, (held, row)
    assert held[row.source].missing == is_missing, "snapshots.source does not exist, but another source does"
    assert tuple(row.pose_ids or ()) == snapshot.pose_ids, "poses of another photo have new ids"
    assert row.snapshot_id == snapshot.snapshot_id
    assert tuple(tuple(map(round, pose)) for pose in row.poses or ()) == poses, (held, row)


def _visible(sources: Mapping[str, Source]) -> dict[str, Source]:
    """Return the sources without what is not documented: whether missing and never read ones are marked as unread."""
    return {
        path: replace(source, unread=source.unread and not source.missing and source.photo is not None)
        for path, source in sources.items()
    }
