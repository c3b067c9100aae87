"""`posesearch estimate`, and queries from stdin."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import posesearch
from posesearch.errors import MissingPhoto, NotAnImage, UnknownEstimator
from posesearch.estimation import estimate, estimate_many
from posesearch.results.people import PhotoPeople
from posesearch.results.search import Failure
from tests.test_queries import load
from tests.test_rows import plain, run_in_terminal


def run(
    *arguments: object, folder: Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "posesearch", *map(str, arguments)],
        cwd=folder, input=stdin, capture_output=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def photo(demo_folder: Path) -> Path:
    return demo_folder / "photos" / "women" / "lunge-1.jpg"


def test_people_are_those_that_an_ingest_stores(demo_folder: Path, photo: Path) -> None:
    found = estimate(photo)
    with posesearch.open(demo_folder / "poses.duckdb") as db:
        stored = db.show(db.pose_ids(f"SELECT pose_id FROM labelled_poses WHERE source = '{photo}'")[0])
    assert len(found) == 1
    np.testing.assert_allclose(found[0].keypoints.xy, stored.keypoints.xy, atol=0.01)
    assert (found.width, found.height, found.estimator) == (stored.width, stored.height, stored.estimator)


def test_photos_come_in_order_and_failures_in_their_places(demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no photo", encoding="utf-8")
    photos = sorted((demo_folder / "photos" / "men").glob("*.jpg"))
    wanted = [photos[0], tmp_path / "text.jpg", tmp_path / "nothing.jpg", photos[1]]
    one, text, nothing, other = estimate_many(wanted)
    assert isinstance(one, PhotoPeople)
    assert isinstance(other, PhotoPeople)
    assert (one.source, other.source) == (str(photos[0]), str(photos[1]))
    assert [failure.reason for failure in (text, nothing) if isinstance(failure, Failure)] == [
        "NotAnImage",
        "MissingPhoto",
    ]
    with pytest.raises(MissingPhoto):
        estimate(tmp_path / "nothing.jpg")
    with pytest.raises(UnknownEstimator):
        estimate(photos[0], estimator="openpose")
    with pytest.raises(NotAnImage, match="these are joints and not a photo"):
        estimate({"nose": [1, 2]})
    with pytest.raises(TypeError, match="a photo is a path"):
        estimate(5)


@pytest.mark.slow
def test_a_photo_of_nobody_has_no_people(tmp_path: Path) -> None:
    found = estimate(Image.new("RGB", (200, 300), "grey"))
    assert not found
    assert found.as_json()["people"] == []
    path = tmp_path / "grey.png"
    Image.new("RGB", (200, 300), "grey").save(path)
    done = run("estimate", path, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"grey.png (200 x 300), no people" in done.stdout


def test_the_picture_has_every_skeleton_on_its_photo(photo: Path) -> None:
    found = estimate(photo)
    drawn, plain = np.asarray(found.image()).astype(int), np.asarray(load(photo)).astype(int)
    assert drawn.shape == plain.shape
    changed = np.abs(drawn - plain).sum(axis=2) > 60
    for x, y in found[0].keypoints.xy[:14]:
        assert changed[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].any()
    assert changed.mean() < 0.3


@pytest.mark.slow
def test_json_is_one_line_per_photo_and_a_query(demo_folder: Path, photo: Path) -> None:
    done = run("estimate", photo, "nothing.jpg", "--json", folder=demo_folder)
    found, failed = map(json.loads, done.stdout.splitlines())
    assert done.stderr.decode().splitlines() == ["nothing.jpg: there is no such file"]
    assert found["source"] == str(photo)
    assert failed["error"]["reason"] == "MissingPhoto"
    asked = run("similar", "-", "--json", folder=demo_folder, stdin=json.dumps(found).encode())
    report = json.loads(asked.stdout)
    assert report["query"]["source"] == "<stdin>"
    assert report["matches"][0]["source"] == str(photo)
    assert report["matches"][0]["similarity"] > 0.9999


@pytest.mark.slow
def test_several_people_of_a_keypoint_file(demo_folder: Path, tmp_path: Path) -> None:
    with posesearch.open(demo_folder / "poses.duckdb") as db:
        people = [{"keypoints": dict(db.show(pose_id).keypoints)} for pose_id in (3, 7)]
    (tmp_path / "two.json").write_text(json.dumps({"people": people}), encoding="utf-8")
    for number, pose_id in ((1, 3), (2, 7)):
        done = run("similar", tmp_path / "two.json", "--person", number, "--json", folder=demo_folder)
        report = json.loads(done.stdout)
        assert report["query"]["people"] == 2
        assert report["matches"][0]["pose_id"] == pose_id
    done = run("similar", tmp_path / "two.json", "--person", 3, folder=demo_folder)
    assert done.returncode == 1
    assert b"there is no person 3; it shows 2 people" in done.stderr


@pytest.mark.slow
def test_stdin_is_a_photo_or_joints(demo_folder: Path, photo: Path) -> None:
    for data in (photo.read_bytes(), run("show", "1", "--json", folder=demo_folder).stdout):
        done = run("similar", "-", "-n", 1, folder=demo_folder, stdin=data)
        assert (done.returncode, done.stdout.startswith(b"query    <stdin> (")) == (0, True)
    for data, sentence in (
        (b"", "<stdin>: the file is empty"),
        (b'{"keypoints":', "<stdin>: not a keypoints file: not valid JSON"),
        (b'{"people": [], "estimator": "x"}', "<stdin>: not a keypoints file: nobody was found in its photo"),
        (
            b'{"query": {"source": "a"}, "error": {"message": "a: no"}}',
            "<stdin>: not a keypoints file: its photo",
        ),
        (b'{"keypoints": {}}\n{"keypoints": {}}', "<stdin>: not a keypoints file: it has more than one JSON value"),
        (b"hello", "<stdin>: not an image in a known format"),
    ):
        done = run("similar", "-", folder=demo_folder, stdin=data)
        assert done.returncode == 1
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith(f"posesearch: {sentence}")


@pytest.mark.slow
def test_people_are_drawn_in_a_terminal_as_in_a_file(demo_folder: Path) -> None:
    command = ["estimate", "photos/women/lunge-1.jpg", "photos/women/lunge-2.jpg"]
    shown = [plain(line).rstrip() for line in run_in_terminal(80, *command, folder=demo_folder)]
    assert shown == run(*command, folder=demo_folder, COLUMNS="80").stdout.decode().splitlines()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other programs that open files")
@pytest.mark.parametrize("command", [["similar", "1"], ["show", "1"], ["estimate", "photos/women/lunge-1.jpg"]])
def test_open_shows_the_picture(demo_folder: Path, tmp_path: Path, command: list[str]) -> None:
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\ncp "$1" {tmp_path}/opened.png\necho "$1" > {tmp_path}/opened\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    for options in ([], ["--png", str(tmp_path / "mine.png")]):
        done = run(*command, "--open", *options, folder=demo_folder, PATH=path, TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        opened = Path((tmp_path / "opened").read_text(encoding="utf-8").strip())
        assert f"Wrote {opened}" in done.stderr.decode()
        assert (opened == tmp_path / "mine.png") == bool(options)
        with Image.open(tmp_path / "opened.png") as picture:
            assert picture.format == "PNG"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    done = run(*command, "--open", folder=demo_folder, PATH=path, TMPDIR=str(tmp_path))
    assert done.returncode == 0
    assert "No program was found that opens pictures. The picture is" in done.stderr.decode()
