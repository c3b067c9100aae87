"""A search while the first ingest runs, and a query that is a number and a file."""

import threading
import time
from pathlib import Path

import pytest

from posesearch.database import Database
from tests.conftest import Toy, posesearch_process, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


def test_a_search_says_that_the_first_ingest_runs(db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    before = posesearch_process("similar", "1", "--db", db.path)
    assert "there is no database here yet" in before.stderr
    assert "ingest FOLDER" in before.stderr
    toy.wait.clear()
    ingest = threading.Thread(target=db.ingest, args=[tmp_path / "a.png"])
    ingest.start()
    try:
        while not toy.calls and ingest.is_alive():
            time.sleep(0.01)
        during = posesearch_process("similar", "1", "--db", db.path)
    finally:
        toy.wait.set()
        ingest.join()
    assert during.returncode == 1
    assert during.stderr == (
        f"posesearch: {db.path}: the first ingest runs, and has not stored any photo yet; try again in some seconds\n"
    )


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_number_is_the_id_of_a_pose_also_if_it_is_a_name(
    db: Database, toy: Toy, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for name, wrist in (("a", 0), ("c", 20)):
        (tmp_path / f"{name}.png").write_bytes(toy_photo(wrist=wrist))
    db.ingest([tmp_path / "a.png", tmp_path / "c.png"])
    monkeypatch.chdir(tmp_path)
    assert run("similar", "1", "--db", db.path)[2] == ""
    if kind == "file":
        (tmp_path / "1").write_bytes(toy_photo(wrist=30))
    else:
        (tmp_path / "1").mkdir()
        (tmp_path / "1" / "b.png").write_bytes(toy_photo(wrist=30))
    code, out, err = run("similar", "1", "--db", db.path)
    assert code == 0
    assert f"{tmp_path / 'a.png'} (200 x 200)" in out
    assert err == "This searches for the stored pose 1. ./1 is the photo or folder of that name.\n"
    assert ("b.png" if kind == "folder" else "query    ./1 ") in run("similar", "./1", "--db", db.path)[1]
