"""The rules of the traits of legs and feet."""

from posesearch.pose.traits.expressions import Expression, absolute, greatest, least, name, otherwise
from posesearch.pose.traits.measures import (
    FEET,
    FRONT,
    HIPS,
    KNEE,
    LEAN,
    NECK_HEIGHT,
    OTHER,
    SHOULDER_SHARE,
    SIDES,
    SOLID_HIP,
    SOLID_KNEE,
    SOLID_UNIT,
    UNIT,
    WIDTH,
    distance,
    dot,
    elevation,
    height,
    length,
    limb,
    minus,
    point,
    solid,
    solid_limb,
)
from posesearch.pose.traits.rules import above, all_of, any_of, below, between, given, maybe, named, not_


def _leg_length(side: str) -> Expression:
    """Return the length of the leg in the picture, in units. A stretched leg has 1.65."""
    upper, lower = limb(side, "hip", "knee"), limb(side, "knee", "ankle")
    return name(f"{side}_leg_length", (length(upper) + length(lower)) / UNIT)


def _knee(side: str) -> Expression:
    """Return the angle at the knee in space, degrees, or that in the picture if there are no joints in space."""
    return name(f"{side}_knee_degrees", otherwise(SOLID_KNEE[side], KNEE[side]))


def leg_straight(side: str) -> Expression:
    """The knee is straight in the picture, and in space if it is known there."""
    in_picture = given(above(_leg_length(side), 1.0, 0.1), above(KNEE[side], 158, 8))
    return all_of(in_picture, above(_knee(side), 130, 10))


def knee_bent(side: str) -> Expression:
    """The knee is bent in the picture, or in space. A straight leg looks straight from everywhere."""
    in_picture = given(above(_leg_length(side), 0.7, 0.1), below(KNEE[side], 138, 10))
    return any_of(in_picture, below(_knee(side), 125, 12))


def _foot_height(side: str) -> Expression:
    """Return how much higher the foot is than the other one, in units."""
    return name(f"{side}_foot_height", height(point(f"{side}_ankle"), point(f"{OTHER[side]}_ankle")))


def leg_raised(side: str) -> Expression:
    """The foot is higher than the other one. From the side, estimators confuse left and right."""
    other = name(f"hips_above_{OTHER[side]}_foot", height(HIPS, point(f"{OTHER[side]}_ankle")))
    return named(
        f"{side}_leg_raised",
        all_of(above(_foot_height(side), 0.4, 0.14), above(other, 0.2, 0.1), maybe(above(SHOULDER_SHARE, 0.3, 0.08))),
    )


def one_leg_raised() -> Expression:
    """One foot is higher than the other one."""
    apart = name("feet_height", absolute(_foot_height("left")))
    return named("one_leg_raised", all_of(above(apart, 0.42, 0.15), above(hips_height(), 0.2, 0.1)))


def legs_crossed() -> Expression:
    """The ankles are in the other order than the hips, from left to right."""
    across = minus(point("left_hip"), point("right_hip"))
    is_seen = above(name("hip_width", length(across) / UNIT), 0.2, 0.05)
    return given(is_seen, any_of(*(below(_order(joint), -0.06, 0.06) for joint in ("ankle", "knee"))))


def _order(joint: str) -> Expression:
    """Return how far the left joint is on the left side of the right one, in units. It is negative if they cross."""
    across = minus(point("left_hip"), point("right_hip"))
    between_joints = minus(point(f"left_{joint}"), point(f"right_{joint}"))
    return name(f"{joint}_order", dot(between_joints, across) / length(across) / UNIT)


_FEET_WIDTH = name("feet_width", absolute(point("left_ankle")[0] - point("right_ankle")[0]) / UNIT)
_FEET_APART = name("feet_apart_in_picture", distance(point("left_ankle"), point("right_ankle")))


def feet_apart() -> Expression:
    """The ankles are further apart than the shoulders are wide."""
    return above(_FEET_APART, 0.95, 0.12)


def feet_together() -> Expression:
    """The ankles touch each other in the picture. In a side view, one may be behind the other."""
    return all_of(below(_FEET_APART, 0.4, 0.15), maybe(above(absolute(WIDTH), 0.55, 0.08)))


def _feet_ahead() -> Expression:
    """Return how far one foot is ahead of the other, in units, along the front of the trunk."""
    return name("feet_ahead", absolute(dot(minus(solid("left_ankle"), solid("right_ankle")), FRONT)) / SOLID_UNIT)


def stride() -> Expression:
    """The person stands or walks, and one foot is ahead of the other."""
    return all_of(
        standing(),
        above(_feet_ahead(), 0.6, 0.12),
        above(_FEET_APART, 0.3, 0.1),
        above(NECK_HEIGHT, 0.6, 0.1),
        *(below(_foot_height(side), 0.5, 0.1) for side in SIDES),
    )


def lunge() -> Expression:
    """One knee is bent, the other one is nearly straight, and the feet are far apart."""
    return named(
        "lunge",
        all_of(
            above(_FEET_APART, 1.4, 0.15),
            below(name("smaller_knee", least(KNEE["left"], KNEE["right"])), 134, 8),
            above(name("larger_knee", greatest(KNEE["left"], KNEE["right"])), 140, 8),
            _feet_carry(),
        ),
    )


def _feet_carry() -> Expression:
    """Both feet are below the hips, and the head is not."""
    return all_of(
        *(above(name(f"hips_above_{side}_ankle", height(HIPS, point(f"{side}_ankle"))), 0.35, 0.1) for side in SIDES),
        above(NECK_HEIGHT, 0.2, 0.1),
    )


def _thigh(side: str) -> Expression:
    """Return the elevation of the thigh, degrees: -90 hangs down. It is that in space if it is known there."""
    in_space = elevation(f"{side}_thigh_solid_elevation", solid_limb(side, "hip", "knee"))
    return name(f"{side}_thigh", otherwise(in_space, elevation(f"{side}_thigh_elevation", limb(side, "hip", "knee"))))


def hips_height() -> Expression:
    """Return how much higher the hips are than the lower foot, in units."""
    lower = greatest(point("left_ankle")[1], point("right_ankle")[1])
    return name("hips_height", (lower - HIPS[1]) / UNIT)


def squat() -> Expression:
    """Both knees are bent, and the hips are low, above the feet."""
    return named(
        "squat",
        all_of(
            *(below(_knee(side), 118, 10) for side in SIDES),
            between(hips_height(), 0.15, 1.3, 0.1),
            below(name("feet_before_hips", otherwise(_feet_before_hips(), _feet_beside_hips())), 0.62, 0.09),
            *(above(_shin_height(side), 0.3, 0.1) for side in SIDES),
        ),
    )


def _shin_height(side: str) -> Expression:
    return name(f"{side}_shin_height", height(point(f"{side}_knee"), point(f"{side}_ankle")))


def _feet_before_hips() -> Expression:
    """Return how far the feet are in front of the hips in space, in units."""
    left, right = (minus(solid(f"{side}_ankle"), solid(f"{side}_hip")) for side in SIDES)
    return (dot(left, FRONT) + dot(right, FRONT)) / 2 / SOLID_UNIT


def _feet_beside_hips() -> Expression:
    return absolute(FEET[0] - HIPS[0]) / UNIT


def kneeling() -> Expression:
    """A knee is as low as the feet. The hips are above it, or both knees are down and the hips are on the heels."""
    return named("kneeling", any_of(*(_kneels_on(side) for side in SIDES), _sits_on_heels()))


def _is_down(side: str) -> Expression:
    """The knee is as low as the lower foot, and bent."""
    lowest = greatest(point("left_ankle")[1], point("right_ankle")[1])
    knee = name(f"{side}_knee_height", (lowest - point(f"{side}_knee")[1]) / UNIT)
    return all_of(below(knee, 0.32, 0.09), below(KNEE[side], 125, 12), above(NECK_HEIGHT, 0.0, 0.15))


def _kneels_on(side: str) -> Expression:
    hips = name(f"hips_above_{side}_knee", height(HIPS, point(f"{side}_knee")))
    return all_of(_is_down(side), above(hips, 0.35, 0.12), below(_thigh(side), -40, 8))


def _sits_on_heels() -> Expression:
    return all_of(
        *(_is_down(side) for side in SIDES),
        *(below(SOLID_KNEE[side], 85, 12) for side in SIDES),
        *(below(name(f"hips_to_{side}_ankle", distance(HIPS, point(f"{side}_ankle"))), 0.75, 0.12) for side in SIDES),
        below(absolute(LEAN), 25, 8),
    )


def sitting() -> Expression:
    """The trunk is upright, and both hips are bent, without a squat, a split or a kneeling leg."""
    return all_of(
        below(absolute(LEAN), 45, 8),
        *(below(SOLID_HIP[side], 134, 9) for side in SIDES),
        below(hips_height(), 1.7, 0.1),
        below(_FEET_APART, 1.7, 0.2),
        not_(lunge()),
        below(squat(), 1, 0.3),
        below(standing(), 1, 0.3),
        not_(kneeling()),
    )


def standing() -> Expression:
    """The hips are high above the lower foot, a leg is straight at the hip or the knee, and the neck is not low."""
    straightest = greatest(*(angle for side in SIDES for angle in (SOLID_HIP[side], _knee(side))))
    return named(
        "standing",
        all_of(
            above(hips_height(), 1.08, 0.12),
            above(NECK_HEIGHT, -0.25, 0.25),
            above(name("straightest_leg", straightest), 138, 10),
        ),
    )


def standing_on(side: str) -> Expression:
    """The person stands, and the other foot is raised."""
    return all_of(standing(), leg_raised(OTHER[side]))


def standing_on_one_leg() -> Expression:
    """The person stands, and a foot is raised."""
    return all_of(standing(), one_leg_raised())


def weight_on(side: str) -> Expression:
    """The trunk is above this foot, or the person stands on it only."""
    foot, other = point(f"{side}_ankle"), point(f"{OTHER[side]}_ankle")
    middle = (HIPS[0] * 2 + point("neck")[0]) / 3
    share = name(f"{side}_share", (middle - other[0]) / (foot[0] - other[0]))
    is_seen = all_of(
        above(_FEET_WIDTH, 0.3, 0.06),
        below(name("feet_height", absolute(_foot_height("left"))), 0.35, 0.1),
        above(SHOULDER_SHARE, 0.25, 0.07),
    )
    return all_of(standing(), any_of(leg_raised(OTHER[side]), given(is_seen, above(share, 0.72, 0.08))))
