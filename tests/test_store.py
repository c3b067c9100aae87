import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from posesearch import skeleton
from posesearch.errors import BadSQL, DatabaseBusy, DatabaseFailed, NewerSchema, NoDatabase, NoSuchPose, NotOurDatabase
from posesearch.pose import normalize
from posesearch.store import poses, schema, snapshots, sql
from posesearch.store.connection import DatabaseFile
from posesearch.store.snapshots import SnapshotRow
from tests.conftest import LEGS, STANDING, person

RULE = '{"estimator": "toy", "strict": false, "min_joints": 8}'


def snapshot(name: str = "a.jpg", sha256: str | None = "1", people: int = 1) -> SnapshotRow:
    poses = tuple(normalize.make_pose(person(STANDING + 100 * n, LEGS[: n % 5])) for n in range(people))
    return SnapshotRow(name, sha256, 640, 480, "men", RULE, None, poses)


def write(store: DatabaseFile, *batch: SnapshotRow) -> None:
    with store.writing() as connection:
        snapshots.write_snapshots(connection, batch, "toy", "{}")


@pytest.fixture
def store(tmp_path: Path) -> DatabaseFile:
    return DatabaseFile(tmp_path / "poses.duckdb", patience=0.2)


def test_what_is_written_is_read_back(store: DatabaseFile) -> None:
    write(store, snapshot(people=2))
    with store.reading() as connection:
        first, second = poses.read_poses(connection, [1, 2])
    assert (first.source, first.collection, first.width, first.height, first.number) == ("a.jpg", "men", 640, 480, 1)
    expected = normalize.make_pose(person(STANDING + 100, LEGS[:1]))
    points = second.pose.person.keypoints
    assert np.array_equal(points.xy, expected.person.keypoints.xy, equal_nan=True)
    assert np.array_equal(points.score, expected.person.keypoints.score)
    assert np.array_equal(second.pose.vector, expected.vector)
    assert np.array_equal(second.pose.mask, expected.mask)
    assert second.pose.person.box == pytest.approx(expected.person.box)


def test_the_view_keypoints_has_a_row_a_joint_and_null_where_missing(store: DatabaseFile) -> None:
    pose = normalize.make_pose(person(STANDING, LEGS))
    write(store, SnapshotRow("a.jpg", "1", 640, 480, "men", RULE, None, (pose,)))
    with store.reading() as connection:
        rows = connection.execute("SELECT joint, x, y, score, nx, ny FROM keypoints").fetchall()
    joints = {row[0]: row[1:] for row in rows}
    assert set(joints) == set(skeleton.JOINTS)
    assert joints["left_knee"] == (None, None, 0, None, None)
    nose = skeleton.INDEX["nose"]
    assert joints["nose"][:2] == tuple(STANDING[nose])
    assert joints["nose"][3:] == pytest.approx((pose.vector[nose], pose.vector[14 + nose]))
    assert joints["left_eye"][3:] == (None, None)  # found, but not compared
    assert joints["left_eye"][0] is not None


def test_the_joints_table_is_the_skeleton(store: DatabaseFile) -> None:
    write(store, snapshot())
    with store.reading() as connection:
        rows = connection.execute("SELECT joint FROM joints ORDER BY position").fetchall()
    assert tuple(row[0] for row in rows) == skeleton.JOINTS


def test_the_same_bytes_replace_what_was_there(store: DatabaseFile) -> None:
    write(store, snapshot(people=3), snapshot("b.jpg", "2"))
    write(store, snapshot("c.jpg", "1", people=1))
    with store.reading() as connection:
        assert connection.execute("SELECT source FROM snapshots ORDER BY 1").fetchall() == [("b.jpg",), ("c.jpg",)]
        assert connection.execute("SELECT count(*) FROM poses").fetchall() == [(2,)]


def test_snapshots_and_poses_are_numbered_in_the_order_of_their_batch(store: DatabaseFile) -> None:
    names = [f"{number:03}.jpg" for number in range(200)]
    write(store, *(snapshot(name, name) for name in names[150:]))
    write(store, *(snapshot(name, name) for name in names))
    with store.reading() as connection:
        filed = [snapshot.source for snapshot in snapshots.read_snapshots(connection)]
        posed = connection.execute("SELECT source FROM poses JOIN snapshots USING (snapshot_id) ORDER BY pose_id")
        assert filed == names[150:] + names[:150]
        assert [row[0] for row in posed.fetchall()] == names


def test_an_exception_leaves_nothing_behind(store: DatabaseFile) -> None:
    write(store, snapshot())
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        snapshots.write_snapshots(connection, [snapshot("b.jpg", "2")], "toy", "{}")
        raise ZeroDivisionError
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM snapshots").fetchall() == [(1,)]


def test_no_file_yet(store: DatabaseFile) -> None:
    with pytest.raises(NoDatabase, match="ingest photos first"), store.reading():
        pass
    assert not store.path.exists()


def test_a_pose_that_is_not_there(store: DatabaseFile) -> None:
    write(store, snapshot())
    with store.reading() as connection, pytest.raises(NoSuchPose, match="There is no pose 7"):
        poses.read_pose(connection, 7)


@pytest.mark.parametrize("mode", ["reading", "writing"])
def test_a_strangers_file_is_left_as_it_is(tmp_path: Path, mode: str) -> None:
    text = tmp_path / "letter.duckdb"
    text.write_text("dear aunt, " * 999, encoding="utf-8")
    other = tmp_path / "shop.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
    view = tmp_path / "view.duckdb"
    with duckdb.connect(str(view)) as connection:
        connection.execute("CREATE VIEW answers AS SELECT 42 AS answer")
    lite = tmp_path / "lite.duckdb"
    with sqlite3.connect(lite) as made:
        made.execute("CREATE TABLE orders (id)")
    made.close()
    for path in (text, other, view, lite):
        before = path.read_bytes()
        with pytest.raises(NotOurDatabase, match="not a posesearch database"), getattr(DatabaseFile(path), mode)():
            pass
        assert path.read_bytes() == before


def test_a_newer_schema_is_refused(store: DatabaseFile) -> None:
    write(store, snapshot())
    with store.writing() as connection:
        connection.execute("UPDATE about SET value = ? WHERE key = 'schema_version'", [str(schema.SCHEMA_VERSION + 1)])
    with pytest.raises(NewerSchema, match="update posesearch"), DatabaseFile(store.path).reading():
        pass


def test_a_database_that_another_process_holds(store: DatabaseFile) -> None:
    write(store, snapshot())
    hold = f"import duckdb, sys; c = duckdb.connect({str(store.path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseBusy, match="has this database open"), store.reading():
            pass
        with pytest.raises(DatabaseBusy), store.writing():
            pass
        holder.communicate()
    with store.reading():
        pass


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "poses.duckdb"):
        with pytest.raises(DatabaseFailed), DatabaseFile(path).writing():
            pass


def test_sql_reads_and_nothing_else(store: DatabaseFile, tmp_path: Path) -> None:
    write(store, snapshot())
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    for statement in (
        "DELETE FROM poses",
        "CREATE TABLE x AS SELECT 1",
        f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
        f"COPY poses TO '{tmp_path / 'out.csv'}'",
        "SELEC 1",
        "SELECT no_such_column FROM poses",
    ):
        with store.reading() as connection, pytest.raises(BadSQL):
            sql.run_sql(connection, statement)
    with store.reading() as connection:
        table = sql.run_sql(connection, "SELECT count(*) AS n FROM poses")
    assert (table.columns, table.rows) == (("n",), ((1,),))


def test_metres_are_read_back_and_null_where_there_are_none(store: DatabaseFile) -> None:
    one = person(STANDING, LEGS)
    world = np.where(one.keypoints.present[:, None], np.arange(54, dtype=np.float32).reshape(18, 3), np.nan)
    with_metres = normalize.make_pose(replace(one, world=world.astype(np.float32)))
    write(store, SnapshotRow("a.jpg", "1", 640, 480, "men", RULE, None, (with_metres, normalize.make_pose(one))))
    with store.reading() as connection:
        first, second = poses.read_poses(connection, [1, 2])
        rows = connection.execute(
            "SELECT world_x, world_y, world_z FROM keypoints WHERE joint IN ('nose', 'left_knee') ORDER BY ALL"
        ).fetchall()
    assert np.array_equal(first.pose.person.world, with_metres.person.world, equal_nan=True)  # type: ignore[arg-type]
    assert second.pose.person.world is None
    assert rows == [(0, 1, 2), (None, None, None), (None, None, None), (None, None, None)]
