"""What is searched for: a photo, an address, a stored pose or a file of keypoints becomes a query."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from posesearch import images, normalise, skeleton, sources
from posesearch.engine.answers import Query
from posesearch.engine.rules import MIN_JOINTS, Rule, poses_of
from posesearch.errors import BadKeypoints, NoDepth, NoSuchPart, NoSuchPerson, TooFewJoints
from posesearch.estimators import Estimator
from posesearch.similarity import Freedom, Poses
from posesearch.store.search import Asked
from posesearch.store.snapshots import StoredPose
from posesearch.types import Float, Keypoints, Person, Pose

BARS: Final = (MIN_JOINTS, 6, 3)
"""Body joints asked of a query: as many as an ingest asks, so that a photo finds the pose that it was stored with;
where nobody has them fewer, down to what an ingest may ask. Few joints fit almost any pose."""

_HUGE: Final = 1e7  # no photo is so wide


def of_stored(stored: StoredPose, person: int | None) -> Query:
    """Return a stored pose as a query.

    Raises:
        NoSuchPerson: a stored pose is one person.
    """
    if person not in (None, 1):
        raise NoSuchPerson(f"pose {stored.pose_id}", person, 1)
    return Query(
        stored.source,
        stored.width,
        stored.height,
        stored.estimator,
        1,
        1,
        stored.pose,
        stored.pose_id,
        stored.collection,
    )


def is_keypoints(source: str) -> bool:
    """Tell whether a source is a file of keypoints, by its name."""
    return source.lower().endswith(".json") and not sources.is_url(source)


def of_keypoints(path: str) -> Query:
    """Read a file of keypoints.

    The object, or its "query", has "keypoints", {joint: [x, y] or [x, y, score]} in any unit, y down; it may have
    "world", {joint: [x, y, z]}, and the photo's "width" and "height". A joint is missing where the file leaves it out,
    where it or one of its numbers is null or NaN, and where its score is 0 or less, as other programs write it.

    Raises:
        BadKeypoints: the file can't be read, or holds something else.
        TooFewJoints: it has fewer than 3 body joints, or all on one point.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        value = value.get("query", value)
        joints = _numbers(value["keypoints"], (2, 3))
        xy, score = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32), np.zeros(skeleton.N_JOINTS, np.float32)
        for joint, numbers in joints.items():
            certainty = numbers[2] if len(numbers) > 2 else 1.0
            if certainty > 0:
                xy[joint] = numbers[:2]
                score[joint] = certainty
        keypoints = Keypoints(xy, score)
        world = None
        if value.get("world") is not None:
            world = np.full((skeleton.N_JOINTS, 3), np.nan, np.float32)
            for joint, numbers in _numbers(value["world"], (3,)).items():
                if keypoints.present[joint]:
                    world[joint] = numbers
        box = keypoints.box if keypoints.present.any() else (0.0, 0.0, 0.0, 0.0)
        person = Person(keypoints, 1.0, box, 1.0, world)
        frame = np.nan_to_num(xy).max(axis=0).clip(0)
        size = int(value.get("width") or frame[0] + 1), int(value.get("height") or frame[1] + 1)
        if min(size) < 1 or max(size) > _HUGE:
            raise ValueError(f"a photo of {size[0]} x {size[1]} pixels")  # noqa: TRY301 (told as the others are)
    except OSError as error:
        raise BadKeypoints(path, f"the file can't be read ({error.strerror})") from error
    except KeyError as error:
        lacking = error.args[0] == "keypoints"
        detail = 'there is no "keypoints"' if lacking else f"there is no joint {error.args[0]!r}"
        raise BadKeypoints(path, detail) from error
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError, RecursionError) as error:
        raise BadKeypoints(path, f"this is no file of keypoints ({error})") from error
    if keypoints.body_joints < BARS[-1]:
        found = f"it has {keypoints.body_joints} of the 14 body joints"
        raise TooFewJoints(path, f"{found}, and a search needs {BARS[-1]}")
    try:
        pose = normalise.pose_of(person)
    except ValueError as error:
        raise TooFewJoints(path, str(error)) from error
    return Query(path, *size, None, 1, 1, pose)


def _numbers(joints: dict[str, Any], lengths: tuple[int, ...]) -> dict[int, list[float]]:
    """Return the coordinates by joint, without joints that are null or have a null or NaN.

    Raises:
        ValueError: the value of a joint is something else.
        KeyError: there is no such joint.
    """
    found = {}
    for joint, numbers in joints.items():
        index = skeleton.INDEX[joint]
        if numbers is None:
            continue
        fine = isinstance(numbers, list) and len(numbers) in lengths
        if not fine or not all(number is None or type(number) in (int, float) for number in numbers):
            raise ValueError(f"{joint} is {numbers!r:.40}, not {lengths[0]} numbers")
        if any(number is None or math.isnan(number) for number in numbers):
            continue
        if not all(abs(number) < _HUGE for number in numbers):
            raise ValueError(f"{joint} is {numbers!r:.40}, not {lengths[0]} numbers")
        found[index] = numbers
    return found


def of_photo(
    source: str,
    person: int | None,
    estimator: Estimator,
    decode: images.Decode = images.decode,
    *,
    allow_private: bool = False,
) -> Query:
    """Estimate a photo and take one person in it.

    Args:
        source: path or address.
        person: from 1; None takes the most prominent.
        estimator: the database's own.
        decode: what decodes it.
        allow_private: open an address on this machine or in its network, too.

    Raises:
        PhotoError: the photo can't be read, or nobody in it can be searched for.
        NoSuchPerson: fewer people than that.
    """
    data = sources.read(source, allow_private=allow_private)
    source = sources.public_name(source) if sources.is_url(source) else source
    photo = decode(data, source, estimator.enough)
    people = estimator.estimate(photo)
    for bar in BARS:
        try:
            poses = poses_of(people, Rule(estimator.model.name, min_joints=bar), source)
            break
        except TooFewJoints:
            if bar == BARS[-1]:
                raise TooFewJoints(source, f"nobody in it shows {bar} of the 14 body joints") from None
    number = 1 if person is None else person
    if not 1 <= number <= len(poses):
        raise NoSuchPerson(source, number, len(poses))
    return Query(source, photo.width, photo.height, estimator.model.name, len(poses), number, poses[number - 1])


def of_any(
    source: str,
    person: int | None,
    estimator: Callable[[], Estimator],
    decode: images.Decode = images.decode,
    *,
    allow_private: bool = False,
) -> Query:
    """Return a file of keypoints or a photo as a query; the estimator is loaded for photos alone. See `of_photo`."""
    if is_keypoints(source):
        return of_keypoints(source)
    return of_photo(source, person, estimator(), decode, allow_private=allow_private)


def asked(query: Query, parts: Sequence[str], freedom: Freedom) -> Asked:
    """Return what to compare of a query: all its joints alike, or those of some parts.

    Raises:
        NoSuchPart: no such part, or the query shows too little of them.
        NoDepth: the query has no joints in 3D.
    """
    vector = query.pose.world if freedom == "view" else query.pose.vector
    if vector is None:
        raise NoDepth(query.source)
    weight = query.pose.mask * weight_of(parts)
    needed = min(BARS[-1], int(query.pose.mask.sum()))
    if parts and weight.sum() < needed:
        raise NoSuchPart(",".join(parts), f"{query.source} shows only {weight.sum():.0f} of these joints")
    return Asked(Poses(vector[None], query.pose.mask[None]), weight, freedom)


def weight_of(parts: Sequence[str]) -> Float:
    """Return how much each body joint counts, (14,) float32: 1 in these parts, or everywhere where none is named.

    Raises:
        NoSuchPart: there is no such part.
    """
    names = [part.strip().lower().replace("-", "_") for part in parts]
    for name in names:
        if name not in skeleton.PARTS:
            known = ", ".join(part.replace("_", "-") for part in skeleton.PARTS)
            raise NoSuchPart(name, f"there is no such part of the body; there are {known}")
    return np.array(skeleton.joints_of(names) if names else [True] * skeleton.N_BODY, np.float32)


def shown(pose: Pose, freedom: Freedom) -> Poses:
    """Return a stored pose as what a query is compared with.

    Raises:
        NoDepth: it has no joints in 3D.
    """
    vector = pose.world if freedom == "view" else pose.vector
    if vector is None:
        raise NoDepth("the stored pose")
    return Poses(vector[None], pose.mask[None])
