"""The stances of trait_stances.py: their limbs, and the traits that they are meant to show."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from posesearch.demo.stance import Swing

VIEWS: Final = {"F": (-30, 30), "H": (38, 60), "h": (-60, -38), "R": (80, 100), "L": (-100, -80), "B": (155, 205)}
"""The yaws of each view in degrees: front, halfway to a side, that side of the picture (right, left), and the back."""

Vector = tuple[float, float, float]


class Reach(NamedTuple):
    """A limb whose end is at a point: outward from the middle of the hips, up and forward, in body heights.

    An arm has the axes of the trunk. `bend` is the direction to which the elbow or the knee goes.
    """

    end: Vector
    bend: Vector


Limb = tuple[Swing, Swing] | Reach
HANGING: Final = ((10.0, 0.0), (6.0, 8.0))
STRAIGHT: Final = ((4.0, 0.0), (2.0, 0.0))


@dataclass(frozen=True)
class Base:
    """A stance before it is varied.

    Attributes:
        views: the views in which it is drawn. Each letter stands for DRAWS pictures.
        shows: the traits that it is meant to show. A trait after "FB:" counts in these views. "*" is both sides.
        unclear: traits that people may see or not, written in the same way.
        left_arm, right_arm, left_leg, right_leg: the limbs. A right limb that is None mirrors the left one.
        lean, bow, twist: angles of the trunk in degrees: to its left, forward, and about its axis to the left.
        head: angles of the head in degrees: turned to its left, nodding, and tilted to its left. None is random.
        hips: angle in degrees by which the left hip is higher than the right one.
        tip: angles in degrees by which the whole body tips forward, and then to its left.
        high: the range of the camera's angle above the horizon, degrees.
        is_pointed: whether the feet are stretched.
        loose: factor of the random variation.
    """

    views: str
    shows: str
    unclear: str = ""
    left_arm: Limb = HANGING
    right_arm: Limb | None = None
    left_leg: Limb = STRAIGHT
    right_leg: Limb | None = None
    lean: float = 0
    bow: float = 0
    twist: float = 0
    head: Vector | None = None
    hips: float = 0
    tip: tuple[float, float] = (0, 0)
    high: tuple[float, float] = (-3, 12)
    is_pointed: bool = False
    loose: float = 1


_HIP: Final = Reach((0.135, 0.06, 0.0), (1, 0.1, -0.35))
_CHEEK: Final = Reach((0.06, 0.345, 0.085), (0.5, -1, 0.2))
_FOLDED: Final = Reach((0.045, 0.1, 0.13), (1, -0.6, -0.3))
_CHEST: Final = Reach((0.045, 0.2, 0.13), (1, -0.5, 0))
_BEHIND: Final = Reach((0.03, 0.06, -0.125), (1, -0.2, -0.5))
_CROSSED: Final = Reach((-0.06, 0.17, 0.115), (1, -1, 0.2)), Reach((-0.06, 0.15, 0.15), (1, -1, 0.2))
_OVERHEAD: Final = Reach((0.02, 0.565, 0.02), (1, 0, 0))
_NAPE: Final = Reach((0.06, 0.4, -0.07), (1, 0.2, -0.2))
_LAP: Final = Reach((0.07, 0.05, 0.17), (1, -0.5, -0.3))
_SIDE: Final = ((88.0, 0.0), (90.0, 0.0))
_AHEAD: Final = ((10.0, 86.0), (10.0, 88.0))
_UP: Final = ((165.0, 0.0), (172.0, 0.0))
_SEAT: Final = ((60.0, 80.0), (4.0, 0.0))
_LONG: Final = ((60.0, 84.0), (60.0, 85.0))
_KNEE: Final = ((4.0, -3.0), (4.0, -86.0))
_DEEP: Final = ((72.0, 42.0), (8.0, -20.0))
_FLOOR: Final = (8.0, 28.0)
_LOW: Final = (5.0, 22.0)
_STEP: Final = ((2.0, 28.0), (2.0, 5.0)), ((2.0, -18.0), (2.0, -40.0))
_LUNGE: Final = ((8.0, 70.0), (0.0, -5.0)), ((4.0, -45.0), (4.0, -54.0))
_BENT: Final = ((60.0, 25.0), (-5.0, -5.0)), ((44.0, 0.0), (44.0, 0.0))

BASES: Final = {
    "standing": Base("FFFHRB", "standing"),
    "at attention": Base("FFRB", "standing", left_arm=((5, 0), (3, 3)), left_leg=((-4, 0), (-4, 0)), loose=0.5),
    "hands on hips": Base("FFHBR", "standing *_hand_on_hip", "R:left_hand_on_hip", left_arm=_HIP),
    "one hand on hip": Base(
        "FFHhLB", "standing left_hand_on_hip", "H:left_hand_on_hip", left_arm=_HIP, right_arm=HANGING),
    "hands beside hips": Base("FFB", "standing", left_arm=((62, 0), (-12, 15))),
    "hands behind": Base(
        "FHRB", "standing *_hand_behind", "*_arm_hanging hands_together R:left_hand_behind", left_arm=_BEHIND),
    "one hand behind": Base(
        "FHhRLB", "standing left_hand_behind", "left_arm_hanging HR:left_hand_behind",
        left_arm=_BEHIND, right_arm=HANGING),
    "folded hands": Base("FFHR", "standing *_hand_in_front hands_together", left_arm=_FOLDED),
    "palms together": Base("FFHR", "standing *_hand_in_front hands_together", left_arm=_CHEST),
    "one hand in front": Base(
        "FFHhRL", "standing left_hand_in_front", left_arm=Reach((0.0, 0.14, 0.13), (1, -0.8, -0.2)), right_arm=HANGING),
    "guard": Base(
        "FHR", "standing", "*_hand_in_front *_hand_at_face", left_arm=Reach((0.08, 0.28, 0.2), (0.6, -1, 0))),
    "hands apart in front": Base(
        "FFHR", "standing", "*_hand_in_front", left_arm=Reach((0.13, 0.15, 0.19), (0.4, -1, -0.3))),
    "arms crossed": Base(
        "FFFFHhHh", "standing arms_crossed *_hand_in_front", "hands_together", left_arm=_CROSSED[0],
        right_arm=_CROSSED[1]),
    "hands overhead": Base("FFRB", "standing hands_together", "arms_spread", left_arm=_OVERHEAD),
    "hands at nape": Base("FFHB", "standing *_hand_at_face", "hands_together", left_arm=_NAPE),
    "arms up": Base("FFRB", "standing", left_arm=_UP),
    "arms spread": Base("FFHB", "standing arms_spread", left_arm=_SIDE),
    "star": Base("FFB", "standing arms_spread", left_arm=((95, 0), (97, 0)), left_leg=((25, 0), (25, 0))),
    "arms slanted": Base("FFB", "standing", "arms_spread", left_arm=((48, 0), (46, 0))),
    "arms like a V": Base("FB", "standing", "arms_spread", left_arm=((135, 0), (135, 0))),
    "one arm sideways": Base("FFhB", "standing", left_arm=_SIDE, right_arm=HANGING),
    "arms forward": Base("HR", "standing", "*_hand_in_front hands_together", left_arm=_AHEAD),
    "one arm forward": Base("HhRL", "standing", "left_hand_in_front", left_arm=_AHEAD, right_arm=HANGING),
    "hand at cheek": Base("FFHhRL", "standing left_hand_at_face", left_arm=_CHEEK, right_arm=HANGING),
    "hand near head": Base(
        "FFB", "standing", left_arm=Reach((0.25, 0.43, 0.03), (1, -0.6, 0)), right_arm=HANGING),
    "thinking": Base(
        "FFH", "standing left_hand_at_face right_hand_in_front", "arms_crossed left_hand_in_front hands_together",
        left_arm=Reach((0.02, 0.33, 0.1), (0.4, -1, 0.1)), right_arm=Reach((-0.04, 0.14, 0.12), (1, -0.7, 0))),
    "waving": Base("FFHB", "standing", left_arm=((95, 0), (165, 0)), right_arm=HANGING),
    "one arm up": Base("FHRLB", "standing", left_arm=_UP, right_arm=HANGING),
    "legs crossed standing": Base(
        "FFFB", "standing legs_crossed", "weight_on_*_leg",
        left_leg=((-10, 14), (-17, 4)), right_leg=((-9, 0), (-9, 0)), loose=0.6),
    "feet wide": Base("FFB", "standing", "weight_on_*_leg", left_leg=((27, 0), (27, 0))),
    "walking": Base(
        "HhRRLF", "standing HhRL:stride", "F:stride weight_on_*_leg standing_on_left_leg"
        " legs_crossed *_leg_raised *_hand_in_front", left_leg=_STEP[0], right_leg=_STEP[1],
        left_arm=((8, -25), (5, 5)), right_arm=((8, 25), (5, 45))),
    "running": Base(
        "HRL", "standing stride", "weight_on_*_leg standing_on_*_leg *_hand_in_front legs_crossed *_leg_raised lunge",
        left_leg=((3, 62), (2, -25)), right_leg=((2, -15), (2, -75)), bow=10,
        left_arm=((10, -50), (0, 40)), right_arm=((10, 25), (-10, 105))),
    "lunge ahead": Base(
        "HhRL", "lunge", "standing stride weight_on_left_leg legs_crossed *_hand_on_hip",
        left_leg=_LUNGE[0], right_leg=_LUNGE[1],
        left_arm=_HIP),
    "lunge sideways": Base(
        "FFB", "lunge F:*_hand_in_front F:hands_together", "standing squat weight_on_left_leg B:*_hand_in_front"
        " B:hands_together", left_leg=_BENT[0], right_leg=_BENT[1], left_arm=_FOLDED),
    "warrior": Base(
        "FFB", "lunge arms_spread", "standing squat weight_on_left_leg", left_leg=_BENT[0], right_leg=_BENT[1],
        left_arm=_SIDE),
    "squat": Base(
        "FHhRL", "squat", "*_hand_in_front hands_together bent_over", left_leg=_DEEP, bow=25,
        left_arm=((20, 60), (0, 75))),
    "deep squat": Base(
        "FHhRL", "squat *_hand_in_front hands_together", "sitting bent_over *_hand_at_face",
        left_leg=((112, 52), (8, -34)), bow=28, left_arm=_CHEST, high=_LOW, loose=0.6),
    "half squat": Base("FHRL", "", "standing squat bent_over *_hand_in_front", left_leg=((20, 38), (2, -28)), bow=25),
    "kneeling": Base("FHRL", "kneeling", "standing legs_crossed", left_leg=_KNEE, high=_LOW),
    "kneeling on one knee": Base(
        "FHhRL", "HhRL:kneeling", "F:kneeling lunge standing squat stride feet_apart legs_crossed",
        left_leg=((10, 82), (2, 0)),
        right_leg=_KNEE, high=_LOW),
    "on heels": Base(
        "FHRL", "kneeling", "sitting *_hand_in_front hands_together", left_leg=((55, 84), (45, -86)),
        left_arm=_LAP, high=_LOW),
    "on all fours": Base(
        "RLHh", "kneeling", "bent_over *_arm_hanging lying *_hand_in_front hands_together",
        left_leg=((4, 0), (4, -88)), bow=86,
        left_arm=((5, 0), (3, 0)), head=(0, -35, 0), high=_LOW),
    "on a seat": Base(
        "FFHhRL", "sitting", "*_hand_in_front hands_together", left_leg=_SEAT, left_arm=_LAP, high=(13, 30)),
    "on a seat with folded hands": Base(
        "FHhRL", "sitting *_hand_in_front hands_together", left_leg=_SEAT, left_arm=_FOLDED, high=_LOW),
    "on a seat with crossed legs": Base(
        "FFHh", "sitting legs_crossed", "*_hand_in_front hands_together", left_leg=((-132, 69), (-34, 25)),
        right_leg=((10, 84), (2, 0)), left_arm=_LAP, high=_LOW, loose=0.6),
    "on a seat with hands on hips": Base(
        "FHR", "sitting *_hand_on_hip", "R:left_hand_on_hip", left_leg=_SEAT, left_arm=_HIP, high=_LOW),
    "on the floor": Base("HhRL", "sitting", left_leg=_LONG, left_arm=((20, -28), (12, -18)), high=_FLOOR, bow=-10),
    "on the floor with a knee up": Base(
        "HhRL", "sitting", "left_leg_raised left_hand_in_front feet_apart",
        left_leg=((170, 42), (0, 10)), right_leg=_LONG,
        left_arm=Reach((0.13, 0.1, 0.22), (1, -0.5, 0)), right_arm=((20, -28), (12, -18)), high=_FLOOR),
    "tailor seat": Base(
        "FFHR", "sitting FH:legs_crossed", "*_hand_in_front hands_together *_leg_raised R:legs_crossed",
        left_leg=((84, 56), (-80, 16)),
        right_leg=((84, 56), (-80, 8)), left_arm=Reach((0.15, 0.04, 0.14), (1, -0.2, -0.2)), high=_FLOOR, loose=0.6),
    "tree": Base(
        "FFB", "standing hands_together", "legs_crossed", left_leg=((60, 15), (-70, -8)), right_leg=((-3, 0), (-3, 0)),
        left_arm=_OVERHEAD),
    "knee lifted": Base("FHhRL", "standing", "legs_crossed", left_leg=((15, 82), (0, 0)), right_leg=((-2, 0), (-2, 0))),
    "kick sideways": Base(
        "FFB", "standing", "arms_spread", left_leg=((72, 0), (72, 0)), right_leg=((2, 0), (2, 0)), lean=-16,
        left_arm=((60, 0), (80, 0))),
    "kick ahead": Base("RLHh", "standing", left_leg=((10, 72), (10, 76)), right_leg=((0, -3), (0, -3)), bow=-10),
    "heel behind": Base(
        "RLHF", "standing", "legs_crossed", left_leg=((2, -3), (2, -105)), right_leg=((-2, 0), (-2, 0))),
    "forward fold": Base(
        "RRLLF", "RL:bent_over", "standing F:bent_over *_hand_in_front facing_* F:facing_front F:facing_back",
        left_leg=((3, -8), (3, -6)), bow=138,
        left_arm=((6, 8), (4, 4))),
    "level trunk": Base(
        "RLHh", "bent_over", "standing *_hand_in_front facing_* facing_front facing_back",
        left_leg=((4, -10), (4, -6)), bow=88,
        left_arm=((8, 0), (5, 0))),
    "downward dog": Base(
        "RL", "bent_over", "standing facing_* *_hand_in_front hands_together", left_leg=((4, -38), (4, -36)),
        bow=132, left_arm=((176, -136), (176, -136))),
    "bowing": Base("RLF", "", "standing bent_over *_hand_in_front F:leaning_*", bow=40),
    "leaning": Base("FFFB", "standing", "*_hand_in_front *_hand_behind", left_leg=((10, 0), (10, 0)), lean=30),
    "bent sideways": Base(
        "FFB", "standing", lean=28, left_leg=((14, 0), (14, 0)), right_arm=((150, 0), (195, 0)), left_arm=HANGING),
    "contrapposto": Base(
        "FFFFB", "standing weight_on_left_leg", left_leg=((-8, 0), (-7, 0)), right_leg=((22, 30), (14, -18)), hips=11,
        lean=5, loose=0.6),
    "contrapposto with a hand on the hip": Base(
        "FFFB", "standing weight_on_left_leg left_hand_on_hip", left_leg=((-10, 0), (-9, 0)),
        right_leg=((26, 15), (22, -8)), hips=11, lean=5, left_arm=_HIP, right_arm=HANGING, loose=0.6),
    "on the back": Base("RLRL", "lying", tip=(-90, 0), high=_FLOOR, head=(0, 0, 0), left_arm=((16, 0), (14, 0))),
    "on the back with knees up": Base(
        "RLRL", "", "lying", left_leg=((8, 50), (4, -62)), tip=(-90, 0), high=_FLOOR, head=(0, 0, 0)),
    "on the belly": Base(
        "RL", "lying", tip=(90, 0), high=_FLOOR, head=(60, 0, 0), is_pointed=True,
        left_arm=Reach((0.18, 0.4, 0.03), (1, 0, 0))),
    "on the side": Base(
        "FFB", "lying", "legs_crossed right_hand_on_hip right_hand_in_front", tip=(0, 90), high=_FLOOR, head=(0, 0, 0),
        left_leg=((0, 18), (0, -15)), right_leg=((2, 5), (0, -8)),
        left_arm=((172, 0), (168, 10)), right_arm=((8, 10), (0, 35))),
    "push-up": Base(
        "RL", "", "lying bent_over *_hand_in_front", tip=(78, 0), left_arm=((8, 78), (6, 78)), head=(0, -20, 0),
        high=_LOW),
    "handstand": Base(
        "FBRL", "", "standing", tip=(180, 0), left_arm=((172, 0), (176, 0)), head=(0, 0, 0), is_pointed=True),
    "headstand": Base(
        "FRL", "", "standing", tip=(180, 0), left_arm=Reach((0.1, 0.46, 0.1), (1, 0.4, 0.6)), head=(0, 0, 0),
        left_leg=((4, 35), (4, -20)), is_pointed=True),
}  # fmt: skip
