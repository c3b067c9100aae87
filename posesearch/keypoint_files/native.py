"""posesearch's own keypoint format: the JSON that `show --json` and `similar --json` print."""

import json
import math
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.errors import BadKeypoints
from posesearch.files import read_regular
from posesearch.keypoint_files.keypoint_file import KeypointFile
from posesearch.types import Keypoints, Person

MAX_BYTES: Final = 64_000_000
"""Maximum size of a file. The longest answer of `similar --json` that people make has a tenth of it."""

_MAX_COORDINATE: Final = 1e7  # larger than any photo


def read_keypoints(path: str) -> KeypointFile:
    """Read a keypoint file.

    The object, or its "query", has "keypoints", {joint: [x, y] or [x, y, score]}, in any unit, y down. It may have
    "world", {joint: [x, y, z]}, and the photo's "width" and "height". A joint is missing if the file leaves it out, if
    it or one of its numbers is null or NaN, or if its score is 0 or less, as other programs write it.

    Raises:
        BadKeypoints: the file can't be read, or has something else.
    """
    try:
        value = json.loads(read_regular(path, MAX_BYTES).decode("utf-8"))
        return _parse(value.get("query", value))
    except OSError as error:
        raise BadKeypoints(path, f"the file can't be read ({error.strerror})") from error
    except KeyError as error:
        has_no_keypoints = error.args[0] == "keypoints"
        detail = 'there is no "keypoints"' if has_no_keypoints else f"there is no joint {error.args[0]!r}"
        raise BadKeypoints(path, detail) from error
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError, RecursionError) as error:
        raise BadKeypoints(path, f"this is no file of keypoints ({error})") from error


def _parse(value: dict[str, Any]) -> KeypointFile:
    xy, score = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32), np.zeros(skeleton.N_JOINTS, np.float32)
    for joint, numbers in _parse_joints(value["keypoints"], (2, 3)).items():
        joint_score = numbers[2] if len(numbers) > 2 else 1.0
        if joint_score > 0:
            xy[joint] = numbers[:2]
            score[joint] = joint_score
    keypoints = Keypoints(xy, score)
    world = None
    if value.get("world") is not None:
        world = np.full((skeleton.N_JOINTS, 3), np.nan, np.float32)
        for joint, numbers in _parse_joints(value["world"], (3,)).items():
            if keypoints.present[joint]:
                world[joint] = numbers
    box = keypoints.box if keypoints.present.any() else (0.0, 0.0, 0.0, 0.0)
    corner = np.nan_to_num(xy).max(axis=0).clip(0)
    width, height = int(value.get("width") or corner[0] + 1), int(value.get("height") or corner[1] + 1)
    if min(width, height) < 1 or max(width, height) > _MAX_COORDINATE:
        raise ValueError(f"a photo of {width} x {height} pixels")
    return KeypointFile((Person(keypoints, 1.0, box, 1.0, world),), width, height)


def _parse_joints(joints: dict[str, Any], lengths: tuple[int, ...]) -> dict[int, list[float]]:
    """Return the numbers by joint index, without joints that are null or have a null or NaN.

    Raises:
        ValueError: the value of a joint is something else.
        KeyError: there is no such joint.
    """
    parsed = {}
    for joint, numbers in joints.items():
        index = skeleton.INDEX[joint]
        if numbers is None:
            continue
        is_list = isinstance(numbers, list) and len(numbers) in lengths
        if not is_list or not all(number is None or type(number) in (int, float) for number in numbers):
            raise ValueError(f"{joint} is {numbers!r:.40}, not {lengths[0]} numbers")
        if any(number is None or math.isnan(number) for number in numbers):
            continue
        if not all(abs(number) < _MAX_COORDINATE for number in numbers):
            raise ValueError(f"{joint} is {numbers!r:.40}, not {lengths[0]} numbers")
        parsed[index] = numbers
    return parsed
