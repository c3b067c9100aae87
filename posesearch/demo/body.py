"""The bodies of mannequins: shaded capsules around the joints of a pose.

Lengths are in body heights, in the body frame of stance.py.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from posesearch.demo.stance import SIDES, Directions, Frame
from posesearch.types import Float64

Colour = tuple[int, int, int]
"""BGR, 0 to 255."""


@dataclass(frozen=True)
class Look:
    """The build and the clothes of a mannequin.

    Attributes:
        shoulders, hips: distance of each shoulder and hip joint from the middle of the body.
        long_hair: whether the hair reaches the shoulders.
        skin, hair, top, trousers, shoes: colours, BGR.
        shorts: whether the trousers end at the knees.
        sleeves: whether the sleeves reach the wrists.
    """

    shoulders: float = 0.108
    hips: float = 0.056
    long_hair: bool = False
    skin: Colour = (150, 180, 225)
    hair: Colour = (30, 45, 70)
    top: Colour = (150, 90, 50)
    trousers: Colour = (90, 60, 50)
    shoes: Colour = (40, 40, 40)
    shorts: bool = False
    sleeves: bool = False


_TRUNK: Final = 0.285  # lengths of the body parts
_UPPER_ARM, _FOREARM, _HAND = 0.165, 0.145, 0.05
_THIGH, _SHIN = 0.24, 0.235


@dataclass
class Body:
    """A mannequin in the body frame.

    Attributes:
        joints: (3,) float64 by the name of the joint.
        capsules: (start, end, radius at the start, radius at the end, colour). The points are (3,) float64.
    """

    joints: dict[str, Float64] = field(default_factory=dict)
    capsules: list[tuple[Float64, Float64, float, float, Colour]] = field(default_factory=list)

    def add_capsule(self, start: Float64, end: Float64, radius: float, end_radius: float, colour: Colour) -> None:
        """Add a capsule."""
        self.capsules.append((start, end, radius, end_radius, colour))


def build_body(directions: Directions, look: Look) -> Body:
    """Return the body of a pose, with the middle of the hips at the origin. It is not turned by the yaw."""
    body, trunk = Body(), directions.trunk
    across, up, front = trunk.across, trunk.up, trunk.front
    pelvis, chest = np.zeros(3), up * _TRUNK
    body.joints["neck"] = chest
    for side, name in SIDES:
        _add_arm(body, directions, look, name, chest + side * across * look.shoulders)
        _add_leg(body, directions, look, name, side, pelvis + side * directions.hips * look.hips)
        body.add_capsule(
            chest - up * 0.03 + side * across * look.shoulders * 0.55,
            pelvis + up * 0.06 + side * across * 0.03,
            0.062,
            0.052,
            look.top,
        )
        collar = chest - up * 0.012
        body.add_capsule(collar, collar + side * across * look.shoulders * 0.8, 0.042, 0.036, look.top)
        body.add_capsule(chest - up * 0.05 + front * 0.012, pelvis + up * 0.05 + front * 0.006, 0.062, 0.05, look.top)
        body.add_capsule(pelvis + up * 0.045, pelvis + side * across * look.hips * 0.8, 0.056, 0.064, look.trousers)
    _add_head(body, look, chest, directions.head)
    return body


def _add_arm(body: Body, directions: Directions, look: Look, name: str, shoulder: Float64) -> None:
    arm, forearm = directions.limbs[f"{name}_arm"], directions.limbs[f"{name}_forearm"]
    elbow = shoulder + arm * _UPPER_ARM
    wrist = elbow + forearm * _FOREARM
    body.joints |= {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist}
    body.add_capsule(shoulder, elbow, 0.036, 0.028, look.top)
    body.add_capsule(elbow, wrist, 0.027, 0.02, look.top if look.sleeves else look.skin)
    body.add_capsule(wrist, wrist + forearm * _HAND, 0.021, 0.018, look.skin)


def _add_leg(body: Body, directions: Directions, look: Look, name: str, side: int, hip: Float64) -> None:
    knee = hip + directions.limbs[f"{name}_thigh"] * _THIGH
    ankle = knee + directions.limbs[f"{name}_shin"] * _SHIN
    body.joints |= {f"{name}_hip": hip, f"{name}_knee": knee, f"{name}_ankle": ankle}
    body.add_capsule(hip, knee, 0.06, 0.041, look.trousers)
    body.add_capsule(knee, ankle, 0.04, 0.027, look.skin if look.shorts else look.trousers)
    foot = directions.left_foot if side > 0 else directions.right_foot
    heel = ankle - foot.up * 0.025
    toes = heel + side * foot.across * 0.022 - foot.up * 0.008 + foot.front * 0.085
    body.add_capsule(heel, toes, 0.027, 0.022, look.shoes)


def _add_head(body: Body, look: Look, chest: Float64, head: Frame) -> None:
    across, up, front = head.across, head.up, head.front
    centre = chest + up * 0.128 + front * 0.012
    body.add_capsule(chest, centre, 0.03, 0.028, look.skin)
    body.add_capsule(centre - up * 0.028 + front * 0.008, centre + up * 0.022, 0.046, 0.057, look.skin)
    body.add_capsule(centre + up * 0.036 - front * 0.016, centre + up * 0.012 - front * 0.02, 0.056, 0.056, look.hair)
    if look.long_hair:
        for side in (1, -1):
            body.add_capsule(
                centre + up * 0.02 - front * 0.012 + side * across * 0.026,
                centre - up * 0.12 - front * 0.03 + side * across * 0.04,
                0.042,
                0.026,
                look.hair,
            )
    nose = centre - up * 0.012 + front * 0.058
    body.joints["nose"] = nose
    shade: Colour = tuple(int(value * 0.86) for value in look.skin)  # type: ignore[assignment]  # the tuple has three
    body.add_capsule(centre + up * 0.006 + front * 0.053, nose, 0.005, 0.009, shade)
    body.add_capsule(
        centre - up * 0.037 + front * 0.05 - across * 0.012,
        centre - up * 0.037 + front * 0.05 + across * 0.012,
        0.0045,
        0.0045,
        (90, 90, 175),
    )
    for side, name in ((1, "left"), (-1, "right")):
        eye = centre + up * 0.01 + front * 0.049 + side * across * 0.021
        ear = centre - up * 0.002 - front * 0.005 + side * across * 0.056
        body.joints |= {f"{name}_eye": eye, f"{name}_ear": ear}
        body.add_capsule(eye - across * 0.004, eye + across * 0.004, 0.008, 0.008, (245, 245, 245))
        body.add_capsule(eye + front * 0.006, eye + front * 0.006, 0.0055, 0.0055, (50, 35, 30))
        brow = eye + up * 0.017
        body.add_capsule(brow - across * 0.009, brow + across * 0.009, 0.0035, 0.0035, look.hair)
        body.add_capsule(ear + up * 0.008, ear - up * 0.01, 0.012, 0.009, shade)
