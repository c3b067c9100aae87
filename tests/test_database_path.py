"""Databases behind symbolic links, and in folders whose names have characters of globs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import posesearch
from posesearch.errors import DatabaseFailed, IngestRunning
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, run
from tests.test_migrations import make_old

__all__ = ["run"]  # a fixture


@pytest.fixture
def photos(toy: Toy, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(toy_photo(wrist=20 * number))
    return folder


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A link to a link to a database in another folder, which does not exist yet."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "first.duckdb").symlink_to("disk/poses.duckdb")
    path = tmp_path / "second.duckdb"
    path.symlink_to("first.duckdb")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_kept(link: Path) -> None:
    """Check that the database is behind the link, with no other file left."""
    assert link.is_symlink()
    assert link.readlink() == Path("first.duckdb")
    assert names(link.parent / "disk") == ["poses.duckdb"]
    assert [name for name in names(link.parent) if "duckdb" in name] == ["first.duckdb", "second.duckdb"]


def test_each_command_writes_behind_a_link(photos: Path, link: Path, run: Run) -> None:
    db = ("--db", link)
    assert "no database here yet" in run("stats", *db)[2]
    for command in (("ingest", photos), ("cluster", "-k", "1"), ("reestimate",), ("similar", "1"), ("stats",)):
        assert run(*command, *db)[0] == 0, command
        check_kept(link)
    assert json.loads(run("stats", "--json", "--db", link.parent / "disk" / "poses.duckdb")[1])["poses"] == 3
    (photos / "3.png").write_bytes(toy_photo(wrist=70))
    with posesearch.open(link) as database:
        assert database.ingest(photos).ingested == 1
        assert database.path == str(link)
    check_kept(link)


def test_a_conversion_writes_behind_a_link(link: Path, run: Run) -> None:
    make_old(link.parent / "disk" / "poses.duckdb")
    assert run("cluster", "-k", "1", "--db", link)[0] == 0
    check_kept(link)
    make_old(link.parent / "disk" / "old.duckdb")
    link.unlink()
    link.symlink_to("disk/old.duckdb")
    with posesearch.open(link) as database:
        assert database.stats()["poses"] == 5
    assert link.is_symlink()
    assert names(link.parent / "disk") == ["old.duckdb", "poses.duckdb"]


def test_the_lock_and_the_log_are_those_of_the_target(photos: Path, link: Path) -> None:
    """Two ingests of one database exclude each other, whichever name they use."""
    target = link.parent / "disk" / "poses.duckdb"
    seen: list[list[str]] = []

    class Look(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            seen.append(names(link.parent / "disk"))
            with pytest.raises(IngestRunning):
                posesearch.open(target).ingest(photos)

    posesearch.open(link).ingest(photos, progress=Look())
    assert "poses.duckdb.lock" in seen[0]
    check_kept(link)


def test_a_log_that_was_left_beside_the_target_is_read(photos: Path, link: Path) -> None:
    posesearch.open(link).ingest(photos)
    target = link.parent / "disk" / "poses.duckdb"
    script = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("SET wal_autocheckpoint = '1TB'")
connection.execute("DELETE FROM poses WHERE pose_id = 1")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script, str(target)], check=True)
    assert names(target.parent) == ["poses.duckdb", "poses.duckdb.wal"]
    assert posesearch.open(link).stats()["poses"] == 2


def test_links_to_nowhere(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "loop.duckdb").symlink_to("loop.duckdb")
    (tmp_path / "away.duckdb").symlink_to("no/folder/poses.duckdb")
    for name, says in (("loop", "a link that leads to itself"), ("away", "the folder does not exist")):
        path = tmp_path / f"{name}.duckdb"
        with pytest.raises(DatabaseFailed, match=says):
            posesearch.open(path).ingest(photos)
        assert path.is_symlink()


@pytest.mark.parametrize("name", ["who?", "[x]", "a*", "{ab}", "**", "100%", "a;b", "?x=1&y", "#1", "it's"])
@pytest.mark.slow
def test_folders_with_characters_of_globs(
    name: str, toy: Toy, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, a database in it, its photos, queries and outputs. Folders that match the name are left alone."""
    for number, other in enumerate((name, "whom", "x", "ab", "b", "a")):
        (tmp_path / other).mkdir(exist_ok=True)
        (tmp_path / other / "1.png").write_bytes(toy_photo(wrist=20 * number))
    folder, place = tmp_path / name, "x" if "?" in name else name  # DuckDB opens no file with a question mark
    db = f"{place}/poses.duckdb"
    monkeypatch.chdir(tmp_path)
    for source in (name, f"{name}/1.png"):
        assert run("ingest", source, "--db", db)[0] == 0
    assert run("similar", f"{name}/1.png", "--png", f"{name}/sheet.png", "--db", db)[0] == 0
    assert run("similar", name, "--db", db)[1].startswith('{"query": {"source": "')
    assert run("cluster", "-k", "1", "--plots", f"{name}/plots", "--db", db)[0] == 0
    assert run("sql", "SELECT source FROM snapshots", "--parquet", f"{name}/a.parquet", "--db", db)[0] == 0
    assert (folder / "a.parquet").read_bytes()[:4] == b"PAR1"
    code, out, _ = run("sql", "SELECT source FROM snapshots", "--csv", "--db", db)
    assert (code, out.splitlines()[1:]) == (0, [f"{folder}/1.png"])
    (folder / "list.txt").write_text("?.png\n", encoding="utf-8")
    assert "photos     1\n" in run("ingest", folder / "list.txt", "--db", db)[1]
    make_old(tmp_path / place / "old.duckdb")
    assert run("stats", "--db", f"{place}/old.duckdb")[0] == 0
    monkeypatch.chdir(folder)
    assert "photos     1\n" in run("ingest", "1*.png", "--db", tmp_path / db)[1]
    kept = {"old.duckdb", "poses.duckdb"}
    assert {*names(folder), *kept} == {"1.png", "a.parquet", "list.txt", "plots", "sheet.png", *kept}
    assert all(set(names(tmp_path / other)) <= {"1.png", *kept} for other in ("whom", "x", "ab", "b"))


@pytest.mark.parametrize("name", ["who?/poses.duckdb", "poses?.duckdb", "link.duckdb"])
def test_a_question_mark_in_the_path_of_a_database(name: str, photos: Path, tmp_path: Path, run: Run) -> None:
    """DuckDB would write its log to another place, and not read the log that is there."""
    (tmp_path / "who?").mkdir()
    (tmp_path / "link.duckdb").symlink_to("who?/linked.duckdb")
    for command in (("ingest", photos), ("ingest", photos, "--dry-run"), ("stats",), ("cluster",), ("similar", "1")):
        code, out, err = run(*command, "--db", tmp_path / name)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "DuckDB opens no database whose path has a question mark" in err
    assert names(tmp_path / "who?") == []
