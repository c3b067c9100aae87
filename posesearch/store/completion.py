"""Reads the words of a database that a shell can complete. It converts and creates nothing, and waits for nobody."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from posesearch.store.companions import check_files, exists
from posesearch.store.configuration import connect
from posesearch.store.integrity import check_shape, check_version
from posesearch.store.interruptible import Connection
from posesearch.store.schema import SCHEMA_VERSION, view_query


def list_collections(path: Path) -> list[str]:
    """Return the names of the collections. Empty if the file has none, or is of another version.

    Raises:
        duckdb.Error, StoreError: the file can't be opened at the moment, or is not a posesearch database.
    """
    with _opening(path) as connection:
        rows = connection and connection.execute("SELECT DISTINCT collection FROM snapshots ORDER BY 1").fetchall()
        return [name for (name,) in rows or ()]


def list_clusters(path: Path, clustering: str | None = None) -> list[int]:
    """Return the labels of the clusters of a clustering. None means those from which collections take their labels.

    The other arguments are those of `list_collections`.
    """
    query = f"""
        SELECT DISTINCT cluster FROM centroids JOIN clusterings USING (clustering_id)
        WHERE $clustering IN (clustering_id::VARCHAR, name) OR $clustering IS NULL AND clustering_id IN (
            SELECT clustering_id FROM ({view_query("collection_clusterings")})
        ) ORDER BY 1
    """  # noqa: S608 (a view of schema.sql)
    with _opening(path) as connection:
        rows = connection and connection.execute(query, {"clustering": clustering}).fetchall()
        return [cluster for (cluster,) in rows or ()]


def list_clusterings(path: Path) -> list[str]:
    """Return the ids and the names of the clusterings. The arguments are those of `list_collections`."""
    with _opening(path) as connection:
        rows = connection and connection.execute("SELECT clustering_id, name FROM clusterings ORDER BY 1").fetchall()
        return [*(str(one) for one, _ in rows or ()), *(name for _, name in rows or () if name)]


@contextmanager
def _opening(path: Path) -> Iterator[Connection | None]:
    """Open the file for reading. None if there is nothing to read."""
    if not exists(path):
        yield None
        return
    check_files(path)
    with closing(connect(path, read_only=True)) as connection:
        if check_version(connection, str(path)) != SCHEMA_VERSION:
            yield None
            return
        check_shape(connection, str(path))
        yield connection
