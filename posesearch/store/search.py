"""The exact search: the SQL that ranks candidates by their similarity to a query.

The formulas are those of formulas.py, which the macros of schema.sql have too, so that the duckdb shell gives the same
numbers. This module is faster than the macros, because its statements leave out what the query does not need.

It searches in steps. The first ranks the poses that have all joints of the query. The second ranks the others, and is
skipped if none of them can be as similar as the matches of the first. Both are repeated for the variants of the query
with left and right exchanged, unless none of these can be as similar as the matches so far.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from posesearch.pose.joint_sets import ALL_JOINTS
from posesearch.pose.similarity import Invariance
from posesearch.pose.variants import MAX_EXCHANGED
from posesearch.store import formulas
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery


@dataclass(frozen=True)
class Hit:
    """A pose that a search found: its id, and the similarity of the variant of the query that is the most similar."""

    pose_id: int
    similarity: float


def find_most_similar(
    connection: Connection,
    query: PreparedQuery,
    n: int,
    *,
    mirror: bool,
    exchange: bool,
    min_shared: int,
    candidates: str,
) -> list[Hit]:
    """Return the n candidates most similar to a query, best first. The result is exact.

    A pose gets the largest similarity of all variants.

    Args:
        connection: an open file.
        query: the prepared query.
        n: the most hits to return.
        mirror: whether to search for the mirrored query as well.
        exchange: whether to search for the variants with left and right exchanged as well.
        min_shared: joints that a pose must share with the query, or all joints of a query that has fewer.
        candidates: name of a relation, from select_candidates.
    """
    hits = _search(connection, query.list_variants(mirror=mirror, exchanged=False), [], n, min_shared, candidates)
    if exchange and _find_threshold(hits, n) <= MAX_EXCHANGED:
        variants = query.list_variants(mirror=mirror, exchanged=True)
        hits = _search(connection, variants, hits, n, min_shared, candidates)
    return hits[:n]


def _find_threshold(hits: Sequence[Hit], n: int) -> float:
    """Return the similarity that a pose must have to be among the n best, given some hits, best first."""
    return hits[n - 1].similarity if len(hits) >= n else -1.0


def _search(
    connection: Connection, variants: Sequence[PreparedQuery], hits: list[Hit], n: int, min_shared: int, candidates: str
) -> list[Hit]:
    """Return the best of some hits and those of some variants, best first. The first n are exact."""
    for same_joints in _group_by_weight(variants):
        if same_joints[0].is_whole_body and same_joints[0].invariance == "none":
            found = _rank_complete(connection, same_joints, n, candidates)
        else:
            found = _rank_with_all_joints(connection, same_joints, n, candidates)
        hits = _keep_best([*hits, *found])
    threshold = _find_threshold(hits, n)
    if any(variant.max_partial_similarity >= threshold for variant in variants):
        sets_query = f"SELECT DISTINCT joint_set FROM {candidates} WHERE joint_set IS NOT NULL"  # noqa: S608 (our own name)
        stored = [row[0] for row in connection.execute(sets_query).fetchall()]
        for same_joints in _group_by_weight(variants):
            sets = same_joints[0].select_sets(stored, _find_threshold(hits, n), min_shared)
            if sets:
                hits = _keep_best([*hits, *_rank_partial(connection, same_joints, n, sets, candidates)])
    return hits


def _group_by_weight(variants: Sequence[PreparedQuery]) -> list[list[PreparedQuery]]:
    """Return the variants in groups that compare the same joints with the same weights. A group is one pass."""
    groups: dict[bytes, list[PreparedQuery]] = {}
    for variant in variants:
        groups.setdefault(variant.weight.tobytes(), []).append(variant)
    return list(groups.values())


def _keep_best(hits: Iterable[Hit]) -> list[Hit]:
    """Return the best hit of each pose, best first. Of equal hits, the pose with the lower id comes first."""
    best: dict[int, Hit] = {}
    for hit in sorted(hits, key=lambda hit: (-hit.similarity, hit.pose_id)):
        best.setdefault(hit.pose_id, hit)
    return list(best.values())


def _select_best(values: Sequence[str], columns: str, relation: str) -> str:
    """Return the SELECT of the largest of some values of each row, as `best`. It is NULL if all values are NULL.

    A CASE for each value is faster than `greatest`.

    Args:
        values: expressions.
        columns: further columns.
        relation: SQL for FROM, with or without WHERE.
    """
    named = ", ".join(f"{value} AS value{number}" for number, value in enumerate(values))
    query, best = f"SELECT {columns}, {named} FROM {relation}", "value0"  # noqa: S608 (our own words)
    for number in range(1, len(values)):
        is_larger = f"value{number} > {best} OR {best} IS NULL"
        larger = f"CASE WHEN {is_larger} THEN value{number} ELSE {best} END AS best{number}"
        rest = "".join(f", value{later}" for later in range(number + 1, len(values)))
        query, best = f"SELECT {columns}, {larger}{rest} FROM ({query})", f"best{number}"  # noqa: S608 (likewise)
    return f"SELECT {columns}, {best} AS best FROM ({query})"  # noqa: S608 (likewise)


def _rank_complete(connection: Connection, variants: Sequence[PreparedQuery], n: int, candidates: str) -> list[Hit]:
    """Return the best complete poses for a query with all joints: inner products of unit vectors.

    All variants are compared in one pass. The first attempt does not filter out partial poses, which is faster. If they
    take so many places that fewer than n complete poses are left, the second attempt filters. This is rare, because the
    product of a partial pose is at most its correlation.
    """
    size = variants[0].pose.vectors.shape[1]
    products = [f"array_inner_product(vector, $along{number}::FLOAT[{size}])" for number in range(len(variants))]
    for condition, limit in (("true", 2 * n + 10), (_has_all_joints(ALL_JOINTS), n)):
        best = _select_best(products, "pose_id, joint_set", f"{candidates} WHERE {condition}")
        rows = connection.execute(
            f"""
            SELECT pose_id, greatest(-1, least(1, best / sqrt($norm)) - $penalty), joint_set
            FROM ({best}) ORDER BY best DESC, pose_id LIMIT {limit:d}
            """,  # noqa: S608 (our own words and numbers)
            {
                "norm": variants[0].constants["spread"],
                "penalty": variants[0].variant.penalty,
                **{f"along{number}": variant.constants["along"] for number, variant in enumerate(variants)},
            },
        ).fetchall()
        complete = [Hit(*hit) for *hit, joints in rows if joints == ALL_JOINTS]
        if len(complete) >= n or len(rows) < limit:
            break
    return complete


def _rank_with_all_joints(
    connection: Connection, variants: Sequence[PreparedQuery], n: int, candidates: str
) -> list[Hit]:
    """Return the best of the poses that have all joints of the query. All variants have the same weights."""
    query = variants[0]
    correlations, parameters = _correlate_with_all_joints(
        query.invariance, is_whole_body=query.is_whole_body, variants=len(variants)
    )
    relation = f"{candidates} WHERE {_has_all_joints(query.joint_set)}"
    rows = connection.execute(
        f"""
        SELECT pose_id, greatest(-1, least(1, best) - $penalty) FROM (
            FROM ({_select_best(correlations, "pose_id", relation)}) ORDER BY best DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE best IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {"penalty": query.variant.penalty, **_find_constants(variants, parameters)},
    ).fetchall()
    return [Hit(*row) for row in rows]


def _find_constants(variants: Sequence[PreparedQuery], parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of parameters. A name without a number is a constant that all variants share."""
    return {f"{name}{number}": variants[int(number or 0)].constants[name] for name, number in parameters}


def _has_all_joints(joints: int) -> str:
    return f"joint_set = {joints}" if joints == ALL_JOINTS else f"joint_set & {joints} = {joints}"


def _rank_partial(
    connection: Connection, variants: Sequence[PreparedQuery], n: int, sets: Sequence[int], candidates: str
) -> list[Hit]:
    """Return the best of the poses with one of these sets of joints. Each set lacks a joint of the query.

    All variants have the same weights.
    """
    correlations, parameters = _correlate_shared_joints(variants[0].invariance, variants=len(variants))
    sums = {
        f"{name}{number}": values.tolist()
        for number, variant in enumerate(variants)
        for name, values in variant.sums_within(sets).items()
    }
    columns = ", ".join(f"unnest($sum_{name}) AS {name}" for name in sums)
    relation = f"(SELECT *, n0 / $total AS share FROM {candidates} JOIN sums USING (joint_set)) AS s"  # noqa: S608 (our words)
    rows = connection.execute(
        f"""
        WITH sums AS MATERIALIZED (SELECT unnest($sets)::USMALLINT AS joint_set, {columns})
        SELECT pose_id, greatest(-1, similarity - $penalty) FROM (
            SELECT pose_id, {formulas.penalize("best", "share")} AS similarity
            FROM ({_select_best(correlations, "pose_id, share", relation)})
            ORDER BY similarity DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE similarity IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {
            "sets": list(sets),
            "penalty": variants[0].variant.penalty,
            "total": variants[0].total,
            **{f"sum_{name}": values for name, values in sums.items()},
            **_find_constants(variants, parameters),
        },
    ).fetchall()
    return [Hit(*row) for row in rows]


@cache
def _correlate_with_all_joints(
    invariance: Invariance, *, is_whole_body: bool, variants: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the SQL of the correlations of variants with poses that have all joints of the query, and its parameters.

    Each parameter has the name of the constant, and the number of the variant. The number is empty for a constant that
    all variants share. The parameter is called after both.
    """
    axes, turns = _AXES_AND_TURNS[invariance]
    inner = formulas.inner_with_parameters(axes)
    spread = "1.0" if is_whole_body else formulas.spread(inner, "$total", axes=axes)
    texts = []
    for number in range(variants):
        product = formulas.product(_number(inner, number), None, axes=axes, turns=turns)
        texts.append(formulas.correlation(product, "$spread", spread))
    return texts, sorted(set(_PARAMETER.findall(" ".join(texts))))


def _number(inner: formulas.Inner, number: int) -> formulas.Inner:
    """Return the inner products with the constants of one of several variants. The variants share those of weights."""
    return lambda name: inner(f"{name}{number}" if name in ("along", "across", "fixed") else name)


@cache
def _correlate_shared_joints(invariance: Invariance, *, variants: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the SQL of the correlations of variants with any poses, and its parameters, as above."""
    axes, turns = _AXES_AND_TURNS[invariance]
    inner = formulas.inner_with_parameters(axes)
    texts = []
    for number in range(variants):
        product = formulas.product(_number(inner, number), f"s.{{}}{number}", axes=axes, turns=turns)
        texts.append(formulas.correlation(product, f"s.spread{number}", formulas.spread(inner, "s.n0", axes=axes)))
    return texts, sorted(set(_PARAMETER.findall(" ".join(texts))))


_AXES_AND_TURNS: Final[dict[Invariance, tuple[int, str]]] = {
    "none": (2, "false"),
    "turn": (2, "true"),
    "view": (3, "true"),
}
_PARAMETER: Final = re.compile(r"\$([a-z_]+)(\d*)")
