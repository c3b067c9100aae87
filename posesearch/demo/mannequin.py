"""Synthetic photos of mannequins: shaded capsules in a given stance, with the exact pixel of every joint.

Lengths are in body heights. In the body frame, x points to the person's left, y up and z forward, towards the camera.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.demo.room import draw_room
from posesearch.types import Float32, Float64

Colour = tuple[int, int, int]
"""BGR, 0 to 255."""

Swing = tuple[float, float]
"""The direction of a limb in degrees: outward from straight down, and forward out of that plane."""


@dataclass(frozen=True)
class Stance:
    """A pose, given by the directions of its limbs. The default stands with hanging arms.

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


@dataclass(frozen=True)
class Figure:
    """A mannequin in a picture.

    Attributes:
        stance: its pose.
        look: its build and clothes.
        feet: the point of the floor that it stands on, (x, y) in pixels.
        size: its body height in pixels.
    """

    stance: Stance
    look: Look
    feet: tuple[float, float]
    size: float


_TRUNK: Final = 0.285  # lengths of the body parts
_UPPER_ARM, _FOREARM, _HAND = 0.165, 0.145, 0.05
_THIGH, _SHIN = 0.24, 0.235
_SUPERSAMPLING: Final = 2  # the scene is drawn larger by this factor and then reduced, which smooths the edges
_LIGHT: Final = np.array([-0.35, 0.45, 0.82])  # direction to the light: from the upper left, in front


@dataclass
class _Body:
    """A mannequin in the body frame.

    Attributes:
        joints: (3,) float64 by the name of the joint.
        capsules: (start, end, radius at the start, radius at the end, colour). The points are (3,) float64.
    """

    joints: dict[str, Float64] = field(default_factory=dict)
    capsules: list[tuple[Float64, Float64, float, float, Colour]] = field(default_factory=list)

    def add_capsule(self, start: Float64, end: Float64, radius: float, end_radius: float, colour: Colour) -> None:
        self.capsules.append((start, end, radius, end_radius, colour))


def _compute_direction(swing: Swing, side: int) -> Float64:
    """Return a limb's direction as a unit vector. `side` is 1 for the person's left and -1 for the right."""
    outward, forward = np.radians(swing)
    return np.array([side * np.sin(outward) * np.cos(forward), -np.cos(outward) * np.cos(forward), np.sin(forward)])


def _build_body(stance: Stance, look: Look) -> _Body:
    body = _Body()
    lean, bow = np.radians(stance.lean), np.radians(stance.bow)
    up = np.array([np.sin(lean), np.cos(lean) * np.cos(bow), np.sin(bow)])
    across = np.array([np.cos(lean), -np.sin(lean), 0.0])
    front = np.cross(across, up)
    pelvis, chest = np.zeros(3), up * _TRUNK
    body.joints["neck"] = chest
    for side, name in ((1, "left"), (-1, "right")):
        _add_arm(body, stance, look, name, side, chest + side * across * look.shoulders)
        _add_leg(body, stance, look, name, side, pelvis + side * np.array([look.hips, 0, 0]))
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
    _add_head(body, look, chest, up, across, front)
    return body


def _add_arm(body: _Body, stance: Stance, look: Look, name: str, side: int, shoulder: Float64) -> None:
    arm, forearm = (stance.left_arm, stance.left_forearm) if side > 0 else (stance.right_arm, stance.right_forearm)
    elbow = shoulder + _compute_direction(arm, side) * _UPPER_ARM
    wrist = elbow + _compute_direction(forearm, side) * _FOREARM
    body.joints |= {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist}
    body.add_capsule(shoulder, elbow, 0.036, 0.028, look.top)
    body.add_capsule(elbow, wrist, 0.027, 0.02, look.top if look.sleeves else look.skin)
    body.add_capsule(wrist, wrist + _compute_direction(forearm, side) * _HAND, 0.021, 0.018, look.skin)


def _add_leg(body: _Body, stance: Stance, look: Look, name: str, side: int, hip: Float64) -> None:
    thigh, shin = (stance.left_thigh, stance.left_shin) if side > 0 else (stance.right_thigh, stance.right_shin)
    knee = hip + _compute_direction(thigh, side) * _THIGH
    ankle = knee + _compute_direction(shin, side) * _SHIN
    body.joints |= {f"{name}_hip": hip, f"{name}_knee": knee, f"{name}_ankle": ankle}
    body.add_capsule(hip, knee, 0.06, 0.041, look.trousers)
    body.add_capsule(knee, ankle, 0.04, 0.027, look.skin if look.shorts else look.trousers)
    heel = ankle + np.array([0, -0.025, 0])
    body.add_capsule(heel, heel + np.array([side * 0.022, -0.008, 0.085]), 0.027, 0.022, look.shoes)


def _add_head(body: _Body, look: Look, chest: Float64, up: Float64, across: Float64, front: Float64) -> None:
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


def draw_scene(
    width: int, height: int, figures: list[Figure], random: np.random.Generator
) -> tuple[NDArray[np.uint8], list[Float32]]:
    """Draw mannequins in a room.

    Args:
        width: pixels.
        height: pixels.
        figures: the farthest first.
        random: source of the room's colours and of the grain.

    Returns:
        The picture, (height, width, 3) uint8 BGR, and the joints of each figure, (18, 2) float32, pixels. Joints
        outside the picture have coordinates too.
    """
    canvas = draw_room(width * _SUPERSAMPLING, height * _SUPERSAMPLING, random)
    joints = []
    for figure in figures:
        body = _build_body(figure.stance, figure.look)
        rotation, pelvis = _compute_placement(figure, body)
        points = np.array([body.joints[name] for name in skeleton.JOINTS]) @ rotation.T
        joints.append((points[:, :2] * [1, -1] * figure.size + pelvis).astype(np.float32))
        _draw_shadow(canvas, figure)
        _draw_body(canvas, body, rotation, figure.size * _SUPERSAMPLING, pelvis * _SUPERSAMPLING)
    reduced = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    grain = random.normal(0, 1.5, (height, width, 1)).astype(np.float32)
    return (reduced + grain).clip(0, 255).astype(np.uint8), joints


def _compute_placement(figure: Figure, body: _Body) -> tuple[Float64, Float64]:
    """Return the (3, 3) rotation of the body and the (2,) pixel of the pelvis. The lowest point is on the floor."""
    yaw = np.radians(figure.stance.yaw)
    rotation = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    lowest = min(min(start[1] - radius, end[1] - end_radius) for start, end, radius, end_radius, _ in body.capsules)
    return rotation, np.array([figure.feet[0], figure.feet[1] + lowest * figure.size])


def _draw_shadow(canvas: Float32, figure: Figure) -> None:
    """Darken a blurred ellipse on the floor under the feet."""
    mask = np.zeros(canvas.shape[:2], np.float32)
    centre = int(figure.feet[0] * _SUPERSAMPLING), int(figure.feet[1] * _SUPERSAMPLING)
    cv2.ellipse(mask, centre, (int(figure.size * 0.32), int(figure.size * 0.06)), 0, 0, 360, 0.45, cv2.FILLED)
    canvas *= 1.0 - cv2.GaussianBlur(mask, (0, 0), figure.size / 24)[..., None]


def _draw_body(canvas: Float32, body: _Body, rotation: Float64, size: float, pelvis: Float64) -> None:
    """Draw the capsules with a depth buffer and Lambertian shading. `size` and `pelvis` are in pixels of the canvas."""
    depth = np.full(canvas.shape[:2], -np.inf)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    for start, end, radius, end_radius, colour in body.capsules:
        a, b = (rotation @ point * size * [1, -1, 1] + [*pelvis, 0] for point in (start, end))
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
        if float(axis @ axis) < 1.0:  # the capsule points at the camera, so only its nearer end is visible
            t = np.full_like(t, float(b[2] > a[2]))
        r = ra + (rb - ra) * t
        dx, dy = x - a[0] - t * axis[0], y - a[1] - t * axis[1]
        bulge = np.sqrt(np.maximum(r**2 - dx**2 - dy**2, 0.0))
        z = a[2] + (b[2] - a[2]) * t + bulge  # of the surface, towards the camera
        is_visible = (bulge > 0) & (z > depth[window])
        lambert = (dx * light[0] - dy * light[1] + bulge * light[2]) / np.maximum(r, 1e-9)
        shade = 0.52 + 0.5 * lambert.clip(0, 1)
        depth[window] = np.where(is_visible, z, depth[window])
        canvas[window] = np.where(is_visible[..., None], shade[..., None] * np.array(colour), canvas[window])
