"""The similarity formula as SQL text. Searches and the macros of schema.sql are made of these expressions.

Each function takes SQL expressions and returns one. `pose/similarity.py` explains the formula, and has its constants.
"""

from posesearch.pose.similarity import MIN_SPREAD, MISSING_JOINT_FACTOR, MISSING_JOINT_SIMILARITY


def spread_or_null(spread: str) -> str:
    """Return the spread, or NULL if the joints have no shape that can be compared. See MIN_SPREAD."""
    return f"CASE WHEN {spread} > {MIN_SPREAD} THEN {spread} END"


def correlation(product: str, spread_a: str, spread_b: str) -> str:
    """Return the correlation of two poses. NULL if the joints of one have no shape."""
    return f"({product}) / sqrt(({spread_or_null(spread_a)}) * ({spread_or_null(spread_b)}))"


def missing_distance(correlation: str) -> str:
    """Return the distance of a joint that the stored pose does not have."""
    return f"greatest({1 - MISSING_JOINT_SIMILARITY:.3g}, {MISSING_JOINT_FACTOR} * (1 - {correlation}))"


def penalize(correlation: str, share: str) -> str:
    """Return the similarity: the correlation with a penalty for missing joints. NULL if the correlation is NULL.

    Args:
        correlation: a column, because it is repeated.
        share: the share of the query's weight that is on shared joints.
    """
    # greatest and least ignore NULL, and take NaN for the largest number, so these need a case of their own.
    distance = f"(1 - {correlation}) * {share} + (1 - {share}) * {missing_distance(correlation)}"
    return f"CASE WHEN isfinite({correlation}) THEN greatest(-1, least(1, 1 - ({distance}))) END"


def inner(a: str, b: str) -> str:
    """Return the inner product of two arrays as DOUBLE."""
    return f"array_inner_product({a}, {b})::DOUBLE"


def squared(expression: str) -> str:
    """Return the square of an expression. The operator ** is slower, and DuckDB computes the expression only once."""
    return f"({expression}) * ({expression})"


def product(vector: str, query: str, sums: str | None, *, axes: int, turns: str) -> str:
    """Return the product of a stored pose with a query over the joints that both have.

    Args:
        vector: the vector of the stored pose.
        query: what comes before the names of the query's constants, such as "$" or "query.". See PreparedQuery.
        sums: what comes before n, u, v and f, the sums of the query over the shared joints. None if the stored pose has
            all joints of the query, because the sums are then 0.
        axes: the number of axes: 2 for image coordinates, 3 for world coordinates.
        turns: an SQL condition, whether the best rotation is taken. "true" and "false" are decided here.
    """
    size = f"::FLOAT[{14 * axes}]" if query == "$" else ""
    along, across, fixed = (inner(vector, f"{query}{name}{size}") for name in ("along", "across", "fixed"))
    if sums is not None:
        x, y, z = (inner(vector, f"{query}ones_{axis}{size}") for axis in "uvf")
        along = f"({along} - ({x} * {sums}u + {y} * {sums}v) / {sums}n)"
        across = f"({across} - ({x} * {sums}v - {y} * {sums}u) / {sums}n)"
        fixed = f"({fixed} - {z} * {sums}f / {sums}n)"
    turned = f"sqrt({squared(along)} + {squared(across)})"
    if axes == 3:
        return f"{fixed} + {turned}"
    return {"true": turned, "false": along}.get(turns, f"CASE WHEN {turns} THEN {turned} ELSE {along} END")


def spread(vector: str, squares: str, query: str, n: str, *, axes: int) -> str:
    """Return the spread of a stored pose: the weighted sum of squares of the query's joints about their centroid.

    It is 1 if the pose has exactly the joints of the query and each has weight 1, because its vector has norm 1.

    Args:
        vector: the vector of the stored pose.
        squares: the column squares of the stored pose.
        query: as in `product`.
        n: the sum of the weights of the shared joints.
        axes: the number of axes: 2 for image coordinates, 3 for world coordinates.
    """
    size, weight_size = (f"::FLOAT[{14 * axes}]", "::FLOAT[14]") if query == "$" else ("", "")
    means = " + ".join(squared(inner(vector, f"{query}ones_{axis}{size}")) for axis in "uvf"[:axes])
    return f"{inner(squares, f'{query}weight{weight_size}')} - ({means}) / {n}"


def query_spread(sums: str) -> str:
    """Return the spread of a query over the shared joints. `sums` comes before squares, u, v, f and n."""
    return f"{sums}squares - ({squared(f'{sums}u')} + {squared(f'{sums}v')} + {squared(f'{sums}f')}) / {sums}n"
