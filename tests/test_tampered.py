"""Databases that a stranger made or that were damaged: every command ends with its answer or with one line."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from posesearch.database import Database
from posesearch.errors import BadFilter, BadSQL, DamagedDatabase, DatabaseFailed, PosesearchError
from posesearch.store.damage import make_failure
from tests.conftest import Toy
from tests.tampering import damage, tamper, tamperings

SAMPLE = (
    "schema_version '-5'", "schema_version 'x'", "model_files '{{'", "model_files '[]'", "no table labels",
    "text in poses", "no column poses.clearness", "rows of poses twice", "no rows in snapshots",
    "poses.vector = repeat(['nan'::FLOAT], 28)::FLOAT[28]", "poses.x = repeat(['inf'::FLOAT], 18)::FLOAT[18]",
    "poses.mask = NULL", "poses.box_width = 'nan'", "poses.person = NULL", "snapshots.width = 0",
    "snapshots.sha256 = NULL", "snapshots.settings = ''", "sources.source = NULL", "centroids.vector = NULL",
    "clusterings.normalization = ''", "clusterings.created_at = NULL", "rows of clusterings twice",
    "a view instead of poses", "another view labelled_poses", "dangling ids", "huge ids", "a default that fails",
)  # fmt: skip
CODE = """
import json, sys
from pathlib import Path
from tests.tampering import COMMANDS as every, run_commands
chosen = [one for one in every if one[0] in ("stats", "show", "pairs", "cluster", "clusterings") or "--close" in one]
chosen += [("ingest", "{photos}", "--dry-run"), ("reestimate",)]
print(json.dumps(run_commands(Path(sys.argv[1]), Path(sys.argv[2]), chosen, limit=120)))
"""


@pytest.fixture
def copy(demo_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "poses.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    return path


def problems(path: Path, photos: Path) -> list[str]:
    """Run the commands in processes of their own, because the one of the tests has loaded networks."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path), str(photos)],
        cwd=Path(__file__).parents[1], capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="the commands run in forked processes")
@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.slow
def test_a_tampered_database_ends_every_command_with_an_answer_or_one_line(
    name: str, copy: Path, demo_folder: Path
) -> None:
    tamper(copy, tamperings()[name])
    assert problems(copy, demo_folder / "photos") == []


@pytest.mark.slow
def test_an_untouched_database_has_no_problem(copy: Path, demo_folder: Path) -> None:
    assert problems(copy, demo_folder / "photos") == []


@pytest.mark.parametrize("number", range(20))
@pytest.mark.slow
def test_a_damaged_file_gives_an_answer_or_a_sentence(number: int, copy: Path) -> None:
    *_, (_, data) = damage(copy.read_bytes(), number + 1, seed=number)
    copy.write_bytes(data)
    db = Database(copy)
    for ask in (db.stats, lambda: db.similar(1), db.pairs, lambda: db.sql("FROM similar_poses(1)")):
        message = ""
        try:
            ask()
        except PosesearchError as error:
            message = str(error)
        assert "\n" not in message
        if message and "not a posesearch database" not in message:  # the damage may hide that it is one
            assert "this database is damaged" in message
            assert "restore a backup" in message


LEAVE_A_LOG = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("PRAGMA wal_autocheckpoint = '1TB'")
connection.execute("UPDATE snapshots SET camera = 'a camera'")
connection.execute("UPDATE sources SET etag = 'a validator'")
os._exit(0)  # as a program that is killed: DuckDB does not move its log into the file
"""


def test_a_damaged_log_is_named_and_can_be_moved_away(copy: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVE_A_LOG, str(copy)], check=True)
    log = copy.with_name("poses.duckdb.wal")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0xFF
    log.write_bytes(data)
    with pytest.raises(DamagedDatabase, match=r"poses\.duckdb\.wal, the log .* move poses\.duckdb\.wal away"):
        Database(copy).stats()
    log.rename(copy.with_name("damaged.wal"))
    assert Database(copy).stats()["poses"] > 0


@pytest.mark.parametrize("size", [0, 5, 300])
def test_the_end_of_a_log_may_be_missing(size: int, copy: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVE_A_LOG, str(copy)], check=True)
    log = copy.with_name("poses.duckdb.wal")
    log.write_bytes(log.read_bytes()[:size])
    assert Database(copy).stats()["poses"] > 0


def test_statements_that_quote_such_messages_are_not_called_damage(copy: Path) -> None:
    db = Database(copy)
    for sql in ("SELECT * FROM poses WHERE cokumn = 'No more data remaining'", "SELECT error('Corrupt WAL')"):
        with pytest.raises(BadSQL):
            db.sql(sql)
    with pytest.raises(BadFilter):
        db.similar(1, where="source = 'Failed to deserialize' AND nope = 1")


@pytest.mark.parametrize("text", ["No space left on device", "There is not enough space on the disk."])
def test_a_full_disk_says_what_to_do(text: str) -> None:
    failure = make_failure(Path("poses.duckdb"), duckdb.IOException(f"Could not write file: {text}"), "writing failed")
    assert isinstance(failure, DatabaseFailed)
    assert text in str(failure)
    assert str(failure).endswith("; free some space on the disk")


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (("UPDATE poses SET vector = [x * 'nan'::FLOAT for x in vector]::FLOAT[28] WHERE pose_id = 3",),
         "in the table poses, the row with pose_id 3 has a vector that does not have norm 1"),
        (("ALTER TABLE labels DROP COLUMN distance",), "the table labels has no column distance, FLOAT"),
        (("ALTER TABLE labels ALTER distance TYPE VARCHAR",),
         "the column distance of the table labels has the type VARCHAR, not FLOAT"),
        (("DROP TABLE inertias",), "the table inertias is missing"),
        (("UPDATE about SET value = '-5' WHERE key = 'schema_version'",), "'-5', which is no version"),
        (("UPDATE about SET value = 'no' WHERE key = 'model_files'",), "the row with key 'model_files' has a value"),
        (("UPDATE snapshots SET width = -3 WHERE snapshot_id = 3",), "snapshot_id 3 has a width of -3 pixels"),
    ],
)  # fmt: skip
def test_a_sentence_names_the_table_and_the_row(statements: tuple[str, ...], says: str, copy: Path) -> None:
    tamper(copy, statements)
    with pytest.raises(DamagedDatabase) as error:
        Database(copy).similar(3)
    assert says in str(error.value)
    assert "restore a backup" in str(error.value)


def test_what_a_photo_tells_may_be_missing(copy: Path) -> None:
    unknown = "UPDATE snapshots SET width = NULL, height = NULL, dhash = NULL"
    tamper(copy, (unknown, "UPDATE poses SET prominence = NULL"))
    db = Database(copy)
    assert db.show(1).width is None
    assert len(db.similar(1, mirror=True, close=0).matches) > 0
    assert db.pairs().pairs
    assert db.sql("SELECT count(*) FROM labelled_poses WHERE prominence IS NULL").rows[0][0] > 0


def test_a_file_that_has_changed_is_checked_again(copy: Path, toy: Toy) -> None:
    db = Database(copy)
    db.stats()
    tamper(copy, ("DROP TABLE inertias",))
    with pytest.raises(DamagedDatabase, match="the table inertias is missing"):
        db.stats()
