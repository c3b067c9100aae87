"""Counts of what is in the database, for `posesearch stats`."""

from typing import Any, Final

from posesearch.store.attribute_view import read_types
from posesearch.store.connection import Connection
from posesearch.store.stored_clusterings import list_clusterings

MOST_FREQUENT: Final = 3
"""The number of values of an attribute that are counted one by one."""

LONGEST_VALUE: Final = 40
"""The most characters of such a value."""

_REJECTED: Final = """
    SELECT sources.collection, coalesce(unread_reason, reason) AS reason
    FROM sources JOIN snapshots USING (snapshot_id)
    WHERE sources.missing_since IS NULL AND coalesce(unread_reason, reason) IS NOT NULL
"""
"""The paths and URLs that an ingest of everything reports as rejected, unless something has changed since."""

_SHOWN: Final = (
    "clustering_id",
    "name",
    "collection",
    "normalization",
    "k",
    "chosen_by",
    "complete",
    "partial",
    "used_by",
)
"""The keys of a clustering."""


def count_rows(connection: Connection) -> dict[str, Any]:
    """Count snapshots, poses, rejections, attributes and clusterings, in all and for each collection."""
    totals = _query_one(
        connection,
        f"""
        WITH rejected AS ({_REJECTED})
        SELECT (SELECT count(*) FROM snapshots WHERE status = 'ingested') AS snapshots,
               (SELECT count(*) FROM poses) AS poses,
               (SELECT count(*) FROM poses WHERE body_joints = 14) AS complete_poses,
               (SELECT count(*) FROM rejected) AS rejected,
               (SELECT count(*) FROM snapshots WHERE status = 'ingested' AND missing_since IS NOT NULL) AS missing,
               (SELECT count(*) FROM sources) AS sources,
               (SELECT count(*) FROM clusterings) AS clusterings
        """,  # noqa: S608 (our own text)
    )
    collections = connection.execute(f"""
        WITH rejected AS (SELECT collection, count(*) AS photos FROM ({_REJECTED}) GROUP BY collection)
        SELECT collection, count(*) FILTER (status = 'ingested') AS snapshots, coalesce(sum(n), 0)::BIGINT AS poses,
               coalesce(sum(complete), 0)::BIGINT AS complete_poses, coalesce(any_value(photos), 0) AS rejected
        FROM snapshots LEFT JOIN (
            SELECT snapshot_id, count(*) AS n, count(*) FILTER (body_joints = 14) AS complete
            FROM poses GROUP BY snapshot_id
        ) USING (snapshot_id) LEFT JOIN rejected USING (collection)
        GROUP BY collection ORDER BY collection
    """)  # noqa: S608 (our own text)
    reasons = f"SELECT reason, count(*) FROM ({_REJECTED}) GROUP BY reason ORDER BY 2 DESC, 1"  # noqa: S608
    return {
        **totals,
        "collections": _to_dicts(collections),
        "attributes": count_attributes(connection),
        "reasons": dict(connection.execute(reasons).fetchall()),
        "current_clusterings": [
            {key: one.as_json()[key] for key in _SHOWN} for one in list_clusterings(connection) if one.used_by
        ],
    }


def count_attributes(connection: Connection) -> list[dict[str, Any]]:
    """Return the attributes by name, each with its type, its photos and distinct values, and the most frequent ones."""
    types = read_types(connection)
    rows = connection.execute(
        """
        WITH counted AS (SELECT name, value, count(*) AS photos FROM attributes GROUP BY name, value),
        ranked AS (
            SELECT name, left(value, $longest) AS value, photos,
                   row_number() OVER (PARTITION BY name ORDER BY photos DESC, value) AS rank
            FROM counted WHERE value IS NOT NULL
        )
        SELECT name, coalesce(sum(photos), 0)::BIGINT, count(value),
               coalesce(list({'value': value, 'photos': photos} ORDER BY rank) FILTER (rank <= $most), [])
        FROM (SELECT DISTINCT name FROM attributes) LEFT JOIN ranked USING (name) GROUP BY name ORDER BY name
        """,
        {"most": MOST_FREQUENT, "longest": LONGEST_VALUE},
    ).fetchall()
    columns = "name", "type", "photos", "values", "most_frequent"
    return [dict(zip(columns, (name, types.get(name, "VARCHAR"), *rest), strict=True)) for name, *rest in rows]


def _query_one(connection: Connection, sql: str) -> dict[str, Any]:
    return _to_dicts(connection.execute(sql))[0]


def _to_dicts(cursor: Connection) -> list[dict[str, Any]]:
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
