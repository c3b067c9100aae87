"""The macros that search: similar_poses, similar_views and nearest_poses."""

from typing import Final

from binding import bind, list_variants, read_pose

from posesearch import skeleton
from posesearch.pose.similarity import ANCHOR_WEIGHT, MIN_SHARED
from posesearch.pose.variants import EXCHANGE_PENALTY, MAX_EXCHANGED
from posesearch.skeleton import MIN_PART_JOINTS
from posesearch.store import formulas


def _choose_joints(needs_parts: str) -> str:
    """Return the CTEs of the joints of the chosen parts.

    If they are too few to have a shape of their own, the torso is added to them.

    Args:
        needs_parts: SQL of whether it is an error to choose no parts.
    """
    return f"""named AS (
        SELECT unnest(string_split(replace(array_to_string(argument.parts, ','), '-', '_'), ',')) AS part
        FROM argument WHERE len(argument.parts) > 0
    ), chosen AS MATERIALIZED (
        SELECT DISTINCT CASE WHEN body_parts.part IS NULL
                        THEN error('there is no part of the body named ' || named.part || '. The table body_parts has all')
                        ELSE body_parts.joint END AS joint
        FROM named LEFT JOIN body_parts USING (part)
    ), compared AS MATERIALIZED (
        SELECT j.position
        FROM joints AS j, argument, (SELECT count(*) AS joints FROM chosen) AS number
        WHERE j.position <= 14 AND (
            number.joints = 0
            OR j.joint IN (SELECT joint FROM chosen)
            OR number.joints < {MIN_PART_JOINTS} AND j.joint IN (SELECT joint FROM body_parts WHERE part = 'torso'))
          AND CASE WHEN number.joints = 0 AND {needs_parts} THEN error('anchored needs parts')::BOOLEAN ELSE true END
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
    """Return the CTEs that follow `joint`, and the SELECT. They compare the variants of the query with all poses.

    The variants with an exchange are compared only if one of them can be among the n best.
    """
    zeros = "list(0.0 ORDER BY i)"
    u, minus_u, v, f, w = (f"list({column} ORDER BY i)" for column in ("u", "-u", "v", "f", "w"))
    rows = (
        {"ones_u": (w, zeros, zeros), "ones_v": (zeros, zeros, w), "ones_f": (zeros, w, zeros),
         "fixed": (zeros, f, zeros), "along": (u, zeros, v), "across": (v, zeros, minus_u)}
        if axes == 3
        else {"ones_u": (w, zeros), "ones_v": (zeros, w), "along": (u, v), "across": (v, minus_u)}
    )  # fmt: skip
    constants = ",\n               ".join(
        f"({' || '.join(parts)})::FLOAT[{14 * axes}] AS {name}" for name, parts in rows.items()
    )
    has = "FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0)"
    sums = ", ".join(
        f"coalesce(sum(q.{value}) {has}, 0) AS {name}"
        for name, value in {"n": "w", "u": "u", "v": "v", "f": "f", "squares": "squares"}.items()
    )
    products = {name: formulas.inner_product("p.vector", f"q.{name}") for name in rows}
    products["weight"] = formulas.inner_product("p.squares", "q.weight")
    if turns != "true":
        products["across"] = f"CASE WHEN {turns} THEN {products['across']} END"
    multiplied = ",\n               ".join(f"{value} AS {name}" for name, value in products.items())
    product = formulas.product(lambda name: f"m.{name}", "s.{}", axes=axes, turns=turns)
    spread = formulas.spread(lambda name: f"m.{name}", "s.n", axes=axes)
    correlation = formulas.correlation(product, formulas.query_spread("s.{}"), spread)

    def compare(name: str, condition: str) -> str:
        return f"""multiplied_{name} AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               {multiplied}
        FROM query_table(among) AS p, query AS q, argument
        WHERE {condition} AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_{name} AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN {correlation} END AS correlation
        FROM multiplied_{name} AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), {name} AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               {formulas.penalize("correlation", "share")} AS similarity
        FROM correlated_{name} WHERE isfinite(correlation)
    )"""

    return f"""centre AS (
        SELECT sum(w) AS total, sum(w * u) / sum(w) AS u, sum(w * v) / sum(w) AS v, sum(w * f) / sum(w) AS f FROM joint
    ), centred AS MATERIALIZED (
        SELECT j.i, j.opposite, j.w, j.w * (j.u - c.u) AS u, j.w * (j.v - c.v) AS v, j.w * (j.f - c.f) AS f,
               j.w * ((j.u - c.u) * (j.u - c.u) + (j.v - c.v) * (j.v - c.v) + (j.f - c.f) * (j.f - c.f)) AS squares
        FROM joint AS j, centre AS c WHERE c.total > 0
    ), {list_variants("argument.mirror", "argument.sides")}, moved AS MATERIALIZED (
        SELECT p.mirrored, p.exchanged, p.i, c.w, CASE WHEN p.mirrored THEN -c.u ELSE c.u END AS u, c.v, c.f, c.squares
        FROM place AS p JOIN centred AS c ON c.i = p.comes_from
    ), query AS MATERIALIZED (
        SELECT mirrored, exchanged, sum(w) AS total, count(*) FILTER (w > 0) AS joints,
               {w}::FLOAT[14] AS weight,
               {constants}
        FROM moved GROUP BY mirrored, exchanged
    ), shared AS MATERIALIZED (
        SELECT q.mirrored, q.exchanged, s.joint_set, count(*) {has} AS joints,
               {sums}
        FROM (SELECT DISTINCT joint_set FROM query_table(among)) AS s, (FROM moved WHERE w > 0) AS q
        GROUP BY q.mirrored, q.exchanged, s.joint_set
    ), {compare("plain", "q.exchanged = 'none'")}, lowest AS (  -- Any 2 n of these rows are of n poses.
        SELECT CASE WHEN any_value(a.n) < 500000 AND count(*) >= 2 * greatest(1, any_value(a.n))
               THEN list_min(max(c.similarity, greatest(1, least(2 * a.n, 999999)))) ELSE -1 END AS similarity
        FROM plain AS c, argument AS a
    ), {
        compare("other", f"q.exchanged <> 'none' AND (SELECT lowest.similarity FROM lowest) <= {MAX_EXCHANGED}")
    }, compared_poses AS (  -- Sorting is fast for the few poses that are as similar as the lowest.
        SELECT c.* FROM plain AS c, lowest WHERE c.similarity >= lowest.similarity
        UNION ALL
        SELECT c.* REPLACE (greatest(-1, c.similarity - {EXCHANGE_PENALTY}) AS similarity) FROM other AS c, lowest
        WHERE c.similarity - {EXCHANGE_PENALTY} >= lowest.similarity OR lowest.similarity = -1
    ), best AS (
        SELECT * FROM compared_poses
        QUALIFY row_number() OVER (
            PARTITION BY pose_id
            ORDER BY round(similarity, 6) DESC, exchanged <> 'none', mirrored, exchanged = 'all', exchanged) = 1
    ), ranked AS (
        SELECT row_number() OVER (ORDER BY similarity DESC, pose_id) AS rank, best.* FROM best
    )
    SELECT r.rank, r.pose_id, r.snapshot_id, s.source, s.collection, r.similarity, r.shared_joints, r.mirrored, l.cluster,
           r.exchanged
    FROM ranked AS r JOIN argument AS a ON a.n IS NULL OR r.rank <= a.n
    JOIN snapshots AS s ON s.snapshot_id = r.snapshot_id
    LEFT JOIN collection_clusterings AS used ON used.collection = s.collection
    LEFT JOIN labels AS l ON l.clustering_id = used.clustering_id AND l.pose_id = r.pose_id
    ORDER BY r.rank"""


def _weigh_joints(torso: str) -> str:
    """Return the weights of the joints of a stored pose, of which only the chosen parts are compared.

    Args:
        torso: SQL of whether the other joints of the torso are compared too, with less weight.
    """
    joints = ", ".join(str(skeleton.INDEX[joint] + 1) for joint in skeleton.PARTS["torso"])
    anchor = f" WHEN {torso} AND j.position IN ({joints}) THEN {ANCHOR_WEIGHT} * stored.pose.mask[j.position]"
    return (
        f"(CASE WHEN j.position IN (SELECT position FROM compared) THEN stored.pose.mask[j.position]"
        f"{anchor if torso else ''} ELSE 0 END)::DOUBLE"
    )


NEAREST_POSES: Final = f"""nearest_poses(
    vector, weight, n := 10, mirror := true, turn := false, min_shared := {
    MIN_SHARED
}, among := 'poses', in_collection := NULL, sides := 'any'
) AS TABLE
    {bind("vector", "weight", "n", "mirror", "sides", "turn", "min_shared", "in_collection")}, {
    _read_joints("argument", "argument.vector", "argument.weight[j.position]::DOUBLE", 2, "")
}, {_search(2, "argument.turn")}"""

SIMILAR_POSES: Final = f"""similar_poses(
    id, n := 10, mirror := true, turn := false, parts := NULL, min_shared := {
    MIN_SHARED
}, among := 'poses', in_collection := NULL, sides := 'any', anchored := false
) AS TABLE
    {bind("id", "n", "mirror", "sides", "turn", "parts", "anchored", "min_shared", "in_collection")}, {
    read_pose("id", "stored", "vector mask")
}, {_choose_joints("argument.anchored")}, {
    _read_joints(
        "stored, argument",
        "stored.pose.vector",
        _weigh_joints("argument.anchored"),
        2,
        "",
    )
}, {_search(2, "(argument.turn OR argument.anchored)")}"""

SIMILAR_VIEWS: Final = f"""similar_views(
    id, n := 10, mirror := true, parts := NULL, min_shared := {
    MIN_SHARED
}, among := 'world_poses', in_collection := NULL, sides := 'any'
) AS TABLE
    {bind("id", "n", "mirror", "sides", "parts", "min_shared", "in_collection")}, {
    read_pose("id", "stored", "world_vector mask")
}, {_choose_joints("false")}, {
    _read_joints(
        "stored",
        "stored.pose.world_vector",
        _weigh_joints(""),
        3,
        " AND stored.pose.world_vector IS NOT NULL",
    )
}, {_search(3, "true")}"""
