"""The macros that compare stored poses: pose_similarity, pose_differences and similarity_percentile."""

from typing import Final

from binding import bind, is_moved, list_variants, read_pose, refuse_exchanged

from posesearch.pose.variants import EXCHANGE_PENALTY
from posesearch.results.grades import EXCHANGE_BONUS, EXCHANGE_BONUS_VIEW, LOWEST, LOWEST_VIEW, NOT_ALIKE
from posesearch.store import formulas

POSE_SIMILARITY: Final = f"""pose_similarity(a, b, mirror := false, sides := 'same') AS (
    {bind("a", "b", "mirror", "sides")}, {read_pose("a", "first", "vector mask body_joints")}, {
    read_pose("b", "second", "vector mask body_joints")
}, {list_variants("argument.mirror", "argument.sides")}, joint AS (
        SELECT v.mirrored, v.exchanged, first.pose.mask[v.i]::DOUBLE * second.pose.mask[v.comes_from] AS shared,
               first.pose.vector[v.i]::DOUBLE AS ax, first.pose.vector[v.i + 14]::DOUBLE AS ay,
               CASE WHEN v.mirrored THEN -1 ELSE 1 END * second.pose.vector[v.comes_from]::DOUBLE AS bx,
               second.pose.vector[v.comes_from + 14]::DOUBLE AS b_y
        FROM first, second, place AS v
    ), sums AS (
        SELECT mirrored, exchanged, sum(shared) AS n, sum(shared * ax) AS ax, sum(shared * ay) AS ay, sum(shared * bx) AS bx,
               sum(shared * b_y) AS b_y, sum(shared * (ax * bx + ay * b_y)) AS ab,
               sum(shared * (ax * ax + ay * ay)) AS aa, sum(shared * (bx * bx + b_y * b_y)) AS bb
        FROM joint GROUP BY mirrored, exchanged
    ), correlated AS (
        SELECT s.exchanged, s.n / greatest(first.pose.body_joints, second.pose.body_joints) AS share,
               {
    formulas.correlation(
        "s.ab - (s.ax * s.bx + s.ay * s.b_y) / s.n",
        "s.aa - (s.ax * s.ax + s.ay * s.ay) / s.n",
        "s.bb - (s.bx * s.bx + s.b_y * s.b_y) / s.n",
    )
} AS correlation
        FROM sums AS s, first, second
        WHERE s.n >= least(6, first.pose.body_joints, second.pose.body_joints)
    ), penalized AS (
        SELECT exchanged, {formulas.penalize("correlation", "share")} AS similarity FROM correlated
    )
    SELECT max(CASE WHEN exchanged = 'none' THEN similarity ELSE greatest(-1, similarity - {EXCHANGE_PENALTY}) END)
    FROM penalized WHERE similarity IS NOT NULL
)"""

POSE_DIFFERENCES: Final = f"""pose_differences(query_id, id, mirrored := false, exchanged := 'none') AS TABLE
    {bind("query_id", "id", "mirrored", "exchanged")}, {read_pose("id", "stored", "vector mask")}, {
    read_pose("query_id", "query", "vector mask")
}, joint AS (
        SELECT k.position, k.joint, stored.pose.mask[j.position]::DOUBLE * query.pose.mask[k.position] AS shared,
               stored.pose.vector[j.position]::DOUBLE AS ax, stored.pose.vector[j.position + 14]::DOUBLE AS ay,
               CASE WHEN argument.mirrored THEN -1 ELSE 1 END * query.pose.vector[k.position]::DOUBLE AS bx,
               query.pose.vector[k.position + 14]::DOUBLE AS b_y
        FROM stored, query, argument, joints AS j
        JOIN joints AS k ON k.position =
            CASE WHEN {
    is_moved("argument.exchanged", "argument.mirrored", "j.position")
} THEN j.opposite ELSE j.position END
        WHERE j.position <= 14 AND query.pose.mask[k.position] > 0
    ), centre AS (
        SELECT sum(shared) AS n, count(*) AS asked, sum(shared * ax) / sum(shared) AS ax, sum(shared * ay) / sum(shared) AS ay,
               sum(shared * bx) / sum(shared) AS bx, sum(shared * b_y) / sum(shared) AS b_y
        FROM joint
    ), centred AS (
        SELECT j.position, j.joint, j.shared, j.ax - c.ax AS ax, j.ay - c.ay AS ay, j.bx - c.bx AS bx, j.b_y - c.b_y AS b_y
        FROM joint AS j, centre AS c
    ), size AS (
        SELECT sqrt(sum(shared * (ax * ax + ay * ay))) AS a, sqrt(sum(shared * (bx * bx + b_y * b_y))) AS b,
               sum(shared * (ax * bx + ay * b_y)) / (a * b) AS correlation
        FROM centred
    )
    SELECT j.joint,
           CASE WHEN j.shared > 0
           THEN c.n / c.asked / 2 * ((j.ax / s.a - j.bx / s.b) ** 2 + (j.ay / s.a - j.b_y / s.b) ** 2)
           ELSE {formulas.missing_distance("s.correlation")} / c.asked END AS contribution
    FROM centred AS j, centre AS c, size AS s ORDER BY j.position"""

_GRADES: Final = " ".join(
    f"WHEN raised.similarity >= CASE WHEN raised.is_view THEN {LOWEST_VIEW[grade]} ELSE {lowest} END THEN '{grade}'"
    for grade, lowest in LOWEST.items()
)

SIMILARITY_GRADE: Final = f"""similarity_grade(value, exchanged := 'none', view := 'same') AS (
    {bind("value", "exchanged", "view")}, raised AS (
        SELECT round(argument.value + CASE WHEN argument.exchanged = 'none' THEN 0
                                      WHEN argument.exchanged IN ('all', 'arms', 'legs')
                                      THEN CASE argument.view WHEN 'any' THEN {EXCHANGE_BONUS_VIEW} ELSE {EXCHANGE_BONUS} END
                                      ELSE {refuse_exchanged("argument.exchanged")}::DOUBLE END, 3) AS similarity,
               CASE argument.view WHEN 'any' THEN true WHEN 'same' THEN false
               ELSE error('view must be ''any'' or ''same'', not ' || coalesce(argument.view, 'NULL'))::BOOLEAN END AS is_view
        FROM argument WHERE isfinite(argument.value)
    )
    SELECT CASE {_GRADES} ELSE '{NOT_ALIKE}' END FROM raised
)"""

_PERMUTATION: Final = "ORDER BY opposite"


def similarity_percentile(name: str) -> str:
    """Return the macro under a name. It has two."""

    def correlation(b: str) -> str:
        products = {
            "ab": formulas.inner_product("a.vector", f"b.{b}vector"),
            "ax": formulas.inner_product("a.x", f"b.{b}mask"), "ay": formulas.inner_product("a.y", f"b.{b}mask"),
            "bx": formulas.inner_product(f"b.{b}x", "a.mask"), "b_y": formulas.inner_product(f"b.{b}y", "a.mask"),
            "aa": formulas.inner_product("a.squares", f"b.{b}mask"), "bb": formulas.inner_product(f"b.{b}squares", "a.mask"),
            "n": f"nullif({formulas.inner_product('a.mask', f'b.{b}mask')}, 0)",
        }  # fmt: skip
        return formulas.correlation(
            f"{products['ab']} - ({products['ax']} * {products['bx']} + {products['ay']} * {products['b_y']}) / {products['n']}",
            f"{products['aa']} - ({formulas.squared(products['ax'])} + {formulas.squared(products['ay'])}) / {products['n']}",
            f"{products['bb']} - ({formulas.squared(products['bx'])} + {formulas.squared(products['b_y'])}) / {products['n']}",
        )

    def comparable(b: str) -> str:
        return f"array_inner_product(a.mask, b.{b}mask) >= least(6, b.body_joints)"

    return f"""{name}(value) AS (
    {bind("value")}, sample AS MATERIALIZED (
        SELECT pose_id, vector, mask, body_joints, squares FROM poses
        ORDER BY abs(pose_id % 4294967296)::UBIGINT * 2654435761 % 4294967296, pose_id LIMIT 200
    ), prepared AS MATERIALIZED (
        SELECT s.pose_id, s.vector, s.mask, s.body_joints, s.squares, s.vector[1:14]::FLOAT[14] AS x, s.vector[15:28]::FLOAT[14] AS y,
               list(-s.vector[j.position] {_PERMUTATION})::FLOAT[14] AS flipped_x,
               list(s.vector[j.position + 14] {_PERMUTATION})::FLOAT[14] AS flipped_y,
               (list(-s.vector[j.position] {_PERMUTATION}) || list(s.vector[j.position + 14] {_PERMUTATION}))::FLOAT[28] AS flipped_vector,
               list(s.mask[j.position] {_PERMUTATION})::FLOAT[14] AS flipped_mask,
               list(s.squares[j.position] {_PERMUTATION})::FLOAT[14] AS flipped_squares
        FROM sample AS s, joints AS j WHERE j.position <= 14 GROUP BY ALL
    ), correlated AS (
        SELECT array_inner_product(a.mask, b.mask)::DOUBLE / b.body_joints AS share,
               array_inner_product(a.mask, b.flipped_mask)::DOUBLE / b.body_joints AS flipped_share,
               CASE WHEN {comparable("")}
               THEN {correlation("")} END AS plain,
               CASE WHEN {comparable("flipped_")}
               THEN {correlation("flipped_")} END AS flipped
        FROM prepared AS a, prepared AS b WHERE a.pose_id <> b.pose_id
    ), pair AS MATERIALIZED (
        SELECT greatest({formulas.penalize("plain", "share")},
                        {formulas.penalize("flipped", "flipped_share")}) AS similarity
        FROM correlated
    )
    SELECT CASE WHEN (SELECT count(*) FROM sample) >= 30
           THEN 100.0 * count(*) FILTER (p.similarity <= a.value + 1e-6) / nullif(count(p.similarity), 0) END
    FROM argument AS a, pair AS p WHERE isfinite(a.value)
)"""
