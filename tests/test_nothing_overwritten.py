"""Nothing of the user's is overwritten, and pictures that posesearch drew are no photos."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from posesearch import sources
from posesearch.database import Database
from posesearch.demo.photos import STANCES, write_photos
from posesearch.errors import OutputFailed, SourceError
from posesearch.render.files import write_file
from posesearch.render.plots import plot_inertia
from posesearch.render.skeletons import encode_png
from tests.conftest import toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture

DRAWN = encode_png(np.full((300, 300, 3), 1, np.uint8))  # in which the toy finds a person


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pictures_say_who_drew_them(tmp_path: Path) -> None:
    for data in (DRAWN, plot_inertia(((1, 2.0), (2, 1.0)), 2)):
        path = tmp_path / "drawn.PNG"
        path.write_bytes(data)
        with Image.open(path) as image:
            assert image.text["Software"] == "posesearch"  # type: ignore[attr-defined]
            image.load()
        assert sources.is_own_picture(str(path))
    pixels = cv2.imdecode(np.frombuffer(DRAWN, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert (pixels == 1).all()
    path.write_bytes(toy_photo())
    assert not sources.is_own_picture(str(path))
    assert not sources.is_own_picture(str(tmp_path / "none.png"))


def test_a_folder_is_ingested_without_the_pictures_that_posesearch_drew(tmp_path: Path, db: Database) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(toy_photo())
    (folder / "sheet.png").write_bytes(DRAWN)
    for _ in range(2):
        report = db.ingest(folder)
        assert (report.seen, report.passed_over) == (1, {".png": 1})
    assert db.photos(folder) == [str(folder / "a.png")]
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn" / "sheet.png").write_bytes(DRAWN)
    with pytest.raises(SourceError, match="no photos here, but pictures that posesearch drew"):
        db.ingest(tmp_path / "drawn")
    for named in ([folder / "sheet.png"], [folder, folder / "sheet.png"], [tmp_path / "photos" / "s*.png"]):
        assert db.ingest(named, collection=str(len(named)) + str(named[-1])).ingested == len(named)
    db.ingest([folder, folder / "sheet.png"])
    assert db.ingest(folder).unchanged == 2  # it was named once
    (folder / "a.png").write_bytes(toy_photo(wrist=20))
    (folder / "sheet.png").write_bytes(DRAWN + b"\0")  # drawn anew
    report = db.ingest(folder)
    assert (report.changed, report.missing, report.passed_over) == (2, 0, {})
    report = db.ingest(folder, min_joints=9, prune=True)  # another rule, so it is read again
    assert (report.pruned, report.missing) == (0, 0)


@pytest.mark.parametrize("command", ["similar 1", "show 1", "estimate photo.jpg"])
def test_a_photo_is_not_replaced_by_a_picture(
    command: str, demo_folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(demo_folder / "query.jpg", "photo.jpg")
    Path("a.png").write_bytes(toy_photo())
    Path("file").write_bytes(b"x")
    before = contents(tmp_path)
    db = [] if command.startswith("estimate") else ["--db", demo_folder / "poses.duckdb"]
    for target, says in (
        ("a.png", "a PNG picture that this posesearch did not write is already there, and was not changed"),
        ("new.jpg", "a PNG picture needs a name that ends in .png"),
        ("file/a.png", "the file can't be written"),
    ):
        code, _, err = run(*command.split(), "--png", target, *db)
        assert (code, err.count("\n")) == (1, 1), err
        assert says in err
    assert contents(tmp_path) == before
    assert run(*command.split(), "--png", "new.png", *db)[0] == 0
    assert run(*command.split(), "--png", "new.png", *db)[0] == 0


def test_plots_are_checked_before_the_clustering(filled: Database, tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "scatter.png").write_bytes(toy_photo())
    count = "SELECT count(*) FROM clusterings"
    before = filled.sql(count).rows
    for folder in ("file", "file/deep", "plots"):
        code, out, err = run("cluster", "-k", 2, "--plots", tmp_path / folder, "--db", filled.path)
        assert (code, out, err.count("\n")) == (1, "", 1)
    assert filled.sql(count).rows == before
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["scatter.png"]


@pytest.mark.parametrize("name", ["query.jpg", "poses.duckdb", "photos/men/holiday.jpg"])
def test_a_demo_does_not_touch_files_that_no_demo_wrote(name: str, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "mine"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"\xff\xd8\xff mine")
    before = contents(tmp_path)
    code, _, err = run("demo", folder)
    assert code == 1
    assert "the folder has files that no demo wrote, and a demo needs a folder of its own" in err
    assert contents(tmp_path) == before
    with pytest.raises(OutputFailed):
        write_photos(folder)


@pytest.mark.slow
def test_a_demo_runs_again_where_an_earlier_version_drew_one(demo_folder: Path, tmp_path: Path, run: Run) -> None:
    shutil.copytree(demo_folder, tmp_path / "demo")
    before = cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()  # without the mark
    for name in ("similar.png", "plots/inertia.png"):
        (tmp_path / "demo" / name).write_bytes(before)
    code, _, err = run("demo", tmp_path / "demo")
    assert code == 0, err
    assert (tmp_path / "demo" / "similar.png").read_bytes() != before
    assert {path.name for path in (tmp_path / "demo").iterdir()} >= {"photos", "query.jpg", "similar.png", "plots"}
    (tmp_path / "begun" / "photos" / "men").mkdir(parents=True)  # an interrupted demo
    shutil.copy(demo_folder / "photos" / "men" / f"{next(iter(STANCES))}-1.jpg", tmp_path / "begun" / "photos" / "men")
    assert write_photos(tmp_path / "begun") == tmp_path / "begun" / "photos"


def test_a_picture_replaces_one_that_posesearch_drew(tmp_path: Path) -> None:
    write_file(tmp_path / "a.png", DRAWN)
    other = encode_png(np.zeros((9, 9, 3), np.uint8))
    assert write_file(tmp_path / "a.png", other).read_bytes() == other
