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
from typing import Final

from posesearch.pose.joint_sets import ALL_JOINTS
from posesearch.pose.similarity import Invariance
from posesearch.pose.variants import MAX_EXCHANGED, Variant
from posesearch.store import formulas
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery


@dataclass(frozen=True)
class Hit:
    """A pose that a search found: its id, its similarity, and the variant of the query that is the most similar."""

    pose_id: int
    similarity: float
    variant: Variant


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
    partial = [variant for variant in variants if variant.max_partial_similarity >= threshold]
    if partial:
        sets_query = f"SELECT DISTINCT joint_set FROM {candidates} WHERE joint_set IS NOT NULL"  # noqa: S608 (our own name)
        stored = [row[0] for row in connection.execute(sets_query).fetchall()]
        for variant in partial:
            sets = variant.select_sets(stored, _find_threshold(hits, n), min_shared)
            if sets:
                hits = _keep_best([*hits, *_rank_partial(connection, variant, n, sets, candidates)])
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
    for hit in sorted(
        hits, key=lambda hit: (-hit.similarity, hit.pose_id, hit.variant.exchanged != "none", hit.variant)
    ):
        best.setdefault(hit.pose_id, hit)
    return list(best.values())


def _choose_best(values: Sequence[str], columns: str, relation: str) -> str:
    """Return the SELECT of the largest of some values of each row, and of the position of this value.

    Args:
        values: expressions.
        columns: further columns.
        relation: SQL for FROM, with or without WHERE.
    """
    named = ", ".join(f"{value} AS value{number}" for number, value in enumerate(values))
    names = [f"value{number}" for number in range(len(values))]
    largest = f"greatest({', '.join(names)})" if len(names) > 1 else names[0]
    cases = " ".join(f"WHEN {name} THEN {number}" for number, name in enumerate(names))
    return f"""
        SELECT {columns}, best, CASE best {cases} END AS variant
        FROM (SELECT {columns}, {largest} AS best, {", ".join(names)} FROM (SELECT {columns}, {named} FROM {relation}))
    """  # noqa: S608 (our own words)


def _rank_complete(connection: Connection, variants: Sequence[PreparedQuery], n: int, candidates: str) -> list[Hit]:
    """Return the best complete poses for a query with all joints: inner products of unit vectors.

    All variants are compared in one pass. The first attempt does not filter out partial poses, which is faster. If they
    take so many places that fewer than n complete poses are left, the second attempt filters. This is rare, because the
    product of a partial pose is at most its correlation.
    """
    size = variants[0].pose.vectors.shape[1]
    products = [f"array_inner_product(vector, $along{number}::FLOAT[{size}])" for number in range(len(variants))]
    for condition, limit in (("true", 2 * n + 10), (_has_all_joints(ALL_JOINTS), n)):
        chosen = _choose_best(products, "pose_id, joint_set", f"{candidates} WHERE {condition}")
        rows = connection.execute(
            f"""
            SELECT pose_id, greatest(-1, least(1, best / sqrt($norm)) - $penalty), variant, joint_set
            FROM ({chosen}) ORDER BY best DESC, pose_id LIMIT {limit:d}
            """,  # noqa: S608 (our own words and numbers)
            {
                "norm": variants[0].constants["spread"],
                "penalty": variants[0].variant.penalty,
                **{f"along{number}": variant.constants["along"] for number, variant in enumerate(variants)},
            },
        ).fetchall()
        complete = [
            Hit(pose_id, similarity, variants[number].variant)
            for pose_id, similarity, number, joints in rows
            if joints == ALL_JOINTS
        ]
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
        SELECT pose_id, greatest(-1, least(1, best) - $penalty), variant FROM (
            FROM ({_choose_best(correlations, "pose_id", relation)}) ORDER BY best DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE best IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {
            "penalty": query.variant.penalty,
            **{f"{name}{number}": variants[int(number or 0)].constants[name] for name, number in parameters},
        },
    ).fetchall()
    return [Hit(pose_id, similarity, variants[number].variant) for pose_id, similarity, number in rows]


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
        SELECT pose_id, greatest(-1, similarity - $penalty) FROM (
            SELECT pose_id, {penalized} AS similarity FROM (
                SELECT pose_id, {correlation} AS correlation, s.n / $total AS share
                FROM {candidates} JOIN sums AS s USING (joint_set)
            ) ORDER BY similarity DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE similarity IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {
            "sets": list(sets),
            "penalty": query.variant.penalty,
            **{f"sum_{name}": values.tolist() for name, values in sums.items()},
            **{name: query.constants[name] for name in ("total", *parameters)},
        },
    ).fetchall()
    return [Hit(pose_id, similarity, query.variant) for pose_id, similarity in rows]


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
    """Return the inner products with the constants of one of several variants."""
    return lambda name: inner(f"{name}{number}")


@cache
def _correlate_shared_joints(invariance: Invariance) -> tuple[str, str, list[str]]:
    """Return the SQL of the correlation with any poses, that of the similarity, and the parameters of both."""
    axes, turns = _AXES_AND_TURNS[invariance]
    inner = formulas.inner_with_parameters(axes)
    product = formulas.product(inner, "s.", axes=axes, turns=turns)
    text = formulas.correlation(product, "s.spread", formulas.spread(inner, "s.n", axes=axes))
    return text, formulas.penalize("correlation", "share"), [name for name, _ in _PARAMETER.findall(text)]


_AXES_AND_TURNS: Final[dict[Invariance, tuple[int, str]]] = {
    "none": (2, "false"),
    "turn": (2, "true"),
    "view": (3, "true"),
}
_PARAMETER: Final = re.compile(r"\$([a-z_]+)(\d*)")
