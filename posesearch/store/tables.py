"""Free SQL and counts: results that are tables."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from posesearch.errors import BadSQL
from posesearch.store.file import Connection


@dataclass(frozen=True)
class Table:
    """A result: column names and rows of Python values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def query(connection: Connection, sql: str) -> Table:
    """Run the user's own SQL, without access to other files or the network.

    Raises:
        BadSQL: with DuckDB's own words.
    """
    try:
        connection.execute("SET enable_external_access = false")
        cursor = connection.execute(sql.encode("utf-8", "replace").decode())
        if cursor is None:  # an empty statement
            return Table((), ())
        columns = _distinct(column[0] for column in cursor.description or ())
        return Table(columns, tuple(cursor.fetchall()) if columns else ())
    except duckdb.Error as error:
        raise BadSQL(_sentence(error)) from error


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names, those that come again numbered, as DuckDB's own tables have them."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        distinct.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return tuple(distinct)


def _sentence(error: duckdb.Error) -> str:
    """Return DuckDB's words on one line, without the picture of where in the statement it was."""
    lines = [line.strip() for line in str(error).partition("\nLINE ")[0].splitlines()]
    return " ".join(line for line in lines if line)


def counts(connection: Connection) -> dict[str, Any]:
    """Return what is in the database: snapshots, poses, rejections, clusterings, and collections by name."""
    totals = query_one(
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
        SELECT collection, count(*) FILTER (status = 'ingested') AS snapshots, coalesce(sum(n), 0)::INTEGER AS poses,
               coalesce(sum(complete), 0)::INTEGER AS complete_poses, count(*) FILTER (status = 'rejected') AS rejected
        FROM snapshots LEFT JOIN (
            SELECT snapshot_id, count(*) AS n, count(*) FILTER (body_joints = 14) AS complete
            FROM poses GROUP BY snapshot_id
        ) USING (snapshot_id)
        GROUP BY collection ORDER BY collection
    """)
    reasons = (
        "SELECT reason, count(*) AS photos FROM snapshots WHERE status = 'rejected' GROUP BY reason ORDER BY 2 DESC, 1"
    )
    clusterings = """
        SELECT clustering_id, collection, normalization, k, chosen_by, complete, partial
        FROM current_clusterings ORDER BY clustering_id
    """
    return {
        **totals,
        "collections": _dicts(collections),
        "reasons": dict(connection.execute(reasons).fetchall()),
        "current_clusterings": _dicts(connection.execute(clusterings)),
    }


def query_one(connection: Connection, sql: str) -> dict[str, Any]:
    """Return the only row of a query, by column."""
    return _dicts(connection.execute(sql))[0]


def _dicts(cursor: Connection) -> list[dict[str, Any]]:
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
