from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posesearch import skeleton
from posesearch.pose import normalize, similarity
from posesearch.pose.similarity import Comparison, Invariance, Poses, compare, contributions
from posesearch.types import Float32
from tests.conftest import STANDING

INVARIANCES: tuple[Invariance, ...] = get_args(Invariance)


def people(seed: int, count: int, axes: int = 2, hidden: int = 6, spread: float = 45) -> Float32:
    """Return standing people with moved joints, of which some are missing: (count, 14, axes)."""
    random = np.random.default_rng(seed)
    xyz = np.zeros((count, 14, axes))
    xyz[..., :2] = STANDING[:14]
    xyz += random.uniform(-spread, spread, xyz.shape)
    for row in xyz:
        row[random.choice(14, random.integers(0, hidden + 1), replace=False)] = np.nan
    return xyz.astype(np.float32)


def poses(xyz: Float32) -> Poses:
    vectors = normalize.normalize_body(xyz)
    return Poses(vectors, (~np.isnan(xyz[..., 0])).astype(np.float32))


def example(seed: int, invariance: Invariance, count: int = 1, hidden: int = 6, spread: float = 45) -> Poses:
    return poses(people(seed, count, 3 if invariance == "view" else 2, hidden, spread))


def compared(stored: Poses, query: Poses, invariance: Invariance = "none") -> Comparison:
    return compare(stored, query, query.masks, invariance)


seeds = st.integers(0, 2**32 - 1)
invariances = st.sampled_from(INVARIANCES)


@given(seeds, invariances)
def test_a_pose_is_most_similar_to_itself(seed: int, invariance: Invariance) -> None:
    stored = example(seed, invariance, 20)
    result = compared(stored, stored.take(slice(7, 8)), invariance)
    assert result.similarity()[0, 7] == pytest.approx(1, abs=1e-5)
    assert result.similarity()[0].argmax() == 7
    assert result.shared[0, 7] == stored.masks[7].sum()
    assert result.degrees[0, 7] == pytest.approx(0, abs=1e-3)


@given(seeds, invariances)
def test_a_correlation_is_symmetric_and_within_bounds(seed: int, invariance: Invariance) -> None:
    stored = example(seed, invariance, 12)
    result = compared(stored, stored, invariance)
    assert np.allclose(result.correlation, result.correlation.T, atol=1e-5)
    assert (np.abs(result.correlation) <= 1).all()
    assert (result.shared == result.shared.T).all()
    turned = (result.degrees + result.degrees.T) % 360
    assert np.allclose(np.minimum(turned, 360 - turned)[result.correlation > 0.1], 0, atol=0.1)


@given(seeds)
def test_between_complete_poses_the_similarity_is_the_inner_product(seed: int) -> None:
    stored = example(seed, "none", 9, hidden=0)
    assert np.allclose(compared(stored, stored).similarity(), stored.vectors @ stored.vectors.T, atol=1e-5)


@given(seeds, invariances, st.floats(0.2, 5), st.floats(-100, 100), st.floats(-100, 100))
def test_moving_and_scaling_change_nothing(
    seed: int, invariance: Invariance, scale: float, dx: float, dy: float
) -> None:
    xyz = people(seed, 8, 3 if invariance == "view" else 2)
    moved = xyz * scale + np.array([dx, dy, 3.0])[: xyz.shape[2]]
    one = compared(poses(xyz), poses(xyz[:3]), invariance)
    other = compared(poses(moved.astype(np.float32)), poses(xyz[:3]), invariance)
    assert np.allclose(one.similarity(4), other.similarity(4), atol=1e-5)


@given(seeds, invariances)
def test_mirroring_twice_changes_nothing_and_mirroring_both_changes_no_similarity(
    seed: int, invariance: Invariance
) -> None:
    stored = example(seed, invariance, 6)
    twice = stored.mirror().mirror()
    assert (twice.vectors == stored.vectors).all()
    assert (twice.masks == stored.masks).all()
    one, other = compared(stored, stored, invariance), compared(stored.mirror(), stored.mirror(), invariance)
    assert np.allclose(one.similarity(), other.similarity(), atol=1e-6)
    assert not np.allclose(compared(stored, stored.mirror()).correlation.diagonal(), 1, atol=1e-3)


@given(seeds, st.floats(-179, 179))
def test_a_turn_in_the_picture_is_found_and_told(seed: int, degrees: float) -> None:
    xy = people(seed, 1, hidden=4)
    radians = np.radians(degrees)
    clockwise = np.array([[np.cos(radians), np.sin(radians)], [-np.sin(radians), np.cos(radians)]])  # y points down
    result = compared(poses((xy @ clockwise).astype(np.float32)), poses(xy), "turn")
    assert result.correlation[0, 0] == pytest.approx(1, abs=1e-5)
    assert result.degrees[0, 0] == pytest.approx(degrees, abs=0.1)


@given(seeds, st.floats(-179, 179))
def test_another_side_is_found_and_told(seed: int, degrees: float) -> None:
    xyz = people(seed, 1, axes=3, hidden=4)
    radians = np.radians(degrees)
    x, y, z = xyz[0].T
    turned = np.stack([x * np.cos(radians) - z * np.sin(radians), y, x * np.sin(radians) + z * np.cos(radians)], axis=1)
    result = compared(poses(turned[None].astype(np.float32)), poses(xyz), "view")
    assert result.correlation[0, 0] == pytest.approx(1, abs=1e-5)
    assert result.degrees[0, 0] == pytest.approx(degrees, abs=0.1)


def test_positive_degrees_of_a_view_are_towards_the_right_of_the_picture() -> None:
    facing = np.zeros((1, 14, 3), np.float32)
    facing[0, :, :2] = STANDING[:14]
    nose = skeleton.INDEX["nose"]
    facing[0, nose] = [0, -60, -20]  # the nose points at the camera
    turned = facing.copy()
    turned[0, :, 0], turned[0, :, 2] = -facing[0, :, 2], facing[0, :, 0]
    assert turned[0, nose, 0] > 0
    assert compared(poses(turned), poses(facing), "view").degrees[0, 0] == pytest.approx(90, abs=1e-3)


@pytest.mark.parametrize("invariance", INVARIANCES)
def test_no_turn_that_is_tried_is_better_than_the_one_found(invariance: Invariance) -> None:
    stored, query = example(1, invariance, 5), example(2, invariance, 5)
    best = np.full((5, 5), -np.inf)
    for degrees in np.arange(0, 360, 0.5 if invariance != "none" else 360):
        best = np.maximum(best, compared(_turned(stored, degrees, invariance), query).correlation)
    assert np.allclose(best, compared(stored, query, invariance).correlation, atol=1e-4)


def _turned(stored: Poses, degrees: float, invariance: Invariance) -> Poses:
    axes = stored.axes.astype(np.float64)
    first, second = axes[0], axes[2 if invariance == "view" else 1]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = axes.copy()
    turned[0], turned[2 if invariance == "view" else 1] = first * cosine - second * sine, first * sine + second * cosine
    return Poses(turned.transpose(1, 0, 2).reshape(stored.vectors.shape).astype(np.float32), stored.masks)


@given(seeds, invariances, st.lists(st.sampled_from([0.0, 0.25, 1.0, 1.0]), min_size=14, max_size=14))
def test_contributions_sum_to_the_distance_and_are_where_joints_are_asked_about(
    seed: int, invariance: Invariance, chosen: list[float]
) -> None:
    stored, query = example(seed, invariance), example(seed + 1, invariance)
    weight = (query.masks * np.array(chosen)).astype(np.float32)
    if (weight[0] * stored.masks[0] > 0).sum() < 4:
        return
    result = compare(stored, query, weight, invariance)
    (parts,) = contributions(stored, query, weight, result, invariance)
    assert parts.shape == (14,)
    assert (parts >= 0).all()
    assert (parts[weight[0] == 0] == 0).all()
    assert parts.sum() == pytest.approx(min(2.0, 1 - result.similarity(3)[0, 0]), abs=1e-5) or parts.sum() > 2


def test_the_joint_that_was_moved_contributes_most() -> None:
    xy = STANDING[None, :14].astype(np.float32)
    for joint in range(14):
        moved = xy.copy()
        moved[0, joint] += 25
        stored, query = poses(moved), poses(xy)
        assert contributions(stored, query, query.masks, compare(stored, query, query.masks)).argmax() == joint


def test_missing_joints_lower_the_similarity() -> None:
    xy = people(5, 1, hidden=0, spread=20)
    fewer = np.repeat(xy, 4, axis=0)
    for row in range(4):
        fewer[row, : 2 * row] = np.nan
    values = compared(poses(fewer), poses(xy)).similarity()[0]
    assert values[0] == pytest.approx(1, abs=1e-6)
    assert (np.diff(values) < 0).all()
    assert values[1] == pytest.approx(1 - 2 / 14 * (1 - similarity.MISSING_JOINT_SIMILARITY), abs=1e-5)
    other = poses(people(6, 1, hidden=0))
    worse = compared(other, poses(xy)).correlation[0, 0]
    assert similarity.penalize(np.array([worse]), np.array([0.5]))[0] < worse < similarity.MISSING_JOINT_SIMILARITY


def test_too_few_shared_joints_are_no_match() -> None:
    xy = people(1, 1, hidden=0)
    five, six = xy.copy(), xy.copy()
    five[0, 5:], six[0, 6:] = np.nan, np.nan
    with_five, with_six = (compared(poses(some), poses(xy)) for some in (five, six))
    assert with_five.similarity()[0, 0] == -np.inf
    assert with_six.similarity()[0, 0] > 0
    assert with_five.similarity(5)[0, 0] > 0
    assert compared(poses(xy), poses(five)).similarity()[0, 0] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("invariance", INVARIANCES)
def test_joints_on_one_point_have_similarity_zero(invariance: Invariance) -> None:
    stored, query = example(3, invariance, hidden=0), example(4, invariance, hidden=0)
    weight = np.zeros((1, 14), np.float32)
    weight[0, 3] = 1
    result = compare(stored, query, weight, invariance)
    assert (result.correlation[0, 0], result.share[0, 0]) == (0, 0)
    assert result.similarity()[0, 0] == -np.inf


def test_many_queries_give_the_same_as_one_by_one() -> None:
    stored, query = example(1, "turn", 7), example(2, "turn", 5)
    result = compare(stored, query, query.masks, "turn")
    for row in range(5):
        for column in range(7):
            one, other = stored.take(slice(column, column + 1)), query.take(slice(row, row + 1))
            single = compare(one, other, other.masks, "turn")
            for name in ("correlation", "share", "degrees"):
                assert getattr(single, name)[0, 0] == pytest.approx(getattr(result, name)[row, column], abs=1e-6)
