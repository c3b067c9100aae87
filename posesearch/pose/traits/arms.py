"""The rules of the traits of hands and arms."""

from posesearch.pose.traits import measures
from posesearch.pose.traits.expressions import Expression, absolute, degrees, name, otherwise
from posesearch.pose.traits.measures import (
    ELBOW,
    FRONT,
    HAND,
    OTHER,
    SOLID_ELBOW,
    SOLID_HAND,
    SOLID_HIPS,
    SOLID_UNIT,
    UNIT,
    Point,
    distance,
    dot,
    elevation,
    height,
    length,
    limb,
    minus,
    point,
    solid_limb,
)
from posesearch.pose.traits.rules import above, all_of, any_of, below, between, given


def hand_raised(side: str) -> Expression:
    """The hand is higher than the shoulder."""
    return above(_hand_height(side), 0.08, 0.1)


def _hand_height(side: str) -> Expression:
    return name(f"{side}_hand_above_shoulder", height(HAND[side], point(f"{side}_shoulder")))


def hand_above_head(side: str) -> Expression:
    """The hand is higher than the top of the head, which is above the nose by 0.35 units."""
    return above(height(HAND[side], point("nose")), 0.4, 0.12)


def hand_at_face(side: str) -> Expression:
    """The hand is near the face."""
    return below(name(f"{side}_hand_to_nose", distance(HAND[side], point("nose"))), 0.45, 0.08)


def hand_on_hip(side: str) -> Expression:
    """The hand is near the waist, the elbow is bent, and it is away from the trunk."""
    shoulder, hip, elbow = (point(f"{side}_{joint}") for joint in ("shoulder", "hip", "elbow"))
    waist = tuple(h * 0.75 + s * 0.25 for h, s in zip(hip, shoulder, strict=True))
    return all_of(
        below(distance(point(f"{side}_wrist"), waist), 0.38, 0.07),
        below(ELBOW[side], 140, 8),
        above(_distance_to_line(elbow, shoulder, hip), 0.22, 0.05),
    )


def _distance_to_line(a: Point, start: Point, end: Point) -> Expression:
    """Return the distance of a point of the picture from the line through two others, in units."""
    (u, v), (x, y) = minus(a, start), minus(end, start)
    return absolute(u * y - v * x) / length((x, y)) / UNIT


def _hand_depth(side: str) -> Expression:
    """Return how far the hand is in front of the plane of the trunk, in units."""
    hand = minus(SOLID_HAND[side], SOLID_HIPS)
    return name(f"{side}_hand_depth", dot(hand, FRONT) / SOLID_UNIT)


def hand_in_front(side: str) -> Expression:
    """The hand is in front of the trunk."""
    return all_of(_is_near_trunk(side), above(_hand_depth(side), 0.3, 0.12))


def hand_behind(side: str) -> Expression:
    """The hand is behind the trunk."""
    return all_of(_is_near_trunk(side), below(_hand_depth(side), -0.12, 0.1))


def _is_near_trunk(side: str) -> Expression:
    """The hand is between shoulders and hips in space, and not beside them."""
    hand = minus(SOLID_HAND[side], SOLID_HIPS)
    across, up = measures.SOLID_ACROSS, measures.SOLID_UP
    return all_of(
        between(name(f"{side}_solid_hand_up", dot(hand, up) / SOLID_UNIT), -0.2, 1.05, 0.1),
        below(name(f"{side}_solid_hand_across", absolute(dot(hand, across)) / SOLID_UNIT), 0.4, 0.08),
    )


def _arm_length(side: str) -> Expression:
    """Return the length of the arm in the picture, in units. A stretched arm has 1.1."""
    upper, lower = limb(side, "shoulder", "elbow"), limb(side, "elbow", "wrist")
    return name(f"{side}_arm_length", (length(upper) + length(lower)) / UNIT)


def arm_straight(side: str) -> Expression:
    """The elbow is straight in the picture, and in space if it is known there."""
    in_picture = given(above(_arm_length(side), 0.55, 0.1), above(ELBOW[side], 153, 8))
    return all_of(in_picture, otherwise((SOLID_ELBOW[side] - 145) / 10, 2))


def arm_bent(side: str) -> Expression:
    """The elbow is bent in the picture. A straight arm looks straight from everywhere."""
    in_picture = given(above(_arm_length(side), 0.55, 0.1), below(ELBOW[side], 125, 12))
    return any_of(in_picture, otherwise((105 - SOLID_ELBOW[side]) / 15, -2))


def arm_horizontal(side: str) -> Expression:
    """The arm points to the side, to the front or to the back, and is not much bent."""
    in_space = elevation(f"{side}_arm_solid_elevation", solid_limb(side, "shoulder", "wrist"))
    in_picture = elevation(f"{side}_arm_elevation", limb(side, "shoulder", "wrist"))
    return all_of(
        below(absolute(in_picture), 25, 7),
        above(ELBOW[side], 135, 10),
        above(distance(point(f"{side}_wrist"), point(f"{side}_shoulder")), 0.6, 0.1),
        otherwise((40 - absolute(in_space)) / 10, 2),
    )


def arm_hanging(side: str) -> Expression:
    """The upper arm and the forearm point down."""
    upper, lower = limb(side, "shoulder", "elbow"), limb(side, "elbow", "wrist")
    return all_of(
        below(elevation(f"{side}_upper_arm_elevation", upper), -58, 7),
        below(elevation(f"{side}_forearm_elevation", lower), -55, 7),
        above(_arm_length(side), 0.6, 0.1),
    )


def arms_crossed() -> Expression:
    """Each hand is near the other arm's elbow."""
    return all_of(
        *(
            part
            for side, other in OTHER.items()
            for part in (
                below(distance(point(f"{side}_wrist"), point(f"{other}_elbow")), 0.5, 0.1),
                below(ELBOW[side], 115, 12),
                below(_hand_height(side), -0.15, 0.1),
            )
        )
    )


def hands_together() -> Expression:
    """The hands touch each other in the picture, and in space if they are known there."""
    apart = name("hands_apart", distance(HAND["left"], HAND["right"]))
    solid_apart = name("solid_hands_apart", distance(SOLID_HAND["left"], SOLID_HAND["right"]))
    return all_of(below(apart, 0.35, 0.08), otherwise((0.5 - solid_apart) / 0.12, 0))


def arms_spread() -> Expression:
    """The hands are far apart, and each is on the side of its shoulder."""
    apart = distance(point("left_wrist"), point("right_wrist"))
    return all_of(
        above(name("wrists_apart", apart), 2.0, 0.2),
        *(above(ELBOW[side], 135, 10) for side in measures.SIDES),
        *(between(_side_angle(side), 40, 140, 8) for side in measures.SIDES),
    )


def _side_angle(side: str) -> Expression:
    """Return the angle of the arm against the trunk in the picture, degrees: 0 hangs, 90 is to the side, 180 is up."""
    x, y = limb(side, "shoulder", "wrist")
    return name(f"{side}_side_angle", absolute(degrees(x, y)))
