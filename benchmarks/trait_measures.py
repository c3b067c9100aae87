"""The traits of a drawn pose that follow from its true joints, such as a straight knee."""

from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.demo.stance import SIDES, Frame
from posesearch.types import Float64

_DOWN: Final = np.array([0.0, 1, 0])


def measure(solid: Float64, seen: Float64, trunk: Frame, head: Frame, asymmetry: float) -> dict[str, bool | None]:
    """Return whether a pose shows each trait that can be measured. None is between clearly so and clearly not.

    Args:
        solid: the joints, (18, 3), in body heights: x to the right of the picture, y down, z away from the camera.
        seen: the joints as a camera sees them that looks down at the body.
        trunk: its orientation as the camera sees it. Its y points up, and its z to the camera.
        head: the same of the head.
        asymmetry: distance of the joint that differs most between the pose and its mirror image.
    """
    at, there = (dict(zip(skeleton.JOINTS, joints, strict=True)) for joints in (solid, seen))
    traits: dict[str, bool | None] = {}
    for (_, side), other in zip(SIDES, ("right", "left"), strict=True):
        traits |= {f"{side}_{name}": is_shown for name, is_shown in _measure_side(at, there, side, other).items()}
    gap = at["left_ankle"] - at["right_ankle"]
    apart = float(np.linalg.norm(gap))
    traits["feet_apart"] = _blur(_grade(float(np.hypot(gap[0], gap[2])), 0.25, 0.36), abs(gap[1]) < 0.12)
    traits["feet_together"] = _grade(-apart, -0.14, -0.095)
    return traits | _measure_trunk(at, there, trunk) | _measure_head(trunk, head) | _measure_symmetry(asymmetry, trunk)


def _grade(value: float, no: float, yes: float) -> bool | None:
    """Return whether a value is at least `yes`, or at most `no`, or between them."""
    return True if value >= yes else False if value <= no else None


def _distance(a: Float64, b: Float64) -> float:
    return float(np.linalg.norm(a - b))


def _angle(a: Float64, b: Float64) -> float:
    """Return the angle between two vectors in degrees."""
    cosine = float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _measure_side(at: dict[str, Float64], there: dict[str, Float64], side: str, other: str) -> dict[str, bool | None]:
    shoulder, elbow, wrist, hip, knee, ankle = (
        at[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    )
    arm, forearm, thigh, shin = elbow - shoulder, wrist - elbow, knee - hip, ankle - knee
    hand = 1.2 * there[f"{side}_wrist"] - 0.2 * there[f"{side}_elbow"]
    crown = (there["left_ear"] + there["right_ear"])[1] / 2 - 0.085
    elbow_bend, knee_bend = _angle(arm, forearm), _angle(thigh, shin)
    slope = max(abs(_angle(part, _DOWN) - 90) for part in (arm, forearm))
    fall = max(_angle(part, _DOWN) for part in (arm, forearm))
    pelvis = (at["left_hip"] + at["right_hip"]) / 2
    is_upright = _angle(at["neck"] - pelvis, -_DOWN) < 30
    length = _distance(there[f"{side}_shoulder"][:2], there[f"{side}_wrist"][:2])
    leg_length = _distance(there[f"{side}_hip"][:2], there[f"{side}_ankle"][:2])
    level = _grade(-max(slope, 0.6 * elbow_bend), -35, -15)
    is_visible = not (_is_hidden(there, f"{side}_elbow") and _is_hidden(there, f"{side}_wrist"))
    return {
        "hand_raised": _blur(_grade(there[f"{side}_shoulder"][1] - hand[1], -0.03, 0.04), is_visible),
        "hand_above_head": _grade(crown - hand[1], -0.03, 0.04),
        "arm_straight": _blur(_grade(-elbow_bend, -40, -15), length > 0.14 and is_visible),
        "arm_bent": _blur(_grade(elbow_bend, 50, 68), is_visible),
        "arm_horizontal": _blur(level, length > 0.14 and is_visible),
        "arm_hanging": _blur(_grade(-fall, -45, -22), is_upright and is_visible),
        "leg_straight": _blur(_grade(-knee_bend, -35, -14), leg_length > 0.22),
        "knee_bent": _grade(knee_bend, 36, 54),
        "leg_raised": _grade(at[f"{other}_ankle"][1] - ankle[1], 0.04, 0.12),
    }


def _is_hidden(there: dict[str, Float64], joint: str) -> bool:
    """Return whether the trunk is before a joint in the picture."""
    pelvis = (there["left_hip"] + there["right_hip"]) / 2
    spine, point = there["neck"] - pelvis, there[joint] - pelvis
    along = float(np.clip(point[:2] @ spine[:2] / max(float(spine[:2] @ spine[:2]), 1e-9), -0.1, 1))
    away = point - along * spine
    return bool(away[2] > 0.03 and np.hypot(away[0], away[1]) < 0.07)


def _blur(is_shown: bool | None, is_visible: bool) -> bool | None:
    """Return None for a trait that is there but can hardly be seen."""
    return None if is_shown and not is_visible else is_shown


def _measure_trunk(at: dict[str, Float64], there: dict[str, Float64], trunk: Frame) -> dict[str, bool | None]:
    spine, seen = (points["neck"] - (points["left_hip"] + points["right_hip"]) / 2 for points in (at, there))
    lean = float(np.degrees(np.arctan2(seen[0], -seen[1])))
    is_long = float(np.linalg.norm(seen[:2])) > 0.18
    is_steep = not 45 < _angle(spine, -_DOWN) < 150
    drop = there["left_ear"] + there["right_ear"] - there["left_hip"] - there["right_hip"]
    traits = {
        "trunk_upright": _grade(-_angle(spine, -_DOWN), -20, -11),
        "upside_down": _grade(float(drop[1]), -0.06, 0.2),
        "facing_front": _grade(float(trunk.front[2]), 0.5, 0.82),
        "facing_back": _grade(-float(trunk.front[2]), 0.5, 0.82),
    }
    for sign, side in ((-1, "left"), (1, "right")):
        facing = _grade(sign * float(trunk.front[0]), 0.6, 0.88)
        traits[f"facing_{side}"] = None if facing is False and not is_steep else facing
        amount = sign * lean
        tilted = _grade(amount, 11, 20) if amount < 45 else _grade(-amount, -70, -55)
        traits[f"leaning_{side}"] = _blur(tilted, is_long)
    return traits


def _measure_head(trunk: Frame, head: Frame) -> dict[str, bool | None]:
    turned = float(head.front[0] - trunk.front[0])
    ups = [np.array([part.up[0], part.up[1], 0]) for part in (trunk, head)]
    trunk_up, head_up = ups
    tilt = _angle(*ups) * float(np.sign(np.cross(trunk_up, head_up)[2]))  # positive towards the left edge, if upright
    is_flat = min(np.linalg.norm(up) for up in ups) > 0.6 and abs(trunk.front[2]) > 0.7 and trunk.up[1] > 0.5
    traits: dict[str, bool | None] = {}
    for sign, side in ((-1, "left"), (1, "right")):
        traits[f"head_turned_{side}"] = _blur(_grade(sign * turned, 0.15, 0.42), trunk.up[1] > 0.5)
        traits[f"head_tilted_{side}"] = _blur(_grade(-sign * tilt, 8, 17), bool(is_flat))
    return traits


def _measure_symmetry(asymmetry: float, trunk: Frame) -> dict[str, bool | None]:
    return {"symmetrical": _blur(_grade(-asymmetry, -0.12, -0.05), abs(trunk.front[2]) > 0.8)}
