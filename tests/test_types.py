import numpy as np
import pytest

from posesearch.photos.photo import Photo
from posesearch.types import Keypoints
from tests.conftest import LEGS, STANDING, keypoints


def test_keypoints_tell_what_is_wrong_with_them() -> None:
    xy, score = STANDING.copy(), np.ones(18, np.float32)
    with pytest.raises(ValueError, match=r"xy must be \(18, 2\) float32, not \(14, 2\) float32"):
        Keypoints(xy[:14], score)
    with pytest.raises(ValueError, match="float32, not .* float64"):
        Keypoints(xy.astype(np.float64), score)
    with pytest.raises(ValueError, match=r"score must be \(18,\) float32"):
        Keypoints(xy, score[:3])
    half = xy.copy()
    half[3, 0] = np.nan
    with pytest.raises(ValueError, match="two finite coordinates, or NaN"):
        Keypoints(half, score)
    half[3] = np.inf
    with pytest.raises(ValueError, match="two finite coordinates, or NaN"):
        Keypoints(half, score)
    half[3] = np.nan
    with pytest.raises(ValueError, match="missing joint must have the score 0"):
        Keypoints(half, score)


def test_missing_joints_are_counted_out() -> None:
    points = keypoints(STANDING, LEGS)
    assert points.body_joints == 10
    assert points.present.sum() == 14
    assert points.box == (-22, -64, 44, 69)
    assert np.allclose(points.scale(2, 3).box, (-44, -192, 88, 207))


def test_nobody_has_no_box() -> None:
    nobody = Keypoints(np.full((18, 2), np.nan, np.float32), np.zeros(18, np.float32))
    assert nobody.body_joints == 0
    with pytest.raises(ValueError, match="no box"):
        _ = nobody.box


def test_a_photo_is_bgr_bytes() -> None:
    with pytest.raises(ValueError, match=r"pixels must be \(h, w, 3\) uint8"):
        Photo(np.zeros((4, 4), np.uint8), 4, 4)
