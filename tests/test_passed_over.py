"""What a folder holds and an ingest passes over is counted by its extensions."""

import json
from pathlib import Path

import pytest

from posesearch.cli.show_ingest import ENDINGS_SHOWN
from posesearch.database import Database
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.fixture
def folder(toy: Toy, tmp_path: Path) -> Path:
    """A folder with a photo, raw photos, videos, keypoints, texts, and hidden and ignored files."""
    top = tmp_path / "mixed"
    files = [f"{number}.DNG" for number in range(3)] + [
        "a.mp4",
        "sub/b.mp4",
        "sub/c.jxl",
        "d.json",
        "f.arw",
        "no ending",
    ]
    left_out = [
        ".hidden.dng", ".git/x.dng", "@eaDir/x.dng", "Mine.lrdata/x.dng", "drafts/x.dng", "notes.txt", "a.xmp",
        "Thumbs.db", "poses.duckdb", "poses.duckdb.lock", "poses.duckdb.wal", "desktop.ini", "ignored.mp4",
    ]  # fmt: skip
    for name in (*files, *left_out):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"x")
    (top / ".posesearchignore").write_text("drafts/\nignored.*\n", encoding="utf-8")
    (top / "photo.png").write_bytes(toy_photo())
    return top


COUNTS = {".dng": 3, ".mp4": 2, ".jxl": 1, ".json": 1, ".arw": 1, "other": 1}


def test_an_ingest_counts_what_it_passes_over(folder: Path, db: Database) -> None:
    (folder.parent / "link").symlink_to(folder)
    report = db.ingest([folder, folder / "sub", folder, folder.parent / "link"], dry_run=True)  # no folder counts twice
    assert report.passed_over == COUNTS
    assert list(report.passed_over)[:2] == [".dng", ".mp4"]
    assert report.as_json()["passed_over"] == COUNTS
    assert "9 passed over" in repr(report)
    assert "9 passed over" in str(report._repr_html_())
    assert hash(report)
    assert db.ingest([folder / "photo.png"]).passed_over == {}


def test_the_summary_names_the_most_frequent(folder: Path, tmp_path: Path, run: Run) -> None:
    code, out, err = run("ingest", folder, "--db", tmp_path / "poses.duckdb")
    assert code == 0
    [line] = [line for line in out.splitlines() if line.startswith("passed over")]
    first, last = line.split("  ", 1)[1].strip().split(" and ")
    assert first.startswith("3 .dng, 2 .mp4, 1 .")
    assert (first.count(","), last) == (ENDINGS_SHOWN - 1, "2 others")
    assert "take frames first: mkdir -p frames && ffmpeg" in err
    assert "export them as JPEG" in err
    summary = json.loads(run("ingest", folder, "--json", "--db", tmp_path / "poses.duckdb")[1].splitlines()[-1])
    assert summary["passed_over"] == COUNTS
    for name in ("0.DNG", "1.DNG", "2.DNG", "a.mp4", "sub/b.mp4", "sub/c.jxl", "f.arw"):
        (folder / name).unlink()
    _, out, err = run("ingest", folder, "--db", tmp_path / "poses.duckdb")
    assert "\npassed over  1 .json and 1 other\n" in out
    assert err == ""


def test_a_search_for_a_mixed_folder_says_which_files_are_no_queries(
    folder: Path, toy_database: Path, run: Run
) -> None:
    code, out, err = run("similar", folder, "--db", toy_database)
    assert (code, out.count("\n")) == (0, 1)
    assert "1 .json file is passed over, because the folder has photos" in err
    (folder / "photo.png").unlink()
    assert "passed over" not in run("similar", folder, "--db", toy_database)[2]
