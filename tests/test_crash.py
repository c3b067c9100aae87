"""The content of the database after an ingest was killed, and which process waits for which."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from posesearch.database import Database
from posesearch.errors import DatabaseFailed
from posesearch.ingest import batch
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.store import new_file
from posesearch.store import waiting as store_waiting
from posesearch.store.connection import DatabaseFile
from posesearch.store.locks import block_readers, ingest_lock, wait_for_writers
from tests.conftest import Toy, toy_photo

INGEST = """
import sys
from posesearch.ingest import batch
batch.BATCH_SECONDS = 0.05
from posesearch.cli import main
main()
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", INGEST, *map(str, arguments)]


def rows(db: Path) -> dict[str, list[Any]]:
    queries = {"snapshots": "* EXCLUDE ingested_at", "poses": "*", "sources": "*"}
    with duckdb.connect(str(db), read_only=True) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
            for table, columns in queries.items()
        }


@pytest.mark.slow
def test_an_ingest_that_is_killed_goes_on_and_loses_nothing(demo_folder: Path, tmp_path: Path) -> None:
    photos = demo_folder / "photos"
    whole, db = tmp_path / "whole.duckdb", tmp_path / "poses.duckdb"
    subprocess.run(command("ingest", photos, "--db", whole), check=True, capture_output=True)
    draw = random.Random(7)  # noqa: S311 (no secret)
    kills = 0
    for _ in range(8):
        with subprocess.Popen(
            command("ingest", photos, "--db", db), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(draw.uniform(0.4, 1.6))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
    assert kills >= 1
    done = subprocess.run(command("ingest", photos, "--db", db), check=True, capture_output=True, text=True)
    assert "photos" in done.stdout
    assert rows(db) == rows(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["poses.duckdb", "whole.duckdb"]


FILL = """
import resource, signal, sys
from pathlib import Path
from posesearch.errors import DatabaseFailed
from posesearch.store.connection import DatabaseFile
from tests.test_store import snapshot, write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
written = 0
try:
    while written < 100:
        names = [f"{written}-{n}" for n in range(50)]
        write(DatabaseFile(Path(sys.argv[1])), *(snapshot(name, name, people=3) for name in names))
        written += 1
except DatabaseFailed as error:
    print(written, error)
"""


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_loses_no_batch(demo_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    root, db = Path(__file__).parents[1], tmp_path / "poses.duckdb"
    for limit, sentence in (
        (1000, "the database can't be created"),
        (3_000_000, "writing failed, and the last changes were not stored"),
    ):
        fill = [sys.executable, "-c", FILL, str(db), str(limit)]
        written, _, said = subprocess.run(
            fill, check=True, capture_output=True, text=True, cwd=root
        ).stdout.partition(" ")  # fmt: skip
        assert said.startswith(f"{db}: {sentence} (")
        assert said.count("\n") == 1
        assert db.exists() is (int(written) > 0)
    with DatabaseFile(db).reading() as connection:
        photos = connection.execute("SELECT count(*), count(DISTINCT sha256) FROM snapshots").fetchall()
        poses = connection.execute("SELECT count(*) FROM poses SEMI JOIN snapshots USING (snapshot_id)").fetchall()
    assert (photos, poses) == ([(50 * int(written), 50 * int(written))], [(150 * int(written),)])
    assert sorted(path.name for path in tmp_path.iterdir())[0] == "poses.duckdb"


@pytest.mark.slow
def test_what_a_run_left_unsettled_is_settled_by_the_next(
    tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo(wrist=5))
    db.ingest(photo)
    photo.write_bytes(toy_photo(wrist=50))
    with monkeypatch.context() as patched:
        patched.setattr("posesearch.ingest.run.IngestRun.finish", lambda *_: None)  # the run ends early
        db.ingest(photo)
    assert len(db.sql("FROM snapshots").rows) == 2
    assert db.ingest(photo).unchanged == 1
    assert len(db.sql("FROM snapshots").rows) == len(db.sql("FROM poses").rows) == 1


def test_an_empty_file_counts_as_no_database(tmp_path: Path, db: Database, toy: Toy) -> None:
    Path(db.path).touch()
    (tmp_path / "a.png").write_bytes(toy_photo())
    assert db.ingest(tmp_path / "a.png").ingested == 1


def test_a_database_that_can_not_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(new_file, "create_schema", no_room)
    with (
        pytest.raises(DatabaseFailed, match="the database can't be created .No space left on device"),
        DatabaseFile(tmp_path / "x").writing(),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@contextmanager
def holding(code: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process until the block ends. It prints "held" when it has the lock or the file."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        if holder.poll() is None:
            holder.communicate()


@pytest.mark.slow
def test_a_second_ingest_says_who_has_the_turn_and_waits(tmp_path: Path, db: Database, toy: Toy) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(toy_photo())
    code = f"""
import sys
from pathlib import Path
from posesearch.store.locks import ingest_lock
with ingest_lock(Path({db.path!r}), print):
    print("held", flush=True)
    sys.stdin.read()
"""
    said: list[str] = []

    class Listening(IngestProgress):
        def waiting(self, sentence: str) -> None:
            said.append(sentence)
            threading.Thread(target=holder.kill).start()  # the lock of a killed process is released

    with holding(code) as holder:
        pid = holder.pid
        assert db.ingest(photos, progress=Listening()).ingested == 1
    assert len(said) == 1
    assert f"another ingest or re-estimation (process {pid} on " in said[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "poses.duckdb"]


@pytest.mark.slow
def test_a_batch_waits_for_whoever_has_the_file(
    tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_waiting, "_SILENT_SECONDS", 0.1)
    photos = [tmp_path / f"{number}.png" for number in range(3)]
    for number, photo in enumerate(photos):
        photo.write_bytes(toy_photo(wrist=number))
    db.ingest(photos[0])
    code = f"import duckdb, sys; c = duckdb.connect({db.path!r}); print('held', flush=True); sys.stdin.read()"
    said: list[str] = []

    class Busy(IngestProgress):
        held: Any = None

        def photo(self, outcome: PhotoOutcome) -> None:
            if self.held is None and outcome.status == "ingested":
                self.held = holding(code)
                self.holder = self.held.__enter__()

        def waiting(self, sentence: str) -> None:
            said.append(sentence)
            self.holder.communicate()

    assert db.ingest(photos, progress=Busy()).ingested == 2
    assert len(said) == 1
    assert said[0].startswith(f"{db.path}: ")
    assert " has this database open. " in said[0]
    assert len(db.sql("FROM snapshots").rows) == 3


@pytest.mark.slow
def test_readers_wait_for_a_writer_that_wants_in(tmp_path: Path) -> None:
    database = tmp_path / "poses.duckdb"
    order: list[str] = []

    def read() -> None:
        wait_for_writers(database, 10)
        order.append("read")

    with block_readers(database, 10):
        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.1)
        order.append("written")
    reader.join(10)
    assert order == ["written", "read"]
    assert list(tmp_path.iterdir()) == []
    wait_for_writers(database, 10)  # no process is writing


@pytest.mark.slow
def test_queries_are_answered_while_an_ingest_runs(
    tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(20):
        (photos / f"{number:02}.png").write_bytes(toy_photo(people=1 + number % 3, wrist=number))
    counted: list[tuple[int, int]] = []

    class Counting(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            if counted or Path(db.path).exists():
                counted.append(db.sql("SELECT count(DISTINCT snapshot_id), count(*) FROM poses").rows[0])

    db.ingest(photos, progress=Counting())
    assert counted == sorted(counted)
    assert {poses for _, poses in counted} <= {sum(1 + n % 3 for n in range(upto)) for upto in range(0, 21, 2)}
    assert len(counted) > 10


def test_locks_leave_no_files_and_follow_the_name(tmp_path: Path) -> None:
    with ingest_lock(tmp_path / "a.duckdb", pytest.fail):
        [lock] = tmp_path.iterdir()
        assert json.loads(lock.read_text(encoding="utf-8"))["pid"] == os.getpid()
        with ingest_lock(tmp_path / "b.duckdb", pytest.fail):
            pass
    assert list(tmp_path.iterdir()) == []
