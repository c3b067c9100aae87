"""Renames collections."""

from posesearch.errors import CollectionExists
from posesearch.results.forget import RenameReport
from posesearch.store.connection import Connection
from posesearch.store.snapshots import check_collection


def rename(connection: Connection, old: str, new: str) -> RenameReport:
    """Give a collection another name, in all tables.

    Raises:
        NoSuchCollection: no collection has the old name.
        CollectionExists: a collection has the new name, or had it and was clustered.
    """
    check_collection(connection, old)
    taken = (
        "SELECT 1 FROM snapshots WHERE collection = $new UNION ALL SELECT 1 FROM clusterings WHERE collection = $new"
    )
    if connection.execute(taken, {"new": new}).fetchall():
        raise CollectionExists(new)
    photos, clusterings = (
        connection.execute(f"SELECT count(*) FROM {table} WHERE collection = ?", [old]).fetchall()[0][0]  # noqa: S608 (our own names)
        for table in ("snapshots", "clusterings")
    )
    connection.execute("DELETE FROM chosen_clusterings WHERE collection = ?", [new])
    for table in ("snapshots", "sources", "clusterings", "chosen_clusterings", "forgotten"):
        connection.execute(f"UPDATE {table} SET collection = $new WHERE collection = $old", {"old": old, "new": new})  # noqa: S608 (our own names)
    connection.execute(
        """
        DELETE FROM forgotten WHERE collection = $new AND sha256 IN (
            SELECT sha256 FROM snapshots WHERE collection = $new AND sha256 IS NOT NULL
        )
        """,
        {"new": new},
    )
    return RenameReport(old, new, photos, clusterings)
