"""Photos that are gone or replaced are said to be missing or changed, before the next ingest notices."""

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

import posesearch
from posesearch.photos.pool import DecoderPool
from posesearch.render.photos import PhotoOpener
from posesearch.render.pictures import make_sheet
from posesearch.sources import SourceReader
from posesearch.trust import Trust
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
    lines = run("similar", "1", "--all", "--db", db)[1].splitlines()
    assert {line.split()[-1][-5:]: "missing" in line for line in lines if line.endswith(".png")} == {
        "1.png": False, "2.png": True, "3.png": False,
    }  # fmt: skip
    gone = {"0.png": True, "1.png": True, "2.png": False, "3.png": True}
    answer = json.loads(run("similar", "1", "--all", "--json", "--db", db)[1])
    listed = [answer["query"], *answer["matches"]]
    assert {Path(one["source"]).name: one["exists"] for one in listed} == gone
    outliers = json.loads(run("outliers", "--json", "--db", db)[1])["outliers"]
    assert {Path(one["source"]).name: one["exists"] for one in outliers} == gone
    pairs = json.loads(run("pairs", "--all", "--json", "--db", db)[1])["pairs"]
    assert {Path(one["source"]).name: one["exists"] for pair in pairs for one in pair["poses"]} == gone
    shown = [json.loads(run("show", number, "--json", "--db", db)[1]) for number in (1, 2, 3, 4)]
    assert {Path(one["source"]).name: one["exists"] for one in shown} == gone
    with posesearch.open(db) as database:
        found = database.pairs(duplicates=True).pairs
        places = {pair.pose_ids: pair.remarks() for pair in found}
        assert places == {ids: f"{('first', 'second')[ids.index(3)]} missing" if 3 in ids else "" for ids in places}
        (db.parent / "disk" / "1.png").unlink()
        assert {pair.pose_ids: pair.remarks() for pair in database.pairs(duplicates=True)}[2, 3] == "both missing"
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
    matches = json.loads(run("similar", "1", "--json", "--all", "--db", db)[1])["matches"]
    assert [match["exists"] for match in matches] == [None] * 3


def test_a_url_is_not_asked(toy: Toy, server: Server, tmp_path: Path, run: Run) -> None:
    url, routes = server
    routes["/a.png"] = answer(toy_photo())
    db = tmp_path / "urls.duckdb"
    assert run("ingest", f"{url}/a.png", "--allow-private", "--db", db)[0] == 0
    del routes["/a.png"]
    assert json.loads(run("show", "1", "--json", "--db", db)[1])["exists"] is None


PHOTO, ALONE = (200, 200), (260, 390)
"""The sizes of the picture of a pose on the toy's photo and without it."""


def test_the_skeleton_of_a_replaced_photo_is_not_drawn_on_the_new_one(db: Path, run: Run) -> None:
    disk = db.parent / "disk"
    (disk / "2.png").write_bytes(toy_photo(people=0, shade=90) + b" ")  # another size
    old = (disk / "1.png").stat()
    same_size = bytearray((disk / "1.png").read_bytes())
    same_size[-1] ^= 1
    (disk / "1.png").write_bytes(same_size)
    os.utime(disk / "1.png", ns=(old.st_atime_ns, old.st_mtime_ns + 5))
    os.utime(disk / "0.png")  # touched, with the same bytes
    with posesearch.open(db) as database:
        stored = {number: database.show(number) for number in (1, 2, 3, 4)}
        assert {number: one.changed for number, one in stored.items()} == {1: False, 2: True, 3: True, 4: False}
        sizes = {number: one.image().size for number, one in stored.items()}
        assert sizes == {1: PHOTO, 2: ALONE, 3: ALONE, 4: PHOTO}
        report = database.similar(3, duplicates=True)
        assert {match.pose_id: "changed" in match.remarks() for match in report} == {1: False, 2: True, 4: False}
        assert {match.pose_id: match.image().size for match in report} == {ids: sizes[ids] for ids in (1, 2, 4)}
        assert (report.query.exists, report.query.changed) == (True, True)
        assert "2 changed" not in {pair.remarks() for pair in database.pairs(duplicates=True)}
        assert {pair.pose_ids: pair.remarks() for pair in database.pairs(duplicates=True)}[2, 3] == "both changed"
    every = ("--close", "0", "--all", "--db", db)
    out = run("similar", "3", *every)[1]
    assert "changed)" in out.splitlines()[0]
    assert {line.split()[-1][-5:]: "changed" in line for line in out.splitlines() if line.endswith(".png")} == {
        "0.png": False, "1.png": True, "3.png": False,
    }  # fmt: skip
    assert json.loads(run("similar", "3", "--json", *every)[1])["query"]["changed"] is True
    assert "2.png (changed)" in run("show", "3", "--db", db)[1]
    assert json.loads(run("show", "3", "--json", "--db", db)[1])["changed"] is True


def test_a_photo_that_changes_after_it_was_looked_at_is_not_drawn(db: Path, run: Run) -> None:
    photo = db.parent / "disk" / "2.png"
    with posesearch.open(db) as database:
        stored, report = database.show(3), database.similar(3, close=0, duplicates=True)
    photo.write_bytes(toy_photo(people=0, shade=90))
    assert stored.changed is False
    assert stored.image().size == ALONE
    with DecoderPool(1) as decoders:
        tiles = make_sheet(report, PhotoOpener(SourceReader(), decoders, Trust())).tiles
    assert {(Path(tile.paths[0]).name, "changed" in " ".join(tile.lines)) for tile in tiles} == {
        ("0.png", False), ("1.png", False), ("2.png", True), ("3.png", False),
    }  # fmt: skip


def test_a_url_with_another_photo_is_drawn_without_it(toy: Toy, server: Server, tmp_path: Path, run: Run) -> None:
    url, routes = server
    routes["/a.png"] = answer(toy_photo())
    db = tmp_path / "urls.duckdb"
    assert run("ingest", f"{url}/a.png", "--allow-private", "--db", db)[0] == 0
    with posesearch.open(db) as database:
        stored = database.show(1)
    assert stored.changed is None
    assert stored.image(allow_private=True).size == PHOTO
    routes["/a.png"] = answer(toy_photo(shade=9))
    assert stored.image(allow_private=True).size == ALONE
