"""Measures of a pose: angles in degrees, and lengths in units of the body. The rules of traits compare them.

Measures of the picture have two axes: x to the right, y down. Measures in space have three, from the world coordinates:
x to the right of the picture, y down, z away from the camera. They are missing if the estimator gives no world
coordinates.
"""

from typing import Final

from posesearch.pose.traits.expressions import (
    Expression,
    absolute,
    degrees,
    greatest,
    joint,
    name,
    otherwise,
    root,
)

Point = tuple[Expression, ...]
"""A point or a vector in the picture, (x, y), or in space, (x, y, z)."""

SIDES: Final = ("left", "right")
OTHER: Final = {"left": "right", "right": "left"}

_PICTURE: Final = ("x", "y")
_SPACE: Final = ("world_x", "world_y", "world_z")


def point(joint_name: str) -> Point:
    """Return a joint in the picture."""
    return tuple(joint(column, joint_name) for column in _PICTURE)


def solid(joint_name: str) -> Point:
    """Return a joint in space."""
    return tuple(joint(column, joint_name) for column in _SPACE)


def minus(a: Point, b: Point) -> Point:
    """Return the vector from b to a."""
    return tuple(u - v for u, v in zip(a, b, strict=True))


def mean(text: str, a: Point, b: Point) -> Point:
    """Return the point in the middle of two points. The names of its coordinates begin with the text."""
    return tuple(name(f"{text}_{axis}", (u + v) / 2) for axis, u, v in zip("xyz", a, b, strict=False))


def dot(a: Point, b: Point) -> Expression:
    """Return the inner product of two vectors."""
    first, *others = (u * v for u, v in zip(a, b, strict=True))
    for other in others:
        first = first + other
    return first


def length(vector: Point) -> Expression:
    """Return the length of a vector."""
    return root(dot(vector, vector))


def cross(a: Point, b: Point) -> Point:
    """Return the vector product of two vectors in space."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def angle(a: Point, b: Point) -> Expression:
    """Return the angle between two vectors, 0 to 180 degrees. It is missing if one of them has no length."""
    if len(a) == 2:
        product: Expression = absolute(a[0] * b[1] - a[1] * b[0])
    else:
        product = length(cross(a, b))
    # The quotient is 0, or missing if a vector has no length.
    return degrees(product, dot(a, b)) + (product * 0) / (dot(a, a) * dot(b, b))


def _elevation(vector: Point) -> Expression:
    """Return the angle of a vector above the horizontal, -90 to 90 degrees."""
    across = absolute(vector[0]) if len(vector) == 2 else length((vector[0], vector[2]))
    return degrees(-vector[1], across)


HIPS: Final = mean("hips", point("left_hip"), point("right_hip"))
SOLID_HIPS: Final = mean("solid_hips", solid("left_hip"), solid("right_hip"))
FEET: Final = mean("feet", point("left_ankle"), point("right_ankle"))
TRUNK: Final = minus(point("neck"), HIPS)
SHOULDERS: Final = minus(point("left_shoulder"), point("right_shoulder"))
SOLID_SHOULDERS: Final = minus(solid("left_shoulder"), solid("right_shoulder"))

UNIT: Final = name(
    "unit",
    greatest(
        length(TRUNK),
        length(SHOULDERS) * 1.2,
        *(
            length(minus(point(f"{side}_{start}"), point(f"{side}_{end}"))) * factor
            for side in SIDES
            for start, end, factor in (("hip", "knee", 1.05), ("knee", "ankle", 1.05))
        ),
    ),
)
"""The unit of lengths in the picture, pixels: that of the trunk of a person who stands upright.

The trunk looks shorter if it points at the camera. So it is the longest of the trunk, and of other limbs with factors
that make them no longer than the trunk in an upright person.
"""

SOLID_UNIT: Final = name(
    "solid_unit", length(minus(mean("solid_neck", solid("left_shoulder"), solid("right_shoulder")), SOLID_HIPS))
)
"""The length of the trunk in space, metres."""


def distance(a: Point, b: Point) -> Expression:
    """Return the distance of two points of the picture, in units."""
    return length(minus(a, b)) / UNIT


def height(a: Point, b: Point) -> Expression:
    """Return how much higher a is than b in the picture, in units."""
    return (b[1] - a[1]) / UNIT


NECK_HEIGHT: Final = name("neck_height", height(point("neck"), HIPS))
"""How much higher the neck is than the hips in the picture, in units."""


def _make_hand(side: str, make: str) -> Point:
    """Return the middle of a hand. It continues the forearm by a third. It is the wrist if there is no elbow."""
    find, axes = (point, "xy") if make == "hand" else (solid, "xyz")
    wrist, elbow = find(f"{side}_wrist"), find(f"{side}_elbow")
    return tuple(
        name(f"{side}_{make}_{axis}", otherwise(w * 1.35 - e * 0.35, w))
        for axis, w, e in zip(axes, wrist, elbow, strict=True)
    )


HAND: Final = {side: _make_hand(side, "hand") for side in SIDES}
SOLID_HAND: Final = {side: _make_hand(side, "solid_hand") for side in SIDES}


def _angles_at(find: str, *joints: str) -> dict[str, Expression]:
    """Return the angle at the second of three joints, degrees, in the picture or in space, for each side."""
    make = point if find == "picture" else solid
    angles = {}
    for side in SIDES:
        a, b, c = (make(f"{side}_{joint}") for joint in joints)
        angles[side] = name(f"{side}_{joints[1]}_{find}_degrees", angle(minus(a, b), minus(c, b)))
    return angles


ELBOW: Final = _angles_at("picture", "shoulder", "elbow", "wrist")
KNEE: Final = _angles_at("picture", "hip", "knee", "ankle")
SOLID_KNEE: Final = _angles_at("space", "hip", "knee", "ankle")
SOLID_HIP: Final = _angles_at("space", "shoulder", "hip", "knee")


def limb(side: str, start: str, end: str) -> Point:
    """Return the vector of a limb in the picture."""
    return minus(point(f"{side}_{end}"), point(f"{side}_{start}"))


def solid_limb(side: str, start: str, end: str) -> Point:
    """Return the vector of a limb in space."""
    return minus(solid(f"{side}_{end}"), solid(f"{side}_{start}"))


def elevation(text: str, vector: Point) -> Expression:
    """Return the angle of a vector above the horizontal, -90 to 90 degrees, as a column of this name."""
    return name(text, _elevation(vector))


LEAN: Final = name("lean", degrees(TRUNK[0], -TRUNK[1]))
"""The angle of the trunk against the vertical in the picture, degrees, positive to the right. 180 is upside down."""

_TRUNK_LENGTH: Final = name("trunk_length", length(TRUNK))
TRUNK_UP: Final = (TRUNK[0] / _TRUNK_LENGTH, TRUNK[1] / _TRUNK_LENGTH)
"""The direction from the hips to the neck in the picture, a unit vector."""

TRUNK_SHARE: Final = name("trunk_share", _TRUNK_LENGTH / UNIT)
"""The length of the trunk in the picture, in units. It is below 1 if it points at the camera."""

WIDTH: Final = name("shoulder_width", SHOULDERS[0] / UNIT)
"""How far the left shoulder is to the right of the right one, in units."""

SHOULDER_SHARE: Final = name("shoulder_share", length(SHOULDERS) / UNIT)
"""The distance of the shoulders in the picture, in units. It is about 0.75 from the front, and small from the side."""

# The trunk in space: its axis, its front and its left, as unit vectors.
_UP: Final = minus(mean("solid_neck", solid("left_shoulder"), solid("right_shoulder")), SOLID_HIPS)
_ACROSS: Final = tuple(
    s + h for s, h in zip(SOLID_SHOULDERS, minus(solid("left_hip"), solid("right_hip")), strict=True)
)
_FRONT_RAW: Final = tuple(name(f"front_{axis}", one) for axis, one in zip("xyz", cross(_ACROSS, _UP), strict=True))
_FRONT_LENGTH: Final = name("front_length", length(_FRONT_RAW))
FRONT: Final = tuple(name(f"ahead_{axis}", one / _FRONT_LENGTH) for axis, one in zip("xyz", _FRONT_RAW, strict=True))
"""The direction of the front of the trunk in space, a unit vector."""

FACING: Final = name("facing", degrees(FRONT[0], -FRONT[2]))
"""The direction of the front of the trunk, degrees: 0 towards the camera, 90 to the right of the picture, 180 away."""
