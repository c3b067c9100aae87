import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posesearch import normalise, skeleton
from posesearch.store import file
from posesearch.types import Float
from tests.conftest import LEGS, STANDING, person

coordinates = hnp.arrays(np.float32, (14, 2), elements=st.floats(-500, 500, width=32))


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


def bodies(random: np.random.Generator, count: int) -> Float:
    """Return people who stand, each joint up to a third of the body elsewhere, up to six of them hidden."""
    xy = STANDING[:14] + random.uniform(-45, 45, (count, 14, 2))
    for row in xy:
        row[random.choice(14, random.integers(0, 7), replace=False)] = np.nan
    return xy.astype(np.float32)


def test_sql_gives_the_same_numbers() -> None:
    random = np.random.default_rng(0)
    stored, queries = bodies(random, 300), bodies(random, 20)
    vectors, masks = normalise.body(stored), (~np.isnan(stored[..., 0])).astype(np.float32)
    with duckdb.connect() as connection:
        connection.execute(file.schema())
        for xy in queries:
            vector, mask = vector_and_mask(xy)
            weight = (mask * random.choice([0.0, 0.25, 1.0], 14, p=[0.1, 0.3, 0.6])).astype(np.float32)
            similarity, shared = normalise.similarity(vectors, masks, vector, weight)
            rows = connection.execute(
                """
                SELECT pose_correlation(v, m, s, q), shared_joints(m, q)
                FROM (SELECT unnest($v::FLOAT[28][]) AS v, unnest($m::FLOAT[14][]) AS m, unnest($s::FLOAT[14][]) AS s),
                     (SELECT pose_query($qv::FLOAT[28], $qw::FLOAT[14]) AS q)
                """,
                {
                    "v": vectors.tolist(), "m": masks.tolist(), "s": normalise.squares(vectors).tolist(),
                    "qv": vector.tolist(), "qw": weight.tolist(),
                },
            ).fetchall()  # fmt: skip
            assert [row[1] for row in rows] == shared.tolist()
            compared = [(got, expected) for (got, count), expected in zip(rows, similarity, strict=True) if count >= 4]
            assert len(compared) > 100
            for got, expected in compared:
                assert got == pytest.approx(expected, abs=1e-5)
