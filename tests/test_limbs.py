"""Limbs in 3D: what is compared from any side."""

import numpy as np
import pytest

from posesearch import estimators, skeleton
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene, find_joints
from posesearch.demo.photos import STANCES
from posesearch.demo.stance import Directions, Stance, directions_of
from posesearch.photos.photo import Photo
from posesearch.pose.limbs import make_limbs
from posesearch.pose.normalize import make_pose, normalize_limbs
from posesearch.pose.similarity import Poses, compare, mirror_joints
from posesearch.types import Float32, Float64

INDEX = skeleton.INDEX
DIFFERENT = ("hands-on-hips", "arms-out", "arms-up", "waving", "wide", "lunge", "squat", "kick", "side-bend", "walking")


def joints(seed: int = 0) -> tuple[Float32, Float32]:
    world = np.random.default_rng(seed).normal(size=(5, skeleton.N_BODY, 3)).astype(np.float32)
    return world[..., :2] * 90 + np.float32(250), world


def test_limbs_do_not_depend_on_the_place_and_size_in_the_picture() -> None:
    xy, world = joints()
    moved = xy * np.float32(3) - np.float32(700)
    assert normalize_limbs(moved, world) == pytest.approx(normalize_limbs(xy, world), abs=1e-5)


def test_an_error_in_the_depth_of_an_elbow_moves_neither_the_wrist_nor_other_limbs() -> None:
    xy, world = joints()
    wrong = world.copy()
    wrong[:, [INDEX["left_elbow"], INDEX["left_wrist"]], 2] += 1
    before, after = (make_limbs(xy, one) for one in (world, wrong))
    changed = ~np.isclose(before, after, atol=1e-6).all(axis=(0, 2))
    # The neck is relative to the centroid, which moves.
    assert [skeleton.JOINTS[joint] for joint in np.flatnonzero(changed)] == ["neck", "left_elbow"]


def test_a_joint_is_relative_to_the_one_before_a_missing_joint() -> None:
    xy, world = joints()
    elbow, wrist, shoulder = INDEX["left_elbow"], INDEX["left_wrist"], INDEX["left_shoulder"]
    for array in (xy, world):
        array[:, elbow] = np.nan
    limbs = make_limbs(xy, world)
    assert np.isnan(limbs[:, elbow]).all()
    depth = world[:, wrist, 2] - world[:, shoulder, 2]
    assert np.corrcoef(limbs[:, wrist, 2], depth)[0, 1] == pytest.approx(1)


def test_nothing_is_compared_of_a_person_without_joints() -> None:
    nobody = np.full((1, skeleton.N_BODY, 3), np.nan, np.float32)
    assert not normalize_limbs(nobody[..., :2], nobody).any()


def test_the_limbs_of_a_mirrored_person_are_mirrored() -> None:
    xy, world = joints()
    flipped = [mirror_joints(one.swapaxes(1, 2)).swapaxes(1, 2) * np.array([-1, 1, 1][: one.shape[2]], np.float32)
               for one in (xy, world)]  # fmt: skip
    expected = Poses(normalize_limbs(xy, world), np.ones((5, 14), np.float32)).mirror().vectors
    assert normalize_limbs(*(one.astype(np.float32) for one in flipped)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", DIFFERENT)
def test_directions_of_joints_draw_the_same_pose(name: str) -> None:
    look = Look()
    for yaw in (0, 70, 180):
        stance = STANCES[name]
        drawn = Directions(**{**vars(stance.directions), "yaw": yaw})
        true = find_joints(drawn, look)
        again = find_joints(directions_of(true), look)
        limbs = [INDEX[joint] for joint in skeleton.JOINTS[:14] if joint != "nose"]
        assert again[limbs] == pytest.approx(true[limbs], abs=1e-6)
        assert np.linalg.norm(again[INDEX["nose"]] - true[INDEX["nose"]]) < 0.03


def estimate(stance: Stance, yaw: float, seed: int) -> tuple[Float32, Float32]:
    random = np.random.default_rng(seed)
    turned = Directions(**{**vars(stance.directions), "yaw": yaw})
    look = Look(top=tuple(random.integers(40, 200, 3).tolist()), shoulders=random.uniform(0.1, 0.112))
    pixels, _ = draw_scene(400, 480, [Figure(turned, look, (200, 440), 380)], random)
    pose = make_pose(estimators.load("blazepose").estimate(Photo(pixels, 400, 480))[0])
    assert pose.world_vector is not None
    return pose.world_vector, pose.mask


def similarities(stored: list[tuple[Float32, Float32]], queries: list[tuple[Float32, Float32]]) -> Float64:
    a, b = (Poses(*(np.stack(parts) for parts in zip(*some, strict=True))) for some in (stored, queries))
    return compare(a, b, b.masks, "view").similarity()


@pytest.mark.slow
def test_poses_are_found_from_another_side() -> None:
    stored = [estimate(STANCES[name], 0, number) for number, name in enumerate(DIFFERENT)]
    queries = [estimate(STANCES[name], 50, 100 + number) for number, name in enumerate(DIFFERENT)]
    found = similarities(stored, queries).argmax(axis=1)
    assert (found == np.arange(len(DIFFERENT))).all()
