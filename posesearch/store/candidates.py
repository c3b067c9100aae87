"""Selects the poses to search: all, or those of a collection, a cluster or an SQL condition."""

import json
from collections.abc import Iterator
from typing import Any, Final

import duckdb

from posesearch.errors import BadFilter
from posesearch.store.connection import Connection
from posesearch.store.interruptible import DEFAULT_TIMEOUT

RELATIONS: Final = {False: "poses", True: "world_poses"}
"""The relation with all poses, by whether world coordinates are compared."""

_FUNCTIONS: Final = frozenset(("unnest", "range", "generate_series", "similar_poses", "similar_views", "nearest_poses"))
"""The functions that a condition may call in FROM.

Others can read files other than the database, or change the process.
"""


def select_candidates(
    connection: Connection,
    *,
    world: bool,
    collection: str | None = None,
    cluster: int | None = None,
    where: str = "",
    timeout: float = DEFAULT_TIMEOUT,
) -> str:
    """Return the name of the relation to search: all poses, or a temporary view of some of them.

    Args:
        connection: an open file.
        world: whether world coordinates are compared.
        collection: only poses of this collection. None means all.
        cluster: only poses with this label. None means all.
        where: an SQL expression over the columns of labelled_poses. Empty means all poses.
        timeout: seconds that the selection may take. 0 means no limit.

    Raises:
        BadFilter: `where` is not one expression, or DuckDB refuses it.
        QueryTooSlow: the selection takes longer than `timeout`.
    """
    table = RELATIONS[world]
    if collection is None and cluster is None and not where:
        return table
    try:
        condition = _parse_condition(connection, where) if where else "true"
        with connection.limit(timeout, "The condition of --where"):
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


def _parse_condition(connection: Connection, where: str) -> str:
    """Return the expression as DuckDB prints it.

    Raises:
        duckdb.Error: it is not one expression, has parameters, or calls a function in FROM that is not allowed.
    """
    condition = str(duckdb.SQLExpression(where.encode("utf-8", "replace").decode()))
    statement = f"SELECT {condition}"
    if connection.extract_statements(statement)[0].named_parameters:
        raise duckdb.InvalidInputException("it has parameters, and there are no values for them.")
    [(text,)] = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()
    refused = sorted(set(_find_table_functions(json.loads(text))) - _FUNCTIONS)
    if refused:
        raise duckdb.InvalidInputException(f"it can't call {refused[0]} in FROM.")
    return condition


def _find_table_functions(node: Any) -> Iterator[str]:
    """Yield the names of the functions that are called in FROM, anywhere in a serialized statement."""
    if isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            yield str(node["function"].get("function_name", "")).lower()
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _find_table_functions(part)
