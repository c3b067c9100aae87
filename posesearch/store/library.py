"""Reads all photos of the database with what tells duplicates: their sources, sizes, hashes and thumbnails."""

from dataclasses import dataclass

from posesearch.store.connection import Connection
from posesearch.store.fingerprints import PhotoPrints, make_prints
from posesearch.store.values import check_present


@dataclass(frozen=True)
class LibrarySource:
    """A source of a photo in one collection.

    Attributes:
        source, collection, snapshot_id, sha256, width, height, bytes, modified_ns, signature: as in schema.sql.
        poses: number of poses of the photo.
        has_capture: whether its EXIF data says when it was taken, or by which camera.
        has_attributes: whether a list says something about it.
    """

    source: str
    collection: str
    snapshot_id: int
    sha256: str
    width: int | None
    height: int | None
    bytes: int | None
    modified_ns: int | None
    signature: str | None
    poses: int
    has_capture: bool
    has_attributes: bool


@dataclass(frozen=True, eq=False)
class Library:
    """The photos of the database that are not marked as missing.

    Attributes:
        sources: ordered by path or URL. A photo may have several.
        names: the SHA-256 of the photos that could be decoded, each once.
        prints: how these photos look.
    """

    sources: list[LibrarySource]
    names: list[str]
    prints: PhotoPrints


def read_library(connection: Connection, collection: str | None, *, prints: bool = True) -> Library:
    """Return the photos of a collection, or of all. Without `prints`, how they look is not read."""
    rows = connection.execute(
        """
        SELECT o.source, o.collection, o.snapshot_id, s.sha256, s.width, s.height, o.bytes, o.modified_ns, o.signature,
               coalesce(p.number, 0), s.taken_at IS NOT NULL OR s.camera IS NOT NULL,
               a.snapshot_id IS NOT NULL
        FROM sources AS o JOIN snapshots AS s USING (snapshot_id)
        LEFT JOIN (SELECT snapshot_id, count(*) AS number FROM poses GROUP BY snapshot_id) AS p USING (snapshot_id)
        LEFT JOIN (SELECT DISTINCT snapshot_id FROM attributes) AS a USING (snapshot_id)
        WHERE o.missing_since IS NULL AND o.unread_reason IS NULL AND s.sha256 IS NOT NULL
          AND coalesce(o.bytes, 1) > 0 AND ($collection IS NULL OR o.collection = $collection)
        ORDER BY o.source, o.collection
        """,
        {"collection": collection},
    ).fetchall()
    for source, stored_in, snapshot_id, *_ in rows:
        check_present("sources", f"source {source}", source=source, collection=stored_in, snapshot_id=snapshot_id)
    looks = connection.execute(
        """
        SELECT sha256, any_value(dhash), any_value(thumbnail) FROM snapshots
        WHERE $prints AND sha256 IS NOT NULL AND dhash IS NOT NULL GROUP BY sha256 ORDER BY sha256
        """,
        {"prints": prints},
    ).fetchall()
    names = [name for name, *_ in looks]
    read = make_prints(names, [dhash for _, dhash, _ in looks], [thumbnail for *_, thumbnail in looks])
    return Library([LibrarySource(*row) for row in rows], names, read)
