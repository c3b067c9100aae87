"""The acceptance rule: which people of a photo become poses, and why a photo is rejected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from posesearch import skeleton
from posesearch.errors import IncompletePose, NoPerson, SeveralPeople, TooFewJoints
from posesearch.pose.normalize import make_pose
from posesearch.types import Person, Pose

MIN_JOINTS: Final = 8


@dataclass(frozen=True)
class AcceptanceRule:
    """What an ingest requires of a photo. It is stored as JSON with each snapshot.

    Attributes:
        estimator: name of the estimator.
        strict: the article's rule, exactly one person with all 14 body joints.
        min_joints: body joints that a person must show to become a pose, 3 to 14. `strict` overrides it.
        files: SHA-256 of the user's own networks, by name.
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

    def to_json(self) -> str:
        """Return the rule as the settings column stores it."""
        values = asdict(self)
        return json.dumps({name: value for name, value in values.items() if name not in ("files", "gps") or value})

    def sufficient_settings(self) -> tuple[str, ...]:
        """Return the stored rules under which a photo need not be processed again. One with `gps` stores more."""
        return tuple(replace(self, gps=gps).to_json() for gps in (True, False) if gps or not self.gps)

    def accepts_same_people(self, settings: str) -> bool:
        """Return whether a stored rule accepts the same people. It may differ in `gps`."""
        return settings in {replace(self, gps=gps).to_json() for gps in (True, False)}

    @classmethod
    def from_json(cls, settings: str) -> "AcceptanceRule":
        """Return the rule that `to_json` wrote."""
        return cls(**json.loads(settings))

    def has_estimator(self, estimator: str, files: Mapping[str, str]) -> bool:
        """Return whether the rule names this estimator with these custom weights."""
        return self.estimator == estimator and dict(self.files) == dict(files)


def accept_people(people: Sequence[Person], rule: AcceptanceRule, source: str) -> tuple[Pose, ...]:
    """Return the people that the rule accepts, as poses, in the same order.

    Raises:
        NoPerson, TooFewJoints, SeveralPeople, IncompletePose: it accepts nobody. The error names the source.
    """
    if not people:
        raise NoPerson(source)
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
            f"--min-joints lowers the threshold",
        )
    return tuple(poses)
