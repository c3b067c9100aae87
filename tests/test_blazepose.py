"""The real networks, compared with the known joints of drawn photos and with results of MediaPipe's own code."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from posesearch import estimators, skeleton
from posesearch.demo import photos as demo
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.estimators import Estimator, blazepose_detector, blazepose_joints, blazepose_landmarks, weights
from posesearch.estimators.blazepose import BlazePose
from posesearch.estimators.blazepose_candidates import Candidate, drop_contained
from posesearch.estimators.blazepose_detector import Detection
from posesearch.estimators.blazepose_landmarks import Landmarks
from posesearch.estimators.crops import Crop, ImagePyramid, transform_points
from posesearch.estimators.models import BlazePoseSettings
from posesearch.photos.photo import Photo
from posesearch.types import Float32, Float64
from tests.conftest import decode_here

# The result of mediapipe 0.10.21's solutions.pose (static image, complexity 1) for demo.draw_query(), saved as PNG:
# x, y in pixels, visibility, and x, y, z in metres.
MEDIAPIPE = {
    "nose": (249.17, 230.12, 1.000, 0.0089, -0.6010, -0.3657),
    "left_shoulder": (294.79, 276.44, 1.000, 0.1948, -0.4525, -0.1362),
    "right_shoulder": (212.58, 275.98, 1.000, -0.1722, -0.4598, -0.1560),
    "left_elbow": (339.44, 322.55, 0.992, 0.3256, -0.2804, -0.0867),
    "right_wrist": (206.34, 369.97, 0.774, -0.2001, -0.0688, -0.1408),
    "left_hip": (276.26, 390.27, 0.999, 0.1162, 0.0048, 0.0003),
    "right_hip": (231.03, 389.32, 0.999, -0.1166, -0.0054, 0.0007),
    "left_knee": (275.86, 482.05, 0.993, 0.0862, 0.4171, 0.0064),
    "right_ankle": (227.27, 561.73, 0.995, -0.0760, 0.7385, 0.1870),
    "left_ear": (269.75, 229.56, 1.000, 0.0743, -0.6315, -0.2436),
}


def photo(pixels: np.ndarray) -> Photo:
    return Photo(np.ascontiguousarray(pixels), pixels.shape[1], pixels.shape[0])


def errors(found: Float32, drawn: Float32) -> Float32:
    return np.asarray(np.linalg.norm(found - drawn, axis=1)[skeleton.BODY], np.float32)


def test_as_mediapipe_runs_them() -> None:
    [person] = estimators.load("blazepose-original").estimate(photo(demo.draw_query().pixels))
    assert person.world is not None
    for joint, (x, y, visibility, *metres) in MEDIAPIPE.items():
        number = skeleton.INDEX[joint]
        assert np.hypot(*(person.keypoints.xy[number] - [x, y])) < 0.01 * 115  # 1% of the trunk
        assert person.keypoints.score[number] == pytest.approx(visibility, abs=0.05)
        assert person.world[number] == pytest.approx(metres, abs=0.01)


@pytest.mark.slow
def test_over_the_whole_demo_the_joints_are_where_they_were_drawn(estimator: Estimator) -> None:
    near = total = 0
    for drawn in demo.draw_photos():
        people = estimator.estimate(photo(drawn.pixels))
        assert len(people) == len(drawn.joints), drawn.name
        if len(people) == 1:
            error = errors(people[0].keypoints.xy, drawn.joints[0])
            near += int((error < 20).sum())  # the body is 390 pixels tall
            total += int((~np.isnan(error)).sum())
    assert near / total > 0.97


@pytest.mark.slow
def test_nobody_is_invented(estimator: Estimator) -> None:
    random = np.random.default_rng(0)
    empty = next(drawn for drawn in demo.draw_photos() if drawn.name == "empty-room")
    noise = random.integers(0, 256, (300, 400, 3), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), 9), np.uint8)
    for pixels in (empty.pixels, noise, blurred, np.zeros((50, 50, 3), np.uint8), np.full((20, 900, 3), 128, np.uint8)):
        for name in ("blazepose", "tf-pose"):
            assert estimators.load(name).estimate(photo(pixels)) == [], name


def test_two_people_the_taller_first_each_with_a_box_of_their_own(estimator: Estimator) -> None:
    drawn = next(drawn for drawn in demo.draw_photos() if drawn.name == "two-people")
    tall, small = estimator.estimate(photo(drawn.pixels))
    assert tall.prominence > small.prominence
    for person, joints in ((tall, drawn.joints[1]), (small, drawn.joints[0])):
        assert np.nanmedian(errors(person.keypoints.xy, joints)) < 12
        left, top, width, height = person.box
        assert (joints >= np.array([left, top]) - 25).all()
        assert (joints <= np.array([left + width, top + height]) + 25).all()
        assert person.prominence == pytest.approx(height / 640)


@pytest.mark.slow
def test_a_row_of_six_in_a_wide_photo_are_six(estimator: Estimator) -> None:
    random = np.random.default_rng(5)
    stances = ("standing", "arms-up", "waving", "hands-on-hips", "wide", "one-hand-on-hip")
    figures = [
        Figure(demo.STANCES[name], Look(long_hair=bool(number % 2)), (150.0 + 220 * number, 600.0), 400.0 - 20 * number)
        for number, name in enumerate(stances)
    ]
    pixels, joints = draw_scene(1400, 640, figures, random)
    people = estimator.estimate(photo(pixels))
    assert len(people) == 6
    assert [person.prominence for person in people] == sorted((one.prominence for one in people), reverse=True)
    for person in people:
        assert min(np.nanmedian(errors(person.keypoints.xy, drawn)) for drawn in joints) < 12


def test_what_lies_outside_the_frame_is_missing(estimator: Estimator) -> None:
    drawn = demo.draw_query()
    cut = drawn.pixels[: int(drawn.joints[0][skeleton.INDEX["left_knee"], 1]) - 30]
    [person] = estimator.estimate(photo(cut))
    missing = {joint for joint, there in zip(skeleton.JOINTS, person.keypoints.present, strict=True) if not there}
    assert missing >= {"left_knee", "right_knee", "left_ankle", "right_ankle"}
    assert "left_hip" not in missing
    _, top, _, height = person.box
    assert top + height <= len(cut)
    assert person.world is not None
    assert (np.isnan(person.world[:, 0]) == ~person.keypoints.present).all()


def turned(quarters: int) -> tuple[np.ndarray, Float32]:
    drawn = demo.draw_query()
    pixels, joints = drawn.pixels, drawn.joints[0]
    for _ in range(quarters):
        joints = np.stack([joints[:, 1], pixels.shape[1] - joints[:, 0]], axis=1)
        pixels = np.rot90(pixels)
    return pixels, joints


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_lying_and_upside_down(estimator: Estimator, quarters: int) -> None:
    pixels, joints = turned(quarters)
    [person] = estimator.estimate(photo(pixels))
    assert np.median(errors(person.keypoints.xy, joints)) < 12
    assert person.world is not None
    up = person.world[skeleton.INDEX["nose"]] - person.world[skeleton.INDEX["neck"]]
    assert np.argmax(np.abs(up[:2])) == quarters % 2 ^ 1  # along x if the body lies, along y if it stands


def test_metres_are_a_bodys(estimator: Estimator) -> None:
    [person] = estimator.estimate(photo(demo.draw_query().pixels))
    assert person.world is not None
    hips = [skeleton.INDEX["left_hip"], skeleton.INDEX["right_hip"]]
    ankles = [skeleton.INDEX["left_ankle"], skeleton.INDEX["right_ankle"]]
    assert person.world[hips].mean(axis=0) == pytest.approx([0, 0, 0], abs=0.05)
    height = person.world[ankles, 1].mean() - person.world[skeleton.INDEX["nose"], 1]
    assert 1.1 < height < 1.9
    assert person.world[skeleton.INDEX["nose"], 2] < 0  # in front of the hips, towards the camera


def test_keypoints_are_in_pixels_of_the_photo_when_fewer_were_decoded(estimator: Estimator) -> None:
    drawn = demo.draw_query()
    large = np.asarray(cv2.resize(drawn.pixels, (8 * 480, 8 * 640), interpolation=cv2.INTER_CUBIC), np.uint8)
    decoded = decode_here(demo.encode_jpeg(large), "x", estimator.useful_side)
    assert decoded.pixels.shape[0] < decoded.height == 5120
    [person] = estimator.estimate(decoded)
    assert errors(person.keypoints.xy, drawn.joints[0] * 8).max() < 8 * 20


@pytest.mark.parametrize("size", [(1, 40_000), (40_000, 1), (3, 2), (1, 1)])
@pytest.mark.parametrize("name", ["blazepose", "blazepose-original", "tf-pose"])
def test_photos_of_odd_shapes_hold_nobody(name: str, size: tuple[int, int]) -> None:
    estimator = estimators.load(name)
    data = cv2.imencode(".png", np.full((*size, 3), 90, np.uint8))[1].tobytes()
    assert estimator.estimate(decode_here(data, "x", estimator.useful_side)) == []


def test_the_mirrored_photo_is_the_mirrored_pose(estimator: Estimator) -> None:
    pixels = demo.draw_query().pixels
    [plain], [other] = (estimator.estimate(photo(side)) for side in (pixels, pixels[:, ::-1]))
    back = (other.keypoints.xy * [-1, 1] + [480, 0])[list(skeleton.MIRROR)]
    assert np.linalg.norm(plain.keypoints.xy - back, axis=1).mean() < 0.05 * 115  # 5% of the trunk


@pytest.mark.slow
@pytest.mark.parametrize("name", ["blazepose", "blazepose-full", "blazepose-heavy"])
def test_each_network_finds_the_joints_where_they_were_drawn(name: str) -> None:
    drawn = demo.draw_query()
    [person] = estimators.load(name).estimate(photo(drawn.pixels))
    assert errors(person.keypoints.xy, drawn.joints[0]).max() < 20
    assert person.world is not None
    assert not np.isnan(person.world).any()


def with_second_look(threshold: float) -> Estimator:
    model = estimators.find_model("blazepose")
    assert isinstance(model.settings, BlazePoseSettings)
    files = {needed.name: weights.ensure_weights(needed) for needed in model.weights}
    return estimators.build(replace(model, settings=replace(model.settings, second_look=threshold)), files)


def test_only_a_doubtful_main_person_gets_the_second_look() -> None:
    pixels = next(drawn for drawn in demo.draw_photos() if drawn.name == "two-people").pixels
    without, full, always, heavy = (
        one.estimate(photo(pixels))
        for one in (
            with_second_look(0.0),
            estimators.load("blazepose-full"),
            with_second_look(1.0),
            estimators.load("blazepose-heavy"),
        )
    )
    joints = [[person.keypoints.xy for person in people] for people in (without, full, always, heavy)]
    assert [len(people) for people in joints] == [2, 2, 2, 2]
    assert np.array_equal(joints[0], joints[1])  # nobody gets it
    assert np.array_equal(joints[2][1], joints[1][1])  # the smaller person does not
    assert np.abs(joints[2][0] - joints[1][0]).max() > 0.1  # the main person does
    assert np.linalg.norm(joints[2][0] - joints[3][0], axis=1).mean() < 0.03 * 115  # 3% of the trunk


def test_whom_the_larger_network_does_not_see_keeps_the_joints(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = demo.draw_query().pixels
    [expected] = estimators.load("blazepose-full").estimate(photo(pixels))
    estimator = with_second_look(1.0)
    assert isinstance(estimator, BlazePose)
    look = estimator._second
    assert look is not None

    def see_nobody(pyramid: ImagePyramid, crop: Crop) -> Landmarks:
        landmarks: Landmarks = look(pyramid, crop)
        return replace(landmarks, presence=0.4)

    monkeypatch.setattr(estimator, "_second", see_nobody)
    [person] = estimator.estimate(photo(pixels))
    assert np.array_equal(person.keypoints.xy, expected.keypoints.xy)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180])
def test_hips_and_ankles_move_with_the_body(degrees: int) -> None:
    xy = demo.draw_query().joints[0].astype(np.float64)
    angle = np.radians(degrees)
    turn = 1.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = blazepose_joints.move_to_labels(xy)
    assert blazepose_joints.move_to_labels(xy @ turn.T + [5, -9]) == pytest.approx(moved @ turn.T + [5, -9])
    mirrored = (xy * [-1, 1])[list(skeleton.MIRROR)]
    assert blazepose_joints.move_to_labels(mirrored) == pytest.approx((moved * [-1, 1])[list(skeleton.MIRROR)])
    still = [joint for joint in skeleton.INDEX if not joint.endswith(("hip", "ankle"))]
    assert all((moved[skeleton.INDEX[joint]] == xy[skeleton.INDEX[joint]]).all() for joint in still)
    left, right, ankle = (skeleton.INDEX[joint] for joint in ("left_hip", "right_hip", "left_ankle"))
    assert moved[left, 1] < xy[left, 1]
    assert moved[ankle, 1] > xy[ankle, 1]
    assert np.linalg.norm(moved[left] - moved[right]) == pytest.approx(1.2 * np.linalg.norm(xy[left] - xy[right]))


def test_a_joint_at_the_border_stays_in_the_photo() -> None:
    drawn = demo.draw_query()
    model = estimators.find_model("blazepose-full")
    assert isinstance(model.settings, BlazePoseSettings)
    files = {needed.name: weights.ensure_weights(needed) for needed in model.weights}
    unmoved = estimators.build(replace(model, settings=replace(model.settings, calibrated=False)), files)
    moved = estimators.load("blazepose-full")
    ankle = int(drawn.joints[0][skeleton.INDEX["left_ankle"], 1])
    for bottom in range(ankle - 6, ankle + 12, 3):
        cut = photo(drawn.pixels[:bottom])
        [before], [after] = (one.estimate(cut) for one in (unmoved, moved))
        assert (before.keypoints.present == after.keypoints.present).all()
        assert np.nanmax(after.keypoints.xy[:, 1]) <= bottom


def candidate(
    xy: Float64, low: tuple[float, float], size: float, score: float = 0.9, confidence: float = 0.8
) -> Candidate:
    """Return a candidate whose landmarks are at fractions of a square."""
    points = np.concatenate([np.array(low) + size * xy, np.zeros((6, 2))])
    detection = Detection(score, points[23:25].mean(axis=0), points[0])
    landmarks = Landmarks(detection.crop(), points, np.ones(39), 1.0, np.zeros((39, 3)))
    return Candidate(detection, landmarks, confidence)


@pytest.mark.parametrize(
    ("score", "confidence", "has_same_joints", "is_dropped"),
    [
        (0.6, 0.5, False, True),  # a part of the body
        (0.95, 0.5, True, True),  # a duplicate
        (0.95, 0.5, False, False),  # a person in front
        (0.6, 0.9, False, False),  # a person inside a less certain box
    ],
)
def test_what_lies_inside_a_larger_box(
    score: float, confidence: float, has_same_joints: bool, is_dropped: bool
) -> None:
    random = np.random.default_rng(3)
    body, other = random.random((33, 2)), random.random((33, 2))
    large = candidate(body, (0, 0), 400)
    inside = candidate(other, (100, 100), 200, score, confidence)
    if has_same_joints:
        inside = candidate(body, (2, 2), 380, score, confidence)
    beside = candidate(other, (500, 0), 200, 0.6, 0.5)
    kept = drop_contained([large, inside, beside])
    assert [one in kept for one in (large, inside, beside)] == [True, not is_dropped, True]


def test_own_landmarks_are_not_mixed_with_a_second_look() -> None:
    model = estimators.find_model("blazepose")
    _, second, landmarker = model.weights
    assert estimators.adapt_model(model, ()) == model
    assert estimators.adapt_model(model, {second.name, landmarker.name}) == model
    alone = estimators.adapt_model(model, {landmarker.name})
    full = estimators.find_model("blazepose-full")
    assert (alone.weights, alone.settings) == (full.weights, full.settings)


def test_the_anchors_are_the_detectors() -> None:
    anchors = blazepose_detector.make_anchors()
    assert anchors.shape == (2254, 2)
    assert anchors[0].tolist() == anchors[1].tolist() == pytest.approx([0.5 / 28, 0.5 / 28])
    assert anchors[-1].tolist() == pytest.approx([6.5 / 7, 6.5 / 7])


def test_overlapping_detections_are_one_weighted_by_score() -> None:
    low = np.array([[0.0, 0.0], [0.1, 0.0], [0.7, 0.7]])
    groups = blazepose_detector.group_overlapping(low, low + 0.3, np.array([0.5, 0.9, 0.6]))
    assert [group.tolist() for group in groups] == [[1, 0], [2]]


def test_a_landmark_moves_to_the_heatmaps_centre_where_it_is_sure() -> None:
    heatmaps = np.full((64, 64, 39), -20, np.float32)
    heatmaps[20, 31, 0] = heatmaps[20, 32, 0] = 5
    heatmaps[20, 31, 1] = -1  # below the threshold
    xy = np.full((39, 2), [30.2 / 64, 20.7 / 64])
    refined = blazepose_landmarks._refine_landmarks(xy, heatmaps) * 64
    assert refined[0] == pytest.approx([31.5, 20], abs=1e-3)
    assert refined[1] == pytest.approx([30.2, 20.7])


def test_a_crop_and_back() -> None:
    crop = Crop(np.array([40.0, 30.0]), 20, 20, np.pi / 2)
    matrix = crop.matrix(256, 256)
    assert transform_points(np.array([128.0, 128.0]), matrix) == pytest.approx([40, 30])
    assert transform_points(np.array([128.0, 0.0]), matrix) == pytest.approx([50, 30])  # its upper side points right


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_a_reduced_crop_is_not_shifted(scale: int) -> None:
    y, x = np.mgrid[0 : 64 * scale, 0 : 48 * scale] / scale
    ramp = np.stack([x * 4, y * 3, x * 0], axis=2).astype(np.uint8)
    crop = Crop(np.array([24.0, 32.0]) * scale, 40.0 * scale, 40.0 * scale).matrix(40, 40)
    small = ImagePyramid(ramp).sample(crop, 40, 40, cv2.BORDER_REPLICATE)
    middle = 4 * (4 + np.arange(40) + 0.5) - 2 / scale
    assert np.abs(small[20, 2:-2, 0] - middle[2:-2]).max() < 2.6
