"""Builds queries from photos, URLs, keypoint files and stored poses."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from posesearch import sources
from posesearch.errors import NoPerson, NoSuchPart, NoSuchPerson, NotAnImage, NoWorldJoints, TooFewJoints
from posesearch.estimators import Estimator
from posesearch.keypoint_files import KeypointFile, read_keypoints
from posesearch.names import to_unicode
from posesearch.paths import expand_source
from posesearch.photos.photo import Photo, make_photo
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import LEAST_SIDE, MIN_JOINTS, is_too_small
from posesearch.pose.normalize import make_pose
from posesearch.pose.similarity import Invariance, Poses
from posesearch.results.query import Query
from posesearch.search.options import SearchOptions
from posesearch.search.query_values import InMemory
from posesearch.store.prepared_query import PreparedQuery
from posesearch.types import Person, Pose, StoredPose

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_JOINTS_STEPS: Final = (MIN_JOINTS, 6, 3)
"""Body joints that a person in a query photo must show. The first step that any person reaches is used.

The first step is the default of an ingest, so that a photo finds its own stored pose. The last is the lowest value that
an ingest accepts, because fewer joints fit almost any pose.
"""


def query_from_pose(stored: StoredPose, person: int | None) -> Query:
    """Return the query for a stored pose.

    Raises:
        NoSuchPerson: `person` is not None or 1. A stored pose is one person.
    """
    _choose_number(f"pose {stored.pose_id}", person, 1)
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
        stored.signature,
        sha256=stored.sha256,
        exists=stored.exists,
        changed=stored.changed,
        boxes=(stored.pose.person.box,),
    )


def query_from_keypoints(name: str, file: KeypointFile, person: int | None) -> Query:
    """Return the query for one person in a keypoint file.

    Args:
        name: the name of the file.
        file: its content.
        person: which person of the file, from 1. None means the first.

    Raises:
        NoSuchPerson: there are fewer people.
        TooFewJoints: the person has fewer than 3 body joints, or all of them lie on one point.
    """
    number = _choose_number(name, person, len(file.people))
    pose = _make_pose(name, file.people[number - 1], "it")
    boxes = tuple(one.box for one in file.people)
    return Query(name, file.width, file.height, None, len(file.people), number, pose, boxes=boxes)


def query_from_photo(
    source: str | InMemory,
    person: int | None,
    load: Callable[[], Estimator],
    decoders: DecoderPool,
    *,
    allow_private: bool = False,
) -> Query:
    """Estimate a photo, and return the query for one person in it.

    Args:
        source: path or URL, or a photo in memory.
        person: which of the people that the estimator finds, from 1. None means the most prominent with enough joints.
        load: returns the database's estimator.
        decoders: decodes the photo.
        allow_private: whether to open a URL of this computer or of a private network.

    Raises:
        PhotoError: the photo can't be read, or shows nobody with enough joints.
        NoSuchPerson: there are fewer people.
        EstimatorError: the estimator can't be used.
        DecoderUnavailable: no photo can be decoded.
    """
    name, photo, estimator = open_photo(source, load, decoders, allow_private=allow_private)
    people = estimator.estimate(photo)
    if not people and is_too_small(photo.width, photo.height):
        raise NoPerson.in_small_photo(name, photo.width, photo.height, LEAST_SIDE)
    if not people:
        raise NoPerson(name, "nobody found; a drawing needs a filled body, or give the joints as .json")
    number = _choose_number(name, _find_main(name, people) if person is None else person, len(people))
    pose = _make_pose(name, people[number - 1], f"person {number}" if len(people) > 1 else "the person")
    pixels = photo.pixels if isinstance(source, InMemory) else None
    found = name, photo.width, photo.height, estimator.model.name, len(people), number, pose
    return Query(*found, pixels=pixels, boxes=tuple(one.box for one in people))


def open_photo(
    source: str | InMemory, load: Callable[[], Estimator], decoders: DecoderPool, *, allow_private: bool = False
) -> tuple[str, Photo, Estimator]:
    """Return the public name of a photo, the photo, and the estimator. The arguments are those of query_from_photo.

    Raises:
        PhotoError: the photo can't be read.
        EstimatorError: the estimator can't be used.
        DecoderUnavailable: no photo can be decoded.
    """
    data: bytes | Image
    if isinstance(source, str):
        data = sources.read_source(source, allow_private=allow_private)
        name = sources.to_name(source)
    elif isinstance(source.content, KeypointFile):
        raise NotAnImage(source.name, "these are joints and not a photo; a search accepts them")
    else:
        data, name = source.content, source.name
    if not isinstance(data, bytes):
        from posesearch.photos.decode import convert  # noqa: PLC0415 (Pillow, which the caller has loaded)

        estimator = load()
        return name, make_photo(convert(data, name, estimator.useful_side)), estimator
    decoders.start()  # so that a process starts while the network loads
    estimator = load()
    return name, decoders.decode(data, name, estimator.useful_side), estimator


def _find_main(source: str, people: Sequence[Person]) -> int:
    """Return which person is the first with enough joints, from 1.

    Raises:
        TooFewJoints: nobody has enough.
    """
    for min_joints in MIN_JOINTS_STEPS:
        for number, person in enumerate(people, start=1):
            if person.keypoints.body_joints >= min_joints:
                return number
    raise TooFewJoints(source, f"nobody shows {MIN_JOINTS_STEPS[-1]} of the 14 body joints")


def _make_pose(source: str, person: Person, who: str) -> Pose:
    """Return the pose of a person.

    Raises:
        TooFewJoints: the person has fewer than 3 body joints, or all of them lie on one point.
    """
    joints, needed = person.keypoints.body_joints, MIN_JOINTS_STEPS[-1]
    if joints < needed:
        raise TooFewJoints(source, f"{who} has {joints} of the 14 body joints, and a search needs {needed}")
    try:
        return make_pose(person)
    except ValueError as error:
        raise TooFewJoints(source, str(error)) from error


def _choose_number(source: str, person: int | None, people: int) -> int:
    """Return which person is meant, from 1. None means the first. Raise NoSuchPerson if there are fewer people."""
    number = 1 if person is None else person
    if not 1 <= number <= people:
        raise NoSuchPerson(source, number, people)
    return number


def make_query(
    source: str | InMemory,
    person: int | None,
    load: Callable[[], Estimator],
    decoders: DecoderPool,
    *,
    allow_private: bool = False,
) -> Query:
    """Return the query for a photo or for keypoints. The arguments are those of query_from_photo.

    Raises:
        BadPath: the name is empty, or a file URL of another computer. Or the current folder no longer exists.
        BadKeypoints: a .json file can't be read, or is not a keypoint file.
        PhotoError, QueryError, EstimatorError, DecoderUnavailable: as query_from_keypoints and query_from_photo.
    """
    if isinstance(source, InMemory):
        if isinstance(source.content, KeypointFile):
            return query_from_keypoints(source.name, source.content, person)
    else:
        source = expand_source(source)
        if source.lower().endswith(".json") and not sources.is_url(source):
            return query_from_keypoints(to_unicode(source), read_keypoints(source), person)
    return query_from_photo(source, person, load, decoders, allow_private=allow_private)


def prepare_query(query: Query, options: SearchOptions) -> PreparedQuery:
    """Prepare a query for the search. With `parts`, only the joints of these parts of the body are compared.

    Raises:
        NoSuchPart: the query shows too few joints of the parts.
        NoWorldJoints: limbs in 3D are compared, and the query has no world coordinates.
    """
    try:
        poses = stack_poses([query.pose], options.invariance)
    except NoWorldJoints:
        raise _make_world_error(query) from None
    weight = query.pose.mask * options.weight
    needed = min(MIN_JOINTS_STEPS[-1], int(query.pose.mask.sum()))
    shown = int((weight == 1).sum())  # those of the torso that anchor the parts have less weight
    if options.parts and shown < needed:
        raise NoSuchPart(",".join(options.parts), f"{query.source} shows only {shown} of these joints")
    return PreparedQuery(poses, weight, options.invariance)


def _make_world_error(query: Query) -> NoWorldJoints:
    """Return the error for a query without world coordinates, with the reason why there are none."""
    if query.pose_id is not None:
        sentence = f'Pose {query.pose_id} has no joints in 3D, which `view="any"` compares.'
        return NoWorldJoints(sentence, can_reestimate=True)
    if query.estimator is None:
        return NoWorldJoints(f'{query.source} has joints in the picture only; `view="any"` needs "world".')
    sentence = f'The estimator {query.estimator} gives no joints in 3D, which `view="any"` compares.'
    return NoWorldJoints(sentence, can_reestimate=True)


def stack_poses(poses: Sequence[Pose], invariance: Invariance) -> Poses:
    """Return the coordinates of poses that are compared.

    Raises:
        NoWorldJoints: `invariance` is "view" and a pose has no world coordinates.
    """
    vectors = [pose.world_vector if invariance == "view" else pose.vector for pose in poses]
    present = [vector for vector in vectors if vector is not None]
    if len(present) < len(vectors):
        raise NoWorldJoints('The stored pose has no joints in 3D, which `view="any"` compares.', can_reestimate=True)
    return Poses(np.stack(present), np.stack([pose.mask for pose in poses]))
