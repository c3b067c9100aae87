"""The public macros accept columns of the caller's query as arguments, whatever the names of the columns."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from posesearch.database import Database
from posesearch.store.connection import Connection, DatabaseFile

# For each argument of the public macros: its value, and a call in which {} stands for it.
SCALARS = {
    "closer_than": [("0.99", "closer_than({})")],
    "pose_similarity": [
        ("3", "pose_similarity({}, 42)"),
        ("42", "pose_similarity(3, {})"),
        ("true", "pose_similarity(3, 42, mirror := {})"),
    ],
}
TABLES = {
    "pose_differences": [
        ("3", "pose_differences({}, 42)"),
        ("42", "pose_differences(3, {})"),
        ("true", "pose_differences(3, 42, mirrored := {})"),
    ],
    "similar_poses": [
        ("3", "similar_poses({})"),
        ("false", "similar_poses(3, mirror := {})"),
        ("true", "similar_poses(3, turn := {})"),
        ("['left_arm']", "similar_poses(3, parts := {})"),
        ("14", "similar_poses(3, min_shared := {})"),
        ("'women'", "similar_poses(3, in_collection := {})"),
    ],
    "similar_views": [
        ("3", "similar_views({})"),
        ("false", "similar_views(3, mirror := {})"),
        ("['left_arm']", "similar_views(3, parts := {})"),
        ("14", "similar_views(3, min_shared := {})"),
        ("'women'", "similar_views(3, in_collection := {})"),
    ],
    "nearest_poses": [
        ("(SELECT vector FROM poses WHERE pose_id = 3)", "nearest_poses({}, [1] || repeat([1], 13), 5)"),
        ("(SELECT mask FROM poses WHERE pose_id = 4)", "nearest_poses(repeat([0.1], 27) || [0.9], {}, 5)"),
        ("false", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, mirror := {})"),
        ("true", "nearest_poses(repeat([0.1], 27) || [0.9], repeat([1], 14), 5, turn := {})"),
    ],
}
PLACES = (
    "SELECT answer.* FROM (SELECT {value} AS {name}) AS caller, {call} AS answer",
    "SELECT answer.* FROM (SELECT {value} AS {name}) AS caller, LATERAL (FROM {call}) AS answer",
)


@pytest.fixture(scope="module")
def connection(demo_folder: Path) -> Iterator[Connection]:
    with DatabaseFile(demo_folder / "poses.duckdb").reading() as opened:
        yield opened


# Names that the macros use for columns, arguments and aliases. A caller may have columns with the same names.
NAMES = ("pose_id", "similarity", "mirrored", "vector", "mask", "collection", "joint_set", "id", "a", "argument")


@pytest.mark.parametrize(
    ("macro", "number"), [(macro, n) for macro, calls in SCALARS.items() for n in range(len(calls))]
)
def test_a_scalar_macro_takes_the_callers_column(macro: str, number: int, connection: Connection) -> None:
    value, call = SCALARS[macro][number]
    caller = ", ".join(f"{value} AS {name}" for name in NAMES)
    answers = ", ".join(map(call.format, NAMES))
    expected = connection.execute(f"SELECT {call.format(value)}").fetchall()[0][0]
    assert expected is not None
    assert connection.execute(f"SELECT {answers} FROM (SELECT {caller})").fetchall() == [(expected,) * len(NAMES)]
    condition, order = f"{call.format('pose_id')} = {expected}", call.format("mask")
    ordered = f"SELECT pose_id FROM (SELECT {caller}) WHERE {condition} ORDER BY {order}"
    assert len(connection.execute(ordered).fetchall()) == 1


@pytest.mark.parametrize(
    ("macro", "number"), [(macro, n) for macro, calls in TABLES.items() for n in range(len(calls))]
)
def test_a_table_macro_takes_the_callers_column(macro: str, number: int, connection: Connection) -> None:
    value, call = TABLES[macro][number]
    expected = sorted(connection.execute(f"FROM {call.format(value)}").fetchall())
    assert expected
    for name, place in zip(NAMES, itertools.cycle(PLACES), strict=False):
        query = place.format(value=value, name=name, call=call.format(name))
        assert sorted(connection.execute(query).fetchall()) == expected, query


def test_a_search_is_filtered_by_how_close_its_matches_are(demo_db: Database) -> None:
    close = demo_db.sql("SELECT rank FROM similar_poses(1, 30) WHERE closer_than(similarity) > 99").rows
    each = demo_db.sql("SELECT rank, closer_than(s) FROM (SELECT rank, similarity AS s FROM similar_poses(1, 30))").rows
    assert sorted(close) == sorted((rank,) for rank, percentile in each if percentile > 99)
    assert 0 < len(close) < 30
