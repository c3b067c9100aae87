"""The similarity formula as SQL text. Searches and the macros of schema.sql are made of these expressions.

Each function takes SQL expressions and returns one. `pose/similarity.py` explains the formula, and has its constants.
"""

from collections.abc import Callable

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


def inner_product(a: str, b: str) -> str:
    """Return the inner product of two arrays as DOUBLE."""
    return f"array_inner_product({a}, {b})::DOUBLE"


Inner = Callable[[str], str]
"""Returns the inner product of a stored pose with the constant of this name."""


def inner_with_parameters(axes: int) -> Inner:
    """Return the inner products of the columns vector and squares with parameters of the statement."""

    def inner(name: str) -> str:
        if name == "weight":
            return inner_product("squares", "$weight::FLOAT[14]")
        return inner_product("vector", f"${name}::FLOAT[{14 * axes}]")

    return inner


def squared(expression: str) -> str:
    """Return the square of an expression. The operator ** is slower, and DuckDB computes the expression only once."""
    return f"({expression}) * ({expression})"


def product(inner: Inner, sums: str | None, *, axes: int, turns: str) -> str:
    """Return the product of a stored pose with a query over the joints that both have.

    Args:
        inner: returns the inner product of the stored vector with a constant of the query. See PreparedQuery.
        sums: a format of the names of n, u, v and f, the sums of the query over the shared joints, such as "s.{}". None
            if the stored pose has all joints of the query, because the sums are then 0.
        axes: the number of axes: 2 for image coordinates, 3 for limbs in 3D.
        turns: an SQL condition, whether the best rotation is taken. "true" and "false" are decided here.
    """
    along, across = inner("along"), inner("across")
    if sums is not None:
        n, u, v = (sums.format(name) for name in "nuv")
        x, y = inner("ones_u"), inner("ones_v")
        along = f"({along} - ({x} * {u} + {y} * {v}) / {n})"
        across = f"({across} - ({x} * {v} - {y} * {u}) / {n})"
    turned = f"sqrt({squared(along)} + {squared(across)})"
    if axes == 3:  # the third axis stays where it is
        return (
            f"{inner('fixed')} - {inner('ones_f')} * {sums.format('f')} / {sums.format('n')} + {turned}"
            if sums
            else f"{inner('fixed')} + {turned}"
        )
    return {"true": turned, "false": along}.get(turns, f"CASE WHEN {turns} THEN {turned} ELSE {along} END")


def spread(inner: Inner, n: str, *, axes: int) -> str:
    """Return the spread of a stored pose: the weighted sum of squares of the query's joints about their centroid.

    It is 1 if the pose has exactly the joints of the query and each has weight 1, because its vector has norm 1.

    Args:
        inner: as in `product`. For "weight", it returns the inner product with the column squares.
        n: the sum of the weights of the shared joints.
        axes: as in `product`.
    """
    means = " + ".join(squared(inner(f"ones_{axis}")) for axis in "uvf"[:axes])
    return f"{inner('weight')} - ({means}) / {n}"


def query_spread(sums: str) -> str:
    """Return the spread of a query over the shared joints. `sums` is as in `product`, and has squares too."""
    squares, u, v, f, n = (sums.format(name) for name in ("squares", "u", "v", "f", "n"))
    return f"{squares} - ({squared(u)} + {squared(v)} + {squared(f)}) / {n}"
