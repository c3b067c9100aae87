"""A connection that the user has in the same Python is named at once, and keeps its lock."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import DatabaseOpenHere
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.store import open_here
from tests.conftest import Toy, toy_photo

NAMED = r"poses\.duckdb: this Python has it open by duckdb\.connect\(\); close that connection$"
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has open")


@pytest.fixture
def stored(toy_database: Path, toy: Toy, tmp_path: Path) -> Database:
    """A database of the toy's poses beside a link to it, a folder, and a photo. A method would wait without end."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "poses.duckdb")
    (tmp_path / "query.png").write_bytes(toy_photo(wrist=33))
    db = posesearch.open(shutil.copy(toy_database, tmp_path / "poses.duckdb"))
    db._file.patience = 1e9
    return db


def attach(path: str, options: str = "") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{path}' AS other {options}")
    return connection


def relative(path: str) -> str:
    return os.path.relpath(path)


FORMS: dict[str, Callable[[str], duckdb.DuckDBPyConnection]] = {
    "read-write": duckdb.connect,
    "read-only": lambda path: duckdb.connect(path, read_only=True),
    "attached": attach,
    "attached read-only": lambda path: attach(path, "(READ_ONLY)"),
    "relative path": lambda path: duckdb.connect(relative(path)),
    "other spelling": lambda path: duckdb.connect(str(Path(path).parent / "folder" / ".." / "poses.duckdb")),
    "link": lambda path: duckdb.connect(str(Path(path).parent / "link.duckdb"), read_only=True),
}


def can_write(path: str) -> bool:
    """Return whether another process can open the file for writing."""
    code = "import duckdb, sys; duckdb.connect(sys.argv[1])"
    return subprocess.run([sys.executable, "-c", code, path], check=False, capture_output=True).returncode == 0


def make_calls(db: Database, folder: Path) -> dict[str, Callable[[], object]]:
    return {
        "similar photo": lambda: db.similar(folder / "query.png"),
        "similar id": lambda: db.similar(1),
        "sql": lambda: db.sql("FROM poses"),
        "stats": db.stats,
        "parquet": lambda: db.sql_to_parquet("FROM poses", folder / "poses.parquet"),
        "ingest": lambda: db.ingest(folder),
        "dry run": lambda: db.ingest(folder, dry_run=True),
        "reestimate": lambda: db.reestimate("tf-pose"),
        "cluster": lambda: db.cluster(2),
        "connection": lambda: db.connection().__enter__(),
    }


@needs_linux
@pytest.mark.parametrize("form", FORMS)
def test_it_is_named_at_once_and_keeps_its_lock(form: str, stored: Database, tmp_path: Path) -> None:
    calls = make_calls(stored, tmp_path)
    with closing(FORMS[form](stored.path)):
        for call in calls.values():
            with pytest.raises(DatabaseOpenHere, match=NAMED):
                call()
        assert not can_write(stored.path)
    assert can_write(stored.path)
    for name in ("similar photo", "sql", "ingest", "cluster"):
        assert calls[name]()


@needs_linux
def test_other_files_that_the_process_has_open_do_not_count(stored: Database, tmp_path: Path) -> None:
    other = shutil.copy(stored.path, tmp_path / "other.duckdb")
    with closing(duckdb.connect(other)), Path(stored.path).open("rb"):
        assert stored.similar(1).matches
        assert stored.cluster(2).clusters


@pytest.mark.parametrize("form", ["read-write", "attached", "other spelling"])
def test_the_message_of_duckdb_names_it_where_the_system_does_not(
    form: str, stored: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_here, "_DESCRIPTORS", tmp_path / "nowhere")
    stored._file.patience = 0.1
    with closing(FORMS[form](stored.path)):
        for name, call in make_calls(stored, tmp_path).items():
            if name not in ("ingest", "dry run", "reestimate", "parquet"):  # a run waits ten seconds
                with pytest.raises(DatabaseOpenHere, match=NAMED):
                    call()
    assert stored.cluster(2).clusters


@needs_linux
def test_an_ingest_waits_for_a_connection_that_comes_during_the_run(stored: Database, tmp_path: Path) -> None:
    """The run has work to lose, so it does not end at once."""
    opened: list[duckdb.DuckDBPyConnection] = []
    sentences: list[str] = []

    class Peeking(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            opened.append(duckdb.connect(stored.path, read_only=True))

        def waiting(self, sentence: str) -> None:
            sentences.append(sentence)
            opened.pop().close()

    assert stored.ingest(tmp_path / "query.png", progress=Peeking()).ingested == 1
    assert sentences == [
        f"{stored.path}: duckdb.connect() of this Python has this database open. Waiting for it to finish."
    ]
