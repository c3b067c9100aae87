"""Paths that are opened as files but are pipes, devices or folders. Nothing may wait forever."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from posesearch.database import Database
from posesearch.errors import BadKeypoints, SourceError
from posesearch.files import NotRegularFile, read_regular
from posesearch.keypoint_files import native, read_keypoints
from posesearch.sources import SourceReader, lists, scan
from tests.conftest import Toy, toy_photo


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        (tmp_path / "link").symlink_to("pipe")
        for place in (tmp_path / "pipe", tmp_path / "link", tmp_path / "socket", tmp_path, Path("/dev/zero")):
            with pytest.raises(NotRegularFile, match="it is not a regular file"):
                read_regular(place, 100)
    (tmp_path / "file").write_bytes(bytes(100))
    assert read_regular(tmp_path / "file", 100) == bytes(100)
    with pytest.raises(OSError, match="it is larger than"):
        read_regular(tmp_path / "file", 99)


def test_a_keypoint_file_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, large = tmp_path / "pipe.json", tmp_path / "large.json"
    os.mkfifo(pipe)
    large.write_bytes(b" " * 2_000_001)
    monkeypatch.setattr(native, "MAX_BYTES", 2_000_000)
    for path, says in ((pipe, "it is not a regular file"), (large, "it is larger than 2 MB")):
        with pytest.raises(BadKeypoints, match=says):
            read_keypoints(str(path))
    for name in ("nul\0.json", "/dev/null/a.json", str(tmp_path)):
        with pytest.raises(BadKeypoints):
            read_keypoints(name)


def test_a_list_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pipe.txt", "pipe.csv", "pipe.png"):
        os.mkfifo(tmp_path / name)
        [observed] = scan([tmp_path / name]).observed
        with pytest.raises(Exception, match="not a regular file, so it can't be a photo"):
            SourceReader().read(observed.location)
        with pytest.raises(SourceError, match="it is not a regular file"):
            list(lists.read_list(tmp_path / name))
    (tmp_path / "large.txt").write_bytes(b"a.png\n" * 999)
    monkeypatch.setattr(lists, "MAX_BYTES", 1000)
    with pytest.raises(SourceError, match=r"large\.txt: the list can't be read: it is larger than"):
        scan([tmp_path / "large.txt"])


@pytest.mark.parametrize("arguments", [["similar", "PIPE"], ["similar", "1", "--png", "PIPE"], ["ingest", "PIPE"]])
@pytest.mark.slow
def test_no_command_waits_for_a_pipe(arguments: list[str], db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    db.ingest(tmp_path / "a.png")
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    named = [str(pipe) if argument == "PIPE" else argument for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "posesearch", *named, "--db", db.path],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(pipe) in done.stderr
