"""The public macros: arguments, errors, and independence of the user's own macros."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from posesearch.database import Database
from posesearch.errors import BadSQL
from posesearch.store import migrations, schema

# For each argument of the public macros: its value, and a call in which {} stands for it.
SCALARS = {
    "closer_than": [("0.99", "closer_than({})")],
    "similarity_grade": [
        ("0.99", "similarity_grade({})"),
        ("'arms'", "similarity_grade(0.96, {})"),
        ("'any'", "similarity_grade(0.99, view := {})"),
    ],
    "similarity_percentile": [("0.99", "similarity_percentile({})")],
    "pose_similarity": [
        ("3", "pose_similarity({}, 42)"),
        ("42", "pose_similarity(3, {})"),
        ("true", "pose_similarity(3, 42, mirror := {})"),
        ("'any'", "pose_similarity(3, 42, sides := {})"),
    ],
}
VECTOR, WEIGHT = "(SELECT vector FROM poses WHERE pose_id = 3)", "(SELECT mask FROM poses WHERE pose_id = 4)"
TABLES = {
    "pose_differences": [
        ("3", "pose_differences({}, 42)"),
        ("42", "pose_differences(3, {})"),
        ("true", "pose_differences(3, 42, mirrored := {})"),
        ("'legs'", "pose_differences(3, 42, exchanged := {})"),
    ],
    "similar_poses": [
        ("3", "similar_poses({})"),
        ("4", "similar_poses(3, {})"),
        ("false", "similar_poses(3, mirror := {})"),
        ("'same'", "similar_poses(3, sides := {})"),
        ("true", "similar_poses(3, turn := {})"),
        ("['left_arm']", "similar_poses(3, parts := {})"),
        ("true", "similar_poses(3, anchored := {}, parts := ['arms'])"),
        ("14", "similar_poses(3, min_shared := {})"),
        ("'women'", "similar_poses(3, in_collection := {})"),
    ],
    "similar_views": [
        ("3", "similar_views({})"),
        ("4", "similar_views(3, {})"),
        ("false", "similar_views(3, mirror := {})"),
        ("'same'", "similar_views(3, sides := {})"),
        ("['left_arm']", "similar_views(1, parts := {})"),  # a bent arm: a straight one alone has no shape there
        ("14", "similar_views(3, min_shared := {})"),
        ("'women'", "similar_views(3, in_collection := {})"),
    ],
    "nearest_poses": [
        (VECTOR, "nearest_poses({}, [1] || repeat([1], 13), 5)"),
        (WEIGHT, "nearest_poses(repeat([0.1], 27) || [0.9], {}, 5)"),
        ("4", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), {})"),
        ("false", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, mirror := {})"),
        ("'same'", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, sides := {})"),
        ("true", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, turn := {})"),
        ("14", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, min_shared := {})"),
        ("'women'", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, in_collection := {})"),
    ],
}
PLACES = (
    "SELECT answer.* FROM (SELECT {value} AS {name}) AS caller, {call} AS answer",
    "SELECT answer.* FROM (SELECT {value} AS {name}) AS caller, LATERAL (FROM {call}) AS answer",
    "SELECT answer.* FROM (SELECT {value} AS {name}) AS caller JOIN LATERAL (FROM {call}) AS answer ON true",
)


def names_in_macros() -> list[str]:
    """Return the names in the bodies of the macros that a column can have."""
    bodies = " ".join(
        f"{parameters} {body}" for kind, _, parameters, _, body in schema.definitions() if kind == "MACRO"
    )
    words = sorted(set(re.findall(r"\b[a-z_]+\b", bodies)))
    with duckdb.connect() as connection:
        reserved = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        ).fetchall()
    return [word for word in words if (word,) not in reserved]


NAMES = names_in_macros()
SCALAR_CALLS = [call for calls in SCALARS.values() for call in calls]
TABLE_CALLS = [call for calls in TABLES.values() for call in calls]


@pytest.fixture(scope="module")
def shell(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = tmp_path_factory.mktemp("shell") / "poses.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def rounded(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return sorted rows. The order in which DuckDB adds numbers changes their last digits."""
    return sorted(tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows)


def test_every_argument_is_tested() -> None:
    for kind, name, parameters, _, _ in schema.definitions():
        if kind == "MACRO":
            arguments = {parameter.partition(":=")[0].strip() for parameter in parameters.split(",")}
            assert len((SCALARS | TABLES)[name]) == len(arguments - {"among"}), name  # DuckDB needs a literal for among


@pytest.mark.parametrize("number", range(len(SCALAR_CALLS)))
@pytest.mark.slow
def test_a_scalar_macro_takes_the_callers_column(number: int, shell: duckdb.DuckDBPyConnection) -> None:
    value, call = SCALAR_CALLS[number]
    names = [*NAMES[number :: len(SCALAR_CALLS)], "argument"]  # together, the arguments are tested with all names
    caller = ", ".join(f"{value} AS {name}" for name in {*names, "pose_id", "mask", "vector"})
    answers = ", ".join(map(call.format, names))
    [(expected,)] = shell.execute(f"SELECT {call.format(value)}").fetchall()
    assert expected is not None
    [found] = shell.execute(f"SELECT {answers} FROM (SELECT {caller})").fetchall()
    is_text = isinstance(expected, str)
    assert found == ((expected,) * len(names) if is_text else pytest.approx((expected,) * len(names), abs=1e-9))
    is_met = f"= '{expected}'" if is_text else f"> {expected - 1e-9}"
    place, condition = f"FROM (SELECT {caller}) AS caller", f"{call.format('pose_id')} {is_met}"
    for query in (
        f"SELECT pose_id {place} WHERE {condition} ORDER BY {call.format('mask')}",
        f"SELECT pose_id {place} GROUP BY pose_id HAVING {condition}",
        f"SELECT caller.pose_id {place} JOIN (SELECT 1 AS one) AS other ON {call.format('caller.pose_id')} {is_met}",
        f"SELECT answer {place}, LATERAL (SELECT {call.format('caller.vector')} AS answer)",
    ):
        assert len(shell.execute(query).fetchall()) == 1, query


@pytest.mark.parametrize("number", range(len(TABLE_CALLS)))
@pytest.mark.slow
def test_a_table_macro_takes_the_callers_column(number: int, shell: duckdb.DuckDBPyConnection) -> None:
    value, call = TABLE_CALLS[number]
    expected = rounded(shell.execute(f"FROM {call.format(value)}").fetchall())
    assert expected
    for name, place in zip(
        [*NAMES[number :: len(TABLE_CALLS)], "pose_id", "argument"], itertools.cycle(PLACES), strict=False
    ):
        query = place.format(value=value, name=name, call=call.format(name))
        assert rounded(shell.execute(query).fetchall()) == expected, query


def test_each_row_of_the_caller_has_its_own_answer(shell: duckdb.DuckDBPyConnection) -> None:
    ids = [pose_id for (pose_id,) in shell.execute("SELECT pose_id FROM poses ORDER BY pose_id LIMIT 5").fetchall()]
    call = "similar_poses(p.pose_id, p.person + 1)"
    query = f"SELECT p.pose_id, s.pose_id, s.rank FROM (FROM poses WHERE pose_id IN $ids) AS p, {call} AS s"
    together = shell.execute(query, {"ids": ids}).fetchall()
    apart = [
        (pose_id, *row)
        for pose_id in ids
        for row in shell.execute("SELECT pose_id, rank FROM similar_poses($id, 2)", {"id": pose_id}).fetchall()
    ]
    assert sorted(together) == sorted(apart)


def answers(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    queries = [
        f"SELECT {call.format(value)}" if macro in SCALARS else f"FROM {call.format(value)}"
        for macro, calls in (SCALARS | TABLES).items()
        for value, call in calls
    ]
    return [rounded(connection.execute(query).fetchall()) for query in queries]


@pytest.mark.parametrize("kind", ["", "TEMP"])
@pytest.mark.slow
def test_no_macro_of_the_user_changes_an_answer(kind: str, demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    with duckdb.connect(str(path)) as connection:
        before = answers(connection)
        # The helpers that earlier versions had, and a public macro that another one could call.
        for name in sorted({*migrations.OLD_MACROS, "nearest_poses"} if kind else migrations.OLD_MACROS):
            for count in range(1, 9):
                parameters = ", ".join(f"p{number}" for number in range(count))
                connection.execute(f"CREATE {kind} MACRO IF NOT EXISTS {name}({parameters}) AS 0.123")
            connection.execute(f"CREATE {kind} MACRO IF NOT EXISTS {name}(p) AS TABLE SELECT 1 AS pose_id")
        if kind:
            connection.execute("DROP MACRO temp.nearest_poses")
            connection.execute("DROP MACRO TABLE temp.nearest_poses")
        assert answers(connection) == before
    functions = {name for kind, name, *_ in schema.definitions() if kind == "MACRO"}
    for kind_, name, _, _, body in schema.definitions():
        called = set(re.findall(r"\b(\w+)\(", body))
        assert kind_ == "VIEW" or not called & functions, name  # no macro calls another one


def test_an_id_that_is_not_there_is_an_error(demo_db: Database) -> None:
    for query in (
        "FROM similar_poses(99999)", "FROM similar_views(99999)", "SELECT pose_similarity(99999, 1)",
        "SELECT pose_similarity(1, 99999)", "FROM pose_differences(99999, 1)", "FROM pose_differences(1, 99999)",
        "SELECT count(*) FROM similar_poses(99999)",
        "SELECT pose_similarity(pose_id + 99998, 1) FROM poses WHERE pose_id = 1",
    ):  # fmt: skip
        with pytest.raises(BadSQL, match="there is no pose 99999"):
            demo_db.sql(query)
    assert demo_db.sql("FROM similar_poses(NULL)").rows == ()
    assert demo_db.sql("SELECT pose_similarity(NULL, 1)").rows == ((None,),)


def test_a_part_that_is_not_there_is_an_error(demo_db: Database) -> None:
    for macro in ("similar_poses", "similar_views"):
        with pytest.raises(BadSQL, match="no part of the body named lefft_arm"):
            demo_db.sql(f"FROM {macro}(1, parts := ['head', 'lefft-arm'])")


def test_sides_are_any_or_same(demo_db: Database) -> None:
    for call in ("FROM similar_poses(1, sides := 'both')", "SELECT pose_similarity(1, 2, sides := 'both')"):
        with pytest.raises(BadSQL, match="sides must be 'any' or 'same', not both"):
            demo_db.sql(call)


def test_a_search_is_filtered_by_how_close_its_matches_are(demo_db: Database) -> None:
    percentile = "similarity_percentile(similarity)"
    close = demo_db.sql(f"SELECT rank FROM similar_poses(1, 30) WHERE {percentile} > 99").rows
    each = demo_db.sql(f"SELECT rank, {percentile} FROM similar_poses(1, 30)").rows
    assert sorted(close) == sorted((rank,) for rank, percentile in each if percentile > 99)
    assert 0 < len(close) < 30


@pytest.mark.slow
def test_n_may_be_any_number(demo_db: Database) -> None:
    [(poses,)] = demo_db.sql("SELECT count(*) FROM similar_poses(1, 1000)").rows
    for n, expected in (
        (0, 0),
        (-3, 0),
        (1, 1),
        (999_999, poses),
        (1_000_000, poses),
        (10**15, poses),
        ("NULL", poses),
    ):
        assert demo_db.sql(f"SELECT count(*) FROM similar_poses(1, {n})").rows == ((expected,),), n
