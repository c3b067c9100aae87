"""The macros that search: similar_poses, similar_views and nearest_poses."""

from typing import Final

from binding import PERMUTATION, bind, read_pose

from posesearch.pose.similarity import MIN_SHARED
from posesearch.skeleton import MIN_PART_JOINTS
from posesearch.store import formulas

# The joints of the chosen parts. If they are too few to have a shape of their own, the torso is added to them.
_CHOSEN: Final = f"""named AS (
        SELECT unnest(string_split(replace(array_to_string(argument.parts, ','), '-', '_'), ',')) AS part
        FROM argument WHERE len(argument.parts) > 0
    ), chosen AS MATERIALIZED (
        SELECT DISTINCT CASE WHEN body_parts.part IS NULL
                        THEN error('there is no part of the body named ' || named.part || '. The table body_parts has all')
                        ELSE body_parts.joint END AS joint
        FROM named LEFT JOIN body_parts USING (part)
    ), compared AS MATERIALIZED (
        SELECT j.position
        FROM joints AS j, (SELECT count(*) AS joints FROM chosen) AS number
        WHERE j.position <= 14 AND (
            number.joints = 0
            OR j.joint IN (SELECT joint FROM chosen)
            OR number.joints < {MIN_PART_JOINTS} AND j.joint IN (SELECT joint FROM body_parts WHERE part = 'torso'))
    )"""


def _read_joints(source: str, vector: str, weight: str, axes: int, compared: str) -> str:
    """Return a CTE with a row per joint of the query: its weight, and its place on the axes u, v and f.

    u and v are the axes of the plane in which rotations can be ignored. f is the third axis.
    """
    v, f = ("29", f"{vector}[j.position + 14]") if axes == 3 else ("15", "0")
    return f"""joint AS MATERIALIZED (
        SELECT j.position AS i, j.opposite, {weight} AS w,
               {vector}[j.position]::DOUBLE AS u, {vector}[j.position + {int(v) - 1}]::DOUBLE AS v, {f}::DOUBLE AS f
        FROM {source}, joints AS j WHERE j.position <= 14{compared}
    )"""


def _search(axes: int, turns: str) -> str:
    """Return the CTEs that follow `joint`, and the SELECT. They compare the query with all poses."""
    zeros = "list(0.0 ORDER BY i)"

    def constants(prefix: str, order: str, sign: str) -> str:
        u, minus_u = (f"list({mark}u {order})" for mark in (("", "-") if sign == "" else ("-", "")))
        v, f, w = (f"list({column} {order})" for column in "vfw")
        rows = (
            {"ones_u": (w, zeros, zeros), "ones_v": (zeros, zeros, w), "ones_f": (zeros, w, zeros),
             "fixed": (zeros, f, zeros), "along": (u, zeros, v), "across": (v, zeros, minus_u)}
            if axes == 3
            else {"ones_u": (w, zeros), "ones_v": (zeros, w), "along": (u, v), "across": (v, minus_u)}
        )  # fmt: skip
        lines = [f"{w}::FLOAT[14] AS {prefix}weight"]
        for name, parts in rows.items():
            joined = " || ".join(parts)
            lines.append(f"({joined})::FLOAT[{14 * axes}] AS {prefix}{name}")
        return ",\n               ".join(lines)

    def sums(prefix: str, bit: str, sign: str) -> str:
        has = f"FILTER (s.joint_set & (1 << (q.{bit} - 1)::INTEGER) > 0)"
        columns = {"n": "q.w", "u": f"{sign}q.u", "v": "q.v", "f": "q.f", "squares": "q.squares"}
        lines = [f"coalesce(sum({value}) {has}, 0) AS {prefix}{name}" for name, value in columns.items()]
        return ", ".join([f"count(*) {has} AS {prefix}joints", *lines])

    names = ["along", "across", "ones_u", "ones_v", *(["fixed", "ones_f"] if axes == 3 else [])]

    def products(prefix: str) -> str:
        columns = {name: formulas.inner_product("p.vector", f"q.{prefix}{name}") for name in names}
        columns["weight"] = formulas.inner_product("p.squares", f"q.{prefix}weight")
        if turns != "true":
            columns["across"] = f"CASE WHEN {turns} THEN {columns['across']} END"
        return ",\n               ".join(f"{value} AS {prefix}{name}" for name, value in columns.items())

    def similarity(prefix: str) -> str:
        shared = f"s.{prefix}"
        product = formulas.product(lambda name: f"m.{prefix}{name}", shared, axes=axes, turns=turns)
        spread = formulas.spread(lambda name: f"m.{prefix}{name}", f"{shared}n", axes=axes)
        return formulas.correlation(product, formulas.query_spread(shared), spread)

    def comparable(prefix: str) -> str:
        return f"s.{prefix}joints >= least(argument.min_shared, m.joints)"

    return f"""centre AS (
        SELECT sum(w) AS total, sum(w * u) / sum(w) AS u, sum(w * v) / sum(w) AS v, sum(w * f) / sum(w) AS f FROM joint
    ), centred AS MATERIALIZED (
        SELECT j.i, j.opposite, j.w, j.w * (j.u - c.u) AS u, j.w * (j.v - c.v) AS v, j.w * (j.f - c.f) AS f,
               j.w * ((j.u - c.u) * (j.u - c.u) + (j.v - c.v) * (j.v - c.v) + (j.f - c.f) * (j.f - c.f)) AS squares
        FROM joint AS j, centre AS c WHERE c.total > 0
    ), query AS MATERIALIZED (
        SELECT sum(w) AS total, count(*) FILTER (w > 0) AS joints,
               {constants("", "ORDER BY i", "")},
               {constants("flipped_", PERMUTATION, "-")}
        FROM centred HAVING count(*) > 0
    ), shared AS MATERIALIZED (
        SELECT s.joint_set,
               {sums("", "i", "")},
               {sums("flipped_", "opposite", "-")}
        FROM (SELECT DISTINCT joint_set FROM query_table(among)) AS s, (FROM centred WHERE w > 0) AS q
        GROUP BY s.joint_set
    ), multiplied AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.total, q.joints,
               {products("")},
               {products("flipped_")}
        FROM query_table(among) AS p, query AS q, argument
        WHERE p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated AS (
        SELECT m.pose_id, m.snapshot_id, s.joints, s.flipped_joints,
               s.n / m.total AS share, s.flipped_n / m.total AS flipped_share,
               CASE WHEN {comparable("")}
               THEN {similarity("")} END AS plain,
               CASE WHEN argument.mirror AND {comparable("flipped_")}
               THEN {similarity("flipped_")} END AS flipped
        FROM multiplied AS m JOIN shared AS s ON s.joint_set = m.joint_set, argument
    ), penalized AS (
        SELECT pose_id, snapshot_id, joints, flipped_joints,
               {formulas.penalize("plain", "share")} AS plain,
               {formulas.penalize("flipped", "flipped_share")} AS flipped
        FROM correlated
    ), compared_poses AS MATERIALIZED (
        SELECT pose_id, snapshot_id, greatest(plain, flipped) AS similarity, coalesce(flipped > plain, plain IS NULL) AS mirrored,
               CASE WHEN coalesce(flipped > plain, plain IS NULL) THEN flipped_joints ELSE joints END::INTEGER AS shared_joints
        FROM penalized WHERE plain IS NOT NULL OR flipped IS NOT NULL
    ), lowest AS (  -- Sorting is fast for the few poses that are as similar as this.
        SELECT CASE WHEN any_value(a.n) < 1000000
               THEN list_min(max(c.similarity, greatest(1, least(a.n, 999999)))) ELSE -1 END AS similarity
        FROM compared_poses AS c, argument AS a
    ), ranked AS (
        SELECT row_number() OVER (ORDER BY c.similarity DESC, c.pose_id) AS rank, c.*
        FROM compared_poses AS c, lowest WHERE c.similarity >= lowest.similarity
    ), newest AS (
        SELECT s.collection, max(c.clustering_id) AS clustering_id
        FROM (SELECT DISTINCT collection FROM snapshots) AS s
        JOIN clusterings AS c ON c.collection IS NULL OR c.collection = s.collection
        GROUP BY s.collection
    )
    SELECT r.rank, r.pose_id, r.snapshot_id, s.source, s.collection, r.similarity, r.shared_joints, r.mirrored, l.cluster
    FROM ranked AS r JOIN argument AS a ON a.n IS NULL OR r.rank <= a.n
    JOIN snapshots AS s ON s.snapshot_id = r.snapshot_id
    LEFT JOIN newest ON newest.collection = s.collection
    LEFT JOIN labels AS l ON l.clustering_id = newest.clustering_id AND l.pose_id = r.pose_id
    ORDER BY r.rank"""


NEAREST_POSES: Final = f"""nearest_poses(
    vector, weight, n := 10, mirror := true, turn := false, min_shared := {
    MIN_SHARED
}, among := 'poses', in_collection := NULL
) AS TABLE
    {bind("vector", "weight", "n", "mirror", "turn", "min_shared", "in_collection")}, {
    _read_joints("argument", "argument.vector", "argument.weight[j.position]::DOUBLE", 2, "")
}, {_search(2, "argument.turn")}"""

SIMILAR_POSES: Final = f"""similar_poses(
    id, n := 10, mirror := true, turn := false, parts := NULL, min_shared := {
    MIN_SHARED
}, among := 'poses', in_collection := NULL
) AS TABLE
    {bind("id", "n", "mirror", "turn", "parts", "min_shared", "in_collection")}, {
    read_pose("id", "stored", "vector mask")
}, {_CHOSEN}, {
    _read_joints(
        "stored",
        "stored.pose.vector",
        "CASE WHEN j.position IN (SELECT position FROM compared) THEN stored.pose.mask[j.position] ELSE 0 END::DOUBLE",
        2,
        "",
    )
}, {_search(2, "argument.turn")}"""

SIMILAR_VIEWS: Final = f"""similar_views(
    id, n := 10, mirror := true, parts := NULL, min_shared := {
    MIN_SHARED
}, among := 'world_poses', in_collection := NULL
) AS TABLE
    {bind("id", "n", "mirror", "parts", "min_shared", "in_collection")}, {
    read_pose("id", "stored", "world_vector mask")
}, {_CHOSEN}, {
    _read_joints(
        "stored",
        "stored.pose.world_vector",
        "CASE WHEN j.position IN (SELECT position FROM compared) THEN stored.pose.mask[j.position] ELSE 0 END::DOUBLE",
        3,
        " AND stored.pose.world_vector IS NOT NULL",
    )
}, {_search(3, "true")}"""
