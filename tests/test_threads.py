"""Threads end soon after Ctrl-C, start nothing after it, and do not change the order of the reports."""

import http.server
import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from posesearch import threads
from posesearch.database import Database
from posesearch.errors import DownloadFailed
from posesearch.photos.photo import Photo
from posesearch.results.search import Failure
from posesearch.sources import SourceReader
from posesearch.types import Person
from tests.conftest import Server, Toy, answer, toy_photo

scans = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "hostile.py"))["scans"]
PATIENCE = 60  # seconds after which something hangs

INTERRUPTED = """
import os, signal, sys, threading
from functools import partial
import posesearch
from posesearch.photos.pool import DecoderPool
from tests.conftest import Toy

toy, decode, first = Toy(), DecoderPool.decode, threading.Lock()
posesearch.open = partial(posesearch.open, load_estimator=lambda _: toy)

def decode_and_interrupt(self, *arguments, **options):
    if first.acquire(blocking=False):
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    return decode(self, *arguments, **options)

DecoderPool.decode = decode_and_interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)  # the test run may ignore it
from posesearch.cli import main
main()
"""


@pytest.mark.slow
def test_ctrl_c_ends_a_search_for_photos_that_take_long(tmp_path: Path, db: Database, toy: Toy) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    db.ingest(tmp_path / "a.png")
    slow = tmp_path / "slow"
    slow.mkdir()
    for number in range(4):
        (slow / f"{number}.jpg").write_bytes(scans(14000, 8000 + number))
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "similar", str(slow), "--db", db.path],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
        cwd=Path(__file__).parents[1], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_reports_have_the_order_of_the_queries_whatever_takes_long(
    tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PATIENCE", 0.05, raising=False)  # later photos overtake a slow one soon
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.05, raising=False)
    photos = [tmp_path / f"{number}.png" for number in range(6)]
    for number, photo in enumerate(photos):
        photo.write_bytes(toy_photo(wrist=10 * number))
    db.ingest(photos)
    others, usual = threading.Semaphore(0), toy.estimate

    def estimate(photo: Photo) -> list[Person]:
        if photo.pixels[0, 0, 2] == 0:
            for _ in photos[1:]:
                assert others.acquire(timeout=PATIENCE)
            threading.Event().wait(1)  # so that the later ones are finished before this one
        else:
            others.release()
        return usual(photo)

    monkeypatch.setattr(toy, "estimate", estimate)
    reports = list(db.similar_many([str(photo) for photo in photos], 1))
    names = [Path(report.source if isinstance(report, Failure) else report.query.source) for report in reports]
    assert names == photos


def test_a_reader_that_is_closed_asks_no_server(server: Server) -> None:
    address, routes = server
    asked = []

    def record(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answer(toy_photo())(handler)

    routes["/a.png"] = record
    reader = SourceReader(allow_private=True)
    reader.close()
    with pytest.raises(DownloadFailed):
        reader.read(f"{address}/a.png")
    assert asked == []
