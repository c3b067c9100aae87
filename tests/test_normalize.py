import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posesearch import skeleton
from posesearch.pose import normalize
from posesearch.types import Float32
from tests.conftest import LEGS, STANDING, person

coordinates = hnp.arrays(np.float32, (14, 2), elements=st.floats(-500, 500, width=32))


def spread_out(xy: Float32) -> bool:
    """Poses whose joints lie (nearly) on one point have no shape that could be compared."""
    return bool(np.nanstd(xy, axis=0).max() > 5)


@st.composite
def poses(draw: st.DrawFn, least: int = 4) -> Float32:
    xy: Float32 = draw(coordinates.filter(spread_out)).copy()
    hidden = draw(st.sets(st.integers(0, 13), max_size=14 - least))
    xy[list(hidden)] = np.nan
    return xy if spread_out(xy) else np.nan_to_num(xy) + STANDING[:14]


def vector_and_mask(xy: Float32) -> tuple[Float32, Float32]:
    return normalize.normalize_body(xy[None])[0], (~np.isnan(xy[:, 0])).astype(np.float32)


@given(poses())
def test_body_vectors_are_centred_of_norm_one_and_zero_where_missing(xy: Float32) -> None:
    vector, mask = vector_and_mask(xy)
    assert vector.dtype == np.float32
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-5)
    assert np.allclose([vector[:14].sum(), vector[14:].sum()], 0, atol=1e-4)
    assert (vector[:14][mask == 0] == 0).all()
    assert (vector[14:][mask == 0] == 0).all()


@given(poses(), st.floats(0.1, 10), st.floats(-300, 300), st.floats(-300, 300))
def test_moving_and_scaling_change_nothing(xy: Float32, scale: float, dx: float, dy: float) -> None:
    moved = (xy * scale + np.array([dx, dy])).astype(np.float32)
    assert np.allclose(vector_and_mask(moved)[0], vector_and_mask(xy)[0], atol=1e-4)


@given(poses())
def test_the_aspect_is_kept(xy: Float32) -> None:
    vector, mask = vector_and_mask(xy)
    there = mask == 1
    sides = np.ptp(np.stack([vector[:14], vector[14:]], axis=1)[there], axis=0)
    original = np.ptp(xy[there], axis=0)
    assert np.isclose(sides[0] * original[1], sides[1] * original[0], atol=1e-2 * original.max())


def test_joints_on_one_point_have_no_pose() -> None:
    assert not normalize.normalize_body(np.full((1, 14, 2), 7, np.float32)).any()
    assert not normalize.normalize_body(np.full((1, 14, 2), np.nan, np.float32)).any()
    with pytest.raises(ValueError, match="on one point"):
        normalize.make_pose(person(np.full((18, 2), 3, np.float32)))


def test_max_is_the_articles_vector() -> None:
    xy = STANDING[None, :14] + 100
    vector = normalize.normalize_max(xy)[0]
    assert np.allclose(vector[:14], xy[0, :, 0] / xy[0, :, 0].max())
    assert np.allclose(vector[14:], xy[0, :, 1] / xy[0, :, 1].max())


def test_a_pose_carries_its_mask() -> None:
    pose = normalize.make_pose(person(STANDING, LEGS))
    assert pose.mask.sum() == 10
    assert pose.mask[skeleton.INDEX["left_knee"]] == 0


def test_in_space_vectors_are_centred_of_norm_one_and_zero_where_missing() -> None:
    xyz = np.random.default_rng(0).normal(size=(1, 14, 3)).astype(np.float32)
    xyz[0, 3] = np.nan
    vector = normalize.normalize_body(xyz)[0]
    assert vector.shape == (42,)
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-6)
    assert np.allclose([vector[:14].sum(), vector[14:28].sum(), vector[28:].sum()], 0, atol=1e-6)
    assert not vector[[3, 17, 31]].any()
