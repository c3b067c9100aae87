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


def list_clusters(path: Path) -> list[int]:
    """Return the labels of the clusters of the current clusterings. The arguments are those of `list_collections`."""
    current = view_query("current_clusterings")
    query = f"SELECT DISTINCT cluster FROM ({current}) JOIN centroids USING (clustering_id) ORDER BY 1"  # noqa: S608
    with _opening(path) as connection:
        return [cluster for (cluster,) in (connection.execute(query).fetchall() if connection else ())]


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
