"""Slow photos, signals and nested ingests: finished work is stored, and nothing waits forever."""

import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from posesearch import threads
from posesearch.database import Database
from posesearch.errors import IngestRunning
from posesearch.ingest import batch
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.store.connection import DatabaseFile
from posesearch.threads import map_in_order
from tests.conftest import Toy, toy_photo

scans = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "hostile.py"))["scans"]
COMMAND = """
import signal
for name in ("SIGTERM", "SIGHUP"):  # the test run may ignore them
    signal.signal(getattr(signal, name), signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from posesearch.cli import main
main()
"""
PATIENCE = 60  # seconds after which something hangs, because everything here takes only a few


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make later results overtake a slow one immediately, and write batches immediately."""
    monkeypatch.setattr(threads, "PATIENCE", 0.05)
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(batch, "_IDLE_SECONDS", 0.0)


def test_a_slow_item_lets_finished_ones_go_first(impatient: None) -> None:
    release = threading.Event()
    idle = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert release.wait(PATIENCE)
        return number

    results: list[int] = []
    for result in map_in_order(work, range(1000), threads=2, idle=idle.set):
        results.append(result)
        if len(results) == 999:
            assert idle.wait(PATIENCE)
            release.set()
    assert results == [*range(1, 1000), 0]


def test_without_a_slow_item_the_order_is_kept() -> None:
    assert list(map_in_order(lambda number: number, iter(range(2000)), threads=5)) == list(range(2000))
    assert list(map_in_order(lambda number: number, [], threads=5)) == []


@pytest.mark.slow
def test_photos_behind_a_slow_one_are_stored_while_it_runs(
    tmp_path: Path, db: Database, toy: Toy, impatient: None
) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.png").write_bytes(toy_photo(wrist=number))
    slow, stored = threading.Event(), threading.Event()
    usual = toy.estimate

    def estimate(photo: object) -> object:
        people = usual(photo)  # type: ignore[arg-type]
        if photo.pixels[0, 0, 2] == 0:  # type: ignore[attr-defined]
            slow.set()
            assert stored.wait(PATIENCE)
        return people

    toy.estimate = estimate  # type: ignore[method-assign, assignment]

    def watch() -> None:
        assert slow.wait(PATIENCE)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not stored.is_set():
            if DatabaseFile(db.path).exists() and db.sql("SELECT count(*) FROM snapshots").rows[0][0] == 29:
                stored.set()
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert db.ingest(tmp_path, jobs=3).ingested == 30
    watcher.join()
    assert stored.is_set()


def test_an_ingest_in_its_own_callback_is_an_error(tmp_path: Path, db: Database, toy: Toy) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    said: list[str] = []

    class Nested(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            for call in (lambda: db.ingest(tmp_path), lambda: db.reestimate("tf-pose")):
                try:
                    call()
                except IngestRunning as error:
                    said.append(str(error))

    assert db.ingest(tmp_path, progress=Nested()).ingested == 1
    assert len(said) == 2
    assert said[0].startswith(f"{db.path}: an ingest of this database runs")
    assert db.ingest(tmp_path).unchanged == 1


@pytest.mark.slow
def test_another_thread_waits_for_its_turn(tmp_path: Path, db: Database, toy: Toy) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    other: list[int] = []
    waits = threading.Event()

    class Waiting(IngestProgress):
        def waiting(self, sentence: str) -> None:
            waits.set()

    def ingest() -> None:
        other.append(db.ingest(tmp_path, progress=Waiting()).unchanged)

    thread = threading.Thread(target=ingest)

    class Starting(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            thread.start()
            assert waits.wait(PATIENCE)

    assert db.ingest(tmp_path, progress=Starting()).ingested == 1
    thread.join(PATIENCE)
    assert other == [1]


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """An ingest that has processed one photo, and has begun with four photos that take minutes."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(toy_photo())
    for number in range(4):
        (photos / f"slow-{number}.jpg").write_bytes(scans(14000, 8000 + number))
    options = ["--db", str(tmp_path / "a.duckdb"), "--jobs", "4", "--json"]
    command = [sys.executable, "-c", COMMAND, "ingest", str(photos), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "a.png" in process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.slow
def test_a_signal_ends_an_ingest_of_slow_photos(name: str, stuck: "subprocess.Popen[str]") -> None:
    stuck.send_signal(getattr(signal, name))
    _, said = stuck.communicate(timeout=30)
    assert stuck.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said
