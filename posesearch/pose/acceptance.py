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
"""Body joints that a person must show to become a pose, unless the user chooses another number."""


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

    def to_json(self) -> str:
        """Return the JSON of the rule, which the column `settings` stores."""
        values = asdict(self)
        return json.dumps({name: value for name, value in values.items() if name not in ("files", "gps") or value})

    def sufficient_settings(self) -> tuple[str, ...]:
        """Return the JSON of the rules whose photos need not be processed again for this rule.

        A photo that was stored with `gps` has everything that an ingest without `gps` stores.
        """
        return tuple(replace(self, gps=gps).to_json() for gps in (True, False) if gps or not self.gps)

    def accepts_same_people(self, settings: str) -> bool:
        """Return whether the rule with this JSON accepts the same people as this rule. Only `gps` may differ."""
        return settings in {replace(self, gps=gps).to_json() for gps in (True, False)}

    @classmethod
    def from_json(cls, settings: str) -> "AcceptanceRule":
        """Return the rule that `to_json` wrote."""
        return cls(**json.loads(settings))

    def has_estimator(self, estimator: str, files: Mapping[str, str]) -> bool:
        """Return whether the rule names this estimator with these custom weights."""
        return self.estimator == estimator and dict(self.files) == dict(files)


def accept_people(people: Sequence[Person], rule: AcceptanceRule, source: str) -> tuple[Pose, ...]:
    """Return the poses of the people that the rule accepts, in the same order.

    Raises:
        NoPerson, TooFewJoints, SeveralPeople, IncompletePose: the rule accepts nobody. The message starts with
            `source`.
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
