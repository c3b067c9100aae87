"""Synthetic photos of mannequins: their shaded bodies in a room, with the exact place of every joint."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.demo.body import Body, Look, build_body
from posesearch.demo.room import draw_room
from posesearch.demo.stance import Directions, Stance
from posesearch.types import Float32, Float64


@dataclass(frozen=True)
class Figure:
    """A mannequin in a picture.

    Attributes:
        stance: its pose.
        look: its build and clothes.
        feet: the point of the floor that it stands on, (x, y) in pixels.
        size: its body height in pixels.
    """

    stance: Stance | Directions
    look: Look
    feet: tuple[float, float]
    size: float


_SUPERSAMPLING: Final = 2  # the scene is drawn larger by this factor and then reduced, which smooths the edges
_LIGHT: Final = np.array([-0.35, 0.45, 0.82])  # direction to the light: from the upper left, in front


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
        body = build_body(figure.stance.directions, figure.look)
        rotation, pelvis = _compute_rotation(figure.stance.yaw), _compute_pelvis(figure, body)
        points = np.array([body.joints[name] for name in skeleton.JOINTS]) @ rotation.T
        joints.append((points[:, :2] * [1, -1] * figure.size + pelvis).astype(np.float32))
        _draw_shadow(canvas, figure)
        _draw_body(canvas, body, rotation, figure.size * _SUPERSAMPLING, pelvis * _SUPERSAMPLING)
    reduced = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    grain = random.normal(0, 1.5, (height, width, 1)).astype(np.float32)
    return (reduced + grain).clip(0, 255).astype(np.uint8), joints


def find_joints(stance: Stance | Directions, look: Look) -> Float64:
    """Return the joints of a mannequin in 3D.

    Args:
        stance: its pose.
        look: its build.

    Returns:
        (18, 3) float64, body heights from the middle of the hips: x to the right of the picture, y up, and z towards
        the camera.
    """
    joints = build_body(stance.directions, look).joints
    return np.array([joints[name] for name in skeleton.JOINTS]) @ _compute_rotation(stance.yaw).T


def _compute_rotation(degrees: float) -> Float64:
    """Return the (3, 3) rotation of a body that is turned to its left."""
    yaw = np.radians(degrees)
    return np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])


def _compute_pelvis(figure: Figure, body: Body) -> Float64:
    """Return the (2,) pixel of the pelvis. The lowest point is on the floor."""
    lowest = min(min(start[1] - radius, end[1] - end_radius) for start, end, radius, end_radius, _ in body.capsules)
    return np.array([figure.feet[0], figure.feet[1] + lowest * figure.size])


def _draw_shadow(canvas: Float32, figure: Figure) -> None:
    """Darken a blurred ellipse on the floor under the feet."""
    mask = np.zeros(canvas.shape[:2], np.float32)
    centre = int(figure.feet[0] * _SUPERSAMPLING), int(figure.feet[1] * _SUPERSAMPLING)
    cv2.ellipse(mask, centre, (int(figure.size * 0.32), int(figure.size * 0.06)), 0, 0, 360, 0.45, cv2.FILLED)
    canvas *= 1.0 - cv2.GaussianBlur(mask, (0, 0), figure.size / 24)[..., None]


def _draw_body(canvas: Float32, body: Body, rotation: Float64, size: float, pelvis: Float64) -> None:
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
