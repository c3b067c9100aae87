"""The rules of the traits of the trunk and the head."""

from posesearch.pose.traits.expressions import Expression, absolute, degrees, greatest, name
from posesearch.pose.traits.legs import standing  # noqa: F401
from posesearch.pose.traits.measures import (
    FACING,
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
    return between(LEAN * _SIGN[edge], 16, 62, 4)


def bent_over() -> Expression:
    """The neck is hardly higher than the hips, and the legs carry the body."""
    lower = greatest(point("left_ankle")[1], point("right_ankle")[1])
    return all_of(
        below(NECK_HEIGHT, 0.55, 0.12),
        above(name("hips_above_feet", (lower - HIPS[1]) / UNIT), 0.9, 0.15),
    )


def lying() -> Expression:
    """Neck, hips and feet are level."""
    feet = [point(f"{side}_ankle") for side in SIDES]
    return all_of(
        below(absolute(NECK_HEIGHT), 0.4, 0.1),
        *(below(absolute(height(HIPS, foot)), 0.6, 0.12) for foot in feet),
        above(absolute(point("neck")[0] - (feet[0][0] + feet[1][0]) / 2) / UNIT, 1.3, 0.2),
    )


def upside_down() -> Expression:
    """The head is lower than the hips."""
    return above(height(HIPS, point("nose")), 0.15, 0.12)


def facing_front() -> Expression:
    """The front of the trunk faces the camera, and the shoulders look wide."""
    return given(_IS_NOT_LEVEL, all_of(below(absolute(FACING), 60, 12), above(SHOULDER_SHARE, 0.42, 0.08)))


def facing_back() -> Expression:
    """The back of the trunk faces the camera, and the shoulders look wide."""
    return given(_IS_NOT_LEVEL, all_of(above(absolute(FACING), 120, 12), above(SHOULDER_SHARE, 0.42, 0.08)))


def facing(edge: str) -> Expression:
    """The front of the trunk faces an edge of the picture, and the shoulders look narrow."""
    is_turned = between(FACING * _SIGN[edge], 25, 155, 10)
    return given(_IS_NOT_LEVEL, all_of(is_turned, below(SHOULDER_SHARE, 0.5, 0.08)))


def head_turned(edge: str) -> Expression:
    """The nose is on one side of the ears, though the shoulders look wide."""
    ears = mean("ears", point("left_ear"), point("right_ear"))
    face = name("nose_before_ears", (point("nose")[0] - ears[0]) / UNIT)
    return given(above(SHOULDER_SHARE, 0.5, 0.08), above(face * _SIGN[edge], 0.1, 0.03))


def head_tilted(edge: str) -> Expression:
    """The line from the ears to the top of the head leans towards an edge of the picture, more than the trunk does."""
    eyes = minus(point("left_eye"), point("right_eye"))
    is_seen = above(absolute(eyes[0]) / UNIT, 0.1, 0.03)
    tilt = name("head_tilt", degrees(eyes[1], absolute(eyes[0])) * (eyes[0] / absolute(eyes[0])))
    return given(is_seen, above((tilt - LEAN) * _SIGN[edge], 13, 4))


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
