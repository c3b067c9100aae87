"""The clusterings of a database: lists, finds, names, chooses and deletes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from posesearch.errors import NoSuchClustering
from posesearch.results.clusterings import StoredClustering
from posesearch.store.connection import Connection
from posesearch.store.schema import view_query
from posesearch.store.values import BadValue, check_finite, check_present

_TABLES: Final = ("labels", "centroids", "inertias", "chosen_clusterings", "clusterings")
"""The tables with rows of a clustering."""


def list_clusterings(connection: Connection) -> list[StoredClustering]:
    """Return all clusterings in the order of their ids. Raise BadValue if one is not as posesearch writes it."""
    cursor = connection.execute(
        f"""
        SELECT clustering_id, name, collection, normalization, k, chosen_by, seed, complete, partial, inertia,
               created_at, coalesce(used_by, []) AS used_by
        FROM clusterings LEFT JOIN (
            SELECT clustering_id, list(collection ORDER BY collection) AS used_by
            FROM ({view_query("collection_clusterings")}) GROUP BY clustering_id
        ) USING (clustering_id) ORDER BY clustering_id
        """  # noqa: S608 (a view of schema.sql)
    )
    columns = [column[0] for column in cursor.description or ()]
    return [_make_clustering(dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]


def _make_clustering(row: dict[str, Any]) -> StoredClustering:
    name = f"clustering_id {row['clustering_id']}"
    check_present(
        "clusterings", name, **{column: row[column] for column in row if column not in ("name", "collection")}
    )
    check_finite("clusterings", name, inertia=row["inertia"])
    if not isinstance(row["created_at"], datetime):
        raise BadValue("clusterings", name, "a created_at that is no time")
    return StoredClustering(**{**row, "used_by": tuple(row["used_by"])})


def read_names(connection: Connection) -> dict[int, str | None]:
    """Return the names of all clusterings by their ids, in the order of the ids."""
    return dict(connection.execute("SELECT clustering_id, name FROM clusterings ORDER BY clustering_id").fetchall())


def find_clustering(connection: Connection, clustering: int | str) -> int:
    """Return the id of a clustering.

    Args:
        connection: an open file.
        clustering: its id or its name.

    Raises:
        NoSuchClustering: there is none.
    """
    names = read_names(connection)
    for clustering_id, name in names.items():
        if clustering in (clustering_id, name):
            return clustering_id
    known = [f"{clustering_id} ({name})" if name else str(clustering_id) for clustering_id, name in names.items()]
    raise NoSuchClustering(clustering, known, [name for name in names.values() if name])


def read_uses(connection: Connection) -> dict[str, int]:
    """Return the clustering from which each collection takes its labels, by the names of the collections."""
    query = f"SELECT collection, clustering_id FROM ({view_query('collection_clusterings')}) ORDER BY 1"  # noqa: S608
    return dict(connection.execute(query).fetchall())


def write_name(connection: Connection, clustering_id: int, name: str | None) -> None:
    """Give a clustering a name. None removes it."""
    connection.execute("UPDATE clusterings SET name = ? WHERE clustering_id = ?", [name, clustering_id])


def write_choice(connection: Connection, clustering_id: int, collections: Sequence[str]) -> None:
    """Have collections take their labels from a clustering."""
    connection.execute(
        "INSERT OR REPLACE INTO chosen_clusterings (collection, clustering_id) SELECT unnest(?::VARCHAR[]), ?",
        [list(collections), clustering_id],
    )


def remove_choices(connection: Connection, collection: str | None) -> None:
    """Remove the choice of a collection. Without a collection, remove those of collections without own clusterings.

    So a new clustering is used at once.
    """
    connection.execute(
        """
        DELETE FROM chosen_clusterings WHERE collection = $collection OR $collection IS NULL
        AND collection NOT IN (SELECT collection FROM clusterings WHERE collection IS NOT NULL)
        """,
        {"collection": collection},
    )


def delete_clusterings(connection: Connection, clustering_ids: Sequence[int]) -> None:
    """Delete clusterings with their centroids, labels, inertias and choices."""
    for table in _TABLES:
        connection.execute(
            f"DELETE FROM {table} WHERE clustering_id IN (SELECT unnest(?::BIGINT[]))",  # noqa: S608 (our own names)
            [list(clustering_ids)],
        )
