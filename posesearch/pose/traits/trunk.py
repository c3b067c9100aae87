"""The rules of the traits of the trunk and the head."""

from posesearch.pose.traits.expressions import Expression, absolute, degrees, name
from posesearch.pose.traits.legs import hips_height
from posesearch.pose.traits.measures import (
    FACING,
    FEET,
    HIPS,
    LEAN,
    NECK_HEIGHT,
    SHOULDER_SHARE,
    SHOULDERS,
    SIDES,
    TRUNK_SHARE,
    UNIT,
    WIDTH,
    dot,
    height,
    length,
    mean,
    minus,
    point,
)
from posesearch.pose.traits.rules import above, all_of, below, between, given

_SIGN = {"left": -1.0, "right": 1.0}
"""The sign of the x axis towards an edge of the picture."""

_IS_NOT_LEVEL = above(absolute(NECK_HEIGHT), 0.5, 0.1)
"""The trunk is not level. The front of a level trunk faces the ground or the sky."""


def trunk_upright() -> Expression:
    """The trunk is vertical in the picture, and does not point at the camera."""
    return all_of(below(absolute(LEAN), 14, 4), above(TRUNK_SHARE, 0.7, 0.1))


def leaning(edge: str) -> Expression:
    """The trunk leans towards an edge of the picture."""
    return between(name(f"lean_{edge}", LEAN * _SIGN[edge]), 16, 62, 4)


def bent_over() -> Expression:
    """The neck is hardly higher than the hips, and the legs carry the body."""
    return all_of(
        below(NECK_HEIGHT, 0.55, 0.12),
        above(hips_height(), 0.9, 0.15),
    )


def lying() -> Expression:
    """Neck, hips and feet are level."""
    across = point("neck")[0] - FEET[0]
    return all_of(
        below(absolute(NECK_HEIGHT), 0.4, 0.1),
        *(below(absolute(_hips_above(side)), 0.6, 0.12) for side in SIDES),
        above(name("length_across", absolute(across) / UNIT), 1.3, 0.2),
    )


def _hips_above(side: str) -> Expression:
    return name(f"hips_above_{side}_ankle", height(HIPS, point(f"{side}_ankle")))


def upside_down() -> Expression:
    """The head is lower than the hips."""
    return above(name("hips_above_nose", height(HIPS, point("nose"))), 0.15, 0.12)


def facing_front() -> Expression:
    """The front of the trunk faces the camera, and the shoulders look wide."""
    return given(_IS_NOT_LEVEL, all_of(below(absolute(FACING), 60, 12), above(SHOULDER_SHARE, 0.42, 0.08)))


def facing_back() -> Expression:
    """The back of the trunk faces the camera, and the shoulders look wide."""
    return given(_IS_NOT_LEVEL, all_of(above(absolute(FACING), 120, 12), above(SHOULDER_SHARE, 0.42, 0.08)))


def facing(edge: str) -> Expression:
    """The front of the trunk faces an edge of the picture, and the shoulders look narrow."""
    is_turned = between(name(f"facing_{edge}_degrees", FACING * _SIGN[edge]), 25, 155, 10)
    return given(_IS_NOT_LEVEL, all_of(is_turned, below(SHOULDER_SHARE, 0.5, 0.08)))


def head_turned(edge: str) -> Expression:
    """The nose is on one side of the ears, though the shoulders look wide."""
    ears = mean("ears", point("left_ear"), point("right_ear"))
    face = name(f"nose_{edge}_of_ears", (point("nose")[0] - ears[0]) * _SIGN[edge] / UNIT)
    return given(above(SHOULDER_SHARE, 0.5, 0.08), above(face, 0.1, 0.03))


def head_tilted(edge: str) -> Expression:
    """The line from the ears to the top of the head leans towards an edge of the picture, more than the trunk does."""
    eyes = minus(point("left_eye"), point("right_eye"))
    is_seen = above(name("eyes_width", absolute(eyes[0]) / UNIT), 0.1, 0.03)
    tilt = name("head_tilt", degrees(eyes[1], absolute(eyes[0])) * (eyes[0] / absolute(eyes[0])))
    return given(is_seen, above(name(f"head_tilt_{edge}", (tilt - LEAN) * _SIGN[edge]), 13, 4))


def symmetrical() -> Expression:
    """The joints of the left are the mirror images of those of the right, on the axis of the trunk."""
    is_seen = above(absolute(WIDTH), 0.4, 0.08)
    across = tuple(one / length(SHOULDERS) for one in SHOULDERS)
    up = (across[1], -across[0])
    parts = []
    for joint in ("elbow", "wrist", "knee", "ankle"):
        left, right = (minus(point(f"{side}_{joint}"), HIPS) for side in SIDES)
        u = dot(left, across) + dot(right, across)
        v = dot(left, up) - dot(right, up)
        parts.append(name(f"{joint}_asymmetry", length((u, v)) / UNIT))
    elbow, wrist, knee, ankle = parts
    return given(is_seen, below(name("asymmetry", (elbow + wrist + knee + ankle) / 4), 0.32, 0.13))
