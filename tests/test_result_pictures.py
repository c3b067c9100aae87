"""The pictures that results draw of themselves: sheets, photos with skeletons, and plots of centroids."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure as Plot
from matplotlib.lines import Line2D

from posesearch import trust
from posesearch.database import Database
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.demo.stance import Stance
from posesearch.errors import OutputFailed
from posesearch.photos.pool import DecoderPool
from posesearch.render.crops import cut, frame_person
from posesearch.render.people import Numbers, draw_person, draw_whole
from posesearch.render.photos import PhotoOpener
from posesearch.render.pictures import make_sheet, write_pose, write_sheet
from posesearch.render.sheet import make_caption
from posesearch.render.subjects import make_match_subject, make_pair_subjects, make_query_subject, make_subject
from posesearch.skeleton import INDEX, JOINTS
from posesearch.sources import SourceReader
from posesearch.trust import Trust
from posesearch.types import Keypoints
from tests.conftest import keypoints
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.fixture(autouse=True)
def _headless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pyplot open no window."""
    monkeypatch.setenv("MPLBACKEND", "agg")


def test_images_are_what_the_command_line_writes(filled: Database, tmp_path: Path) -> None:
    report = filled.similar(1, 2, close=0)
    for image, path in (
        (report.sheet(), write_sheet(report, tmp_path / "sheet.png")),
        (filled.show(2).image(), write_pose(filled.show(2), tmp_path / "pose.png")),
    ):
        written = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert written is not None
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image)[:, :, ::-1], written)
    assert report[0].image().size == (200, 200)


def test_photos_of_others_are_opened_only_if_they_are_trusted(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = filled.similar(1, 1, close=0)[0]
    mine = match.image()
    monkeypatch.setattr(trust, "_is_valid", lambda _name, _signature: False)
    assert match.image().size != mine.size  # drawn alone
    assert match.image(trust="all").tobytes() == mine.tobytes()
    assert match.stored.image(trust=[Path(match.source).parent]).size == mine.size


def photograph(height: float, at: tuple[float, float], seed: int = 0) -> tuple[np.ndarray[Any, Any], Keypoints]:
    """Return a photo of 900 x 600 pixels with a mannequin of some height, and the mannequin's joints."""
    figure = Figure(Stance(left_arm=(100, 0)), Look(), at, height)
    pixels, [joints] = draw_scene(900, 600, [figure], np.random.default_rng(seed))
    return pixels, keypoints(joints)


@pytest.mark.parametrize("at", [(450.0, 400.0), (40.0, 590.0), (860.0, 200.0)])
def test_a_person_fills_the_picture_and_the_whole_photo_is_in_a_corner(at: tuple[float, float]) -> None:
    photo, joints = photograph(150, at)
    empty, _ = draw_scene(900, 600, [], np.random.default_rng(0))
    subject, size = make_subject(joints, 900, 600), (260, 390)
    drawn = draw_person(photo, subject, size, plain=True)
    frame = frame_person(subject, 260 / 390)
    assert frame is not None
    person = np.abs(drawn.astype(int) - cut(empty, subject, frame, size)).max(axis=2) > 30
    rows = np.flatnonzero(person[:, 110:150].any(axis=1) if at[0] == 450 else person[:, 80:180].any(axis=1))
    assert np.ptp(rows) > 0.6 * 390
    small = cv2.resize(photo, (78, 52), interpolation=cv2.INTER_AREA)
    corners = [drawn[y : y + 52, x : x + 78] for y in (3, 390 - 55) for x in (3, 260 - 81)]
    assert min(np.abs(small.astype(int) - corner).mean() for corner in corners) < 20  # it has a frame around the part


def test_a_person_who_fills_the_photo_needs_no_whole_photo() -> None:
    photo, joints = photograph(560, (450.0, 590.0))
    photo, joints = photo[:, 250:650], Keypoints(joints.xy - np.array([250, 0], np.float32), joints.score)
    subject = make_subject(joints, 400, 600)
    frame = frame_person(subject, 260 / 390)
    assert frame is not None
    assert np.array_equal(draw_person(photo, subject, (260, 390), plain=True), cut(photo, subject, frame, (260, 390)))


@pytest.mark.parametrize("mirrored", [False, True])
def test_people_are_drawn_as_they_are_compared(mirrored: bool) -> None:
    photo, joints = photograph(300, (450.0, 500.0))
    expected = draw_person(photo, make_subject(joints, 900, 600), (260, 390))
    # The stored photo is rotated clockwise by 90 degrees after it was flipped.
    stored, turned = (photo[:, ::-1], joints.mirror(900)) if mirrored else (photo, joints)
    direction = cv2.ROTATE_90_COUNTERCLOCKWISE if mirrored else cv2.ROTATE_90_CLOCKWISE
    stored = np.asarray(cv2.rotate(np.ascontiguousarray(stored), direction), dtype=np.uint8)
    x, y = turned.xy.T
    xy = np.stack([y, 900 - x] if mirrored else [600 - y, x], axis=1).astype(np.float32)
    subject = make_subject(Keypoints(xy, turned.score), 600, 900, mirrored=mirrored, degrees=90)
    frame, upright = frame_person(subject, 260 / 390), frame_person(make_subject(joints, 900, 600), 260 / 390)
    assert frame is not None
    assert upright is not None
    assert (frame.width, frame.height) == pytest.approx((upright.width, upright.height), rel=1e-3)
    nose, hip = (subject.keypoints[name] for name in ("nose", "left_hip"))
    assert nose.y < hip.y
    assert subject.keypoints["left_wrist"].x > hip.x
    drawn = draw_person(stored, subject, (260, 390))
    middle = slice(100, 300)  # the whole photo in the corner is as it is stored
    assert np.abs(drawn[middle].astype(int) - expected[middle]).mean() < 3


def test_exchanged_sides_have_the_colours_of_the_query() -> None:
    _, joints = photograph(300, (450.0, 500.0))
    subject = make_subject(joints, 900, 600, exchanged="legs")
    for name, other in (("left_knee", "right_knee"), ("left_wrist", "left_wrist"), ("nose", "nose")):
        assert subject.keypoints[name] == joints[other]


@pytest.mark.parametrize("seed", range(100))
def test_any_numbers_of_a_database_are_drawn(seed: int) -> None:
    random = np.random.default_rng(seed)
    width, height = (int(random.choice([1, 50, 600, 30_000])) for _ in range(2))
    photo = random.integers(0, 255, (random.integers(1, 300), random.integers(1, 300), 3), dtype=np.uint8)
    xy = random.normal(0, 10.0 ** random.integers(-3, 20), (18, 2)) + random.normal(0, 10.0 ** random.integers(-2, 20))
    missing = tuple(name for name in JOINTS if random.random() < 0.3)
    subject = make_subject(
        keypoints(xy.astype(np.float32), missing),
        width,
        height,
        mirrored=bool(seed % 2),
        degrees=float(random.choice([0, 31, -90, 180])),
    )
    for numbers in (None, Numbers([(0, 0, 10, 10), (1e9, -1e9, 5, 5)], 1)):
        assert draw_person(photo, subject, (130, 200), numbers=numbers).shape == (200, 130, 3)
    whole = draw_whole(photo, subject, (130, 200))
    assert max(whole.shape[:2]) <= 1.5 * max(photo.shape[:2])  # whatever size the database claims


def test_only_a_rotation_in_the_picture_is_undone(filled: Database) -> None:
    match = filled.similar(1, 1, close=0)[0]
    plain = np.asarray(match.image(plain=True))
    assert np.array_equal(np.asarray(filled.show(match.pose_id).image())[0, :5], plain[0, :5])
    assert (np.asarray(match.image()) != plain).any()
    turned = replace(match, degrees=90.0, invariance="turn")
    assert np.abs(np.rot90(plain).astype(int) - np.asarray(turned.image(plain=True))).mean() < 1
    assert np.array_equal(np.asarray(replace(match, degrees=90.0, invariance="view").image(plain=True)), plain)


def test_joints_outside_the_parts_are_grey_in_all_pictures(demo_db: Database) -> None:
    report = demo_db.similar(1, 3, parts=["arms"], close=0)
    for subject in (make_query_subject(report), *map(make_match_subject, report)):
        assert subject.compared is not None
        assert not subject.compared[[INDEX["left_knee"], INDEX["nose"]]].any()
        assert subject.compared[[INDEX["left_wrist"], INDEX["right_elbow"]]].all()
    whole = make_query_subject(demo_db.similar(1, 3, close=0)).compared
    assert whole is not None
    assert whole.all()


def test_pairs_and_outliers_have_sheets(filled: Database, tmp_path: Path) -> None:
    pairs, outliers = filled.pairs(3), filled.outliers(2)
    for report, pictures in ((pairs, 6), (outliers, 2)):
        with DecoderPool(1) as decoders:
            sheet = make_sheet(report, PhotoOpener(SourceReader(), decoders, Trust()))
        assert sum(len(tile.pictures) for tile in sheet.tiles) == pictures
        first, text = sheet.tiles[0], " ".join((sheet.tiles[0].heading, *sheet.tiles[0].lines))
        assert report[0].grade in text
        assert f"similarity {report[0].similarity:.3f}" in text
        width = sheet.size[0]
        lines = make_caption(first, width)
        for place, path in enumerate(first.paths):
            mine = [line.text for line in lines[1 + len(first.lines) :] if (line.x >= width) == bool(place)]
            assert "".join(mine) == path
        written = cv2.imread(str(write_sheet(report, tmp_path / "sheet.png")), cv2.IMREAD_COLOR)
        assert written is not None
        assert np.array_equal(np.asarray(report.sheet())[:, :, ::-1], written)
        assert report.sheet(plain=True).tobytes() != report.sheet().tobytes()
        with pytest.raises(OutputFailed, match="photo"):
            write_sheet(report, first.paths[0])
    with pytest.raises(ValueError, match="needs a tile"):
        replace(pairs, pairs=()).sheet()


def test_the_second_of_a_pair_is_drawn_like_the_first(demo_db: Database) -> None:
    mirrored = [pair for pair in demo_db.pairs(200) if pair.mirrored]
    assert mirrored
    for pair in mirrored[:5]:
        first, second = make_pair_subjects(pair)
        a, b = (one.keypoints.xy[:14] - one.keypoints.xy[:14].mean(axis=0) for one in (first, second))
        assert (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()) == pytest.approx(pair.similarity, abs=2e-3)
        assert second.heat is not None
        assert first.heat is None
    turned = demo_db.pairs(5, turn=True)[4]
    first, second = make_pair_subjects(turned)
    a, b = (one.keypoints.xy[:14] - one.keypoints.xy[:14].mean(axis=0) for one in (first, second))
    assert (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()) == pytest.approx(turned.similarity, abs=2e-3)


def test_a_title_has_the_query_and_the_options(filled: Database) -> None:
    report = replace(filled.similar(1, 1, close=0), options=("only arms", "turned"))
    opener = PhotoOpener(SourceReader(), DecoderPool(1), Trust())
    assert make_sheet(report, opener).title == "Poses like pose 1 (0.png) — only arms, turned"
    assert make_sheet(filled.outliers(1), opener).title == "The poses that are unlike all others"
    plain = make_sheet(report, opener, plain=True)
    assert not any(entry.draw for entry in plain.legend)
    opener.decoders.close()


@pytest.mark.parametrize("command", ["similar 1", "pairs", "outliers"])
def test_commands_write_sheets(
    command: str, filled: Database, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def launch(path: str, *, wait: bool) -> int:
        opened.append(path)
        return 0

    monkeypatch.setattr("typer.launch", launch)
    sheet, plain = tmp_path / "sheet.png", tmp_path / "plain.png"
    code, out, err = run(*command.split(), "--png", sheet, "--open", "--db", filled.path)
    assert (code, err) == (0, f"Wrote {sheet}\n")
    assert opened == [str(sheet)]
    assert out
    assert run(*command.split(), "--png", plain, "--plain", "--json", "--db", filled.path)[0] == 0
    assert sheet.read_bytes() != plain.read_bytes()
    monkeypatch.setattr(trust, "_is_valid", lambda _name, _signature: False)
    for options, lacks in (((), True), (("--trust", "all"), False)):
        code, _, err = run(*command.split(), "--png", sheet, *options, "--db", filled.path)
        assert (code, "another user" in err) == (0, lacks)
    code, out, err = run(*command.split(), "--png", filled.path, "--db", filled.path)
    assert (code, err.count("\n")) == (1, 1)
    code, out, err = run(*command.split(), "--open", "--where", "false", "--db", filled.path)
    assert code == 0
    assert ("No picture was written" in err) == (command != "similar 1")


def test_centroids_are_plotted_on_the_axes_that_are_given(filled: Database) -> None:
    report = filled.cluster(2)
    axes = Plot().add_subplot()
    assert report.plot(axes) is axes
    assert [text.get_text() for text in axes.texts] == [
        f"cluster {one.cluster}\n{one.size} pose{'s' * (one.size > 1)}" for one in report
    ]
    limbs = [line for line in axes.lines if isinstance(line, Line2D)]
    assert len(limbs) == 2 * 13
    assert sum(line.is_dashed() for line in limbs) == 2 * 6  # the right side
    other = report.plot()
    assert other is not axes
    assert len(other.lines) == 2 * 13


def test_a_sheet_does_not_import_matplotlib() -> None:
    code = """
import sys
import numpy as np
from posesearch.render.pictures import write_sheet
from posesearch.render.sheet import Sheet, draw_sheet
from posesearch.render.tiles import Tile
draw_sheet(Sheet("title", [Tile((np.zeros((10, 10, 3), np.uint8),), ("\\u0430",), "query")]))
print("matplotlib" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
