"""The table `attributes`: what the lists of an ingest say about its photos."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from posesearch.store.attribute_view import define_view, list_names, read_types
from posesearch.store.connection import Connection

_CONVERT: Final[Mapping[str, Any]] = {
    "BIGINT": int,
    "DOUBLE": float,
    "BOOLEAN": lambda text: text.lower() == "true",
    "DATE": date.fromisoformat,
    "TIMESTAMP": lambda text: datetime.fromisoformat(text).replace(tzinfo=None),
}
"""Converts a text to a value of its type."""


class ListedValues(NamedTuple):
    """The values of a list for the photos of a collection.

    Attributes:
        collection: the collection.
        rows: the source of each photo, and its values. The last row of a photo counts.
    """

    collection: str
    rows: Sequence[tuple[str, tuple[str | None, ...]]]


class WrittenList(NamedTuple):
    """What a list has changed.

    Attributes:
        photos: number of photos that have values of it.
        disagreeing: number of photos for which two rows have other values.
        changed: number of attributes that are new, have another value, or were removed.
    """

    photos: int
    disagreeing: int
    changed: int


def write_list(
    connection: Connection, path: str, names: Sequence[str], parts: Iterable[ListedValues], collection: str | None
) -> WrittenList:
    """Make the attributes of a list those that it has now. An attribute of the same name from another list is replaced.

    Args:
        connection: the database, in a transaction.
        path: absolute path of the list.
        names: the names of its attributes. If the database has one with other capitals, that is used.
        parts: the values by collection.
        collection: the collection whose photos lose the attributes that the list no longer has. None means all.
    """
    known = {name.lower(): name for name in list_names(connection)}
    names = [known.get(name.lower(), name) for name in names]
    connection.execute("CREATE OR REPLACE TEMP TABLE listed (snapshot_id BIGINT, position INTEGER, cells VARCHAR[])")
    for part in parts:
        _read_part(connection, part, len(names))
    [(photos, disagreeing)] = connection.execute("""
        SELECT count(*), count(*) FILTER (different > 1)
        FROM (SELECT count(DISTINCT cells) AS different FROM listed GROUP BY snapshot_id)
    """).fetchall()
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE wanted AS
        SELECT snapshot_id, unnest($names) AS name, unnest(cells) AS value
        FROM (SELECT snapshot_id, arg_max(cells, position) AS cells FROM listed GROUP BY snapshot_id)
        """,
        {"names": list(names)},
    )
    [(removed,)] = connection.execute(
        """
        DELETE FROM attributes WHERE list = $list
        AND ($collection IS NULL OR snapshot_id IN (SELECT snapshot_id FROM snapshots WHERE collection = $collection))
        AND NOT EXISTS (FROM wanted AS w WHERE w.snapshot_id = attributes.snapshot_id AND w.name = attributes.name)
        """,
        {"list": path, "collection": collection},
    ).fetchall()
    [(written,)] = connection.execute(
        """
        INSERT OR REPLACE INTO attributes
        SELECT w.snapshot_id, w.name, w.value, $list FROM wanted AS w ANTI JOIN attributes AS a
        ON a.snapshot_id = w.snapshot_id AND a.name = w.name AND a.value IS NOT DISTINCT FROM w.value AND a.list = $list
        ORDER BY w.snapshot_id, w.name
        """,
        {"list": path},
    ).fetchall()
    connection.execute("DROP TABLE listed; DROP TABLE wanted")
    if removed or written:
        define_view(connection)
    return WrittenList(photos, disagreeing, removed + written)


def _read_part(connection: Connection, part: ListedValues, columns: int) -> None:
    """Add the rows of a part, with their photos, to the table `listed`. Sources without a photo are left out."""
    if not part.rows or not columns:
        return
    sources, values = zip(*part.rows, strict=True)
    cells = {f"c{number}": np.array(column, object) for number, column in enumerate(zip(*values, strict=True))}
    position = np.arange(len(sources), dtype=np.int32)
    connection.register("batch", {"source": np.array(sources, object), "position": position, **cells})
    connection.execute(
        f"""
        INSERT INTO listed SELECT s.snapshot_id, b.position, [{", ".join(f"b.{name}::VARCHAR" for name in cells)}]
        FROM batch AS b JOIN sources AS s ON s.source = b.source AND s.collection = ?
        """,  # noqa: S608 (our own names)
        [part.collection],
    )
    connection.unregister("batch")


def carry_attributes(connection: Connection, collection: str) -> None:
    """Give the attributes of photos that have changed to the new photos at the same sources.

    The relation `batch` has the new sources, before they are written. A photo that the collection had elsewhere keeps
    its own attributes.
    """
    connection.execute(
        """
        INSERT OR IGNORE INTO attributes BY NAME
        SELECT n.snapshot_id, a.name, any_value(a.value) AS value, any_value(a.list) AS list
        FROM batch AS b JOIN snapshots AS n ON n.collection = $collection AND n.sha256 = b.sha256
        JOIN sources AS o ON o.collection = $collection AND o.source = b.source AND o.snapshot_id != n.snapshot_id
        JOIN attributes AS a ON a.snapshot_id = o.snapshot_id
        WHERE NOT EXISTS (FROM sources AS other WHERE other.snapshot_id = n.snapshot_id)
        GROUP BY n.snapshot_id, a.name
        """,
        {"collection": collection},
    )


def delete_attributes(connection: Connection, query: str) -> None:
    """Delete the attributes of snapshots. `query` is trusted SQL that returns a column snapshot_id."""
    [(deleted,)] = connection.execute(
        f"DELETE FROM attributes WHERE snapshot_id IN (SELECT snapshot_id FROM ({query}))"  # noqa: S608 (trusted)
    ).fetchall()
    if deleted:
        define_view(connection)


def read_attributes(connection: Connection, snapshot_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the attributes of snapshots by name, without NULL. A value has the type that all values of the name have.

    Snapshots without attributes are left out.
    """
    rows = connection.execute(
        """
        SELECT snapshot_id, name, value FROM attributes
        WHERE snapshot_id IN (SELECT unnest(?::BIGINT[])) AND value IS NOT NULL ORDER BY snapshot_id, name
        """,
        [list(snapshot_ids)],
    ).fetchall()
    found: dict[int, dict[str, Any]] = {}
    if rows:
        types = connection.compute_once("types of attributes", lambda: read_types(connection))
        for snapshot_id, name, value in rows:
            found.setdefault(snapshot_id, {})[name] = _CONVERT.get(types.get(name, ""), str)(value)
    return found
