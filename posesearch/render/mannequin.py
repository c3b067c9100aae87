"""Photos that are ours: a mannequin of shaded capsules in any stance, its joints known to the pixel.

Lengths are in body heights. The body frame is x to the person's left, y up, z forward; the camera looks at the front.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.types import Float

Vector = NDArray[np.float64]
Colour = tuple[int, int, int]

Swing = tuple[float, float]
"""Where a limb points: degrees away from straight down, outwards; and degrees swung forward out of that plane."""


@dataclass(frozen=True)
class Stance:
    """A pose by the directions of its limbs; the default stands with arms hanging."""

    left_arm: Swing = (10, 0)
    left_forearm: Swing = (6, 8)
    right_arm: Swing = (10, 0)
    right_forearm: Swing = (6, 8)
    left_thigh: Swing = (4, 0)
    left_shin: Swing = (2, 0)
    right_thigh: Swing = (4, 0)
    right_shin: Swing = (2, 0)
    lean: float = 0  # of the trunk to the person's left, degrees
    bow: float = 0  # of the trunk forward, degrees
    yaw: float = 0  # of the whole body to its left, degrees

    def varied(self, random: np.random.Generator, degrees: float) -> "Stance":
        """Return the stance with each angle changed by about so many degrees."""
        changes: dict[str, object] = {}
        for name, value in vars(self).items():
            noise = random.normal(0, degrees, 2)
            changes[name] = tuple(np.add(value, noise).tolist()) if isinstance(value, tuple) else value + 0.5 * noise[0]
        return replace(self, **changes)  # type: ignore[arg-type]  # the names and types are the fields' own


@dataclass(frozen=True)
class Look:
    """How a mannequin is built and dressed; colours are BGR."""

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


@dataclass(frozen=True)
class Figure:
    """A mannequin in a picture: `feet` is where it stands and `size` its body height, in pixels."""

    stance: Stance
    look: Look
    feet: tuple[float, float]
    size: float


_TRUNK: Final = 0.285
_UPPER_ARM, _FOREARM, _HAND = 0.165, 0.145, 0.05
_THIGH, _SHIN = 0.24, 0.235
_SAMPLES: Final = 2  # drawn this much larger, then reduced: smooth edges
_LIGHT: Final = np.array([-0.35, 0.45, 0.82])  # from the upper left, in front


@dataclass
class _Body:
    """Joints and capsules in the body frame: (start, end, radius at start, radius at end, colour)."""

    joints: dict[str, Vector] = field(default_factory=dict)
    capsules: list[tuple[Vector, Vector, float, float, Colour]] = field(default_factory=list)

    def add(self, start: Vector, end: Vector, radius: float, end_radius: float, colour: Colour) -> None:
        self.capsules.append((start, end, radius, end_radius, colour))


def _direction(swing: Swing, side: int) -> Vector:
    outward, forward = np.radians(swing)
    return np.array([side * np.sin(outward) * np.cos(forward), -np.cos(outward) * np.cos(forward), np.sin(forward)])


def _body(stance: Stance, look: Look) -> _Body:
    body = _Body()
    lean, bow = np.radians(stance.lean), np.radians(stance.bow)
    up = np.array([np.sin(lean), np.cos(lean) * np.cos(bow), np.sin(bow)])
    across = np.array([np.cos(lean), -np.sin(lean), 0.0])
    front = np.cross(across, up)
    pelvis, chest = np.zeros(3), up * _TRUNK
    body.joints["neck"] = chest
    for side, name in ((1, "left"), (-1, "right")):
        _arm(body, stance, look, name, side, chest + side * across * look.shoulders)
        _leg(body, stance, look, name, side, pelvis + side * np.array([look.hips, 0, 0]))
        body.add(
            chest - up * 0.03 + side * across * look.shoulders * 0.55,
            pelvis + up * 0.06 + side * across * 0.03,
            0.062,
            0.052,
            look.top,
        )
        body.add(chest - up * 0.012, chest - up * 0.012 + side * across * look.shoulders * 0.8, 0.042, 0.036, look.top)
        body.add(chest - up * 0.05 + front * 0.012, pelvis + up * 0.05 + front * 0.006, 0.062, 0.05, look.top)
        body.add(pelvis + up * 0.045, pelvis + side * across * look.hips * 0.8, 0.056, 0.064, look.trousers)
    _head(body, look, chest, up, across, front)
    return body


def _arm(body: _Body, stance: Stance, look: Look, name: str, side: int, shoulder: Vector) -> None:
    arm, forearm = (stance.left_arm, stance.left_forearm) if side > 0 else (stance.right_arm, stance.right_forearm)
    elbow = shoulder + _direction(arm, side) * _UPPER_ARM
    wrist = elbow + _direction(forearm, side) * _FOREARM
    body.joints |= {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist}
    body.add(shoulder, elbow, 0.036, 0.028, look.top)
    body.add(elbow, wrist, 0.027, 0.02, look.top if look.sleeves else look.skin)
    body.add(wrist, wrist + _direction(forearm, side) * _HAND, 0.021, 0.018, look.skin)


def _leg(body: _Body, stance: Stance, look: Look, name: str, side: int, hip: Vector) -> None:
    thigh, shin = (stance.left_thigh, stance.left_shin) if side > 0 else (stance.right_thigh, stance.right_shin)
    knee = hip + _direction(thigh, side) * _THIGH
    ankle = knee + _direction(shin, side) * _SHIN
    body.joints |= {f"{name}_hip": hip, f"{name}_knee": knee, f"{name}_ankle": ankle}
    body.add(hip, knee, 0.06, 0.041, look.trousers)
    body.add(knee, ankle, 0.04, 0.027, look.skin if look.shorts else look.trousers)
    heel = ankle + np.array([0, -0.025, 0])
    body.add(heel, heel + np.array([side * 0.022, -0.008, 0.085]), 0.027, 0.022, look.shoes)


def _head(body: _Body, look: Look, chest: Vector, up: Vector, across: Vector, front: Vector) -> None:
    middle = chest + up * 0.128 + front * 0.012
    body.add(chest, middle, 0.03, 0.028, look.skin)
    body.add(middle - up * 0.028 + front * 0.008, middle + up * 0.022, 0.046, 0.057, look.skin)
    body.add(middle + up * 0.036 - front * 0.016, middle + up * 0.012 - front * 0.02, 0.056, 0.056, look.hair)
    if look.long_hair:
        for side in (1, -1):
            body.add(
                middle + up * 0.02 - front * 0.012 + side * across * 0.026,
                middle - up * 0.12 - front * 0.03 + side * across * 0.04,
                0.042,
                0.026,
                look.hair,
            )
    nose = middle - up * 0.012 + front * 0.058
    body.joints["nose"] = nose
    shade: Colour = tuple(int(value * 0.86) for value in look.skin)  # type: ignore[assignment]  # three of three
    body.add(middle + up * 0.006 + front * 0.053, nose, 0.005, 0.009, shade)
    body.add(
        middle - up * 0.037 + front * 0.05 - across * 0.012,
        middle - up * 0.037 + front * 0.05 + across * 0.012,
        0.0045,
        0.0045,
        (90, 90, 175),
    )
    for side, name in ((1, "left"), (-1, "right")):
        eye = middle + up * 0.01 + front * 0.049 + side * across * 0.021
        ear = middle - up * 0.002 - front * 0.005 + side * across * 0.056
        body.joints |= {f"{name}_eye": eye, f"{name}_ear": ear}
        body.add(eye - across * 0.004, eye + across * 0.004, 0.008, 0.008, (245, 245, 245))
        body.add(eye + front * 0.006, eye + front * 0.006, 0.0055, 0.0055, (50, 35, 30))
        body.add(eye + up * 0.017 - across * 0.009, eye + up * 0.017 + across * 0.009, 0.0035, 0.0035, look.hair)
        body.add(ear + up * 0.008, ear - up * 0.01, 0.012, 0.009, shade)


def scene(
    width: int, height: int, figures: list[Figure], random: np.random.Generator
) -> tuple[NDArray[np.uint8], list[Float]]:
    """Draw figures in a room.

    Args:
        width: pixels.
        height: pixels.
        figures: the farthest first.
        random: of the room's colours and the grain.

    Returns:
        (height, width, 3) uint8 BGR, and for each figure its joints, (18, 2) float32 pixels, also those outside it.
    """
    canvas = _room(width * _SAMPLES, height * _SAMPLES, random)
    joints = []
    for figure in figures:
        body = _body(figure.stance, figure.look)
        turned, shift = _placement(figure, body)
        points = np.array([body.joints[name] for name in skeleton.JOINTS]) @ turned.T
        joints.append((points[:, :2] * [1, -1] * figure.size + shift).astype(np.float32))
        _shadow(canvas, figure)
        _render(canvas, body, turned, figure.size * _SAMPLES, shift * _SAMPLES)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    grain = random.normal(0, 1.5, (height, width, 1)).astype(np.float32)
    return (small + grain).clip(0, 255).astype(np.uint8), joints


def _placement(figure: Figure, body: _Body) -> tuple[Vector, Vector]:
    """Return the turn of the body and the pixel of the pelvis, so that the lowest point stands on the floor."""
    yaw = np.radians(figure.stance.yaw)
    turned = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    lowest = min(min(start[1] - radius, end[1] - end_radius) for start, end, radius, end_radius, _ in body.capsules)
    return turned, np.array([figure.feet[0], figure.feet[1] + lowest * figure.size])


def _room(width: int, height: int, random: np.random.Generator) -> NDArray[np.float32]:
    wall, floor = random.uniform(150, 225, 3), random.uniform(110, 170, 3)
    horizon = int(height * random.uniform(0.68, 0.78))
    rows = np.arange(height)[:, None, None] / height
    light = 1.0 - 0.18 * np.abs(np.linspace(-1, 1, width))[None, :, None]
    canvas = (
        np.where(np.arange(height)[:, None, None] < horizon, wall * (0.86 + 0.2 * rows), floor * (0.7 + 0.35 * rows))
        * light
    )
    canvas[horizon - height // 60 : horizon] *= 0.82  # skirting board
    return canvas.astype(np.float32)


def _shadow(canvas: NDArray[np.float32], figure: Figure) -> None:
    mask = np.zeros(canvas.shape[:2], np.float32)
    middle = int(figure.feet[0] * _SAMPLES), int(figure.feet[1] * _SAMPLES)
    cv2.ellipse(mask, middle, (int(figure.size * 0.32), int(figure.size * 0.06)), 0, 0, 360, 0.45, cv2.FILLED)
    canvas *= 1.0 - cv2.GaussianBlur(mask, (0, 0), figure.size / 24)[..., None]


def _render(canvas: NDArray[np.float32], body: _Body, turned: Vector, size: float, shift: Vector) -> None:
    """Draw the capsules with a depth buffer, shaded by the angle of their surface to the light."""
    depth = np.full(canvas.shape[:2], -np.inf)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    for start, end, radius, end_radius, colour in body.capsules:
        a, b = (turned @ point * size * [1, -1, 1] + [*shift, 0] for point in (start, end))
        ra, rb = radius * size, end_radius * size
        low = np.floor(np.minimum(a[:2] - ra, b[:2] - rb)).astype(int).clip(0)
        high = np.ceil(np.maximum(a[:2] + ra, b[:2] + rb)).astype(int) + 1
        window = np.s_[low[1] : high[1], low[0] : high[0]]
        if depth[window].size == 0:
            continue
        rows, columns = depth[window].shape
        x, y = np.meshgrid(np.arange(columns) + low[0], np.arange(rows) + low[1])
        axis = b[:2] - a[:2]
        t = (((x - a[0]) * axis[0] + (y - a[1]) * axis[1]) / max(float(axis @ axis), 1e-9)).clip(0, 1)
        if float(axis @ axis) < 1.0:  # points at the camera: its nearer end shows
            t = np.full_like(t, float(b[2] > a[2]))
        r = ra + (rb - ra) * t
        dx, dy = x - a[0] - t * axis[0], y - a[1] - t * axis[1]
        out = np.sqrt(np.maximum(r**2 - dx**2 - dy**2, 0.0))
        z = a[2] + (b[2] - a[2]) * t + out
        shows = (out > 0) & (z > depth[window])
        lambert = (dx * light[0] - dy * light[1] + out * light[2]) / np.maximum(r, 1e-9)
        shade = 0.52 + 0.5 * lambert.clip(0, 1)
        depth[window] = np.where(shows, z, depth[window])
        canvas[window] = np.where(shows[..., None], shade[..., None] * np.array(colour), canvas[window])
