"""Lists, names, chooses and deletes the clusterings of a database."""

from collections.abc import Callable, Sequence

from posesearch.errors import ClusteringNameTaken, NotOfCollection
from posesearch.results.clusterings import ClusteringsReport
from posesearch.store import snapshots
from posesearch.store import stored_clusterings as stored
from posesearch.store.connection import Connection, DatabaseFile


def list_clusterings(file: DatabaseFile) -> ClusteringsReport:
    """Return all clusterings. See Database.clusterings."""
    with file.reading() as connection:
        return ClusteringsReport(tuple(stored.list_clusterings(connection)))


def name_clustering(file: DatabaseFile, clustering: int | str, name: str | None) -> ClusteringsReport:
    """Give a clustering a name, or remove its name. See Database.name_clustering."""
    if name is not None:
        name = name.strip()
        _check_name(name)

    def write(connection: Connection, ids: list[int]) -> None:
        owners = {name: owner for owner, name in stored.read_names(connection).items() if name is not None}
        if name is not None and owners.get(name, ids[0]) != ids[0]:
            raise ClusteringNameTaken(name, owners[name])
        stored.write_name(connection, ids[0], name)

    return _change(file, [clustering], write)


def _check_name(name: str) -> None:
    """Raise ValueError if a text can't be the name of a clustering."""
    if not name or name.isdecimal():
        raise ValueError(f"the name of a clustering must not be empty or a number, as {name!r} is")
    if not name.isprintable():
        raise ValueError(f"the name of a clustering must be one line of printable characters, not {name!r}")


def use_clustering(file: DatabaseFile, clustering: int | str, collection: str | None) -> ClusteringsReport:
    """Have collections take their labels from a clustering. See Database.use_clustering."""

    def write(connection: Connection, ids: list[int]) -> None:
        clustered = next(one.collection for one in stored.list_clusterings(connection) if one.clustering_id == ids[0])
        wanted = clustered if collection is None else collection
        snapshots.check_collection(connection, wanted)
        if clustered is not None and wanted != clustered:
            raise NotOfCollection(ids[0], clustered, str(wanted))
        collections = [*stored.read_uses(connection)] if wanted is None else [wanted]
        stored.write_choice(connection, ids[0], collections)

    return _change(file, [clustering], write)


def delete_clusterings(file: DatabaseFile, clusterings: Sequence[int | str]) -> ClusteringsReport:
    """Delete clusterings. See Database.delete_clusterings."""
    return _change(file, clusterings, stored.delete_clusterings)


def _change(
    file: DatabaseFile, clusterings: Sequence[int | str], write: Callable[[Connection, list[int]], None]
) -> ClusteringsReport:
    """Change clusterings in one transaction, and return all that the database then has.

    Args:
        file: the database. It must exist.
        clusterings: their ids or names.
        write: changes the clusterings with these ids.

    Raises:
        NoSuchClustering: one of them does not exist. Nothing is changed.
    """
    with file.reading() as connection:  # so that a missing file is not created
        for one in clusterings:
            stored.find_clustering(connection, one)
    with file.writing() as connection:
        write(connection, [stored.find_clustering(connection, one) for one in clusterings])
        return ClusteringsReport(tuple(stored.list_clusterings(connection)))
