import os
import re
import select
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from posesearch import skeleton
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.demo.stance import Stance
from posesearch.errors import OutputFailed
from posesearch.render import fonts, skeletons, terminal
from posesearch.render.captions import MAX_LINES, wrap_path, wrap_words
from posesearch.render.crops import find_aspect
from posesearch.render.files import write_file, write_files
from posesearch.render.fonts import measure
from posesearch.render.legend import list_entries
from posesearch.render.sheet import MAX_SIDE, TILE_HEIGHT, TILE_WIDTH, Sheet, choose_columns, draw_sheet
from posesearch.render.subjects import make_subject
from posesearch.render.tiles import Tile, choose_size
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
    legend = tuple(list_entries(skeletons=True, compared=False, graded=True))
    for number in (1, 5):
        drawn = draw_sheet(Sheet("Poses like me", [Tile((photo,), ("a.jpg",), "query")] * number, legend=legend))
        top = drawn[: np.flatnonzero((drawn == 90).all(axis=2).sum(axis=1) > 200)[0]]
        for side in ("left", "right"):
            rows = np.flatnonzero((top == skeletons.COLOURS[side]).all(axis=2).sum(axis=1) >= 20)
            is_line = (top[rows[1]] == skeletons.COLOURS[side]).all(axis=1)
            assert (np.diff(is_line.astype(int)).clip(0).sum() > 1) == (side == "right")


def test_joints_that_were_not_compared_are_grey_rings_and_the_others_grow_with_the_difference() -> None:
    photo = np.full((400, 300, 3), 90, np.uint8)
    xy = WAVING * 2 + np.array([150, 220], np.float32)
    heat, compared = np.zeros(14), np.ones(14, np.bool_)
    heat[skeleton.INDEX["left_knee"]] = 1
    compared[skeleton.INDEX["left_wrist"]] = False
    drawn = skeletons.draw_on_photo(photo, xy, heat, compared)

    def count(joint: str, colour: tuple[int, int, int]) -> int:
        x, y = np.rint(xy[skeleton.INDEX[joint]]).astype(int)
        return int((drawn[y - 12 : y + 13, x - 12 : x + 13] == colour).all(axis=2).sum())

    pale, dark = skeletons.WARMTH[0], skeletons.WARMTH[-1]
    assert count("left_wrist", skeletons.GREY) > 20
    assert count("left_wrist", pale) == 0
    x, y = np.rint(xy[skeleton.INDEX["left_wrist"]]).astype(int)
    assert tuple(drawn[y, x]) == (255, 255, 255)  # the ring is hollow
    assert count("left_knee", dark) > 2 * count("right_knee", pale) > 0
    grey = [int(cv2.cvtColor(np.array([[colour]], np.uint8), cv2.COLOR_BGR2GRAY)[0, 0]) for colour in skeletons.WARMTH]
    assert grey == sorted(grey, reverse=True)
    middle = np.rint((xy[skeleton.INDEX["left_wrist"]] + xy[skeleton.INDEX["left_elbow"]]) / 2).astype(int)
    assert tuple(drawn[middle[1], middle[0]]) == skeletons.GREY
    everywhere = skeletons.draw_on_photo(photo, xy, heat, np.zeros(14, np.bool_))
    colours = {tuple(colour) for colour in everywhere.reshape(-1, 3).tolist()}
    assert not colours & {skeletons.COLOURS["left"], skeletons.COLOURS["right"], *skeletons.WARMTH}


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
    hostile = "/a/very/long/path/" * 900 + "\n\x07\u202e\udce9 \u732b" * 900 + ".jpg"
    drawn = draw_sheet(Sheet("title " * 100, [Tile((photo,), (hostile,), "1.", (hostile,)) for photo in photos]))
    height, width = drawn.shape[:2]
    assert 3 * TILE_WIDTH < width < 4 * TILE_WIDTH
    assert TILE_HEIGHT < height < 6 * TILE_HEIGHT
    for shade in (90, 180):
        assert (drawn == shade).all(axis=2).sum() > 50_000
    with pytest.raises(ValueError, match="needs a tile"):
        draw_sheet(Sheet("title", []))
    decoded = cv2.imdecode(np.frombuffer(skeletons.encode_png(drawn), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.array_equal(decoded, drawn)


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/Pictures/2024 holidays in Rome/IMG_20240101_121212.jpg",
        "C:\\Users\\me\\Pictures\\" + "a-very-long-name" * 9 + ".jpg",
        "https://example.org/" + "x" * 150 + "/\u732b\u732b\u732b.png?size=large",
        "\u0644\u0635" * 40 + "/\u05e9\u05dc\u05d5\u05dd.jpg",
        "a.jpg",
    ],
)
@pytest.mark.parametrize("width", [120, 260])
def test_captions_are_whole(path: str, width: int) -> None:
    lines = wrap_path(path, width, 12, most=1000)
    assert "".join(lines) == path
    assert all(measure(line, 12) <= width for line in lines)
    text = "mirrored, turned -12°, right wrist and left wrist differ"
    words = wrap_words(text, width, 12)
    assert " ".join(words) == text
    assert all(measure(line, 12) <= width for line in words)


def test_a_caption_is_divided_at_separators_and_has_a_limit() -> None:
    assert wrap_path("/home/me/Pictures/holidays/photo.jpg", 150, 12) == ["/home/me/Pictures/", "holidays/photo.jpg"]
    lines = wrap_path("/start/" + "x" * 100_000 + "/end.jpg", 150, 12)
    assert len(lines) == MAX_LINES
    assert lines[0] == "/start/"
    assert lines[-1].endswith("/end.jpg")
    assert "…" in lines


def test_letters_of_every_script_are_drawn_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "list_system_fonts", tuple)  # whatever is installed here
    fonts.split_runs.cache_clear()
    fonts._find_system_font.cache_clear()
    for bold in (False, True):
        for text in (
            "\u00e9t\u00e9",
            "\u0416\u0443\u043a",
            "\u03bb\u03cc",
            "\u0639\u0631\u0628",
            "\u05e9\u05dc\u05d5\u05dd",
            "\u10d0\u0562",
        ):
            runs = fonts.split_runs(text, bold=bold)
            assert "".join(part for _, part in runs) == text
            assert all("DejaVuSans" in path for path, _ in runs)
            assert all(fonts._has_glyph(path, letter) for path, part in runs for letter in part)
    [(_, shown)] = fonts.split_runs("\u732b\U00020000 a\u0301\x07\u202e")
    assert shown == "\\u732b\\U00020000 \u00e1??"
    fonts.split_runs.cache_clear()
    fonts._find_system_font.cache_clear()


def test_a_script_that_dejavu_lacks_is_drawn_with_a_font_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    font = tmp_path / "fonts" / "deep" / "NotoSansCJK-Regular.ttf"
    font.parent.mkdir(parents=True)
    # It comes with matplotlib too, and has letters that DejaVu Sans lacks.
    shutil.copy(Path(fonts._find_dejavu(bold=False)).with_name("STIXGeneral.ttf"), font)
    (tmp_path / "fonts" / "freesans.ttf").write_bytes(b"not a font")
    monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path / "fonts"),))
    for cached in (fonts.split_runs, fonts._find_system_font, fonts.list_system_fonts):
        cached.cache_clear()
    (first, a), (second, letters), (third, rest) = fonts.split_runs("a\u1d81\u1d84.jpg")
    assert (a, letters, rest) == ("a", "\u1d81\u1d84", ".jpg")
    assert (second, first) == (str(font), third)
    assert fonts._has_glyph(second, "\u1d81")
    for cached in (fonts.split_runs, fonts._find_system_font, fonts.list_system_fonts):
        cached.cache_clear()


@pytest.mark.parametrize("wide", [0.5, 2, 4])
@pytest.mark.parametrize("count", [2, 5, 11, 30, 100, 1000])
def test_sheets_have_a_sensible_shape(count: int, wide: float) -> None:
    size = choose_size([find_aspect(make_subject(keypoints(STANDING * np.array([wide, 1])), 500, 500))] * count)
    width, height = size[0] + 18, size[1] + 100
    columns = choose_columns(width, [height] * count)
    rows = -(-count // columns)
    assert max(columns * width, rows * height) <= MAX_SIDE
    if count <= 5:
        assert rows == 1
    elif count == 11:
        assert columns == 4
    else:
        assert 1 < columns * width / (rows * height) < 1.9


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
