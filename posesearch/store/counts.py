"""Counts of what is in the database, for `posesearch stats`."""

from typing import Any, Final

from posesearch.store.connection import Connection
from posesearch.store.stored_clusterings import list_clusterings

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
    """Count snapshots, poses, rejections and clusterings, in all and for each collection."""
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
        "reasons": dict(connection.execute(reasons).fetchall()),
        "current_clusterings": [
            {key: one.as_json()[key] for key in _SHOWN} for one in list_clusterings(connection) if one.used_by
        ],
    }


def _query_one(connection: Connection, sql: str) -> dict[str, Any]:
    return _to_dicts(connection.execute(sql))[0]


def _to_dicts(cursor: Connection) -> list[dict[str, Any]]:
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
