"""The views skeletons and angles, in SQL and as conditions of a search."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import BadFilter
from posesearch.pose import normalize
from posesearch.store import snapshots
from posesearch.store.connection import DatabaseFile
from posesearch.store.snapshots import SnapshotRow
from tests.conftest import ARMS, LEGS, STANDING, person

CORNERS = {
    "elbow": ("shoulder", "wrist"),
    "knee": ("hip", "ankle"),
    "hip": ("shoulder", "knee"),
    "shoulder": ("elbow", "hip"),
}


def angle(start: Sequence[float], corner: Sequence[float], end: Sequence[float]) -> float:
    u, v = np.subtract(start, corner), np.subtract(end, corner)
    return float(np.degrees(np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1, 1))))


@pytest.mark.slow
def test_angles_are_those_of_the_keypoints(demo_db: Database) -> None:
    table = demo_db.sql("FROM angles ORDER BY pose_id")
    for row in table.rows:
        angles = dict(zip(table.columns, row, strict=True))
        xy = demo_db.show(angles.pop("pose_id")).pose.person.keypoints.xy
        at = dict(zip(skeleton.JOINTS, xy.astype(float).tolist(), strict=True))
        expected = {
            f"{side}_{joint}": angle(at[f"{side}_{start}"], at[f"{side}_{joint}"], at[f"{side}_{end}"])
            for side in ("left", "right")
            for joint, (start, end) in CORNERS.items()
        }
        hips = np.mean([at["left_hip"], at["right_hip"]], axis=0)
        expected["trunk"] = angle(at["neck"], hips.tolist(), (hips[0], hips[1] - 1))
        for column in ("snapshot_id", "source", "collection"):
            del angles[column]
        found = {joint: math.nan if value is None else value for joint, value in angles.items()}
        assert found == pytest.approx(expected, abs=1e-3, nan_ok=True)


def test_skeletons_have_the_values_of_keypoints(demo_db: Database) -> None:
    table = demo_db.sql("FROM skeletons ORDER BY pose_id")
    structs = {
        (row[0], joint): value for row in table.rows for joint, value in zip(table.columns[4:], row[4:], strict=True)
    }
    fields = ("x", "y", "score", "world_x", "world_y", "world_z", "nx", "ny")
    rows = demo_db.sql(f"SELECT pose_id, joint, {', '.join(fields)} FROM keypoints").rows
    assert len(rows) == len(structs)
    for pose_id, joint, *values in rows:
        assert [structs[pose_id, joint][field] for field in fields] == values


def test_joints_that_are_missing_or_in_one_place_have_no_angle(tmp_path: Path) -> None:
    file = DatabaseFile(tmp_path / "poses.duckdb")
    together = STANDING.copy()
    together[skeleton.INDEX["left_elbow"]] = together[skeleton.INDEX["left_wrist"]]
    people = [person(STANDING, ARMS), person(STANDING, LEGS), person(together)]
    rows = [
        SnapshotRow(f"{n}.jpg", str(n), 200, 200, "a", "{}", None, (normalize.make_pose(one),))
        for n, one in enumerate(people)
    ]
    with file.writing() as connection:
        snapshots.write_snapshots(connection, rows, "toy", "{}")
        found = connection.execute(
            "SELECT left_elbow, left_knee, left_hip, left_shoulder, trunk FROM angles ORDER BY pose_id"
        )
        without_arms, without_legs, one_place = found.fetchall()
    assert [value is None for value in without_arms] == [True, False, False, True, False]
    assert [value is None for value in without_legs] == [False, True, True, False, False]
    assert one_place[0] is None
    assert without_arms[4] == pytest.approx(0)


@pytest.mark.parametrize(
    ("where", "query"),
    [
        ("least(left_wrist.y, right_wrist.y) < nose.y", "SELECT pose_id FROM skeletons WHERE {}"),
        ("angles.left_elbow < 90 OR angles.right_elbow < 90", "SELECT pose_id FROM angles WHERE {}"),
        ("Angles.Trunk > 5 AND collection = 'men'",
         "SELECT pose_id FROM angles WHERE {}"),
        ("nose.score > 0.5 AND angles.left_knee > 150 AND body_joints = 14",
         "SELECT pose_id FROM skeletons JOIN angles USING (pose_id) JOIN poses USING (pose_id) WHERE {}"),
    ],
)  # fmt: skip
def test_a_search_is_limited_by_joints_and_angles(where: str, query: str, demo_db: Database) -> None:
    expected = {pose_id for (pose_id,) in demo_db.sql(query.format(where)).rows}
    assert 0 < len(expected) < demo_db.stats()["poses"]
    report = demo_db.similar(1, 1000, where=where, close=0, duplicates=True)
    assert {match.stored.pose_id for match in report.matches} == expected - {1}


def test_a_joint_that_is_not_there_is_an_error(demo_db: Database) -> None:
    with pytest.raises(BadFilter, match="left_foot"):
        demo_db.similar(1, where="left_foot.y < nose.y")
