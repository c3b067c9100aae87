"""Photos that are gone are said to be missing in results, before the next ingest notices."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

import posesearch
from tests.conftest import Server, Toy, answer, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.fixture
def db(toy: Toy, tmp_path: Path, run: Run) -> Path:
    (tmp_path / "disk").mkdir()
    for number in range(4):
        (tmp_path / "disk" / f"{number}.png").write_bytes(toy_photo(wrist=20 * number))
    assert run("ingest", tmp_path / "disk", "--db", tmp_path / "poses.duckdb")[0] == 0
    return tmp_path / "poses.duckdb"


def test_results_say_which_photos_are_missing(db: Path, run: Run) -> None:
    (db.parent / "disk" / "2.png").unlink()
    every = ("--close", "0", "--all", "--db", db)
    lines = run("similar", "1", *every)[1].splitlines()
    assert {line.split()[-1][-5:]: "missing" in line for line in lines if line.endswith(".png")} == {
        "0.png": False, "1.png": False, "2.png": True, "3.png": False,
    }  # fmt: skip
    gone = {"0.png": True, "1.png": True, "2.png": False, "3.png": True}
    matches = json.loads(run("similar", "1", "--json", *every)[1])["matches"]
    assert {Path(match["source"]).name: match["exists"] for match in matches} == gone
    outliers = json.loads(run("outliers", "--json", "--db", db)[1])["outliers"]
    assert {Path(one["source"]).name: one["exists"] for one in outliers} == gone
    pairs = json.loads(run("pairs", "--all", "--json", "--db", db)[1])["pairs"]
    assert {Path(one["source"]).name: one["exists"] for pair in pairs for one in pair["poses"]} == gone
    shown = [json.loads(run("show", number, "--json", "--db", db)[1]) for number in (1, 2, 3, 4)]
    assert {Path(one["source"]).name: one["exists"] for one in shown} == gone
    with posesearch.open(db) as database:
        found = database.pairs(duplicates=True).pairs
        assert {pair.remarks() for pair in found if 3 in (pair.first.pose_id, pair.second.pose_id)} == {"missing"}
        assert {pair.remarks() for pair in found if 3 not in (pair.first.pose_id, pair.second.pose_id)} == {""}
        assert {one.stored.pose_id: one.remarks() for one in database.outliers().outliers}[3] == "missing"


def test_a_disk_that_is_not_connected_may_come_back(db: Path, run: Run) -> None:
    disk = db.parent / "disk"
    for place, exists in ((db.parent / "away", False), (disk, True)):
        shutil.move(disk if exists is False else db.parent / "away", place)
        assert json.loads(run("show", "1", "--json", "--db", db)[1])["exists"] is exists
    shutil.move(disk, db.parent / "away")
    disk.symlink_to("nowhere")  # a broken link
    assert json.loads(run("show", "1", "--json", "--db", db)[1])["exists"] is False


def test_a_name_of_another_user_is_not_looked_at(db: Path, run: Run) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE sources SET signature = NULL")
    (db.parent / "disk" / "2.png").unlink()
    matches = json.loads(run("similar", "1", "--json", "--close", "0", "--all", "--db", db)[1])["matches"]
    assert [match["exists"] for match in matches] == [None] * 4


def test_a_url_is_not_asked(toy: Toy, server: Server, tmp_path: Path, run: Run) -> None:
    url, routes = server
    routes["/a.png"] = answer(toy_photo())
    db = tmp_path / "urls.duckdb"
    assert run("ingest", f"{url}/a.png", "--allow-private", "--db", db)[0] == 0
    del routes["/a.png"]
    assert json.loads(run("show", "1", "--json", "--db", db)[1])["exists"] is None
