"""Selects the poses to search: all, or those of a collection, a cluster or an SQL condition."""

from typing import Final

import duckdb

from posesearch.errors import BadFilter
from posesearch.store.connection import Connection

RELATIONS: Final = {False: "poses", True: "world_poses"}
"""The relation that holds all poses, by whether world coordinates are compared."""


def select_candidates(
    connection: Connection, *, world: bool, collection: str | None = None, cluster: int | None = None, where: str = ""
) -> str:
    """Return the name of the relation to search: all poses, or a temporary view of some of them.

    Args:
        connection: an open file.
        world: whether world coordinates are compared.
        collection: only poses of this collection.
        cluster: only poses with this label.
        where: an SQL expression over the columns of labelled_poses.

    Raises:
        BadFilter: `where` is not one expression, or DuckDB refuses it.
    """
    table = RELATIONS[world]
    if collection is None and cluster is None and not where:
        return table
    try:
        connection.execute("SET enable_external_access = false")  # an expression can call functions that read files
        condition = _parse_condition(where) if where else "true"
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE chosen AS SELECT pose_id FROM labelled_poses
            WHERE ($collection IS NULL OR collection = $collection) AND ($cluster IS NULL OR cluster = $cluster)
              AND ({condition})
            """,  # noqa: S608 (one expression, parsed and printed by DuckDB)
            {"collection": collection, "cluster": cluster},
        )
    except duckdb.Error as error:
        raise BadFilter(where, str(error).strip().splitlines()[0]) from error
    connection.execute(f"CREATE OR REPLACE TEMP VIEW candidates AS FROM {table} SEMI JOIN chosen USING (pose_id)")
    return "candidates"


def _parse_condition(where: str) -> str:
    """Return the expression as DuckDB prints it. Raise duckdb.Error if it is not one expression or has parameters."""
    condition = str(duckdb.SQLExpression(where.encode("utf-8", "replace").decode()))
    if duckdb.extract_statements(f"SELECT {condition}")[0].named_parameters:
        raise duckdb.InvalidInputException("it has parameters, and there are no values for them.")
    return condition
