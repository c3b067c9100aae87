"""Database.connection gives the user's tools a DuckDB connection that only reads, and writers a clear error."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import DatabaseBusy, NoDatabase
from posesearch.store import connection as store_connection
from posesearch.store.connection import DatabaseFile
from posesearch.store.locks import block_readers

COUNT = "SELECT count(*) FROM labelled_poses"


@pytest.fixture
def stored(toy_database: Path, tmp_path: Path) -> Database:
    """A database of the toy's poses that nothing else uses."""
    return posesearch.open(shutil.copy(toy_database, tmp_path / "poses.duckdb"))


def test_a_connection_has_views_and_macros_and_only_reads(stored: Database, tmp_path: Path) -> None:
    before = Path(stored.path).read_bytes()
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    with stored.connection() as connection:
        assert isinstance(connection, duckdb.DuckDBPyConnection)
        assert connection.sql(COUNT).fetchall() == [(stored.stats()["poses"],)]
        assert len(connection.sql("FROM similar_poses(1, 2)").fetchall()) == 2
        for statement in (
            "DELETE FROM poses",
            "CREATE TABLE mine (a INTEGER)",
            f"FROM read_csv('{other}')",
            f"COPY poses TO '{tmp_path / 'new.csv'}'",
            f"COPY poses TO '{stored.path}' (FORMAT csv)",
            f"ATTACH '{tmp_path / 'new.duckdb'}' AS new",
            "SET enable_external_access = true",
            "SET lock_configuration = false",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
    assert Path(stored.path).read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other.csv", "poses.duckdb"]


def test_a_connection_and_what_was_made_of_it_end_with_the_block(stored: Database) -> None:
    with pytest.raises(ZeroDivisionError), stored.connection() as connection:
        cursor, relation = connection.cursor(), connection.sql("FROM poses")
        connection.execute("FROM range(1000000)").fetchmany(1)
        raise ZeroDivisionError
    for use in (lambda: connection.execute(COUNT), lambda: cursor.execute(COUNT), relation.fetchall):
        with pytest.raises(duckdb.Error):
            use()
    with duckdb.connect(stored.path) as writer:  # nothing has the file open
        writer.execute("CREATE TABLE mine (a INTEGER)")


def test_errors_in_the_block_stay_those_of_duckdb(stored: Database) -> None:
    with pytest.raises(duckdb.CatalogException, match="nowhere"), stored.connection() as connection:
        connection.execute("FROM nowhere")


def test_connections_are_nested_and_used_in_threads_beside_methods(stored: Database) -> None:
    poses = stored.stats()["poses"]

    def read(_: int) -> tuple[int, int]:
        with stored.connection() as connection:
            [(count,)] = connection.execute(COUNT).fetchall()
            return count, stored.stats()["poses"]

    with stored.connection() as outer, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, range(40))) == [(poses, poses)] * 40
        with stored.connection() as inner:
            assert inner.execute(COUNT).fetchall() == outer.execute(COUNT).fetchall()
        assert stored.similar(1, close=0).matches
        assert outer.execute(COUNT).fetchall() == [(poses,)]


def test_reads_in_the_block_do_not_wait_for_a_writer(stored: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer waits for the end of the block, and a reader that let it go first would wait for nothing."""
    monkeypatch.setattr(store_connection, "_MAX_READER_WAIT", 60.0)
    stored._file.patience = 60.0
    with ThreadPoolExecutor(1) as threads, stored.connection(), block_readers(Path(stored.path), 60.0):
        assert threads.submit(stored.stats).result(30)["poses"]


@pytest.mark.slow
def test_a_writer_names_the_connection_of_this_python(stored: Database) -> None:
    file = DatabaseFile(stored.path, patience=600)  # as an ingest. It must not wait so long for its own thread
    with (
        stored.connection(),
        pytest.raises(DatabaseBusy, match=r"this Python has it open by db\.connection\(\)"),
        file.writing(),
    ):
        pass
    with file.writing() as connection:
        assert connection.execute("SELECT count(*) FROM poses").fetchall()


@pytest.mark.slow
def test_a_writer_waits_for_the_connection_of_another_process(stored: Database) -> None:
    code = (
        "import sys, posesearch\nwith posesearch.open(sys.argv[1]).connection():\n print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, stored.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with (
            pytest.raises(DatabaseBusy, match=rf"process {process.pid}\) has this database open"),
            DatabaseFile(stored.path, patience=0.2).writing(),
        ):
            pass
        sentences: list[str] = []

        def answer(sentence: str) -> None:
            sentences.append(sentence)
            print(file=process.stdin, flush=True)

        with DatabaseFile(stored.path, patience=60).writing(waiting=answer) as connection:
            assert connection.execute("SELECT count(*) FROM poses").fetchall()
        assert len(sentences) == 1


def test_a_connection_creates_no_database(db: Database) -> None:
    with pytest.raises(NoDatabase), db.connection():
        pass
    assert not Path(db.path).exists()
