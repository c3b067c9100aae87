"""Which people of a photo become poses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from posesearch import normalise, skeleton
from posesearch.errors import IncompletePose, NoPerson, SeveralPeople, TooFewJoints
from posesearch.types import Person, Pose

MIN_JOINTS: Final = 8


@dataclass(frozen=True)
class Rule:
    """What an ingest asks of a photo; stored with each snapshot.

    Attributes:
        estimator: name of the estimator.
        strict: the article's rule, exactly one person with all 14 body joints.
        min_joints: without `strict`, body joints that a person must show to become a pose, 3 to 14.
        files: SHA-256 of the user's own networks, by name.
        gps: where photos were taken is stored, too.
    """

    estimator: str
    strict: bool = False
    min_joints: int = MIN_JOINTS
    files: Mapping[str, str] = field(default_factory=dict)
    gps: bool = False

    def __post_init__(self) -> None:
        if not 3 <= self.min_joints <= skeleton.N_BODY:
            raise ValueError(f"min_joints must be 3 to {skeleton.N_BODY}, not {self.min_joints}")

    def as_json(self) -> str:
        """Return the rule as the settings column stores it."""
        values = asdict(self)
        return json.dumps({name: value for name, value in values.items() if name not in ("files", "gps") or value})

    def fulfilled_by(self) -> tuple[str, ...]:
        """Return the rules, as the settings column stores them, under which a photo need not be looked at again."""
        return tuple(replace(self, gps=gps).as_json() for gps in (True, False) if gps or not self.gps)

    def takes_the_same(self, settings: str) -> bool:
        """Tell whether a stored rule takes the same people; what it stores of the photo itself may differ."""
        return settings in {replace(self, gps=gps).as_json() for gps in (True, False)}

    @classmethod
    def from_json(cls, settings: str) -> "Rule":
        """Return the rule that `as_json` wrote."""
        return cls(**json.loads(settings))

    def is_by(self, estimator: str, files: Mapping[str, str]) -> bool:
        """Tell whether the rule names this estimator with these files."""
        return self.estimator == estimator and dict(self.files) == dict(files)


def poses_of(people: Sequence[Person], rule: Rule, source: str) -> tuple[Pose, ...]:
    """Return the people that the rule takes as poses, in their order.

    Raises:
        NoPerson, TooFewJoints, SeveralPeople, IncompletePose: it takes nobody; with the source's name.
    """
    if not people:
        raise NoPerson(source)
    if rule.strict:
        if len(people) > 1:
            raise SeveralPeople(source, f"the estimator finds {len(people)} people; {SeveralPeople.sentence}")
        missing = skeleton.N_BODY - people[0].keypoints.body_joints
        if missing:
            raise IncompletePose(source, f"{missing} of the 14 body joints are missing; {IncompletePose.sentence}")
    enough = skeleton.N_BODY if rule.strict else rule.min_joints
    poses = [normalise.pose_of(person) for person in people if person.keypoints.body_joints >= enough]
    if not poses:
        most = max(person.keypoints.body_joints for person in people)
        raise TooFewJoints(
            source,
            f"at most {most} of the 14 body joints are visible, fewer than {enough}; --min-joints lowers the bar",
        )
    return tuple(poses)
