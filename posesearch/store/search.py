"""The queries of a search. The formulas are in schema.sql, so that the duckdb shell gives the same numbers.

The macro nearest_to is the whole of it. Here the same is asked in two steps: each leaves out what the query at hand
does not need, and the second is skipped where no pose could pass the bar any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.errors import BadFilter
from posesearch.similarity import Freedom, Poses, shrunk
from posesearch.store.file import Connection
from posesearch.store.snapshots import joint_set
from posesearch.types import Float

_ALL: Final = (1 << skeleton.N_BODY) - 1
_TABLES: Final = {False: "poses", True: "world_poses"}


@dataclass(frozen=True)
class Found:
    """A pose that matches: its number, its similarity, and whether it is the mirrored query that it is like."""

    pose_id: int
    similarity: float
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Asked:
    """A query with its constants, as the macros pose_query and view_query make them.

    Attributes:
        pose: one pose, 2D, or 3D for the freedom "view".
        weight: (14,) float32, how much each joint counts; 0 where the query lacks it.
        freedom: what does not count.
    """

    pose: Poses
    weight: Float
    freedom: Freedom

    def mirrored(self) -> "Asked":
        """Return the query as a mirror shows it."""
        weights = Poses(self.pose.vectors, self.weight[None]).mirrored().masks[0]
        return Asked(self.pose.mirrored(), weights, self.freedom)

    @property
    def joint_set(self) -> int:
        """The joints that are asked about, as bits."""
        return joint_set(self.weight)

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return float(self.weight.sum(dtype=np.float64))

    @property
    def most(self) -> float:
        """The greatest similarity that a pose can have which lacks a joint."""
        lightest = float(self.weight[self.weight > 0].min())
        return float(shrunk(np.ones(1), np.array([1 - lightest / self.total]))[0])

    def could_reach(self, bar: float, joints: int, min_shared: int) -> bool:
        """Tell whether a pose with this set of joints, which lacks one asked about, could be so similar."""
        shared = joints & self.joint_set
        if shared == self.joint_set or shared.bit_count() < min(min_shared, self.joint_set.bit_count()):
            return False
        weight = self.weight[[bool(shared >> joint & 1) for joint in range(skeleton.N_BODY)]].sum(dtype=np.float64)
        return bool(shrunk(np.ones(1), np.array([weight / self.total]))[0] >= bar)

    @property
    def norm_is_one(self) -> bool:
        """Whether poses that have all joints asked about have no others, and all count 1."""
        return self.joint_set == _ALL and bool((self.weight == 1).all())

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The parameters of the queries, by name."""
        w, axes = self.weight.astype(np.float64), self.pose.axes[:, 0].astype(np.float64)
        centred = w * (axes - (axes @ w / w.sum())[:, None])
        none = np.zeros_like(w)
        rows: dict[str, tuple[NDArray[np.float64], ...]]
        if self.freedom == "view":  # (x, z) turns, y stays
            u, f, v = centred
            rows = {
                "ones_u": (w, none, none), "ones_v": (none, none, w), "ones_f": (none, w, none),
                "fixed": (none, f, none), "along": (u, none, v), "across": (v, none, -u),
            }  # fmt: skip
        else:
            u, v = centred
            f = none
            rows = {
                "ones_u": (w, none), "ones_v": (none, w), "ones_f": (none, none),
                "fixed": (none, none), "along": (u, v), "across": (v, -u),
            }  # fmt: skip
        squares = np.divide(u**2 + v**2 + f**2, w, out=none.copy(), where=w > 0)
        return {
            **{name: np.concatenate(parts).astype(np.float32).tolist() for name, parts in rows.items()},
            "u": u.tolist(), "v": v.tolist(), "f": f.tolist(), "squares": squares.tolist(),
            "weight": w.tolist(), "total": w.sum(), "spread": squares.sum(), "joint_set": self.joint_set,
        }  # fmt: skip


def candidates(
    connection: Connection, *, view: bool, collection: str | None = None, cluster: int | None = None, where: str = ""
) -> str:
    """Return the name of what to search among: all poses, or a view of this connection that holds some of them.

    Args:
        connection: an open file.
        view: whether the joints in 3D are compared.
        collection: only its poses.
        cluster: only poses with this label.
        where: an expression of SQL over the columns of labelled_poses.

    Raises:
        BadFilter: `where` is not one expression, or DuckDB refuses it.
    """
    table = _TABLES[view]
    if collection is None and cluster is None and not where:
        return table
    try:
        connection.execute("SET enable_external_access = false")  # an expression can call functions that read files
        condition = _condition(where) if where else "true"
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


def _condition(where: str) -> str:
    """Return the expression as DuckDB prints it; raise duckdb.Error where it is none, or asks for parameters."""
    condition = str(duckdb.SQLExpression(where.encode("utf-8", "replace").decode()))
    if duckdb.extract_statements(f"SELECT {condition}")[0].named_parameters:
        raise duckdb.InvalidInputException("it has parameters, and there are no values for them.")
    return condition


def nearest(connection: Connection, asked: Asked, n: int, *, mirror: bool, min_shared: int, among: str) -> list[Found]:
    """Return the n poses most similar to a query, best first, exactly.

    Args:
        connection: an open file.
        asked: the query.
        n: at most so many.
        mirror: whether poses that are like the mirrored query count as well; of the two the better is told.
        min_shared: joints that a pose must share with the query, or all where the query has fewer.
        among: what `candidates` returned.
    """
    variants = [asked, asked.mirrored()] if mirror else [asked]
    best: dict[int, Found] = {}

    def take(rows: Iterable[tuple[int, float, bool]]) -> None:
        for found in (Found(*row) for row in rows):
            if found.pose_id not in best or found.similarity > best[found.pose_id].similarity:
                best[found.pose_id] = found

    if asked.norm_is_one and asked.freedom == "none":
        take(_complete(connection, variants, n, among))
    else:
        for mirrored, variant in enumerate(variants):
            take((*row, bool(mirrored)) for row in _whole(connection, variant, n, among))
    ranked = sorted(best.values(), key=lambda found: -found.similarity)
    bar = ranked[n - 1].similarity if len(ranked) >= n else -1.0
    if asked.most >= bar:
        there = [row[0] for row in connection.execute(f"SELECT DISTINCT joint_set FROM {among}").fetchall()]  # noqa: S608
        for mirrored, variant in enumerate(variants):
            sets = [joints for joints in there if variant.could_reach(bar, joints, min_shared)]
            if sets:
                take((*row, bool(mirrored)) for row in _lacking(connection, variant, n, sets, among))
    return sorted(best.values(), key=lambda found: (-found.similarity, found.pose_id))[:n]


def _complete(connection: Connection, variants: Sequence[Asked], n: int, among: str) -> list[tuple[int, float, bool]]:
    """Return the best complete poses for a query of all joints: inner products of unit vectors, both ways in one pass.

    The first try does not look for complete poses, which is faster; of a partial pose the product is no more than its
    correlation, so that it can only take a place in the list, and the second try is seldom needed.
    """
    size = variants[0].pose.vectors.shape[1]
    products = [f"array_inner_product(vector, $along{way}::FLOAT[{size}])" for way in range(len(variants))]
    plain, flipped = products[0], products[-1]
    both = len(variants) > 1
    best = f"CASE WHEN {flipped} > {plain} THEN {flipped} ELSE {plain} END" if both else plain
    for condition, limit in (("true", 2 * n + 10), (_has_all(_ALL), n)):
        rows = connection.execute(
            f"""
            SELECT pose_id, greatest(-1, least(1, product / sqrt($norm))), mirrored, joint_set FROM (
                SELECT pose_id, {best} AS product, {f"{flipped} > {plain}" if both else "false"} AS mirrored, joint_set
                FROM {among} WHERE {condition} ORDER BY product DESC, pose_id LIMIT {limit:d}
            )
            """,  # noqa: S608 (our own words and numbers)
            {
                "norm": variants[0].constants["spread"],
                **{f"along{way}": variant.constants["along"] for way, variant in enumerate(variants)},
            },
        ).fetchall()
        complete = [(pose_id, value, mirrored) for pose_id, value, mirrored, joints in rows if joints == _ALL]
        if len(complete) >= n or len(rows) < limit:
            break
    return complete


def _whole(connection: Connection, asked: Asked, n: int, among: str) -> list[tuple[int, float]]:
    """Return the best of the poses that have all joints asked about."""
    size = asked.pose.vectors.shape[1]
    used = ["along"]
    product = f"array_inner_product(vector, $along::FLOAT[{size}])"
    if asked.freedom != "none":
        used += ["fixed", "across"]
        product = ", ".join(f"${name}::FLOAT[{size}]" for name in ("fixed", "along", "across"))
        product = f"turned_product(vector, {product})"
    spread = "1.0"
    if not asked.norm_is_one:
        names = ["ones_u", "ones_v"] + ["ones_f"] * (asked.freedom == "view")
        ones = ", ".join(f"${name}::FLOAT[{size}]" for name in names)
        kind = "solid" if asked.freedom == "view" else "flat"
        used += [*names, "weight", "total"]
        spread = f"told({kind}_spread(vector, squares, $weight::FLOAT[14], {ones}, $total))"
    constants = {name: asked.constants[name] for name in (*used, "spread")}
    return connection.execute(
        f"""
        SELECT pose_id, greatest(-1, least(1, similarity)) FROM (
            SELECT pose_id, {product} / sqrt(told($spread) * {spread}) AS similarity FROM {among}
            WHERE {_has_all(asked.joint_set)} ORDER BY similarity DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE similarity IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        constants,
    ).fetchall()


def _has_all(joints: int) -> str:
    return f"joint_set = {joints}" if joints == _ALL else f"joint_set & {joints} = {joints}"


def _lacking(connection: Connection, asked: Asked, n: int, sets: Sequence[int], among: str) -> list[tuple[int, float]]:
    """Return the best of the poses that have one of these sets of joints, and so lack a joint asked about."""
    size = asked.pose.vectors.shape[1]
    arrays = ", ".join(
        f"'{name}': ${name}::FLOAT[{size}]" for name in ("ones_u", "ones_v", "ones_f", "fixed", "along", "across")
    )
    free, view = asked.freedom != "none", asked.freedom == "view"
    constants = {name: value for name, value in asked.constants.items() if name not in ("spread", "joint_set")}
    return connection.execute(
        f"""
        WITH asked AS MATERIALIZED (
            SELECT {{'free': {free}, 'view': {view}, 'weight': $weight::FLOAT[14], 'total': $total, {arrays},
                     'u': $u, 'v': $v, 'f': $f, 'squares': $squares}} AS q
        ), within AS MATERIALIZED (
            SELECT joint_set, query_within(q, joint_set) AS within
            FROM (SELECT unnest($sets)::USMALLINT AS joint_set), asked
        )
        SELECT * FROM (
            SELECT pose_id, shrunk(part_correlation(vector, squares, q, within), within.n / q.total) AS similarity
            FROM {among} JOIN within USING (joint_set), asked
            ORDER BY similarity DESC NULLS LAST, pose_id LIMIT {n:d}
        ) WHERE similarity IS NOT NULL
        """,  # noqa: S608 (our own words and numbers)
        {**constants, "sets": list(sets)},
    ).fetchall()


def sample(connection: Connection, count: int, *, view: bool) -> Poses:
    """Return so many poses, spread over the database, always the same; all where there are fewer."""
    table = _TABLES[view]
    rows = connection.execute(
        f"""
        SELECT joint_set, {_coordinates("vector", view)} FROM {table}
        WHERE pose_id IN (SELECT pose_id FROM {table} ORDER BY scattered(pose_id), pose_id LIMIT {count:d})
        ORDER BY pose_id
        """  # noqa: S608 (our own names)
    ).fetchnumpy()
    return _matrix(rows)


def blocks(
    connection: Connection, among: str, *, view: bool, size: int = 50_000
) -> Iterator[tuple[NDArray[np.int64], Poses]]:
    """Yield the numbers (n,) and the vectors of all poses of a table, some at a time, ordered by number."""
    first, last = connection.execute(f"SELECT min(pose_id), max(pose_id) FROM {among}").fetchall()[0]  # noqa: S608
    for start in range(first or 0, (-1 if last is None else last) + 1, size):
        rows = connection.execute(
            f"""
            SELECT pose_id, joint_set, {_coordinates("vector", view)} FROM {among}
            WHERE pose_id BETWEEN $start AND $start + $size - 1 ORDER BY pose_id
            """,  # noqa: S608 (our own names)
            {"start": start, "size": size},
        ).fetchnumpy()
        ids = np.asarray(rows.pop("pose_id"), np.int64)
        if len(ids):
            yield ids, _matrix(rows)


def _coordinates(vector: str, view: bool) -> str:
    """Return the elements as columns of their own: DuckDB gives numbers to NumPy as they are, and arrays as objects."""
    return ", ".join(f"{vector}[{i}] AS v{i}" for i in range(1, (3 if view else 2) * skeleton.N_BODY + 1))


def _matrix(rows: dict[str, NDArray[Any]]) -> Poses:
    sets = np.asarray(rows.pop("joint_set"), np.int64)
    masks = (sets[:, None] >> np.arange(skeleton.N_BODY) & 1).astype(np.float32)
    return Poses(np.stack([np.asarray(column, np.float32) for column in rows.values()], axis=1), masks)
