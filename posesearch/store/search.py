"""The exact search: the SQL that ranks candidates by their similarity to a query.

The formulas are those of formulas.py, which the macros of schema.sql have too, so that the duckdb shell gives the same
numbers. This module is faster than the macros, because its statements leave out what the query does not need.

It searches in two steps. The first ranks the poses that have all joints of the query. The second ranks the others, and
is skipped if none of them can be as similar as the matches of the first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from posesearch.pose.joint_sets import ALL_JOINTS
from posesearch.pose.similarity import Invariance
from posesearch.store import formulas
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery


@dataclass(frozen=True)
class Hit:
    """A pose that a search found: its id, its similarity, and whether the mirrored query is more similar."""

    pose_id: int
    similarity: float
    mirrored: bool


def find_most_similar(
    connection: Connection, query: PreparedQuery, n: int, *, mirror: bool, min_shared: int, candidates: str
) -> list[Hit]:
    """Return the n candidates most similar to a query, best first. The result is exact.

    Args:
        connection: an open file.
        query: the prepared query.
        n: the most hits to return.
        mirror: whether to search for the mirrored query as well. A pose gets the larger similarity of the two.
        min_shared: joints that a pose must share with the query, or all joints of a query that has fewer.
        candidates: name of a relation, from select_candidates.
    """
    variants = [query, query.mirrored] if mirror else [query]
    if query.is_whole_body and query.invariance == "none":
        hits = _keep_best(_rank_complete(connection, variants, n, candidates))
    else:
        hits = _keep_best(hit for one in variants for hit in _rank_with_all_joints(connection, one, n, candidates))
    threshold = hits[n - 1].similarity if len(hits) >= n else -1.0
    if query.max_partial_similarity >= threshold:
        sets_query = f"SELECT DISTINCT joint_set FROM {candidates} WHERE joint_set IS NOT NULL"  # noqa: S608 (our own name)
        stored = [row[0] for row in connection.execute(sets_query).fetchall()]
        for variant in variants:
            sets = variant.select_sets(stored, threshold, min_shared)
            if sets:
                hits = _keep_best([*hits, *_rank_partial(connection, variant, n, sets, candidates)])
    return hits[:n]


def _keep_best(hits: Iterable[Hit]) -> list[Hit]:
    """Return the better hit of each pose, best first. Of equal hits, the pose with the lower id comes first."""
    best: dict[int, Hit] = {}
    for hit in sorted(hits, key=lambda hit: (-hit.similarity, hit.pose_id, hit.mirrored)):
        best.setdefault(hit.pose_id, hit)
    return list(best.values())


def _rank_complete(connection: Connection, variants: Sequence[PreparedQuery], n: int, candidates: str) -> list[Hit]:
    """Return the best complete poses for a query with all joints: inner products of unit vectors.

    The query and its mirrored variant are compared in one pass. The first attempt does not filter out partial poses,
    which is faster. If they take so many places that fewer than n complete poses are left, the second attempt filters.
    This is rare, because the product of a partial pose is at most its correlation.
    """
    size = variants[0].pose.vectors.shape[1]
    products = [f"array_inner_product(vector, $along{number}::FLOAT[{size}])" for number in range(len(variants))]
    plain, flipped = products[0], products[-1]
    both = len(variants) > 1
    best = f"CASE WHEN {flipped} > {plain} THEN {flipped} ELSE {plain} END" if both else plain
    for condition, limit in (("true", 2 * n + 10), (_has_all_joints(ALL_JOINTS), n)):
        rows = connection.execute(
            f"""
            SELECT pose_id, greatest(-1, least(1, product / sqrt($norm))), mirrored, joint_set FROM (
                SELECT pose_id, {best} AS product, {f"{flipped} > {plain}" if both else "false"} AS mirrored, joint_set
                FROM {candidates} WHERE {condition} ORDER BY product DESC, pose_id LIMIT {limit:d}
            )
            """,  # noqa: S608 (our own words and numbers)
            {
                "norm": variants[0].constants["spread"],
                **{f"along{number}": variant.constants["along"] for number, variant in enumerate(variants)},
            },
        ).fetchall()
        complete = [Hit(*hit) for *hit, joints in rows if joints == ALL_JOINTS]
        if len(complete) >= n or len(rows) < limit:
            break
    return complete


def _rank_with_all_joints(connection: Connection, query: PreparedQuery, n: int, candidates: str) -> list[Hit]:
    """Return the best of the poses that have all joints of the query."""
    correlation, parameters = _correlate_with_all_joints(query.invariance, is_whole_body=query.is_whole_body)
    rows = connection.execute(
        f"""
        SELECT pose_id, greatest(-1, least(1, similarity)) FROM (
            SELECT pose_id, {correlation} AS similarity FROM {candidates}
            WHERE {_has_all_joints(query.joint_set)} ORDER BY similarity DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE similarity IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {name: query.constants[name] for name in parameters},
    ).fetchall()
    return [Hit(pose_id, similarity, query.is_mirrored) for pose_id, similarity in rows]


def _has_all_joints(joints: int) -> str:
    return f"joint_set = {joints}" if joints == ALL_JOINTS else f"joint_set & {joints} = {joints}"


def _rank_partial(
    connection: Connection, query: PreparedQuery, n: int, sets: Sequence[int], candidates: str
) -> list[Hit]:
    """Return the best of the poses with one of these sets of joints. Each set lacks a joint of the query."""
    correlation, penalized, parameters = _correlate_shared_joints(query.invariance)
    sums = query.sums_within(sets)
    columns = ", ".join(f"unnest($sum_{name}) AS {name}" for name in sums)
    rows = connection.execute(
        f"""
        WITH sums AS MATERIALIZED (SELECT unnest($sets)::USMALLINT AS joint_set, {columns})
        SELECT * FROM (
            SELECT pose_id, {penalized} AS similarity FROM (
                SELECT pose_id, {correlation} AS correlation, s.n / $total AS share
                FROM {candidates} JOIN sums AS s USING (joint_set)
            ) ORDER BY similarity DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE similarity IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {
            "sets": list(sets),
            **{f"sum_{name}": values.tolist() for name, values in sums.items()},
            **{name: query.constants[name] for name in ("total", *parameters)},
        },
    ).fetchall()
    return [Hit(pose_id, similarity, query.is_mirrored) for pose_id, similarity in rows]


@cache
def _correlate_with_all_joints(invariance: Invariance, *, is_whole_body: bool) -> tuple[str, list[str]]:
    """Return the SQL of the correlation with poses that have all joints of the query, and its parameters."""
    axes, turns = _AXES_AND_TURNS[invariance]
    inner = formulas.inner_with_parameters(axes)
    product = formulas.product(inner, None, axes=axes, turns=turns)
    spread = "1.0" if is_whole_body else formulas.spread(inner, "$total", axes=axes)
    text = formulas.correlation(product, "$spread", spread)
    return text, _PARAMETER.findall(text)


@cache
def _correlate_shared_joints(invariance: Invariance) -> tuple[str, str, list[str]]:
    """Return the SQL of the correlation with any poses, that of the similarity, and the parameters of both."""
    axes, turns = _AXES_AND_TURNS[invariance]
    inner = formulas.inner_with_parameters(axes)
    product = formulas.product(inner, "s.", axes=axes, turns=turns)
    text = formulas.correlation(product, "s.spread", formulas.spread(inner, "s.n", axes=axes))
    return text, formulas.penalize("correlation", "share"), _PARAMETER.findall(text)


_AXES_AND_TURNS: Final[dict[Invariance, tuple[int, str]]] = {
    "none": (2, "false"),
    "turn": (2, "true"),
    "view": (3, "true"),
}
_PARAMETER: Final = re.compile(r"\$(\w+)")
