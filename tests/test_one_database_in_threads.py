"""Threads share one Database, and get the answers that one thread alone gets."""

import asyncio
import random
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import DecoderUnavailable
from tests.conftest import Toy, toy_photo

pytestmark = pytest.mark.slow

THREADS: Final = 8
CALLS: Final = 10  # of each thread
HANG_SECONDS: Final = 300


@pytest.fixture
def stored(toy_database: Path, toy: Toy, tmp_path: Path) -> Database:
    """A database of the toy's poses that nothing else uses, with one photo that is a query."""
    (tmp_path / "query.png").write_bytes(toy_photo(wrist=33))
    return posesearch.open(shutil.copy(toy_database, tmp_path / "poses.duckdb"))


def make_calls(db: Database, folder: Path) -> dict[str, Callable[[], object]]:
    """Return calls of methods whose answers do not depend on those of other threads."""
    query, photos = folder / "query.png", folder / "more"
    photos.mkdir()
    for number in range(3):
        (photos / f"{number}.png").write_bytes(toy_photo(missing=14, wrist=number))  # nobody has enough joints

    def similar(source: str | int) -> object:
        return [(match.stored.pose_id, round(match.similarity, 6)) for match in db.similar(source, 3).matches]

    def ingest() -> object:
        report = db.ingest(photos, collection="more")
        return report.ingested, report.interrupted

    return {
        "similar photo": lambda: similar(str(query)),
        "similar id": lambda: similar(1),
        "similar where": lambda: [m.stored.pose_id for m in db.similar(1, 3, where="left_wrist.y > 0").matches],
        "stats": lambda: db.stats()["poses"],
        "sql": lambda: db.sql("SELECT count(*) FROM skeletons").rows,
        "show": lambda: db.show(1).source,
        "pairs": lambda: [round(pair.similarity, 6) for pair in db.pairs(2).pairs],
        "cluster": lambda: [cluster.size for cluster in db.cluster(2).clusters],
        "ingest": ingest,
    }


def test_threads_get_the_answers_of_one_thread(stored: Database, tmp_path: Path) -> None:
    calls = make_calls(stored, tmp_path)
    calls["ingest"]()
    calls["cluster"]()
    expected = {name: call() for name, call in calls.items()}
    together = threading.Barrier(THREADS)

    def use(seed: int) -> list[tuple[str, object]]:
        names = random.Random(seed).choices(list(calls), k=CALLS)  # noqa: S311 (no secret)
        together.wait(60)
        return [(name, calls[name]()) for name in names]

    with ThreadPoolExecutor(THREADS) as pool:
        runs = [pool.submit(use, seed) for seed in range(THREADS)]
        assert not wait(runs, HANG_SECONDS).not_done
    for run in runs:
        for name, answer in run.result():
            assert (name, answer) == (name, expected[name])
    stored.close()
    assert [path.name for path in tmp_path.glob("poses.duckdb.*")] == []


def test_calls_of_an_event_loop(stored: Database, tmp_path: Path) -> None:
    """Coroutines call methods directly, which blocks the loop, and in threads, which does not."""
    calls = make_calls(stored, tmp_path)
    calls["ingest"]()
    calls["cluster"]()
    expected = {name: call() for name, call in calls.items()}

    async def use() -> None:
        direct = {name: call() for name, call in calls.items()}
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        answers = await asyncio.wait_for(
            asyncio.gather(*(asyncio.to_thread(call) for call in calls.values())), HANG_SECONDS
        )
        ticking.cancel()
        assert direct == expected
        assert dict(zip(calls, answers, strict=True)) == expected
        assert ticks > 1

    asyncio.run(use())


def test_a_database_that_is_closed_by_another_thread_is_used_again(stored: Database, tmp_path: Path, toy: Toy) -> None:
    """A method that decodes at that moment raises the documented error. The next call starts what it needs."""
    calls = make_calls(stored, tmp_path)
    expected = calls["similar photo"]()
    is_over = threading.Event()

    def use() -> int:
        closed = 0
        while not is_over.is_set():
            try:
                assert calls["similar photo"]() == expected
            except DecoderUnavailable:
                closed += 1
        return closed

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(use) for _ in range(2)]
        for _ in range(10):
            time.sleep(0.1)
            stored.close()
        is_over.set()
        assert not wait(runs, HANG_SECONDS).not_done
    for run in runs:
        run.result()
    assert calls["similar photo"]() == expected
