"""Converts the database of an earlier posesearch: its rows are copied into a new file.

World vectors are computed again, because versions 4 to 7 had joints in them, and not limbs.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from posesearch.store.interruptible import Connection
from posesearch.store.rewriting import OLD, NotCopied, rewrite
from posesearch.store.world_vectors import compute_world_vectors

_NEW_NAMES: Final = {
    7: ("skeletons", "angles", "attributes", "similarity_percentile"),
    9: ("forgotten", "chosen_clusterings", "collection_clusterings", "snapshot_attributes"),
}
"""Names that posesearch uses since this version of the schema."""

_NEW_COLUMNS: Final = {9: (("snapshots", "thumbnail"), ("attributes", "list"), ("clusterings", "name"))}
"""Columns of posesearch's tables since this version, each with its table."""

_VECTORS: Final = "computed_world_vectors"
"""The temporary table of the world vectors."""

OLD_MACROS: Final = frozenset(
    [
        "bits_of",
        "told",
        "turned_product",
        "flat_spread",
        "solid_spread",
        "whole_correlation",
        "part_correlation",
        "shrunk",
        "scattered",
        "mirrored_view",
        "view_query",
        "nearest_to",
        "named",
        "joint_set_of",
        "mirrored_axis",
        "mirrored_weight",
        "mirrored_vector",
        "mirrored_world_vector",
        "centred",
        "query_of",
        "pose_query",
        "world_query",
        "sum_within",
        "query_within",
        "spread_or_null",
        "squared",
        "rotated_product",
        "image_spread",
        "world_spread",
        "full_correlation",
        "along_within",
        "partial_correlation",
        "penalized",
        "rank_poses",
        "part_names",
        "parts_weight",
        "with_sources",
        "correlation_of_sums",
        "pair_correlation",
        "pair_similarity",
        "hash_id",
        "random_similarities",
    ]
)
"""The macros of versions 4 to 6 that are no longer there."""


def converting(old: Path, new: Path) -> AbstractContextManager[None]:
    """Write the rows of a database of an earlier version into a new file, as `rewrite` does.

    Raises:
        NotCopied: an object of the user's own can't be copied, or has a name that posesearch now uses.
        DatabaseBusy, duckdb.Error, OSError: as `rewrite`.
    """
    return rewrite(old, new, _select_converted, OLD_MACROS)


def _select_converted(connection: Connection) -> dict[str, str]:
    """Return the query of poses with their new world vectors. Check the names of the user's objects first."""
    _check_names(connection)
    compute_world_vectors(connection, f"{OLD}.poses", _VECTORS)
    poses = f"""
        SELECT p.* REPLACE (v.world_vector AS world_vector, v.world_squares AS world_squares)
        FROM {OLD}.poses AS p LEFT JOIN {_VECTORS} AS v USING (pose_id) ORDER BY pose_id
    """  # noqa: S608 (our own names)
    return {"poses": poses}


def _check_names(connection: Connection) -> None:
    """Raise NotCopied if an object or a column of the user's own has a name that this version uses."""
    [(version,)] = connection.execute(
        "SELECT value::INTEGER FROM old_file.main.about WHERE key = 'schema_version'"
    ).fetchall()
    new_names = {name for since, names in _NEW_NAMES.items() if version < since for name in names}
    names = connection.execute("""
        SELECT 'table', table_name FROM system.main.duckdb_tables()
        WHERE database_name = 'old_file' AND schema_name = 'main'
        UNION ALL SELECT 'view', view_name FROM system.main.duckdb_views()
        WHERE database_name = 'old_file' AND schema_name = 'main' AND NOT internal
        UNION ALL SELECT 'macro', function_name FROM system.main.duckdb_functions()
        WHERE database_name = 'old_file' AND schema_name = 'main' AND NOT internal
    """).fetchall()
    for kind, name in names:
        if name.lower() in new_names:
            raise NotCopied(f"posesearch now has an object with the name of your {kind} {name}")
    new_columns = {column for since, columns in _NEW_COLUMNS.items() if version < since for column in columns}
    for table, column in connection.execute("""
        SELECT lower(table_name), lower(column_name) FROM system.main.duckdb_columns()
        WHERE database_name = 'old_file' AND schema_name = 'main'
    """).fetchall():
        if (table, column) in new_columns:
            raise NotCopied(f"posesearch now has a column with the name of your column {column} of {table}")
