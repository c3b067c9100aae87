"""Selects the poses to search: all, or those of a collection, a cluster or an SQL condition."""

import json
from collections.abc import Iterator
from typing import Any, Final

import duckdb

from posesearch import skeleton
from posesearch.errors import BadFilter
from posesearch.pose.traits.expressions import Expression
from posesearch.store.attribute_view import VIEW, list_names, make_query, read_types
from posesearch.store.clearness import COLUMNS, STEPS, select_rules, select_traits
from posesearch.store.connection import Connection
from posesearch.store.damage import is_damage
from posesearch.store.interruptible import DEFAULT_TIMEOUT
from posesearch.store.labels import labelled_poses
from posesearch.store.schema import TRAITS, view_query


def all_poses(*, world: bool) -> str:
    """Return the relation with all poses, or with those that have world coordinates."""
    return f"({view_query('world_poses')})" if world else "poses"


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
    clustering_id: int | None = None,
    where: str = "",
    rule: Expression | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> str:
    """Return the name of the relation to search: all poses, or a temporary view of some of them.

    Args:
        connection: an open file.
        world: whether limbs in 3D are compared.
        collection: only poses of this collection. None means all.
        cluster: only poses with this label. None means all.
        clustering_id: the clustering from which all labels come. Only poses with a label in it are selected. None means
            the one of each collection.
        where: an SQL expression over the columns of the views labelled_poses, skeletons, pose_traits and
            snapshot_attributes. angles is a struct with the columns of the view angles. Empty means all poses.
        rule: only poses for which this rule of traits holds. None means all.
        timeout: seconds that the selection may take. 0 means no limit.

    Raises:
        BadFilter: `where` is not one expression, or DuckDB refuses it.
        QueryTooSlow: the selection takes longer than `timeout`.
    """
    table = all_poses(world=world)
    if collection is None and cluster is None and clustering_id is None and not where and rule is None:
        return table
    try:
        condition, names = _parse_condition(connection, where) if where else ("true", set())
        relation = _relation_with(connection, names, clustering_id)
        if rule is not None:
            numbers = select_rules({"clearness": rule}, "pose_id", "poses")
            holds = f"SELECT pose_id FROM ({numbers}) WHERE clearness >= {STEPS}"  # noqa: S608 (our own words)
            relation += f" SEMI JOIN ({holds}) AS held USING (pose_id)"
        with connection.limit(timeout, "The condition of `where`"):
            connection.execute(
                f"""
                CREATE OR REPLACE TEMP TABLE chosen AS SELECT pose_id FROM {relation}
                WHERE ($collection IS NULL OR collection = $collection) AND ($cluster IS NULL OR cluster = $cluster)
                  AND (NOT $is_labelled OR cluster IS NOT NULL) AND ({condition})
                """,  # noqa: S608 (one expression, parsed and printed by DuckDB)
                {"collection": collection, "cluster": cluster, "is_labelled": clustering_id is not None},
            )
    except duckdb.Error as error:
        if is_damage(error) or not where:
            raise
        raise BadFilter(where, str(error).strip().splitlines()[0], list_names(connection)) from error
    connection.execute(f"CREATE OR REPLACE TEMP VIEW candidates AS FROM {table} SEMI JOIN chosen USING (pose_id)")
    return "candidates"


def _relation_with(connection: Connection, names: set[str], clustering_id: int | None) -> str:
    """Return the relation with the columns of labelled_poses, and what these names need.

    That is joints, angles, traits and attributes.
    """
    relation = f"({labelled_poses(clustering_id)}) AS labelled_poses"
    if not names.isdisjoint(skeleton.JOINTS):
        relation += f" JOIN ({view_query('skeletons')}) AS skeletons USING (pose_id, snapshot_id, source, collection)"
    if "angles" in names:
        angles = f"SELECT pose_id, angles FROM ({view_query('angles')}) AS angles"  # noqa: S608 (a view of schema.sql)
        relation += f" JOIN ({angles}) USING (pose_id)"
    if traits := names & COLUMNS:
        relation += f" JOIN ({select_traits(traits)}) AS {TRAITS} USING (pose_id)"
    attributes = [name for name in list_names(connection) if name.lower() in names] if names else []
    if attributes:
        relation += f" LEFT JOIN ({make_query(read_types(connection, attributes))}) AS {VIEW} USING (snapshot_id)"
    return relation


def _parse_condition(connection: Connection, where: str) -> tuple[str, set[str]]:
    """Return the expression as DuckDB prints it, and the names of columns in it, in lower case.

    Raises:
        duckdb.Error: it is not one expression, has parameters, or calls a function in FROM that is not allowed.
    """
    condition = str(duckdb.SQLExpression(where.encode("utf-8", "replace").decode()))
    statement = f"SELECT {condition}"
    if connection.extract_statements(statement)[0].named_parameters:
        raise duckdb.InvalidInputException("it has parameters, and there are no values for them.")
    [(text,)] = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()
    nodes = list(_walk(json.loads(text)))
    called = {
        str(node["function"].get("function_name", "")).lower() for node in nodes if node.get("type") == "TABLE_FUNCTION"
    }
    if refused := sorted(called - _FUNCTIONS):
        raise duckdb.InvalidInputException(f"it can't call {refused[0]} in FROM.")
    return condition, {str(name).lower() for node in nodes for name in node.get("column_names", ())}


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects in a serialized statement."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _walk(part)
