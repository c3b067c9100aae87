"""The relation of all poses with their labels."""

from posesearch.store.schema import view_query


def labelled_poses(clustering_id: int | None, *more_columns: str, join: str = "") -> str:
    """Return a query with the columns of the view labelled_poses.

    Args:
        clustering_id: the clustering from which all labels come. None means the one of each collection.
        *more_columns: as in `view_query`.
        join: as in `view_query`.
    """
    if clustering_id is None:
        return view_query("labelled_poses", *more_columns, join=join)
    one = f"SELECT DISTINCT collection, {clustering_id:d}::BIGINT AS clustering_id FROM snapshots"  # noqa: S608 (a number)
    return view_query("labelled_poses", *more_columns, join=join, collection_clusterings=one)
