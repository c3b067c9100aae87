"""posesearch's own keypoint format: the JSON that `show --json` and `similar --json` print."""

import json
import math
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.errors import BadKeypoints, did_you_mean
from posesearch.files import read_regular
from posesearch.keypoint_files.keypoint_file import KeypointFile, find_corner, make_person
from posesearch.names import to_unicode
from posesearch.types import Person

MAX_BYTES: Final = 64_000_000
"""Maximum size of a file. The largest output of `similar --json` in practice has about a tenth of it."""

_MAX_COORDINATE: Final = 1e7  # larger than any photo
_MAX_KEYS: Final = 5  # that a message names


def read_keypoints(path: str) -> KeypointFile:
    """Read a keypoint file.

    The file is a JSON object with these keys. They may also be in its object "query".

    - "keypoints": `{joint: [x, y] or [x, y, score]}`, in any unit, y down.
    - "world", optional: `{joint: [x, y, z]}`.
    - "width" and "height", optional: the photo's size in pixels.
    - "people", instead of "keypoints" and "world": a list of objects that have these two.

    A joint is missing if the file leaves it out, or if the joint or one of its numbers is null or NaN. A joint is also
    missing if its score is 0 or less, because other programs write missing joints in this way. A missing neck is made
    from both shoulders, unless "estimator" says that posesearch wrote the file.

    Raises:
        BadKeypoints: the file can't be read, or is not a keypoint file.
    """
    return parse_file(_read(path), to_unicode(path))


def parse_file(data: bytes, name: str) -> KeypointFile:
    """Return the content of a keypoint file.

    Args:
        data: the bytes of the file.
        name: the name of the file, for the error.

    Raises:
        BadKeypoints: they are not a keypoint file.
    """
    try:
        return _parse(_find_object(_load(data)))
    except RecursionError as error:
        raise BadKeypoints(name, "not a keypoints file: its JSON is nested too deeply") from error
    except ValueError as error:
        raise BadKeypoints(name, f"not a keypoints file: {error}") from error


def parse_value(value: dict[str, Any], name: str) -> KeypointFile:
    """Return keypoints that the caller has, either the object of a keypoint file, or only its "keypoints".

    Args:
        value: made of dicts, lists and numbers.
        name: what the error calls it.

    Raises:
        BadKeypoints: it has another form.
    """
    is_file = any(key in value for key in ("keypoints", "query", "people"))
    try:
        return _parse(_find_object(value if is_file else {"keypoints": value}))
    except ValueError as error:
        raise BadKeypoints(name, str(error)) from error


def _read(path: str) -> bytes:
    """Return the bytes of a file. Raise BadKeypoints if it can't be read."""
    try:
        return read_regular(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise BadKeypoints(to_unicode(path), "there is no such file", shows_example=False) from error
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL character
        detail = getattr(error, "strerror", None) or str(error)
        raise BadKeypoints(to_unicode(path), f"the file can't be read ({detail})", shows_example=False) from error


def _load(data: bytes) -> object:
    """Return the JSON value in a file.

    Raises:
        ValueError: it is not JSON. The message is for the user.
    """
    if not data.strip():
        raise ValueError("it is empty")
    try:
        value: object = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise ValueError(f"it has more than one JSON value, from line {error.lineno}; give one") from None
        raise ValueError(f"not valid JSON in line {error.lineno}") from None
    except ValueError:  # Python refuses integers of some thousand digits
        raise ValueError("it has a number with too many digits") from None
    return value


def _find_object(value: object) -> dict[str, Any]:
    """Return the object that has the joints: the file's own, or its "query".

    Raises:
        ValueError: there is none.
    """
    if isinstance(value, dict) and isinstance(value.get("query"), dict) and "error" not in value:
        value = value["query"]
    if not isinstance(value, dict):  # the file is wrong and not the program, so the errors are not of type TypeError
        raise ValueError(f"it has {_quote(value)}, not an object{_describe_format(value)}")  # noqa: TRY004
    people = value.get("people")
    if people == [] and "estimator" in value:  # posesearch wrote it
        raise ValueError("nobody was found in its photo")
    if isinstance(value.get("error"), dict):
        raise ValueError(f"its photo could not be used: {value['error'].get('message')}")  # noqa: TRY004
    if isinstance(people, list) and people and all(_has_keypoints(person) for person in people):
        return value
    if not _has_keypoints(value):
        detail = f"{_describe_keys(value)}{_describe_format(value)}"
        raise ValueError(f'it needs an object "keypoints", but {detail}')
    return value


def _has_keypoints(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("keypoints"), dict)


def _describe_keys(value: dict[str, Any]) -> str:
    """Return a part of a sentence that says what an object has in place of "keypoints"."""
    if "keypoints" in value:
        return f'"keypoints" is {_quote(value["keypoints"])}'
    if not value:
        return "it is empty"
    keys, more = list(map(_quote, value)), len(value) - _MAX_KEYS
    return f"it has only {', '.join(keys)}" if more <= 0 else f"it has {', '.join(keys[:_MAX_KEYS])} and {more} more"


def _describe_format(value: object) -> str:
    """Return a part of a sentence that names the program that wrote a file, or nothing if it is not known."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return ""
    if isinstance(first.get("people"), list):
        return "; it looks like a file of OpenPose, which has another format"
    if "annotations" in first or {"image_id", "keypoints"} <= first.keys():
        return "; it looks like a COCO file, which has another format"
    return ""


def _quote(value: object) -> str:
    """Return a value as it is in the file, cut to 40 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def _parse(value: dict[str, Any]) -> KeypointFile:
    makes_neck = value.get("estimator") is None
    found = [value] if _has_keypoints(value) else value["people"]
    people = [_parse_person(person, makes_neck=makes_neck) for person in found]
    width, height = (
        _parse_size(name, value.get(name), extent)
        for name, extent in zip(("width", "height"), find_corner(people), strict=True)
    )
    return KeypointFile(tuple(people), width, height)


def _parse_person(value: dict[str, Any], *, makes_neck: bool) -> Person:
    xy, score = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32), np.zeros(skeleton.N_JOINTS, np.float32)
    for joint, numbers in _parse_joints(value["keypoints"], (2, 3)).items():
        joint_score = numbers[2] if len(numbers) > 2 else 1.0
        if joint_score > 0:
            xy[joint] = numbers[:2]
            score[joint] = joint_score
    world = None
    if value.get("world") is not None:
        if not isinstance(value["world"], dict):
            raise ValueError(f'"world" is {_quote(value["world"])}, not an object')
        world = np.full((skeleton.N_JOINTS, 3), np.nan, np.float32)
        for joint, numbers in _parse_joints(value["world"], (3,)).items():
            if not np.isnan(xy[joint]).any():
                world[joint] = numbers
    return make_person(xy, score, world, makes_neck=makes_neck)


def _parse_size(name: str, value: object, extent: float) -> int:
    """Return the photo's width or height. If the file has none, it is large enough for the joints."""
    if not value:
        return int(extent + 1)
    if type(value) not in (int, float) or not 1 <= value <= _MAX_COORDINATE:  # type: ignore[operator]  # a number here
        raise ValueError(f'"{name}" is {_quote(value)}, not a number of pixels')
    return int(value)  # type: ignore[call-overload, no-any-return]  # likewise


def _parse_joints(joints: dict[str, Any], lengths: tuple[int, ...]) -> dict[int, list[float]]:
    """Return the numbers by joint index, without joints that are null or have a null or NaN.

    Raises:
        ValueError: there is no such joint, or its value has another form.
    """
    form = "[x, y] or [x, y, score]" if 2 in lengths else "[x, y, z]"
    parsed = {}
    for joint, numbers in joints.items():
        index = skeleton.INDEX.get(joint.replace("-", "_"))
        if index is None:
            raise ValueError(
                f"there is no joint {_quote(joint)}.{did_you_mean(joint, skeleton.JOINTS)} "
                f"The joints are {', '.join(skeleton.JOINTS)}"
            )
        if numbers is None:
            continue
        is_list = isinstance(numbers, list) and len(numbers) in lengths
        if not is_list or not all(number is None or type(number) in (int, float) for number in numbers):
            raise ValueError(f"{joint} is {_quote(numbers)}, not {form}")
        if any(number is None or (type(number) is float and math.isnan(number)) for number in numbers):
            continue
        if not all(abs(number) < _MAX_COORDINATE for number in numbers):
            raise ValueError(f"{joint} is {_quote(numbers)}, not {form}")
        parsed[index] = numbers
    return parsed
