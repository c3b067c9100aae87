"""The real pre- and post-processing of RTMPose, with small networks that have the same inputs and outputs.

The detector returns the box of the dark body. The pose network finds joint j at the pixel whose red and green are
nearest to the joint's colour. The dots of a drawn photo must therefore come back as its joints.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from posesearch import estimators, skeleton
from posesearch.database import Database
from posesearch.errors import EstimatorMismatch, WeightsUnusable
from posesearch.estimators import rtmpose
from posesearch.photos.photo import Photo
from posesearch.types import Float32
from tests.conftest import STANDING

WIDTH, HEIGHT = 500, 700
FEET = (240, 420)
LEVELS = 40 + 12 * np.arange(17)
"""Red of each COCO-17 joint's dot. Its green is 255 minus red, so a dot blended with the body looks like no other."""


def constant(name: str, values: NDArray[Any] | np.float32) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(values), name))


def saved(path: Path, nodes: list[onnx.NodeProto], size: tuple[int, int], outputs: dict[str, list[int]]) -> Path:
    """Save a network with one input of (1, 3, *size) and outputs of these names and shapes."""
    graph = helper.make_graph(
        nodes,
        "answers by pixels",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9), path)
    return path


def detector(path: Path, score: float = 0.9) -> Path:
    """Return a detector that finds the body's box three times: with a high score, a low score, and another label."""
    nodes = [
        constant("axis", np.array([1], np.int64)),
        helper.make_node("ReduceSum", ["input", "axis"], ["sum"], keepdims=0),
        # The sum of the normalized channels is -6.0 on black, -3.7 on the body, and 0 in the padding beside the photo.
        constant("black", np.float32(-5)),
        constant("grey", np.float32(-2)),
        helper.make_node("Greater", ["sum", "black"], ["above"]),
        helper.make_node("Less", ["sum", "grey"], ["below"]),
        helper.make_node("And", ["above", "below"], ["bright"]),
        helper.make_node("Cast", ["bright"], ["mask"], to=TensorProto.FLOAT),
    ]
    for across, axis in (("x", 1), ("y", 2)):
        nodes += [
            helper.make_node("ReduceMax", ["mask"], [f"{across}_any"], axes=[axis], keepdims=0),
            helper.make_node("ArgMax", [f"{across}_any"], [f"{across}_first"], axis=1),
            helper.make_node("ArgMax", [f"{across}_any"], [f"{across}_last"], axis=1, select_last_index=1),
        ]
    corners = ["x_first", "y_first", "x_last", "y_last"]
    nodes += [
        helper.make_node("Concat", corners, ["corners"], axis=1),
        helper.make_node("Cast", ["corners"], ["box"], to=TensorProto.FLOAT),
        constant("scores", np.array([[[score], [0.1], [0.95]]], np.float32)),
        constant("three", np.array([1, 3, 4], np.int64)),
        constant("one", np.array([1], np.int64)),
        helper.make_node("Unsqueeze", ["box", "one"], ["boxed"]),
        helper.make_node("Expand", ["boxed", "three"], ["boxes"]),
        helper.make_node("Concat", ["boxes", "scores"], ["dets"], axis=2),
        constant("labels", np.array([[0, 0, 1]], np.float32)),
    ]
    side = rtmpose.DETECTOR_SIDE
    return saved(path, nodes, (side, side), {"dets": [1, 3, 5], "labels": [1, 3]})


def pose(path: Path, hidden: tuple[int, ...] = (), bins: int = rtmpose.BINS_PER_PIXEL) -> Path:
    """Return a pose network that finds the dots. The scores of `hidden` joints are low."""
    height = np.array([0.1 if joint in hidden else 0.9 for joint in range(17)], np.float32).reshape(1, 17, 1)
    nodes = [constant("channel", np.array([1], np.int64))]
    for number, levels in enumerate((LEVELS, 255 - LEVELS)):  # the input is RGB
        own = ((levels - rtmpose._POSE_MEAN[number]) / rtmpose._POSE_STD[number]).astype(np.float32)
        nodes += [
            constant(f"start{number}", np.array([number], np.int64)),
            constant(f"end{number}", np.array([number + 1], np.int64)),
            helper.make_node("Slice", ["input", f"start{number}", f"end{number}", "channel"], [f"plane{number}"]),
            constant(f"levels{number}", own.reshape(1, 17, 1, 1)),
            helper.make_node("Sub", [f"plane{number}", f"levels{number}"], [f"off{number}"]),
            helper.make_node("Mul", [f"off{number}", f"off{number}"], [f"square{number}"]),
        ]
    nodes += [
        helper.make_node("Add", ["square0", "square1"], ["square"]),
        constant("sharp", np.float32(-500)),
        helper.make_node("Mul", ["square", "sharp"], ["scaled"]),
        helper.make_node("Exp", ["scaled"], ["near"]),
        constant("height", height),
    ]
    for across, axis in (("x", 2), ("y", 3)):
        nodes += [
            helper.make_node("ReduceMax", ["near"], [f"{across}_max"], axes=[axis], keepdims=0),
            constant(f"{across}_scales", np.array([1, 1, bins], np.float32)),
            helper.make_node("Resize", [f"{across}_max", "", f"{across}_scales"], [f"{across}_bins"], mode="nearest"),
            helper.make_node("Mul", [f"{across}_bins", "height"], [f"simcc_{across}"]),
        ]
    shapes = {"simcc_x": [1, 17, rtmpose.WIDTH * bins], "simcc_y": [1, 17, rtmpose.HEIGHT * bins]}
    return saved(path, nodes, (rtmpose.HEIGHT, rtmpose.WIDTH), shapes)


def drawn(scale: float = 3.0) -> tuple[Photo, Float32]:
    """Return a photo of a standing body with a dot on each joint, and the joints (18, 2)."""
    joints = STANDING * scale + np.array(FEET, np.float32)
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    low, high = joints.min(axis=0).astype(int) - 8, joints.max(axis=0).astype(int) + 8
    pixels[low[1] : high[1], low[0] : high[0]] = (90, 20, 20)  # BGR
    for joint, level in zip(rtmpose._COCO_17, LEVELS, strict=True):
        x, y = joints[skeleton.INDEX[joint]].round().astype(int)
        pixels[y - 4 : y + 5, x - 4 : x + 5] = (90, 255 - level, level)
    return Photo(pixels, WIDTH, HEIGHT), joints


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {"rtmdet_nano": detector(tmp_path / "det.onnx"), "rtmpose_s": pose(tmp_path / "pose.onnx")}


def test_the_dots_are_the_joints(files: dict[str, Path]) -> None:
    photo, joints = drawn()
    [person] = estimators.load("rtmpose", own=files).estimate(photo)
    assert person.score == pytest.approx(0.9)
    assert person.keypoints.present.all()
    # The network returns a dot's first column and row, half a dot above and left of its centre.
    faces = [skeleton.INDEX[joint] for joint in rtmpose._COCO_17]
    assert np.abs(person.keypoints.xy[faces] + 4 - joints[faces]).max() < 4.5
    shoulders = person.keypoints.xy[[skeleton.INDEX["left_shoulder"], skeleton.INDEX["right_shoulder"]]]
    assert person.keypoints.xy[skeleton.INDEX["neck"]] == pytest.approx(shoulders.mean(axis=0))
    assert person.world is None
    left, top, width, height = person.box
    assert [left, top] == pytest.approx((joints.min(axis=0) - 8).tolist(), abs=4)
    assert [left + width, top + height] == pytest.approx((joints.max(axis=0) + 8).tolist(), abs=4)
    assert person.prominence == pytest.approx(height / HEIGHT)


def test_a_low_score_is_a_missing_joint(tmp_path: Path, files: dict[str, Path]) -> None:
    hidden = rtmpose._COCO_17.index("left_wrist")
    files["rtmpose_s"] = pose(tmp_path / "hidden.onnx", hidden=(hidden,))
    [person] = estimators.load("rtmpose", own=files).estimate(drawn()[0])
    assert [joint for joint in skeleton.JOINTS if not person.keypoints.present[skeleton.INDEX[joint]]] == ["left_wrist"]


def test_no_detection_no_pose(tmp_path: Path, files: dict[str, Path]) -> None:
    files["rtmdet_nano"] = detector(tmp_path / "unsure.onnx", score=0.2)
    assert estimators.load("rtmpose", own=files).estimate(drawn()[0]) == []


def test_score_vectors_are_read_at_half_pixels() -> None:
    x, y = np.zeros((17, 384), np.float32), np.zeros((17, 512), np.float32)
    x[:, 101], y[:, 300] = 0.7, 0.4
    xy, score = rtmpose.decode_simcc(x, y)
    assert xy[0].tolist() == [50.5, 150]
    assert score[0] == pytest.approx(0.4)


def test_a_file_that_is_no_such_network_is_one_sentence(tmp_path: Path, files: dict[str, Path]) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsUnusable, match="noise.onnx can't be used as the estimator's network"):
        estimators.load("rtmpose", own={**files, "rtmpose_s": tmp_path / "noise.onnx"})
    with pytest.raises(WeightsUnusable, match="it does not accept an input of the shape"):
        estimators.load("rtmpose", own={**files, "rtmpose_s": files["rtmdet_nano"]})
    coarse = pose(tmp_path / "coarse.onnx", bins=1)
    with pytest.raises(WeightsUnusable, match="its outputs do not have the shapes"):
        estimators.load("rtmpose", own={**files, "rtmpose_s": coarse}).estimate(drawn()[0])
    with pytest.raises(WeightsUnusable, match="there is no such file"):
        estimators.load("rtmpose", own={**files, "rtmpose_s": tmp_path / "nowhere.onnx"})


@pytest.mark.slow
def test_a_users_own_networks_make_a_database(tmp_path: Path, files: dict[str, Path], real_db: Database) -> None:
    import cv2  # noqa: PLC0415

    cv2.imwrite(str(tmp_path / "a.png"), drawn()[0].pixels)
    cv2.imwrite(str(tmp_path / "b.png"), drawn(2.5)[0].pixels)
    paths = [f"rtmdet_nano={files['rtmdet_nano']}", str(files["rtmpose_s"])]
    assert real_db.ingest(tmp_path / "a.png", estimator="rtmpose", model_paths=paths).poses == 1
    assert real_db.ingest(tmp_path / "b.png").poses == 1  # the database has stored the paths of the networks
    assert real_db.similar(tmp_path / "a.png").matches[0].similarity > 0.999
    other = pose(tmp_path / "other.onnx", hidden=(0,))
    with pytest.raises(EstimatorMismatch, match="rtmpose with other network files"):
        real_db.ingest(tmp_path / "a.png", model_paths=[paths[0], str(other)])
    pose(files["rtmpose_s"], hidden=(0,))
    with pytest.raises(WeightsUnusable, match="made with another version of this file"):
        Database(real_db.path).similar(tmp_path / "a.png")
    files["rtmpose_s"].unlink()
    with pytest.raises(WeightsUnusable, match="it is missing"):
        Database(real_db.path).similar(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("nowhere.onnx", "there is no such file"), ("backbone=x.onnx", "rtmpose has no network 'backbone'")],
)
def test_a_model_path_that_leads_nowhere(real_db: Database, tmp_path: Path, path: str, sentence: str) -> None:
    with pytest.raises(WeightsUnusable, match=sentence):
        real_db.ingest(tmp_path, estimator="rtmpose", model_paths=[path])
