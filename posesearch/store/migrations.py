"""Converts the database of an earlier posesearch: its rows are copied into a new file.

World vectors are computed again, because versions 4 to 7 had joints in them, and not limbs. The clearness of traits is
computed too. Attributes with the name of a trait get the name that an ingest would give them, because versions 8 and 9
had no traits.
"""

import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from posesearch.store.attribute_view import find_name, reserved_names
from posesearch.store.clearness import compute_clearness
from posesearch.store.configuration import quote_text
from posesearch.store.interruptible import Connection
from posesearch.store.rewriting import OLD, NotCopied, rewrite
from posesearch.store.schema import TRAITS
from posesearch.store.world_vectors import compute_world_vectors

_NEW_NAMES: Final = {
    7: ("skeletons", "angles", "attributes", "similarity_percentile"),
    9: ("forgotten", "chosen_clusterings", "collection_clusterings", "snapshot_attributes"),
    10: (TRAITS,),
}
"""Names that posesearch uses since this version of the schema."""

_NEW_COLUMNS: Final = {
    9: (("snapshots", "thumbnail"), ("attributes", "list"), ("clusterings", "name")),
    10: (("poses", "clearness"),),
}
"""Columns of posesearch's tables since this version, each with its table."""

_log: Final = logging.getLogger(__package__)

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
    """Return the queries of what changes: world vectors, and names of attributes. Check the user's names first."""
    _check_names(connection)
    compute_world_vectors(connection, f"{OLD}.poses", _VECTORS)
    kept = "* EXCLUDE (clearness)" if ("poses", "clearness") in _list_columns(connection) else "*"
    poses = f"""
        SELECT p.{kept} REPLACE (v.world_vector AS world_vector, v.world_squares AS world_squares), t.clearness
        FROM {OLD}.poses AS p LEFT JOIN {_VECTORS} AS v USING (pose_id)
        JOIN ({compute_clearness(f"{OLD}.poses")}) AS t USING (pose_id) ORDER BY pose_id
    """  # noqa: S608 (our own names)
    return {"poses": poses, **_rename_attributes(connection)}


def _rename_attributes(connection: Connection) -> dict[str, str]:
    """Return the query of the attributes with new names for those that would hide a trait, if there are any."""
    if ("attributes", "name") not in _list_columns(connection):
        return {}
    query = f"SELECT DISTINCT name FROM {OLD}.attributes ORDER BY 1"  # noqa: S608 (our own name)
    names = [name for (name,) in connection.execute(query).fetchall()]
    taken = set(reserved_names())
    cases = ""
    for name in names:
        new = find_name(name, taken) if name.lower() in reserved_names() or name.lower() in taken else name
        taken.add(new.lower())
        if new != name:
            cases += f" WHEN {quote_text(name)} THEN {quote_text(new)}"
            _log.warning("The attribute %s is now %s, because posesearch has a trait with its name.", name, new)
    renamed = f"SELECT * REPLACE (CASE name{cases} ELSE name END AS name) FROM {OLD}.attributes"  # noqa: S608 (quoted)
    return {"attributes": renamed} if cases else {}


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
    for table, column in _list_columns(connection):
        if (table, column) in new_columns:
            raise NotCopied(f"posesearch now has a column with the name of your column {column} of {table}")


def _list_columns(connection: Connection) -> list[tuple[str, str]]:
    """Return the columns of the old file, each with its table, in lower case."""
    return connection.execute("""
        SELECT lower(table_name), lower(column_name) FROM system.main.duckdb_columns()
        WHERE database_name = 'old_file' AND schema_name = 'main'
    """).fetchall()
