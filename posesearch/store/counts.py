"""Counts of what is in the database, for `posesearch stats`."""

from typing import Any

from posesearch.store.connection import Connection
from posesearch.store.schema import view_query


def count_rows(connection: Connection) -> dict[str, Any]:
    """Count snapshots, poses, rejections and clusterings, in all and for each collection."""
    totals = _query_one(
        connection,
        """
        SELECT (SELECT count(*) FROM snapshots WHERE status = 'ingested') AS snapshots,
               (SELECT count(*) FROM poses) AS poses,
               (SELECT count(*) FROM poses WHERE body_joints = 14) AS complete_poses,
               (SELECT count(*) FROM snapshots WHERE status = 'rejected') AS rejected,
               (SELECT count(*) FROM snapshots WHERE status = 'ingested' AND missing_since IS NOT NULL) AS missing,
               (SELECT count(*) FROM sources) AS sources,
               (SELECT count(*) FROM clusterings) AS clusterings
        """,
    )
    collections = connection.execute("""
        SELECT collection, count(*) FILTER (status = 'ingested') AS snapshots, coalesce(sum(n), 0)::BIGINT AS poses,
               coalesce(sum(complete), 0)::BIGINT AS complete_poses, count(*) FILTER (status = 'rejected') AS rejected
        FROM snapshots LEFT JOIN (
            SELECT snapshot_id, count(*) AS n, count(*) FILTER (body_joints = 14) AS complete
            FROM poses GROUP BY snapshot_id
        ) USING (snapshot_id)
        GROUP BY collection ORDER BY collection
    """)
    reasons = (
        "SELECT reason, count(*) AS photos FROM snapshots WHERE status = 'rejected' GROUP BY reason ORDER BY 2 DESC, 1"
    )
    clusterings = f"""
        SELECT clustering_id, collection, normalization, k, chosen_by, complete, partial
        FROM ({view_query("current_clusterings")}) ORDER BY clustering_id
    """  # noqa: S608 (a view of schema.sql)
    return {
        **totals,
        "collections": _to_dicts(collections),
        "reasons": dict(connection.execute(reasons).fetchall()),
        "current_clusterings": _to_dicts(connection.execute(clusterings)),
    }


def _query_one(connection: Connection, sql: str) -> dict[str, Any]:
    return _to_dicts(connection.execute(sql))[0]


def _to_dicts(cursor: Connection) -> list[dict[str, Any]]:
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
