"""The poses of mannequins: as angles of the limbs, or as directions, such as those of joints in 3D.

In the body frame, x points to the person's left, y up and z forward, towards the camera.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.types import Float64

Swing = tuple[float, float]
"""The direction of a limb in degrees: outward from straight down, and forward out of that plane."""

SIDES: Final = ((1, "left"), (-1, "right"))
"""The sides of the body, and their sign on the x axis."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The orientation of a part of the body.

    Attributes:
        across, up, front: (3,) float64, towards the person's left, the head and the front of an upright person.
    """

    across: Float64
    up: Float64
    front: Float64


@dataclass(frozen=True, eq=False)
class Directions:
    """A pose, given by the orientations and directions of the parts of the body.

    Attributes:
        trunk, head, left_foot, right_foot: their orientations.
        hips: (3,) float64, unit vector from the right hip to the left one.
        limbs: (3,) float64, unit vectors by "left_arm", "left_forearm", "left_thigh", "left_shin", and the same of the
            right side.
        yaw: angle by which the whole body is turned to its left, degrees.
    """

    trunk: Frame
    head: Frame
    left_foot: Frame
    right_foot: Frame
    hips: Float64
    limbs: Mapping[str, Float64]
    yaw: float = 0

    @property
    def directions(self) -> "Directions":
        """The pose itself, as Stance has it."""
        return self


@dataclass(frozen=True)
class Stance:
    """A pose, given by the angles of its limbs. The default stands with hanging arms.

    Attributes:
        left_arm, left_forearm, right_arm, right_forearm: directions of the upper arms and the forearms.
        left_thigh, left_shin, right_thigh, right_shin: directions of the parts of the legs.
        lean: angle by which the trunk leans to the person's left, degrees.
        bow: angle by which the trunk leans forward, degrees.
        yaw: angle by which the whole body is turned to its left, degrees.
    """

    left_arm: Swing = (10, 0)
    left_forearm: Swing = (6, 8)
    right_arm: Swing = (10, 0)
    right_forearm: Swing = (6, 8)
    left_thigh: Swing = (4, 0)
    left_shin: Swing = (2, 0)
    right_thigh: Swing = (4, 0)
    right_shin: Swing = (2, 0)
    lean: float = 0
    bow: float = 0
    yaw: float = 0

    def vary(self, random: np.random.Generator, degrees: float) -> "Stance":
        """Return the stance with normally distributed noise added to each angle.

        Args:
            random: source of the noise.
            degrees: standard deviation of the limbs' angles. The standard deviation of lean, bow and yaw is half of it.
        """
        changes: dict[str, object] = {}
        for name, value in vars(self).items():
            noise = random.normal(0, degrees, 2)
            changes[name] = tuple(np.add(value, noise).tolist()) if isinstance(value, tuple) else value + 0.5 * noise[0]
        return replace(self, **changes)  # type: ignore[arg-type]  # the names and types are those of the fields

    @property
    def directions(self) -> Directions:
        """The directions of all parts of the body. The head follows the trunk, and the feet point forward."""
        lean, bow = np.radians(self.lean), np.radians(self.bow)
        up = np.array([np.sin(lean), np.cos(lean) * np.cos(bow), np.sin(bow)])
        across = np.array([np.cos(lean), -np.sin(lean), 0.0])
        trunk, upright = Frame(across, up, np.cross(across, up)), Frame(*np.eye(3))
        limbs = {
            f"{name}_{limb}": _compute_direction(getattr(self, f"{name}_{limb}"), side)
            for side, name in SIDES
            for limb in ("arm", "forearm", "thigh", "shin")
        }
        return Directions(trunk, trunk, upright, upright, upright.across, limbs, self.yaw)


def _compute_direction(swing: Swing, side: int) -> Float64:
    """Return a limb's direction as a unit vector. `side` is 1 for the person's left and -1 for the right."""
    outward, forward = np.radians(swing)
    return np.array([side * np.sin(outward) * np.cos(forward), -np.cos(outward) * np.cos(forward), np.sin(forward)])


_ENDS: Final = {
    "arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist"), "thigh": ("hip", "knee"), "shin": ("knee", "ankle"),
}  # fmt: skip
_FORWARD: Final = 0.5  # how much a foot follows the front of the hips, compared with the bend of the knee


def directions_of(joints: Float64) -> Directions:
    """Return the directions of a body whose joints are known in 3D. The lengths of its limbs do not count.

    The feet point away from the bend of the knee, and along the front of the hips if the leg is straight.

    Args:
        joints: (18, 3), any unit, in the body frame. All joints must be there.
    """
    at = dict(zip(skeleton.JOINTS, joints.astype(np.float64), strict=True))
    pelvis = (at["left_hip"] + at["right_hip"]) / 2
    hips = _unit(at["left_hip"] - at["right_hip"])
    up = at["neck"] - pelvis
    trunk = _make_frame(at["left_shoulder"] - at["right_shoulder"], up)
    ears = (at["left_ear"] + at["right_ear"]) / 2
    across = _unit(at["left_ear"] - at["right_ear"])
    front = _unit(_reject(at["nose"] - ears, across))
    limbs = {
        f"{name}_{limb}": _unit(at[f"{name}_{end}"] - at[f"{name}_{start}"])
        for _, name in SIDES
        for limb, (start, end) in _ENDS.items()
    }
    ahead = np.cross(hips, _unit(_reject(up, hips)))
    left_foot, right_foot = (
        _make_foot(limbs[f"{name}_thigh"], limbs[f"{name}_shin"], ahead, trunk.up) for _, name in SIDES
    )
    return Directions(trunk, Frame(across, np.cross(front, across), front), left_foot, right_foot, hips, limbs)


def _make_foot(thigh: Float64, shin: Float64, ahead: Float64, up: Float64) -> Frame:
    toes = _reject(thigh, shin) + _FORWARD * _reject(ahead, shin)
    front = _unit(toes if np.linalg.norm(toes) > 1e-3 else _reject(up, shin))
    return Frame(np.cross(-shin, front), -shin, front)


def _make_frame(across: Float64, up: Float64) -> Frame:
    """Return the orientation of a part that points up exactly, and across as nearly as a right angle allows."""
    up = _unit(up)
    across = _unit(_reject(across, up))
    return Frame(across, up, np.cross(across, up))


def _reject(vector: Float64, axis: Float64) -> Float64:
    """Return the component of a vector that is orthogonal to a unit vector."""
    return np.asarray(vector - (vector @ axis) * axis)


def _unit(vector: Float64) -> Float64:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))
