"""Traits in SQL: the view pose_traits, conditions of searches, and the functions of store/traits.py."""

import math
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import BadFilter
from posesearch.pose.traits.expressions import Expression, select
from posesearch.pose.traits.rules import all_of, any_of, not_
from posesearch.pose.traits.table import NAMES, OF, TRAITS, measure_traits
from posesearch.store.candidates import select_candidates
from posesearch.store.clearness import COLUMNS, LIST, STEPS, compute_clearness, measure_clearness, select_traits
from posesearch.store.connection import DatabaseFile
from posesearch.store.schema import definitions
from posesearch.store.traits import count_rules, find_clearest, read_traits
from posesearch.types import Float32, Float64
from tests.conftest import STANDING

_LIMBS = {
    "shoulder": ("elbow", "wrist"),
    "elbow": ("wrist",),
    "hip": ("knee", "ankle"),
    "knee": ("ankle",),
}
"""The joints that turn about another one."""

# The axes of a turn of the picture, and those of turns in space.
_PLANES = ((0, 1), (1, 2), (0, 2))

POSES = st.builds(
    lambda seed, missing, has_world: draw_poses(seed, 100, missing, has_world=has_world),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0.1, 0.4]),
    st.booleans(),
)
FEW = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def draw_poses(seed: int, count: int, missing: float, *, has_world: bool) -> tuple[Float32, Float32]:
    """Return the picture and the world coordinates of people whose limbs and bodies are turned at random."""
    random = np.random.default_rng(seed)
    solid = np.concatenate([STANDING, random.normal(0, 6, (skeleton.N_JOINTS, 1))], axis=1)
    joints = np.repeat(solid[None], count, axis=0) + random.normal(0, 2, (count, skeleton.N_JOINTS, 3))
    for side in ("left", "right"):
        for corner, behind in _LIMBS.items():
            centre = joints[:, None, skeleton.INDEX[f"{side}_{corner}"]]
            rows = [skeleton.INDEX[f"{side}_{joint}"] for joint in behind]
            joints[:, rows] = centre + turn(joints[:, rows] - centre, random.uniform(-2.5, 2.5, (count, 3)))
    joints = turn(joints, random.uniform(-3, 3, (count, 3)) * (random.random((count, 1)) < 0.5))
    xy, world = joints[..., :2] * 3 + 400, joints / 80
    is_missing = random.random((count, skeleton.N_JOINTS)) < missing
    xy[is_missing] = np.nan
    world[is_missing | np.full(is_missing.shape, not has_world)] = np.nan
    return xy.astype(np.float32), world.astype(np.float32)


def turn(points: Float64, angles: Float64) -> Float64:
    """Return points turned about the origin, in each plane by an angle."""
    points = points.copy()
    for (a, b), angle in zip(_PLANES, angles.T, strict=True):
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        points[..., a], points[..., b] = (
            points[..., a] * cos - points[..., b] * sin,
            points[..., a] * sin + points[..., b] * cos,
        )
    return points


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def write_poses(connection: duckdb.DuckDBPyConnection, xy: Float32, world: Float32) -> None:
    """Write a table with the columns of poses that traits need."""
    lists = {
        name: [None if world_is_missing else [None if math.isnan(one) else one for one in row] for row in values]
        for name, values in zip(
            ("x", "y", "world_x", "world_y", "world_z"),
            (*np.moveaxis(xy, 2, 0).tolist(), *np.moveaxis(world, 2, 0).tolist()),
            strict=True,
        )
        for world_is_missing in (name.startswith("world") and bool(np.isnan(world).all()),)
    }
    columns = ", ".join(f"unnest(${name}::FLOAT[18][]) AS {name}" for name in lists)
    connection.execute(f"CREATE OR REPLACE TABLE poses AS SELECT unnest(range({len(xy)})) AS pose_id, {columns}", lists)


def to_facts(clearness: Float64) -> list[list[bool | None]]:
    return [[True if one >= 1 else False if one <= -1 else None for one in row] for row in clearness.tolist()]


@FEW
@given(POSES)
def test_numpy_and_sql_agree(connection: duckdb.DuckDBPyConnection, poses: tuple[Float32, Float32]) -> None:
    expected = measure_traits(*poses)
    write_poses(connection, *poses)
    query = select({trait.name: trait.rule for trait in TRAITS}, "poses")
    rows = connection.execute(f"FROM ({query}) ORDER BY pose_id").fetchall()
    found = np.array([row[1:] for row in rows], np.float64)
    assert found == pytest.approx(expected, abs=1e-4, rel=1e-6)
    stored = connection.execute(f"FROM ({compute_clearness('poses')}) ORDER BY pose_id").fetchall()
    numbers = np.array([list(row[1].values()) for row in stored])
    is_clear = np.abs(expected * STEPS - np.round(expected * STEPS)) > 1e-5  # else rounding may give the next number
    assert (numbers[is_clear] == measure_clearness(*poses)[is_clear]).all()
    connection.execute(
        f"CREATE OR REPLACE TABLE stored AS FROM poses JOIN ({compute_clearness('poses')}) USING (pose_id)"
    )
    facts = connection.execute(f"FROM ({select_traits(COLUMNS, relation='stored')}) ORDER BY pose_id").fetchall()
    for row, wanted, flags in zip(facts, to_facts(expected), is_clear, strict=True):
        *told, held = row[1:]
        assert held == [name for name, fact in zip(NAMES, told, strict=True) if fact]
        assert [one for one, flag in zip(told, flags, strict=True) if flag] == [
            one for one, flag in zip(wanted, flags, strict=True) if flag
        ]


def test_random_poses_have_every_trait_and_lack_it() -> None:
    poses = [draw_poses(seed, 4000, missing, has_world=True) for seed, missing in ((1, 0), (2, 0.1))]
    clearness = np.concatenate([measure_traits(*one) for one in poses])
    assert [name for name, most in zip(NAMES, clearness.max(axis=0), strict=True) if most < 1] == []
    assert [name for name, least in zip(NAMES, clearness.min(axis=0), strict=True) if least > -1] == []


@FEW
@given(POSES)
def test_a_mirrored_pose_exchanges_left_and_right(poses: tuple[Float32, Float32]) -> None:
    xy, world = (one[:, list(skeleton.MIRROR)] for one in poses)
    mirrored = measure_traits(xy * np.array([-1, 1]), world * np.array([-1, 1, 1]))
    exchange = {"left": "right", "right": "left"}
    others = ["_".join(exchange.get(word, word) for word in name.split("_")) for name in NAMES]
    expected = measure_traits(*poses)[:, [NAMES.index(name) for name in others]]
    assert mirrored == pytest.approx(expected, abs=1e-6, rel=1e-9)


@FEW
@given(POSES, st.sampled_from([0.25, 8]), st.sampled_from([0, 1024]))
def test_a_moved_and_scaled_pose_has_the_same_traits(poses: tuple[Float32, Float32], scale: float, step: float) -> None:
    xy, world = (one.astype(np.float64) for one in poses)
    assert measure_traits(xy * scale + step, world) == pytest.approx(measure_traits(xy, world), abs=1e-6, rel=1e-6)


def test_the_view_has_the_traits_of_stored_poses(filled: Database) -> None:
    table = filled.sql("FROM pose_traits ORDER BY pose_id")
    assert table.columns == ("pose_id", "snapshot_id", "source", "collection", *NAMES, LIST)
    assert set(table.types[4:]) == {"BOOLEAN", "VARCHAR[]"}
    people = [filled.show(row[0]).pose.person for row in table.rows]
    xy = np.stack([one.keypoints.xy for one in people])
    expected = measure_traits(xy, np.full((*xy.shape[:2], 3), np.nan, np.float32))
    assert [list(row[4:-1]) for row in table.rows] == to_facts(expected)
    assert any("standing" in row[-1] for row in table.rows)
    with DatabaseFile(filled.path).reading() as connection:
        read = read_traits(connection, [row[0] for row in table.rows])
        counts = count_rules(connection, {trait.name: trait.rule for trait in TRAITS})
    assert read == {row[0]: tuple(row[-1]) for row in table.rows}
    for name, column in zip(NAMES, list(zip(*table.rows, strict=True))[4:-1], strict=True):
        assert counts[name] == (column.count(True), column.count(False), column.count(None))


def test_the_view_has_comments_for_each_column(filled: Database) -> None:
    comments = dict(
        filled.sql("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'pose_traits'").rows
    )
    assert all(comments[trait.name].startswith(trait.meaning[:-1]) for trait in TRAITS)
    assert all(("uncertain" in comments[trait.name]) is not trait.is_certain for trait in TRAITS)


def test_the_view_depends_on_no_macro_of_the_user(filled: Database) -> None:
    query = "FROM pose_traits ORDER BY pose_id"
    with duckdb.connect(str(filled.path)) as connection:
        before = connection.execute(query).fetchall()
        functions = ("sqrt", "abs", "degrees", "atan2", "least", "greatest", "nullif", "coalesce")
        for name in (*functions, "list_value", "list_where"):
            connection.execute(f'CREATE MACRO "{name}"(a) AS 7, (a, b) AS 7')
        assert connection.execute(query).fetchall() == before
    assert list(filled.sql(query).rows) == before


@pytest.mark.parametrize(
    "condition",
    [
        "left_hand_raised AND NOT sitting",
        "NOT left_hand_raised",
        "left_hand_raised IS NULL",
        "pose_traits.standing AND angles.trunk < 20 AND nose.y < neck.y AND person = 1",
        "Left_Hand_Raised OR lunge",
        "list_contains(traits, 'left_hand_raised')",
        "len(traits) > 3 AND standing",
    ],
)
def test_a_condition_can_name_traits(condition: str, filled: Database) -> None:
    joined = "pose_traits JOIN labelled_poses USING (pose_id) JOIN skeletons USING (pose_id)"
    query = f"SELECT pose_id FROM {joined} JOIN (SELECT pose_id, angles FROM angles) USING (pose_id) WHERE {condition}"
    expected = {row[0] for row in filled.sql(query).rows}
    with DatabaseFile(filled.path).reading() as connection:
        relation = select_candidates(connection, world=False, where=condition)
        assert {row[0] for row in connection.execute(f"SELECT pose_id FROM {relation}").fetchall()} == expected


def test_only_the_traits_that_are_named_are_read() -> None:
    assert "lunge" not in select_traits(["left_hand_raised"])
    assert "lunge" in select_traits([LIST])


def test_an_unknown_trait_is_one_line_that_says_what_there_is(filled: Database) -> None:
    with pytest.raises(BadFilter, match="traits such as sitting"):
        filled.similar(1, where="left_hand_rised")


@pytest.mark.parametrize(
    "rule",
    [
        OF["left_hand_raised"].rule,
        all_of(OF["left_hand_raised"].rule, not_(OF["right_hand_raised"].rule)),
        any_of(OF["left_arm_hanging"].rule, OF["left_hand_above_head"].rule),
    ],
    ids=["one", "all", "any"],
)
def test_the_clearest_poses_come_first(rule: Expression, filled: Database) -> None:
    with DatabaseFile(filled.path).reading() as connection:
        rows = connection.execute(f"FROM ({select({'clearness': rule}, 'poses')})").fetchall()
        sizes = dict(connection.execute("SELECT pose_id, prominence FROM poses").fetchall())
        expected = sorted(
            (-min(int(clearness * STEPS) / STEPS, 3), -sizes[row], row) for row, clearness in rows if clearness >= 1
        )
        assert 1 < len(expected) < len(rows)
        hits = find_clearest(connection, rule, 99, "poses")
        assert [(-hit.clearness, hit.pose_id) for hit in hits] == [(value, row) for value, _, row in expected]
        assert find_clearest(connection, rule, 1, "poses") == hits[:1]
        relation = select_candidates(connection, world=False, rule=rule)
        chosen = connection.execute(f"SELECT pose_id FROM {relation} ORDER BY 1").fetchall()
        assert chosen == sorted((hit.pose_id,) for hit in hits)
        relation = select_candidates(connection, world=False, rule=rule, collection="men", where="person = 1")
        chosen = connection.execute(f"SELECT pose_id FROM {relation} ORDER BY 1").fetchall()
        first = {row[0] for row in connection.execute("SELECT pose_id FROM poses WHERE person = 1").fetchall()}
        assert {row[0] for row in chosen} == first & {hit.pose_id for hit in hits}


def test_the_text_of_the_view_fits_on_a_screen() -> None:
    [text] = [text for kind, name, _, _, text in definitions() if (kind, name) == ("VIEW", "pose_traits")]
    assert max(map(len, text.splitlines())) <= 220
