import cv2
import numpy as np
import pytest

from posesearch import skeleton
from posesearch.demo.mannequin import Figure, Look, Stance, draw_scene
from posesearch.render import sheet, skeletons, terminal
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
    assert np.mean(columns["left"]) > np.mean(columns["right"])  # who faces us has the left hand on our right


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
