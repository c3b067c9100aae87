"""posesearch's own keypoint format: the JSON that `show --json` and `similar --json` print."""

import math
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.errors import BadKeypoints, did_you_mean
from posesearch.files import read_regular
from posesearch.keypoint_files.json_text import find_keys, fold_name, load_json, quote
from posesearch.keypoint_files.keypoint_file import KeypointFile, find_corner, make_person
from posesearch.types import Person

MAX_BYTES: Final = 64_000_000
"""Maximum size of a file. The largest output of `similar --json` in practice has about a tenth of it."""

_MAX_COORDINATE: Final = 1e7  # larger than any photo
_MAX_KEYS: Final = 5  # that a message names
_KEYS: Final = {
    fold_name(key): key for key in ("query", "error", "people", "keypoints", "world", "width", "height", "estimator")
}
_JOINTS: Final = {fold_name(joint): index for joint, index in skeleton.INDEX.items()}


def read_keypoints(path: str) -> KeypointFile:
    """Read a keypoint file.

    The file is a JSON object with these keys. They may also be in its object "query".

    - "keypoints": `{joint: [x, y] or [x, y, score]}`, in any unit, y down.
    - "world", optional: `{joint: [x, y, z]}`.
    - "width" and "height", optional: the photo's size in pixels.
    - "people", instead of "keypoints" and "world": a list of objects that have these two.

    Names may be in other spellings, such as "Left Wrist", "leftWrist" or "LEFT-WRIST". The encoding is UTF-8, UTF-16 or
    UTF-32.

    A joint is missing if the file leaves it out, or if the joint or one of its numbers is null or NaN. A joint is also
    missing if its score is 0 or less, because other programs write missing joints in this way. A missing neck is made
    from both shoulders, unless "estimator" says that posesearch wrote the file.

    Raises:
        BadKeypoints: the file can't be read, or is not a keypoint file.
    """
    return parse_file(_read(path), path)


def parse_file(data: bytes, name: str) -> KeypointFile:
    """Return the content of a keypoint file.

    Args:
        data: the bytes of the file.
        name: the name of the file, for the error.

    Raises:
        BadKeypoints: they are not a keypoint file.
    """
    try:
        return _parse(_find_object(load_json(data)))
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
    try:
        is_file = not find_keys(value, _KEYS).keys().isdisjoint(("keypoints", "query", "people"))
        return _parse(_find_object(value if is_file else {"keypoints": value}))
    except ValueError as error:
        raise BadKeypoints(name, str(error)) from error


def _read(path: str) -> bytes:
    """Return the bytes of a file. Raise BadKeypoints if it can't be read."""
    try:
        return read_regular(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise BadKeypoints(path, "there is no such file", shows_example=False) from error
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL character
        detail = getattr(error, "strerror", None) or str(error)
        raise BadKeypoints(path, f"the file can't be read ({detail})", shows_example=False) from error


def _find_object(value: object) -> dict[str, Any]:
    """Return the object that has the joints or the people: the file's own, or its "query".

    Raises:
        ValueError: there is none.
    """
    value = _fold_keys(value)
    if isinstance(value, dict) and isinstance(value.get("query"), dict) and "error" not in value:
        value = _fold_keys(value["query"])
    if not isinstance(value, dict):  # the file is wrong and not the program, so the errors are not of type TypeError
        raise ValueError(f"it has {quote(value)}, not an object{_describe_format(value)}")  # noqa: TRY004
    if isinstance(value.get("error"), dict):
        reason = value["error"].get("message")
        detail = f": {reason}" if isinstance(reason, str) else ""
        raise ValueError(f"its photo could not be used{detail}")  # noqa: TRY004
    return value


def _fold_keys(value: object) -> Any:
    """Return an object with the keys that this format has, in whatever spelling they were. Return others as they are.

    Raises:
        ValueError: a key is there in two spellings.
    """
    if not isinstance(value, dict):
        return value
    names = {key: name for name, key in find_keys(value, _KEYS).items()}
    return {names.get(key, key): item for key, item in value.items()}


def _find_people(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects that have "keypoints": this one, or those in its "people".

    Raises:
        ValueError: there is none, or one lacks "keypoints".
    """
    people = value.get("people")
    if isinstance(value.get("keypoints"), dict):
        return [value]
    if people == [] and "estimator" in value:  # posesearch wrote it
        raise ValueError("nobody was found in its photo")
    program = _describe_format(value)
    if not isinstance(people, list) or not people or program:
        raise ValueError(f'it needs an object "keypoints", but {_describe_keys(value)}{program}')
    found = [_fold_keys(person) for person in people]
    for number, person in enumerate(found, 1):
        if not isinstance(person, dict):
            raise ValueError(f'person {number} of "people" is {quote(person)}, not an object')  # noqa: TRY004
        if not isinstance(person.get("keypoints"), dict):
            detail = f'needs an object "keypoints", but {_describe_keys(person)}'
            raise ValueError(f'person {number} of "people" {detail}')  # noqa: TRY004
    return found


def _describe_keys(value: dict[str, Any]) -> str:
    """Return a part of a sentence that says what an object has in place of "keypoints"."""
    if "keypoints" in value:
        return f'"keypoints" is {quote(value["keypoints"])}'
    if not value:
        return "it is empty"
    if value.keys() == {"people"}:
        return f'"people" is {quote(value["people"])}'
    keys, more = list(map(quote, value)), len(value) - _MAX_KEYS
    return f"it has only {', '.join(keys)}" if more <= 0 else f"it has {', '.join(keys[:_MAX_KEYS])} and {more} more"


def _describe_format(value: object) -> str:
    """Return a part of a sentence that names the program that wrote a file, or nothing if it is not known."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return ""
    people = first.get("people")
    if isinstance(people, list) and ("version" in first or any(_is_openpose(person) for person in people)):
        return "; it looks like a file of OpenPose, which has another format"
    if "annotations" in first or {"image_id", "keypoints"} <= first.keys():
        return "; it looks like a COCO file, which has another format"
    return ""


def _is_openpose(person: object) -> bool:
    return isinstance(person, dict) and "pose_keypoints_2d" in person


def _parse(value: dict[str, Any]) -> KeypointFile:
    makes_neck = value.get("estimator") is None
    people = [_parse_person(person, makes_neck=makes_neck) for person in _find_people(value)]
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
            raise ValueError(f'"world" is {quote(value["world"])}, not an object')
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
        raise ValueError(f'"{name}" is {quote(value)}, not a number of pixels')
    return int(value)  # type: ignore[call-overload, no-any-return]  # likewise


def _parse_joints(joints: dict[str, Any], lengths: tuple[int, ...]) -> dict[int, list[float]]:
    """Return the numbers by joint index, without joints that are null or have a null or NaN.

    Raises:
        ValueError: there is no such joint, or its value has another form.
    """
    form = "[x, y] or [x, y, score]" if 2 in lengths else "[x, y, z]"
    spelled = {key: index for index, key in find_keys(joints, _JOINTS).items()}
    parsed = {}
    for joint, numbers in joints.items():
        if joint not in spelled:
            raise ValueError(
                f"there is no joint {quote(joint)}.{did_you_mean(joint, skeleton.JOINTS)} "
                f"The joints are {', '.join(skeleton.JOINTS)}"
            )
        if numbers is None:
            continue
        is_list = isinstance(numbers, list) and len(numbers) in lengths
        if not is_list or not all(number is None or type(number) in (int, float) for number in numbers):
            raise ValueError(f"{joint} is {quote(numbers)}, not {form}")
        if any(number is None or (type(number) is float and math.isnan(number)) for number in numbers):
            continue
        if not all(abs(number) < _MAX_COORDINATE for number in numbers):
            raise ValueError(f"{joint} is {quote(numbers)}, but numbers must be below {_MAX_COORDINATE:,.0f}")
        parsed[spelled[joint]] = numbers
    return parsed
