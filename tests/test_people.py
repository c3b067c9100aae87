"""All people of a drawn photo, found by the real networks: columns, grids, small people, and nobody twice."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from posesearch import estimators, skeleton
from posesearch.demo import photos as demo
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.errors import NoPerson
from posesearch.estimators import Estimator
from posesearch.estimators.blazepose_tiles import finer
from posesearch.photos.photo import Photo
from posesearch.pose.acceptance import AcceptanceRule, accept_people
from posesearch.types import Float32, Person

STANCES = ("standing", "waving", "hands-on-hips", "arms-out", "turned", "one-hand-on-hip", "wide")


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return estimators.load("blazepose")


def draw_grid(rows: int, columns: int) -> tuple[np.ndarray, list[Float32]]:
    figures = [
        Figure(
            demo.STANCES[STANCES[(row * columns + column) % len(STANCES)]],
            Look(long_hair=bool(column % 2)),
            ((column + 0.5) * 200, (row + 0.93) * 310),
            250,
        )
        for row in range(rows)
        for column in range(columns)
    ]
    return draw_scene(columns * 200, rows * 310, figures, np.random.default_rng(7))


def check_everybody(people: list[Person], joints: list[Float32]) -> None:
    """Check that each mannequin is found exactly once, and nobody else is."""
    assert len(people) == len(joints)
    for drawn in joints:
        distances = [np.linalg.norm(one.keypoints.xy - drawn, axis=1)[skeleton.BODY] for one in people]
        assert sum(np.nanmedian(distance) < 0.1 * np.ptp(drawn[:, 1]) for distance in distances) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "columns"), [(3, 1), (5, 1), (2, 2), (3, 3)])
def test_everybody_in_a_column_or_grid_is_found_once(estimator: Estimator, rows: int, columns: int) -> None:
    pixels, joints = draw_grid(rows, columns)
    scale = min(1.0, 1024 / max(pixels.shape[:2]))  # as photos are decoded
    pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    check_everybody(estimator.estimate(Photo(pixels, pixels.shape[1], pixels.shape[0])), [xy * scale for xy in joints])


@pytest.mark.slow
@pytest.mark.parametrize("share", [1 / 3, 1 / 4, 1 / 8])
def test_a_small_person_in_a_large_photo_is_found(estimator: Estimator, share: float) -> None:
    figure = Figure(demo.STANCES["waving"], Look(), (520.0, 900.0), 1000 * share)
    pixels, joints = draw_scene(900, 1000, [figure], np.random.default_rng(3))
    check_everybody(estimator.estimate(Photo(pixels, 900, 1000)), joints)


def test_a_person_behind_another_is_kept(estimator: Estimator) -> None:
    front = Figure(demo.STANCES["standing"], Look(), (300.0, 600.0), 430)
    behind = replace(front, look=Look(long_hair=True, top=(60, 130, 190)), feet=(410.0, 560.0), size=380)
    pixels, joints = draw_scene(640, 640, [behind, front], np.random.default_rng(4))
    check_everybody(estimator.estimate(Photo(pixels, 640, 640)), joints)


@pytest.mark.parametrize(("width", "height"), [(448, 448), (1024, 300), (300, 1024), (1024, 768), (900, 1024)])
def test_half_a_tile_is_inside_one_tile_wherever_it_is(width: int, height: int) -> None:
    for crops in finer(width, height):
        side = crops[0].width
        assert side >= 224
        size = np.minimum([width, height], side / 2)
        for corner in np.random.default_rng(0).uniform(0, 1, (200, 2)) * (np.array([width, height]) - size):
            assert any(
                (corner >= one.centre - side / 2 - 1e-6).all() and (corner + size <= one.centre + side / 2 + 1e-6).all()
                for one in crops
            )


def test_small_photos_have_no_finer_tiles() -> None:
    assert list(finer(447, 300)) == []


def test_a_photo_that_is_too_small_for_anybody_says_so() -> None:
    rule = AcceptanceRule("blazepose")
    with pytest.raises(NoPerson, match=r"^icon\.png: .*only 30 x 20 pixels.*larger version"):
        accept_people([], rule, "icon.png", (30, 20))
    with pytest.raises(NoPerson) as error:
        accept_people([], rule, "room.png", (640, 480))
    assert "pixels" not in str(error.value)
