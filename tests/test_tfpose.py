"""The real network on photos that we draw, their joints known; and on the reference photos where they are."""

import json
import math

import cv2
import numpy as np
import pytest

from posesearch import estimators, images, sources
from posesearch.engine import demo
from posesearch.estimators import Estimator
from posesearch.types import Float, Photo
from tests.conftest import EVAL


def photo_of(drawn: demo.DemoPhoto) -> Photo:
    return Photo(drawn.pixels, drawn.pixels.shape[1], drawn.pixels.shape[0])


def errors(found: Float, drawn: Float) -> Float:
    return np.asarray(np.linalg.norm(found - drawn, axis=1)[:14], np.float32)


@pytest.mark.parametrize("name", ["tf-pose", "tf-pose-original"])
def test_the_mannequins_joints_are_found_where_they_were_drawn(name: str) -> None:
    drawn = demo.query()
    [person] = estimators.load(name).estimate(photo_of(drawn))
    assert person.keypoints.body_joints == 14
    assert errors(person.keypoints.xy, drawn.joints[0]).max() < 20  # of a body of 390 pixels
    assert person.prominence == pytest.approx(person.box[3] / 640)


def test_over_the_whole_demo_most_joints_are_near(estimator: Estimator) -> None:
    near = total = 0
    for drawn in demo.photos():
        people = estimator.estimate(photo_of(drawn))
        if len(drawn.joints) == 1 and people:
            error = errors(people[0].keypoints.xy, drawn.joints[0])
            near += int((error < 20).sum())
            total += int((~np.isnan(error)).sum())
    assert near / total > 0.9


def test_nobody_is_invented(estimator: Estimator) -> None:
    random = np.random.default_rng(0)
    empty = next(drawn for drawn in demo.photos() if drawn.name == "empty-room")
    noise = random.integers(0, 256, (300, 400, 3), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), 9), np.uint8)
    for pixels in (empty.pixels, noise, blurred, np.zeros((50, 50, 3), np.uint8), np.full((20, 900, 3), 128, np.uint8)):
        assert estimator.estimate(Photo(pixels, pixels.shape[1], pixels.shape[0])) == []


def test_two_people_the_taller_first(estimator: Estimator) -> None:
    drawn = next(drawn for drawn in demo.photos() if drawn.name == "two-people")
    people = estimator.estimate(photo_of(drawn))
    assert len(people) == 2
    assert people[0].prominence > people[1].prominence
    small, large = drawn.joints
    assert np.nanmedian(errors(people[0].keypoints.xy, large)) < 10
    assert np.nanmedian(errors(people[1].keypoints.xy, small)) < 10


def test_keypoints_are_in_pixels_of_the_photo_when_fewer_were_decoded(estimator: Estimator) -> None:
    drawn = demo.query()
    large = np.asarray(cv2.resize(drawn.pixels, (4 * 480, 4 * 640), interpolation=cv2.INTER_CUBIC), np.uint8)
    data = demo.jpeg(large)
    photo = images.decode(data, "x", estimator.enough)
    assert photo.pixels.shape[0] < photo.height == 2560
    [person] = estimator.estimate(photo)
    assert errors(person.keypoints.xy, drawn.joints[0] * 4).max() < 80


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
        people = estimator.estimate(images.decode(sources.read(path), path, estimator.enough))
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
