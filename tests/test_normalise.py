import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posesearch import normalise, skeleton
from posesearch.store import file
from posesearch.types import Float
from tests.conftest import LEGS, STANDING, person

coordinates = hnp.arrays(np.float32, (14, 2), elements=st.floats(-500, 500, width=32))
weights = hnp.arrays(np.float32, 14, elements=st.sampled_from([0.0, 0.25, 1.0]))


def spread_out(xy: Float) -> bool:
    """Poses whose joints (nearly) lie on one point have no shape to compare."""
    return bool(np.nanstd(xy, axis=0).max() > 5)


@st.composite
def poses(draw: st.DrawFn, least: int = 4) -> Float:
    xy: Float = draw(coordinates.filter(spread_out)).copy()
    hidden = draw(st.sets(st.integers(0, 13), max_size=14 - least))
    xy[list(hidden)] = np.nan
    return xy if spread_out(xy) else np.nan_to_num(xy) + STANDING[:14]


def vector_and_mask(xy: Float) -> tuple[Float, Float]:
    return normalise.body(xy[None])[0], (~np.isnan(xy[:, 0])).astype(np.float32)


@given(poses())
def test_body_vectors_are_centred_of_norm_one_and_zero_where_missing(xy: Float) -> None:
    vector, mask = vector_and_mask(xy)
    assert vector.dtype == np.float32
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-5)
    assert np.allclose([vector[:14].sum(), vector[14:].sum()], 0, atol=1e-4)
    assert (vector[:14][mask == 0] == 0).all()
    assert (vector[14:][mask == 0] == 0).all()


@given(poses(), st.floats(0.1, 10), st.floats(-300, 300), st.floats(-300, 300))
def test_moving_and_scaling_change_nothing(xy: Float, scale: float, dx: float, dy: float) -> None:
    moved = (xy * scale + np.array([dx, dy])).astype(np.float32)
    assert np.allclose(vector_and_mask(moved)[0], vector_and_mask(xy)[0], atol=1e-4)


@given(poses())
def test_the_aspect_is_kept(xy: Float) -> None:
    vector, mask = vector_and_mask(xy)
    there = mask == 1
    sides = np.ptp(np.stack([vector[:14], vector[14:]], axis=1)[there], axis=0)
    original = np.ptp(xy[there], axis=0)
    assert np.isclose(sides[0] * original[1], sides[1] * original[0], atol=1e-2 * original.max())


def test_joints_on_one_point_have_no_pose() -> None:
    assert not normalise.body(np.full((1, 14, 2), 7, np.float32)).any()
    assert not normalise.body(np.full((1, 14, 2), np.nan, np.float32)).any()
    with pytest.raises(ValueError, match="on one point"):
        normalise.pose_of(person(np.full((18, 2), 3, np.float32)))


def test_max_is_the_articles_vector() -> None:
    xy = STANDING[None, :14] + 100
    vector = normalise.maximum(xy)[0]
    assert np.allclose(vector[:14], xy[0, :, 0] / xy[0, :, 0].max())
    assert np.allclose(vector[14:], xy[0, :, 1] / xy[0, :, 1].max())


def test_a_pose_carries_its_mask() -> None:
    pose = normalise.pose_of(person(STANDING, LEGS))
    assert pose.mask.sum() == 10
    assert pose.mask[skeleton.INDEX["left_knee"]] == 0


@given(poses())
def test_a_pose_is_most_similar_to_itself(xy: Float) -> None:
    vector, mask = vector_and_mask(xy)
    similarity, shared = normalise.similarity(vector[None], mask[None], vector, mask)
    assert similarity[0] == pytest.approx(1, abs=1e-5)
    assert shared[0] == mask.sum()


@given(poses(14), poses(14))
def test_between_complete_poses_similarity_is_the_inner_product(a: Float, b: Float) -> None:
    (va, ma), (vb, mb) = vector_and_mask(a), vector_and_mask(b)
    similarity, _ = normalise.similarity(va[None], ma[None], vb, mb)
    assert similarity[0] == pytest.approx(float(va @ vb), abs=1e-5)


@given(poses(8), poses(8))
def test_similarity_is_symmetric_and_within_bounds(a: Float, b: Float) -> None:
    (va, ma), (vb, mb) = vector_and_mask(a), vector_and_mask(b)
    there, shared = normalise.similarity(va[None], ma[None], vb, mb)
    back, same = normalise.similarity(vb[None], mb[None], va, ma)
    assert there[0] == pytest.approx(back[0], abs=1e-5)
    assert shared[0] == same[0]
    assert -1 <= there[0] <= 1


@given(poses(8), poses(8), st.floats(0.2, 5), st.floats(-100, 100))
def test_similarity_is_what_is_left_after_the_best_move_and_scale(a: Float, b: Float, scale: float, dx: float) -> None:
    (va, ma), (vb, mb) = vector_and_mask(a), vector_and_mask(b)
    shared = (ma * mb) == 1
    if shared.sum() < 3 or not spread_out(a[shared]) or not spread_out(b[shared]):
        return
    similarity, _ = normalise.similarity(va[None], ma[None], vb, mb)
    moved = normalise.body((a[shared] * scale + dx)[None])[0] @ normalise.body(b[shared][None])[0]
    assert similarity[0] == pytest.approx(float(moved), abs=1e-3)


@st.composite
def bodies(draw: st.DrawFn) -> Float:
    """Draw somebody who stands, each joint up to a third of the body elsewhere, up to six of them hidden."""
    xy: Float = STANDING[:14] + draw(hnp.arrays(np.float32, (14, 2), elements=st.floats(-45, 45, width=32)))
    xy[list(draw(st.sets(st.integers(0, 13), max_size=6)))] = np.nan
    return xy


@settings(deadline=None, max_examples=150)
@given(bodies(), bodies(), weights)
def test_sql_gives_the_same_numbers(stored: Float, query: Float, weight: Float) -> None:
    (a, a_mask), (b, b_mask) = vector_and_mask(stored), vector_and_mask(query)
    weight = weight * b_mask
    similarity, shared = normalise.similarity(a[None], a_mask[None], b, weight)
    got = CONNECTION.execute(
        """
        SELECT coalesce(pose_correlation(v, m, s, q), 0), shared_joints(m, q)
        FROM (SELECT $v::FLOAT[28] AS v, $m::FLOAT[14] AS m, $s::FLOAT[14] AS s,
                     pose_query($qv::FLOAT[28], $qw::FLOAT[14]) AS q)
        """,
        {
            "v": a.tolist(), "m": a_mask.tolist(), "s": normalise.squares(a).tolist(),
            "qv": b.tolist(), "qw": weight.tolist(),
        },
    ).fetchone()  # fmt: skip
    assert got is not None
    assert got[1] == shared[0]
    if shared[0] >= 6:
        assert got[0] == pytest.approx(similarity[0], abs=1e-5)


CONNECTION = duckdb.connect()
CONNECTION.execute(file.schema())
