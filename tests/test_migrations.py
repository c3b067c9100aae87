"""Databases of earlier versions: they are converted, and nothing is lost if that fails."""

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import DatabaseFailed, OldSchema
from posesearch.pose.normalize import make_pose
from posesearch.store import schema
from posesearch.store.clearness import measure_clearness
from posesearch.store.connection import DatabaseFile
from tests.conftest import Toy, toy_photo

VERSION_4 = (Path(__file__).parent / "data" / "version4.sql").read_text(encoding="utf-8")
"""A database that version 4 of the schema made of five mannequins and a rejected photo, as SQL."""

VERSIONS = {
    4: "",
    5: "UPDATE about SET value = '5' WHERE key = 'schema_version'",
    6: """
        UPDATE about SET value = '6' WHERE key = 'schema_version';
        ALTER TABLE sources ADD COLUMN signature VARCHAR; UPDATE sources SET signature = 'signed';
        ALTER TABLE sources ADD COLUMN unread_reason VARCHAR; CREATE MACRO penalized(a, b) AS a;
    """,
    7: "UPDATE about SET value = '7' WHERE key = 'schema_version'",
    8: """
        UPDATE about SET value = '8' WHERE key = 'schema_version';
        CREATE TABLE attributes (snapshot_id BIGINT NOT NULL, name VARCHAR NOT NULL, value VARCHAR);
        INSERT INTO attributes VALUES (1, 'artist', 'unknown');
    """,
    9: """
        UPDATE about SET value = '9' WHERE key = 'schema_version';
        CREATE TABLE attributes (snapshot_id BIGINT NOT NULL, name VARCHAR NOT NULL, value VARCHAR, list VARCHAR);
    """,
}
OF_THE_USER = """
    CREATE TABLE notes (pose_id INTEGER PRIMARY KEY, note VARCHAR DEFAULT 'none');
    INSERT INTO notes VALUES (1, 'good');
    CREATE SCHEMA extra; CREATE TABLE extra.more AS SELECT 1 AS a;
    CREATE INDEX noted ON notes (note); CREATE INDEX scores ON poses (score);
    CREATE VIEW good AS SELECT pose_id, source FROM labelled_poses JOIN notes USING (pose_id);
    CREATE MACRO doubled(a, times := 2) AS times * a;
    CREATE MACRO best(n) AS TABLE SELECT pose_id FROM poses ORDER BY score DESC LIMIT n;
    CREATE MACRO max(a) AS -1; CREATE MACRO count_star() AS 7; CREATE MACRO list_transform(a, b) AS 7;
    ALTER TABLE poses ADD COLUMN note VARCHAR; UPDATE poses SET note = 'mine' WHERE pose_id = 1;
    CREATE SEQUENCE mine START 7;
"""
COMPUTED_AGAIN = ("world_vector", "world_squares")
TABLES = ("about", "snapshots", "sources", "poses", "clusterings", "centroids", "labels", "inertias")


def make_old(path: Path, version: int = 4, more: str = "") -> dict[str, list[dict[str, object]]]:
    """Write a database of an earlier version, in the format of this DuckDB. Return the rows of its tables."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(VERSION_4)
        connection.execute(VERSIONS[version] + ";" + more)
        return read_tables(connection)


def read_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, object]]]:
    tables = {}
    for table in TABLES:
        cursor = connection.execute(f"FROM {table} ORDER BY ALL")
        columns = [column[0] for column in cursor.description]
        tables[table] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return tables


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.slow
def test_the_rows_of_an_earlier_version_are_converted(version: int, tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    old = make_old(path, version)
    with DatabaseFile(path).reading():
        pass
    with duckdb.connect(str(path), read_only=True) as connection:
        new = read_tables(connection)
        [(storage,)] = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
        kinds = connection.execute(
            "SELECT DISTINCT data_type FROM duckdb_columns() WHERE NOT internal AND column_name LIKE '%_id'"
        ).fetchall()
        macros = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
    for table in TABLES:
        assert len(new[table]) == len(old[table])
        for row, before in zip(new[table], old[table], strict=True):
            if row.get("key") != "schema_version":
                kept = {name: value for name, value in before.items() if name not in COMPUTED_AGAIN}
                assert {**row, **kept} == row  # every old value is there
    assert {"key": "schema_version", "value": str(schema.SCHEMA_VERSION)} in new["about"]
    assert storage["storage_version"].startswith(schema.STORAGE_VERSION)
    assert kinds == [("BIGINT",)]
    assert {name for (name,) in macros} == {name for kind, name, *_ in schema.definitions() if kind == "MACRO"}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["poses.duckdb"]


@pytest.mark.slow
def test_a_converted_database_works_and_continues_its_ids(tmp_path: Path, toy: Toy) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path)
    (tmp_path / "a.png").write_bytes(toy_photo())
    db = posesearch.open(path)
    assert db.similar(1).query.pose_id == 1
    assert db.similar(1).matches[0].similarity > 0.99
    assert db.sql("SELECT pose_id FROM similar_views(1, 1)").rows == ((1,),)
    db.ingest(tmp_path / "a.png")
    assert db.sql("SELECT max(pose_id), max(snapshot_id) FROM poses").rows == ((67, 67),)  # 66 of each were made
    db.cluster(2)
    assert db.sql("SELECT max(clustering_id) FROM clusterings").rows == ((2,),)


def test_world_vectors_are_computed_again_from_the_keypoints(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path, 7, "UPDATE poses SET world_x = NULL, world_y = NULL, world_z = NULL WHERE pose_id = 2")
    db = Database(path)
    for (pose_id,) in db.sql("SELECT pose_id FROM poses").rows:
        pose = db.show(pose_id).pose
        expected = make_pose(pose.person).world_vector
        assert (expected is None) == (pose.world_vector is None) == (pose_id == 2)
        if expected is not None:
            assert pose.world_vector == pytest.approx(expected, abs=1e-6)
    [(squares, vector)] = db.sql("SELECT world_squares, world_vector FROM poses WHERE pose_id = 1").rows
    assert squares == pytest.approx((np.array(vector).reshape(3, -1) ** 2).sum(axis=0), abs=1e-6)


def test_the_clearness_of_traits_is_that_of_an_ingest_and_damaged_joints_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path, 9, "UPDATE poses SET x = list_transform(x, lambda one: 'nan')::FLOAT[18] WHERE pose_id = 2")
    db = Database(path)
    for pose_id, numbers in db.sql("SELECT pose_id, clearness FROM poses").rows:
        if pose_id == 2:
            assert numbers["left_hand_raised"] == numbers["feet_apart"] == 0
            continue
        person = db.show(pose_id).pose.person
        world = np.full((18, 3), np.nan, np.float32) if person.world is None else person.world
        assert list(numbers.values()) == measure_clearness(person.keypoints.xy[None], world[None])[0].tolist()


@pytest.mark.slow
def test_a_database_of_version_7_is_converted(demo_db: Database, tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    shutil.copy(demo_db.path, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE about SET value = '7' WHERE key = 'schema_version'")
        connection.execute("DROP TABLE forgotten; DROP TABLE chosen_clusterings; DROP VIEW snapshot_attributes")
        connection.execute("DROP VIEW collection_clusterings; ALTER TABLE snapshots DROP COLUMN thumbnail")
        connection.execute("ALTER TABLE attributes DROP COLUMN list; ALTER TABLE clusterings DROP COLUMN name")
        connection.execute("DROP VIEW pose_traits; ALTER TABLE poses DROP COLUMN clearness")
        connection.execute("UPDATE poses SET world_vector = vector || vector[1:14], world_squares = mask")
        connection.execute(
            "INSERT INTO attributes BY NAME SELECT 1 AS snapshot_id, 'artist' AS name, 'unknown' AS value"
        )
    db = Database(path)
    snapshots = "SELECT * EXCLUDE thumbnail FROM snapshots ORDER BY ALL"
    for query in ("FROM poses ORDER BY pose_id", "FROM similar_views(3, 5)", snapshots):
        assert db.sql(query).rows == demo_db.sql(query).rows
    assert db.sql("FROM attributes").rows == ((1, "artist", "unknown", None),)
    assert db.sql("SELECT snapshot_id, artist FROM snapshot_attributes").rows == ((1, "unknown"),)


def test_objects_of_the_user_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path, more=OF_THE_USER)
    db = Database(path)
    assert db.sql("FROM notes").rows == ((1, "good"),)
    assert db.sql("FROM extra.more").rows == ((1,),)
    assert db.sql("SELECT pose_id, doubled(4), doubled(4, times := 3) FROM good").rows == ((1, 8, 12),)
    assert len(db.sql("FROM best(3)").rows) == 3
    assert db.sql("SELECT index_name FROM duckdb_indexes() ORDER BY ALL").rows == (("noted",), ("scores",))
    assert db.sql("SELECT sequence_name FROM duckdb_sequences() WHERE sequence_name = 'mine'").rows == (("mine",),)
    assert db.sql("SELECT max(pose_id) > 1 FROM poses").rows == ((True,),)  # DuckDB's max, not the one in the file
    assert db.sql("SELECT pose_id FROM poses WHERE note = 'mine'").rows == ((1,),)


def test_an_attribute_with_the_name_of_a_trait_gets_the_name_that_an_ingest_would_give_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "poses.duckdb"
    values = "(1, 'sitting', 'yes', 'a'), (1, 'list_sitting', 'b', 'a'), (2, 'Lunge', NULL, 'a')"
    more = "(2, 'lying_down', '1', 'a'), (2, 'traits', 'c', NULL)"
    make_old(path, 9, f"INSERT INTO attributes VALUES {values}, {more}")
    db = Database(path)
    assert db.sql("FROM attributes ORDER BY ALL").rows == (
        (1, "list_sitting", "b", "a"),
        (1, "list_sitting_2", "yes", "a"),
        (2, "list_Lunge", None, "a"),
        (2, "list_traits", "c", None),
        (2, "lying_down", "1", "a"),
    )
    view = db.sql("SELECT list_sitting_2, list_traits FROM snapshot_attributes ORDER BY snapshot_id")
    assert view.rows == (("yes", None), (None, "c"))
    assert "The attribute sitting is now list_sitting_2" in caplog.text
    assert [match.pose_id for match in db.similar(2, where="list_sitting_2 = 'yes'", close=0).matches] == [1]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
from posesearch.cli import main
sys.argv = ["posesearch", "stats", "--db", sys.argv[1]]
main()
"""
KILLED = """
import os, sys
from posesearch.store import rewriting
rewriting._copy_rows = lambda *_: os._exit(9)
import posesearch
posesearch.open(sys.argv[1]).stats()
"""


@pytest.mark.parametrize(("code", "status"), [(LIMITED, 1), (KILLED, 9)], ids=["no space", "killed"])
@pytest.mark.slow
def test_a_conversion_that_fails_changes_nothing(code: str, status: int, tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path)
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == status, done.stderr
    if status == 1:
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "it can't be converted here" in done.stderr
        assert "It was not changed. Free some space" in done.stderr
        assert sorted(file.name for file in tmp_path.iterdir()) == ["poses.duckdb"]
    assert path.read_bytes() == before
    assert Database(path).stats()["poses"] == 5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["poses.duckdb"]


def test_a_link_to_an_earlier_version_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    make_old(tmp_path / "there" / "poses.duckdb")
    link = tmp_path / "poses.duckdb"
    link.symlink_to(tmp_path / "there" / "poses.duckdb")
    assert Database(link).stats()["poses"] == 5
    assert link.is_symlink()


def test_the_modes_of_the_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path)
    path.chmod(0o600)
    Database(path).stats()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_very_early_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path, more="UPDATE about SET value = '3' WHERE key = 'schema_version'")
    before = path.read_bytes()
    with pytest.raises(OldSchema, match="ingest the photos into a new one"):
        Database(path).stats()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("CREATE TABLE mine (pose_id INTEGER REFERENCES poses (pose_id))", "mine"),
        ("CREATE TABLE mine (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2))", "the rows of the table mine"),
        ("CREATE VIEW angles AS SELECT 1 AS a", "an object with the name of your view angles"),
        ("CREATE TABLE attributes (a INTEGER)", "an object with the name of your table attributes"),
        ("ALTER TABLE snapshots ADD COLUMN thumbnail BLOB", "your column thumbnail of snapshots"),
        ("CREATE VIEW pose_traits AS SELECT 1 AS a", "the name of your view pose_traits"),
        ("CREATE TABLE forgotten (a INTEGER)", "an object with the name of your table forgotten"),
        ("CREATE MACRO similarity_percentile(a) AS a", "the name of your macro similarity_percentile"),
    ],
)
def test_an_object_of_the_user_that_can_not_be_converted_is_named(more: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path, more=more)
    before = path.read_bytes()
    with pytest.raises(DatabaseFailed, match="It was not changed. Rename or drop your own objects") as error:
        Database(path).stats()
    assert says in str(error.value)
    assert path.read_bytes() == before


def test_threads_that_open_an_older_database_wait_for_its_conversion(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    make_old(path)
    together = threading.Barrier(6)

    def count(number: int) -> int:
        together.wait(60)
        db = Database(path)
        return int(db.stats()["poses"] if number % 2 else db.sql("SELECT count(*) FROM poses").rows[0][0])

    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(count, range(6)))
    assert len(set(counts)) == 1
    assert counts[0] > 0
