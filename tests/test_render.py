import os
import re
import select
import stat
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from posesearch import skeleton
from posesearch.demo.mannequin import Figure, Look, Stance, draw_scene
from posesearch.errors import OutputFailed
from posesearch.render import sheet, skeletons, terminal
from posesearch.render.files import write_file, write_files
from posesearch.types import Float32
from tests import golden
from tests.conftest import LEGS, STANDING, keypoints

WAVING = STANDING.copy()
WAVING[skeleton.INDEX["left_elbow"]] = 36, -60
WAVING[skeleton.INDEX["left_wrist"]] = 40, -90


@pytest.mark.parametrize("style", ["ascii", "braille"])
def test_skeletons_in_text(style: terminal.Style) -> None:
    partial = keypoints(WAVING, LEGS).xy
    drawn = terminal.place_side_by_side([terminal.draw(xy, 20, 11, style) for xy in (STANDING, WAVING, partial)])
    golden.check(f"skeletons-{style}.txt", drawn.plain() + "\n")


@pytest.mark.parametrize("style", ["ascii", "braille"])
def test_text_is_as_large_as_asked_and_knows_left_from_right(style: terminal.Style) -> None:
    drawn = terminal.draw(WAVING, 30, 12, style)
    assert len(drawn.rows) == 12
    assert {sum(len(run.text) for run in row) for row in drawn.rows} == {30}
    columns: dict[str | None, list[int]] = {}
    for row in drawn.rows:
        position = 0
        for run in row:
            if run.text.strip():
                columns.setdefault(run.side, []).append(position)
            position += len(run.text)
    assert set(columns) - {None} == {"left", "right", "centre"}
    assert np.mean(columns["left"]) > np.mean(columns["right"])  # the person's left is on our right


def test_plain_ascii_is_plain_ascii() -> None:
    assert terminal.draw(WAVING, 20, 11, "ascii").plain().isascii()


@pytest.mark.parametrize("style", ["ascii", "braille"])
def test_odd_skeletons_are_drawn_too(style: terminal.Style) -> None:
    nobody = np.full((18, 2), np.nan, np.float32)
    assert not terminal.draw(nobody, 10, 5, style).plain().strip()
    lonely = nobody.copy()
    lonely[0] = 5, 5
    assert terminal.draw(lonely, 10, 5, style).plain().strip()
    assert terminal.draw(STANDING, 1, 1, style).plain() is not None
    assert terminal.draw(STANDING[:14], 10, 5, style).plain() == terminal.draw(STANDING, 10, 5, style).plain()


def test_the_overlay_draws_each_side_in_its_colour_and_leaves_the_photo_alone() -> None:
    photo = np.full((400, 300, 3), 90, np.uint8)
    xy = WAVING * 2 + np.array([150, 220], np.float32)
    before = photo.copy()
    drawn = skeletons.draw_on_photo(photo, xy)
    assert np.array_equal(photo, before)
    for name, side in (("left_elbow", "left"), ("right_knee", "right"), ("neck", "centre")):
        x, y = np.rint(xy[skeleton.INDEX[name]]).astype(int)
        assert tuple(drawn[y, x]) == skeletons.COLOURS[side]
    assert (drawn[5, 5] == 90).all()
    missing = skeletons.draw_on_photo(photo, keypoints(xy, LEGS).xy)
    x, y = np.rint(xy[skeleton.INDEX["left_ankle"]]).astype(int)
    assert (missing[y, x] == 90).all()


def count_strokes(pixels: skeletons.Pixels, xy: Float32, start: str, end: str) -> int:
    """Return how many dark strokes a limb has in greyscale. A stroke longer than a dash counts as one."""
    first, last = (xy[skeleton.INDEX[name]] for name in (start, end))
    points = np.rint(np.linspace(first, last, 400)).astype(int)
    is_dark = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[points[:, 1], points[:, 0]] < 160
    return int(np.diff(is_dark.astype(int), prepend=0).clip(0).sum())


@pytest.mark.parametrize("size", [1, 3])
def test_the_right_side_is_dashed_on_photos(size: int) -> None:
    photo = np.full((220 * size, 160 * size, 3), 90, np.uint8)
    xy = (STANDING * 1.3 + np.array([80, 100], np.float32)) * size
    drawn = skeletons.draw_on_photo(photo, xy)
    for limb in (("hip", "knee"), ("knee", "ankle"), ("elbow", "wrist")):
        assert count_strokes(drawn, xy, f"left_{limb[0]}", f"left_{limb[1]}") <= 3  # the rings of joints are white
        assert count_strokes(drawn, xy, f"right_{limb[0]}", f"right_{limb[1]}") >= 4


def test_the_right_side_is_dotted_in_text() -> None:
    runs = [run for row in terminal.draw(WAVING, 36, 20, "ascii").rows for run in row]
    assert {letter for run in runs if run.side == "right" for letter in run.text} == set(":.o")
    assert {letter for run in runs if run.side == "left" for letter in run.text} <= set("|-/\\o")
    dots = dict.fromkeys(("left", "right"), 0)
    for row in terminal.draw(STANDING, 36, 20, "braille").rows:
        for run in row:
            if run.side in dots:
                dots[run.side] += sum((ord(letter) & 0xFF).bit_count() for letter in run.text)
    assert 1.7 < dots["left"] / dots["right"] < 2.3


def test_a_sheet_explains_the_strokes() -> None:
    photo = np.full((300, 200, 3), 90, np.uint8)
    for number in (1, 5):
        drawn = sheet.draw_sheet([sheet.Tile(photo, ("query",), "a.jpg")] * number, 4, "Poses like " + "a" * 500)
        legend = drawn[: 2 * 14 + 19 * (2 if number == 1 else 1)]
        for side in ("left", "right"):
            [row] = np.flatnonzero((legend == skeletons.COLOURS[side]).all(axis=2).sum(axis=1) >= 20)[1:2]
            is_line = (legend[row] == skeletons.COLOURS[side]).all(axis=1)
            assert (np.diff(is_line.astype(int)).clip(0).sum() > 1) == (side == "right")


def test_joints_outside_the_picture_do_no_harm() -> None:
    photo = np.zeros((40, 40, 3), np.uint8)
    assert skeletons.draw_on_photo(photo, STANDING * 1e6).shape == (40, 40, 3)


def test_the_skeleton_alone_fills_its_picture() -> None:
    drawn = skeletons.draw_alone(WAVING[:14], 120, 200)
    assert drawn.shape == (200, 120, 3)
    rows = np.flatnonzero((drawn < 200).any(axis=(1, 2)))
    assert rows.min() < 30
    assert rows.max() > 170
    assert (skeletons.draw_alone(np.full((18, 2), np.nan, np.float32), 50, 50) > 200).all()


def test_a_sheet_has_a_tile_each_and_survives_any_caption() -> None:
    photos = [np.full((300, 200, 3), shade, np.uint8) for shade in (0, 90, 180)]
    lines = ("1. 0.99", "/a/very/long/path/" * 9 + "\n\x07 \u732b.jpg")
    drawn = sheet.draw_sheet([sheet.Tile(photo, lines[:-1], lines[-1]) for photo in photos], 2, "title")
    height, width = drawn.shape[:2]
    assert width > 2 * sheet.TILE_WIDTH
    assert height > 2 * sheet.TILE_HEIGHT
    with pytest.raises(ValueError, match="needs a tile"):
        sheet.draw_sheet([], 2, "title")
    decoded = cv2.imdecode(np.frombuffer(skeletons.encode_png(drawn), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.array_equal(decoded, drawn)


def test_a_mannequin_stands_where_its_joints_are_said_to_be() -> None:
    figure = Figure(Stance(), Look(), (150.0, 380.0), 340.0)
    pixels, [joints] = draw_scene(300, 400, [figure], np.random.default_rng(0))
    empty, _ = draw_scene(300, 400, [], np.random.default_rng(0))
    assert pixels.shape == (400, 300, 3)
    changed = np.abs(pixels.astype(int) - empty).max(axis=2) > 30
    for name in skeleton.JOINTS:
        x, y = np.rint(joints[skeleton.INDEX[name]]).astype(int)
        assert changed[y - 2 : y + 3, x - 2 : x + 3].any(), name
    left, right = (joints[skeleton.INDEX[name], 0] for name in ("left_wrist", "right_wrist"))
    assert left > right
    assert np.flatnonzero(changed.any(axis=1)).max() == pytest.approx(380, abs=14)  # on the floor, with its shadow


def test_a_mannequin_moves_its_arms() -> None:
    up = Stance(left_arm=(160, 0), left_forearm=(170, 0))
    _, [joints] = draw_scene(300, 400, [Figure(up, Look(), (150.0, 380.0), 300.0)], np.random.default_rng(0))
    index = skeleton.INDEX
    assert joints[index["left_wrist"], 1] < joints[index["nose"], 1] < joints[index["right_wrist"], 1]
    turned = Stance(yaw=90)
    _, [joints] = draw_scene(300, 400, [Figure(turned, Look(), (150.0, 380.0), 300.0)], np.random.default_rng(0))
    assert abs(joints[index["left_shoulder"], 0] - joints[index["right_shoulder"], 0]) < 2


PICTURE = skeletons.encode_png(np.zeros((40, 40, 3), np.uint8))
OTHER_PICTURE = skeletons.encode_png(np.full((40, 40, 3), 90, np.uint8))


def test_a_picture_replaces_a_picture_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.png"
    write_file(path, PICTURE)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "deep").stat().st_mode) & 0o666
    path.chmod(0o640)
    assert write_file(path, OTHER_PICTURE) == path
    assert path.read_bytes() == OTHER_PICTURE
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.png").symlink_to(Path("there") / "a.png")
    for picture in (PICTURE, OTHER_PICTURE):
        write_file(tmp_path / "link.png", picture)
        assert (tmp_path / "link.png").is_symlink()
        assert (tmp_path / "there" / "a.png").read_bytes() == picture
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(OutputFailed, match=r"loop\.png"):
        write_file(tmp_path / "loop.png", PICTURE)


WRITE = """
import resource, signal, sys
from pathlib import Path
from posesearch.errors import OutputFailed
from posesearch.render.files import write_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_file(Path(sys.argv[1]), b"\\x89PNG\\r\\n\\x1a\\n" + bytes(5000))
except OutputFailed as error:
    print(error)
"""


@pytest.mark.parametrize("is_there", [False, True])
def test_a_full_disk_leaves_the_former_picture_and_nothing_else(is_there: bool, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "a.png"
    if is_there:
        path.write_bytes(PICTURE)
    command = [sys.executable, "-c", WRITE, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == f"{path}: the file can't be written (File too large); name another path.\n"
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [PICTURE] * is_there


@pytest.mark.parametrize("begin", [b"DUCK", b"\xff\xd8\xff\xe0", b"\x89PN", b"x"])
def test_a_file_that_is_no_picture_is_not_overwritten(begin: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(begin)
    with pytest.raises(OutputFailed, match="a file that is not a PNG picture is already there, and was not changed"):
        write_files({tmp_path / "a.png": PICTURE, path: PICTURE})
    assert path.read_bytes() == begin
    assert list(tmp_path.iterdir()) == [path]  # if one picture must not be written, none is
    path.write_bytes(b"")
    assert write_file(path, PICTURE).read_bytes() == PICTURE


def test_what_is_to_be_kept_is_not_overwritten_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    photo = tmp_path / "photo.png"
    photo.write_bytes(OTHER_PICTURE)
    (tmp_path / "link.png").symlink_to(photo)
    os.link(photo, tmp_path / "hard.png")
    (tmp_path / "gone.png").symlink_to("log.wal")
    keep: list[str | Path] = ["https://example.org/a.png", "nul\0", photo, str(tmp_path / "log.wal")]
    for name in (
        "photo.png",
        "folder/../photo.png",
        "link.png",
        "hard.png",
        "log.wal",
        "folder/../log.wal",
        "gone.png",
    ):
        with pytest.raises(OutputFailed, match="of the database or of a photo, and a PNG picture never replaces these"):
            write_file(tmp_path / name, PICTURE, keep)
    assert photo.read_bytes() == OTHER_PICTURE
    assert not (tmp_path / "log.wal").exists()


def test_a_pipe_is_written_to_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(OutputFailed, match="no program reads from this pipe"):
        write_file(pipe, PICTURE)
    received: list[bytes] = []
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    large = PICTURE + bytes(1_000_000)

    def read() -> None:
        select.select([reader], [], [], 30)  # without a writer, reading would return the end of the file
        os.set_blocking(reader, True)
        with os.fdopen(reader, "rb") as file:
            received.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    write_file(pipe, large)
    thread.join(30)
    assert received == [large]
    assert pipe.is_fifo()


@pytest.mark.parametrize("place", ["/dev/full", "/", "nul\0.png", "/dev/null/a.png"])
def test_a_place_that_takes_no_picture_is_an_error(place: str) -> None:
    with pytest.raises(OutputFailed, match=re.escape("the file can't be written")):
        write_file(Path(place), PICTURE)


@pytest.mark.slow
def test_a_picture_goes_to_stdout() -> None:
    code = "from pathlib import Path; from tests.test_render import *; write_file(Path('/dev/stdout'), PICTURE)"
    root = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=root).stdout == PICTURE
