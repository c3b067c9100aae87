"""What could not be loaded is tried again by the next call, whatever other threads do meanwhile."""

import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import posesearch
from posesearch import estimators
from posesearch.errors import WeightsUnavailable
from posesearch.estimators import weights
from posesearch.estimators.cache import EstimatorCache
from posesearch.trust import Trust
from posesearch.types import EstimatorConfig
from tests.conftest import Toy

Calls = dict[str, Callable[[], object]]
RELEASED = weights.cache_folder() / "weights"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for weights, which can't be downloaded."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    return tmp_path / "cache" / "weights"


@pytest.mark.slow
def test_after_a_failed_download_every_method_tries_again(demo_folder: Path, tmp_path: Path, empty_cache: Path) -> None:
    path, photo = shutil.copy(demo_folder / "poses.duckdb", tmp_path / "poses.duckdb"), demo_folder / "query.jpg"
    with posesearch.open(path) as db:
        calls: Calls = {
            "similar": lambda: len(db.similar(photo, 3).matches),
            "similar_many": lambda: [report.as_json()["matches"] != [] for report in db.similar_many([photo] * 2, 3)],
            "ingest": lambda: db.ingest(photo, collection="new").seen,
            "reestimate": lambda: db.reestimate("tf-pose").redone > 0,
        }
        begun = db.similar_many([photo], 3)
        for call in calls.values():
            with pytest.raises(WeightsUnavailable):
                call()
        with ThreadPoolExecutor() as threads:
            failing = [threads.submit(call) for call in calls.values() for _ in range(2)]
        assert {type(one.exception()) for one in failing} == {WeightsUnavailable}
        shutil.copytree(RELEASED, empty_cache, dirs_exist_ok=True)
        assert len(list(begun)) == 1
        with ThreadPoolExecutor() as threads:
            searching = [threads.submit(calls[name]) for name in ("similar", "similar_many") for _ in range(2)]
        assert [one.result() for one in searching] == [3, 3, [True, True], [True, True]]
        assert (calls["ingest"](), calls["reestimate"]()) == (1, True)


class Loading:
    """Estimators that can't be loaded until `works` is set. `begun` and `over` hold a thread while it tries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tried: list[str] = []
        self.fails, self.begun, self.over = {"tf-pose", "blazepose"}, threading.Event(), threading.Event()
        self.toy = Toy()
        monkeypatch.setattr(estimators, "load", self.load)

    def load(self, name: str, _streams: int = 1, _own: object = None) -> Toy:
        self.tried.append(name)
        self.begun.set()
        self.over.wait(30)
        if name in self.fails:
            raise WeightsUnavailable(name, "no network.", name)
        return self.toy


def test_threads_of_one_call_do_not_repeat_what_failed_and_the_next_call_does(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, cache, config = Loading(monkeypatch), EstimatorCache(Trust()), EstimatorConfig("tf-pose", {})
    load = cache.make_loader(2)
    with ThreadPoolExecutor() as threads:
        calls = [threads.submit(load, config) for _ in range(4)]
        loading.begun.wait(30)
        loading.over.set()
    errors = [call.exception() for call in calls]
    assert {str(error) for error in errors} == {str(WeightsUnavailable("tf-pose", "no network.", "tf-pose"))}
    assert len({id(error) for error in errors}) == 4  # threads that raise the same object mix up their tracebacks
    assert loading.tried == ["tf-pose"]
    loading.fails.clear()
    assert cache.make_loader(2)(config) is loading.toy
    assert loading.tried == ["tf-pose"] * 2


def test_another_thread_that_fails_later_does_not_bring_an_old_error_back(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, cache, config = Loading(monkeypatch), EstimatorCache(Trust()), EstimatorConfig("tf-pose", {})
    loading.over.set()
    with pytest.raises(WeightsUnavailable):
        cache.make_loader(1)(config)
    search = cache.make_loader(1)
    loading.fails.discard("tf-pose")
    with pytest.raises(WeightsUnavailable):
        cache.make_loader(1)(EstimatorConfig("blazepose", {}))
    assert search(config) is loading.toy


def test_an_estimator_that_fails_does_not_take_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, cache = Loading(monkeypatch), EstimatorCache(Trust())
    loading.fails = {"tf-pose"}
    with ThreadPoolExecutor() as threads:
        failing = threads.submit(cache.make_loader(1), EstimatorConfig("tf-pose", {}))
        loading.begun.wait(30)
        working = threads.submit(cache.make_loader(1), EstimatorConfig("blazepose", {}))
        loading.over.set()
        assert working.result() is loading.toy
    assert isinstance(failing.exception(), WeightsUnavailable)
