"""Readers of one process share a file, and lose neither its lock nor what they read from it."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import DatabaseBusy
from posesearch.store.connection import DatabaseFile
from tests.conftest import Toy, toy_photo

COUNT = "SELECT count(*) FROM poses"


@pytest.fixture
def path(db: Database, toy: Toy, tmp_path: Path) -> Path:
    """The path of a database with one pose."""
    (tmp_path / "a.png").write_bytes(toy_photo())
    db.ingest(tmp_path)
    return Path(db.path)


def can_write(path: Path) -> bool:
    """Return whether another process can open the file for writing."""
    code = f"import duckdb; duckdb.connect({str(path)!r}).execute('BEGIN')"
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_reader_that_ends_does_not_take_the_lock_of_another(path: Path) -> None:
    one, other = DatabaseFile(path), DatabaseFile(path)
    with one.reading() as first:
        with other.reading() as second:
            assert first.execute(COUNT).fetchall() == second.execute(COUNT).fetchall() == [(1,)]
        assert not can_write(path)
        assert first.execute(COUNT).fetchall() == [(1,)]
    assert can_write(path)


def test_readers_of_a_link_and_of_its_target_share_the_file(path: Path) -> None:
    link = path.with_name("link.duckdb")
    link.symlink_to(path)
    with DatabaseFile(path).reading():
        with DatabaseFile(link).reading() as connection:
            assert connection.execute(COUNT).fetchall() == [(1,)]
        assert not can_write(path)


def test_own_sql_waits_for_readers_and_keeps_new_ones_waiting(path: Path) -> None:
    file, order = DatabaseFile(path), []
    is_reading, may_end = threading.Event(), threading.Event()

    def read() -> None:
        with file.reading() as connection:
            is_reading.set()
            may_end.wait(30)
            order.append(("reader", connection.execute(COUNT).fetchall()))

    def run_sql() -> None:
        with DatabaseFile(path).reading(for_users_sql=True) as connection:
            order.append(("sql", connection.execute(COUNT).fetchall()))

    threads = [threading.Thread(target=read), threading.Thread(target=run_sql)]
    threads[0].start()
    assert is_reading.wait(30)
    threads[1].start()
    time.sleep(0.2)  # the SQL has tried by now
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert order == [("reader", [(1,)]), ("sql", [(1,)])]
    with file.reading() as connection:
        assert connection.execute(COUNT).fetchall() == [(1,)]


def test_a_writer_of_the_same_process_waits_for_readers(path: Path) -> None:
    file = DatabaseFile(path, patience=0.2)
    with file.reading(), pytest.raises(DatabaseBusy), file.writing():
        pass
    with file.writing() as connection:
        connection.execute("DELETE FROM labels")
    with file.reading() as connection:
        assert connection.execute(COUNT).fetchall() == [(1,)]


def test_a_file_that_was_replaced_is_read_anew(path: Path, toy: Toy, tmp_path: Path) -> None:
    with DatabaseFile(path).reading():
        pass
    other = posesearch.open(tmp_path / "other.duckdb")
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(toy_photo(wrist=number))
    other.ingest([tmp_path / f"{number}.png" for number in range(2)])
    Path(other.path).replace(path)
    with DatabaseFile(path).reading() as connection:
        assert connection.execute(COUNT).fetchall() == [(2,)]


def test_a_failed_attachment_leaves_nothing_behind(path: Path) -> None:
    whole = path.read_bytes()
    file = DatabaseFile(path)
    with file.reading():
        pass
    path.write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(Exception, match=r"poses\.duckdb"), file.reading():
            pass
    path.write_bytes(whole)
    with file.reading() as connection:
        assert connection.execute(COUNT).fetchall() == [(1,)]


def test_a_value_is_computed_once_for_each_state_of_the_file(path: Path) -> None:
    file, calls = DatabaseFile(path), []

    def read() -> int:
        with file.reading() as connection:

            def compute() -> int:
                calls.append(1)
                return int(connection.execute("SELECT count(*) FROM labels").fetchall()[0][0])

            return connection.compute_once("labels", compute)

    os.utime(path, (0, 0))  # a file that was written just now may change without a change of its time
    assert [read(), read()] == [0, 0]
    assert len(calls) == 1
    with file.writing() as connection:
        connection.execute("INSERT INTO labels VALUES (1, 1, 0, 0.5)")
    assert [read(), read()] == [1, 1]
    assert len(calls) == 3
    os.utime(path, (1, 1))
    assert [read(), read()] == [1, 1]
    assert len(calls) == 4


def test_a_search_gives_the_same_answer_with_what_it_kept(demo_db: Database) -> None:
    os.utime(demo_db.path, (0, 0))
    first = demo_db.similar(7, 5).as_json()
    assert demo_db.similar(7, 5).as_json() == first
    assert Database(demo_db.path).similar(7, 5).as_json() == first
