"""The rules of the traits of hands and arms."""

from posesearch.pose.traits import measures
from posesearch.pose.traits.expressions import Expression, absolute, least, name
from posesearch.pose.traits.measures import (
    ELBOW,
    FRONT,
    HAND,
    HIPS,
    OTHER,
    SHOULDER_SHARE,
    SOLID_HAND,
    SOLID_HIPS,
    SOLID_UNIT,
    UNIT,
    WIDTH,
    Point,
    distance,
    dot,
    elevation,
    height,
    length,
    limb,
    minus,
    point,
)
from posesearch.pose.traits.rules import above, all_of, below, between, given, maybe


def hand_raised(side: str) -> Expression:
    """The hand is higher than the shoulder."""
    return above(_hand_height(side), 0.1, 0.14)


def _hand_height(side: str) -> Expression:
    return name(f"{side}_hand_above_shoulder", height(HAND[side], point(f"{side}_shoulder")))


def hand_above_head(side: str) -> Expression:
    """The hand is higher than the top of the head, which is above the nose by 0.35 units."""
    return above(name(f"{side}_hand_above_nose", height(HAND[side], point("nose"))), 0.4, 0.12)


def hand_at_face(side: str) -> Expression:
    """The hand is near the face."""
    return below(name(f"{side}_hand_to_nose", distance(HAND[side], point("nose"))), 0.48, 0.12)


def hand_on_hip(side: str) -> Expression:
    """The hand is near the waist, the elbow is bent, and it is away from the trunk."""
    shoulder, hip, elbow = (point(f"{side}_{joint}") for joint in ("shoulder", "hip", "elbow"))
    waist = tuple(h * 0.75 + s * 0.25 for h, s in zip(hip, shoulder, strict=True))
    return all_of(
        below(name(f"{side}_wrist_to_waist", distance(point(f"{side}_wrist"), waist)), 0.36, 0.07),
        below(ELBOW[side], 135, 8),
        above(name(f"{side}_elbow_from_trunk", _distance_to_line(elbow, shoulder, hip)), 0.25, 0.05),
        maybe(above(SHOULDER_SHARE, 0.2, 0.07)),
    )


def _distance_to_line(a: Point, start: Point, end: Point) -> Expression:
    """Return the distance of a point of the picture from the line through two others, in units."""
    (u, v), (x, y) = minus(a, start), minus(end, start)
    return absolute(u * y - v * x) / length((x, y)) / UNIT


def _hand_depth(side: str) -> Expression:
    """Return how far the hand is in front of the plane of the trunk in space, in units."""
    hand = minus(SOLID_HAND[side], SOLID_HIPS)
    return name(f"{side}_hand_depth", dot(hand, FRONT) / SOLID_UNIT)


def _is_on_trunk(side: str) -> Expression:
    """The hand is between the shoulders and the hips in the picture, and not beside them."""
    hand, up = minus(HAND[side], HIPS), measures.TRUNK_UP
    across = name(f"{side}_hand_across", absolute(hand[0] * up[1] - hand[1] * up[0]) / UNIT)
    return all_of(
        between(name(f"{side}_hand_up", dot(hand, up) / UNIT), -0.12, 1.0, 0.1),
        below(across, 0.46, 0.09),
    )


def hand_in_front(side: str) -> Expression:
    """The hand is on the trunk in a picture of its front, and in front of it in space."""
    return all_of(_is_on_trunk(side), maybe(above(WIDTH, 0.4, 0.08)), above(_hand_depth(side), 0.02, 0.12))


def hand_behind(side: str) -> Expression:
    """The hand is on the trunk in a picture of its front or its back, and behind it in space."""
    return all_of(_is_on_trunk(side), maybe(above(absolute(WIDTH), 0.4, 0.08)), below(_hand_depth(side), -0.02, 0.12))


def _arm_length(side: str) -> Expression:
    """Return the length of the arm in the picture, in units. A stretched arm has 1.1."""
    upper, lower = limb(side, "shoulder", "elbow"), limb(side, "elbow", "wrist")
    return name(f"{side}_arm_length", (length(upper) + length(lower)) / UNIT)


def arm_straight(side: str) -> Expression:
    """The elbow is straight in the picture. The arm does not point at the camera."""
    return given(above(_arm_length(side), 0.65, 0.08), above(ELBOW[side], 153, 8))


def arm_bent(side: str) -> Expression:
    """The elbow is bent in the picture. A straight arm looks straight from everywhere."""
    return given(above(_arm_length(side), 0.5, 0.08), below(ELBOW[side], 128, 12))


def arm_horizontal(side: str) -> Expression:
    """The arm points to the side, to the front or to the back, and is not much bent."""
    in_picture = elevation(f"{side}_arm_elevation", limb(side, "shoulder", "wrist"))
    return all_of(
        below(absolute(in_picture), 28, 9),
        above(ELBOW[side], 135, 10),
        above(name(f"{side}_arm_span", distance(point(f"{side}_wrist"), point(f"{side}_shoulder"))), 0.6, 0.1),
    )


def arm_hanging(side: str) -> Expression:
    """The upper arm and the forearm point down, and the trunk does not."""
    upper, lower = limb(side, "shoulder", "elbow"), limb(side, "elbow", "wrist")
    return all_of(
        above(measures.NECK_HEIGHT, 0.2, 0.1),
        below(elevation(f"{side}_upper_arm_elevation", upper), -58, 7),
        below(elevation(f"{side}_forearm_elevation", lower), -55, 7),
        above(_arm_length(side), 0.6, 0.1),
    )


def arms_crossed() -> Expression:
    """Each hand is near the other arm's elbow."""
    wrist, elbow = ({side: point(f"{side}_{joint}") for side in OTHER} for joint in ("wrist", "elbow"))
    return all_of(
        *(
            part
            for side, other in OTHER.items()
            for part in (
                below(name(f"{side}_wrist_to_{other}_elbow", distance(wrist[side], elbow[other])), 0.52, 0.1),
                below(ELBOW[side], 150, 12),
                below(_hand_height(side), -0.15, 0.1),
            )
        )
    )


def hands_together() -> Expression:
    """The hands touch each other in the picture. In a side view, one may be behind the other."""
    wrists = name("wrists_apart", distance(point("left_wrist"), point("right_wrist")))
    apart = name("hands_apart", least(wrists, distance(HAND["left"], HAND["right"])))
    return all_of(below(apart, 0.4, 0.1), maybe(above(absolute(WIDTH), 0.35, 0.07)))


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
    return name(f"{side}_side_angle", measures.angle(limb(side, "shoulder", "wrist"), minus(HIPS, point("neck"))))
