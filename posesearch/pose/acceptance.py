"""The acceptance rule: which people of a photo become poses, and why a photo is rejected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

from posesearch import skeleton
from posesearch.errors import IncompletePose, NoPerson, SeveralPeople, TooFewJoints
from posesearch.pose.normalize import make_pose
from posesearch.types import Person, Pose

MIN_JOINTS: Final = 8
"""Body joints that a person must show to become a pose, unless the user chooses another number."""

LEAST_SIDE: Final = 40
"""Longer side in pixels of a photo in which estimators seldom find anybody. benchmarks/people.py draws the curve."""

Standing = Literal["suffices", "lacks facts", "other"]
"""What a photo that was processed under one rule is for another rule.

- "suffices": it has everything that the other rule asks for.
- "lacks facts": the same people are accepted, but the other rule also asks where the photo was taken.
- "other": the people have to be found again.
"""


@dataclass(frozen=True)
class AcceptanceRule:
    """The requirements of an ingest for a photo. They are stored as JSON with each snapshot.

    Attributes:
        estimator: name of the estimator.
        strict: whether to apply the article's rule: exactly one person, with all 14 body joints.
        min_joints: body joints that a person must show to become a pose, 3 to 14. `strict` overrides it.
        files: SHA-256 of the user's custom weights, by name.
        gps: whether to store where photos were taken.
    """

    estimator: str
    strict: bool = False
    min_joints: int = MIN_JOINTS
    files: Mapping[str, str] = field(default_factory=dict)
    gps: bool = False

    def __post_init__(self) -> None:
        if not 3 <= self.min_joints <= skeleton.N_BODY:
            raise ValueError(f"min_joints must be 3 to {skeleton.N_BODY}, not {self.min_joints}")

    @cached_property
    def settings(self) -> str:
        """The JSON of the rule, which the column `settings` stores."""
        values = asdict(self)
        return json.dumps({name: value for name, value in values.items() if name not in ("files", "gps") or value})

    @cached_property
    def standings(self) -> Mapping[str, Standing]:
        """The JSON of each rule that accepts the same people, with what a photo under it is for this rule.

        A photo that was stored with `gps` has everything that an ingest without `gps` stores.
        """
        without: Standing = "lacks facts" if self.gps else "suffices"
        return {replace(self, gps=False).settings: without, replace(self, gps=True).settings: "suffices"}

    @classmethod
    def from_json(cls, settings: str) -> "AcceptanceRule":
        """Return the rule that has these settings."""
        return cls(**json.loads(settings))


def is_too_small(width: int, height: int) -> bool:
    """Return whether estimators seldom find anybody in photos of this size in pixels."""
    return max(width, height) < LEAST_SIDE


def accept_people(
    people: Sequence[Person], rule: AcceptanceRule, source: str, size: tuple[int, int]
) -> tuple[Pose, ...]:
    """Return the poses of the people that the rule accepts, in the same order.

    Args:
        people: the people in the photo.
        rule: the rule.
        source: the photo's name.
        size: width and height of the photo in pixels. The message says so if a photo is too small for anybody.

    Raises:
        NoPerson, TooFewJoints, SeveralPeople, IncompletePose: the rule accepts nobody. The message starts with
            `source`.
    """
    if not people:
        raise NoPerson.in_small_photo(source, *size, LEAST_SIDE) if is_too_small(*size) else NoPerson(source)
    if rule.strict:
        if len(people) > 1:
            raise SeveralPeople(source, f"{len(people)} people found; {SeveralPeople.sentence}")
        missing = skeleton.N_BODY - people[0].keypoints.body_joints
        if missing:
            raise IncompletePose(source, f"{missing} of the 14 body joints are missing; {IncompletePose.sentence}")
    min_joints = skeleton.N_BODY if rule.strict else rule.min_joints
    poses = [make_pose(person) for person in people if person.keypoints.body_joints >= min_joints]
    if not poses:
        most = max(person.keypoints.body_joints for person in people)
        raise TooFewJoints(
            source,
            f"at most {most} of the 14 body joints are visible, fewer than {min_joints}; "
            f"`min_joints` lowers the threshold",
        )
    return tuple(poses)
