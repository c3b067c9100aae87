"""Other ways to compare poses from any side, which benchmarks/views.py --tries measures on the development half."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.pose.limbs import DEPTH_FACTOR, HEIGHT_FACTOR
from posesearch.pose.similarity import mirror_joints
from posesearch.types import Float64

ROOT: Final = skeleton.INDEX["neck"]


@dataclass(frozen=True, eq=False)
class Joints:
    """Body joints of n people: xy (n, 14, 2) pixels, world (n, 14, 3) metres, NaN where missing, and their scores."""

    xy: Float64
    world: Float64
    score: Float64


Shape = Callable[[Joints], Float64]
"""Returns what is compared of each joint, (n, 14, 3)."""


def shape(
    *,
    picture: bool = True,
    limbs: bool = True,
    height: float = HEIGHT_FACTOR,
    depth: float = DEPTH_FACTOR,
    share: float = 0.0,
    lean: float = 0.0,
    change: Callable[[Float64], Float64] = lambda joints: joints,
) -> Shape:
    """Return a variation of make_limbs.

    Args:
        picture: whether x and y are those of the picture.
        limbs: whether each joint is relative to the joint before it.
        height: another value of HEIGHT_FACTOR.
        depth: another value of DEPTH_FACTOR.
        share: how much of the y of the joint before is subtracted.
        lean: what is subtracted from the slope of z on y. Upright people lean towards the camera.
        change: a change of the joints in 3D, (n, 14, 3), before all factors.
    """

    def make(found: Joints) -> Float64:
        world, xy = (points - np.nanmean(points, axis=1, keepdims=True) for points in (found.world, found.xy))
        sizes = [np.sqrt(np.nansum(points[..., :2] ** 2, axis=(1, 2), keepdims=True)) for points in (world, xy)]
        flat = xy * sizes[0] / np.maximum(sizes[1], 1e-9) if picture else world[..., :2]
        z = world[..., 2:] - lean * flat[..., 1:]
        joints = change(np.concatenate([flat, z], axis=2)) * [1, height, depth]
        return subtract_before(joints, np.array([1, share, 1])) if limbs else joints

    return make


def subtract_before(joints: Float64, share: Float64) -> Float64:
    """Return joints relative to the joint before them on the body, or the next one before that if it is missing."""
    limbs, ends = joints.copy(), {ROOT: np.nan_to_num(joints[:, ROOT])}
    for start, end, _ in skeleton.BODY_LIMBS:
        limbs[:, end] -= ends[start] * share
        ends[end] = np.where(np.isnan(joints[:, end]), ends[start], joints[:, end])
    return limbs


def _measure_limbs(joints: Float64) -> tuple[Float64, Float64]:
    """Return the usual lengths of limbs, (13,), relative to the median limb of a person, and that median, (n,)."""
    starts, ends, _ = zip(*skeleton.BODY_LIMBS, strict=True)
    lengths = np.linalg.norm(joints[:, list(ends)] - joints[:, list(starts)], axis=2)
    sizes = np.nanmedian(lengths, axis=1)
    return np.nanmedian(lengths / sizes[:, None], axis=0), sizes


def _rebuild(joints: Float64, make_limb: Callable[[Float64, Float64], Float64]) -> Float64:
    """Return joints with other limbs. `make_limb` gets the vectors of a limb, (n, 3), and its usual lengths, (n,)."""
    rebuilt = joints.copy()
    usual, sizes = _measure_limbs(joints)
    for length, (start, end, _) in zip(usual, skeleton.BODY_LIMBS, strict=True):
        rebuilt[:, end] = rebuilt[:, start] + make_limb(joints[:, end] - joints[:, start], length * sizes)
    return rebuilt


def with_usual_lengths(joints: Float64) -> Float64:
    """Scale each limb to its usual length."""
    return _rebuild(joints, lambda limb, usual: limb / np.linalg.norm(limb, axis=1)[:, None] * usual[:, None])


def with_depth_of_lengths(joints: Float64) -> Float64:
    """Change the depth of each limb so that it has its usual length (Taylor, 2000). The network gives the sign."""

    def make_limb(limb: Float64, usual: Float64) -> Float64:
        depth = np.sqrt(np.maximum(usual**2 - (limb[:, :2] ** 2).sum(axis=1), 0))
        return np.column_stack([limb[:, :2], np.copysign(depth, limb[:, 2])])

    return _rebuild(joints, make_limb)


def as_directions(found: Joints) -> Float64:
    """Return limbs of length 1, before all factors."""
    limbs = shape(height=1, depth=1, share=1)(found)
    limbs /= np.maximum(np.linalg.norm(limbs, axis=2, keepdims=True), 1e-9)
    return np.asarray(limbs * [1, HEIGHT_FACTOR, DEPTH_FACTOR])


def correlate_facing(gallery: Joints, queries: Joints) -> Float64:
    """Return the correlations, (q, n), if each trunk is turned to face the camera. Mirrored poses count too."""
    a, b = (_face_camera(found) for found in (gallery, queries))
    mirrored = mirror_joints(b.swapaxes(1, 2)).swapaxes(1, 2) * [-1, 1, 1]
    return np.maximum(*(one.reshape(len(b), -1) @ a.reshape(len(a), -1).T for one in (b, mirrored)))


def _face_camera(found: Joints) -> Float64:
    """Return normalized limbs, (n, 14, 3), of which the lines of shoulders and hips are across the picture."""
    at = {name: np.nan_to_num(found.world[:, number]) for name, number in skeleton.INDEX.items() if number < 14}
    across = at["left_shoulder"] - at["right_shoulder"] + at["left_hip"] - at["right_hip"]
    angle = np.arctan2(across[:, 2], across[:, 0])[:, None]
    limbs = np.nan_to_num(shape()(found))
    limbs -= limbs.mean(axis=1, keepdims=True)
    x, y, z = limbs[..., 0], limbs[..., 1], limbs[..., 2]
    turned = np.stack([x * np.cos(angle) + z * np.sin(angle), y, z * np.cos(angle) - x * np.sin(angle)], axis=2)
    return np.asarray(turned / np.maximum(np.linalg.norm(turned, axis=(1, 2), keepdims=True), 1e-9))


SHAPES: Final[dict[str, Shape]] = {
    "joints of the network": shape(picture=False, limbs=False, height=1, depth=1),
    "  limbs": shape(picture=False, height=1, depth=1, share=1),
    "  x and y of the picture": shape(limbs=False, height=1, depth=1),
    "  height x 3.5": shape(picture=False, limbs=False, depth=1),
    "limbs, x and y of the picture": shape(height=1, depth=1, share=1),
    "  ... height x 3.5": shape(depth=1, share=1),
    "  ... depth x 0.8": shape(share=1),
    "  ... height of the joint itself (chosen)": shape(),
    "chosen, height x 2.5": shape(height=2.5),
    "chosen, height x 4.5": shape(height=4.5),
    "chosen, depth x 0.6": shape(depth=0.6),
    "chosen, depth x 1": shape(depth=1),
    "chosen, half of the height before": shape(share=0.5),
    "chosen, lean corrected by 0.1": shape(lean=0.1),
    "chosen, limbs of usual lengths": shape(change=with_usual_lengths),
    "chosen, depth of usual lengths": shape(change=with_depth_of_lengths),
    "chosen, limbs of length 1": as_directions,
}
