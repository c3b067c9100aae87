"""Drawn poses that show known traits, such as a hand on the hip, and what the default network finds in them."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from mannequins import Scene, keep
from trait_bases import BASES, VIEWS, Base, Limb, Reach
from trait_measures import measure

from posesearch import estimators, skeleton
from posesearch.demo.stance import SIDES, Directions, Frame
from posesearch.estimators import Estimator
from posesearch.photos.photo import Photo
from posesearch.types import Float64

SIDE: Final = 320
"""Width and height of the pictures in pixels."""

DRAWS: Final = 6
"""The number of pictures of each view of a stance."""


@dataclass(frozen=True, eq=False)
class Stanced:
    """A picture of a stance.

    Attributes:
        name: of the stance, with "mirrored " before it if the sides are exchanged.
        scene: the pose as the camera sees it.
        yaw: angle by which the body is turned to its left, degrees.
        shows: the traits that the picture shows clearly.
        unclear: those that it may show. It does not show the rest.
    """

    name: str
    scene: Scene
    yaw: float
    shows: tuple[str, ...]
    unclear: tuple[str, ...]


def rotate(axis: int, degrees: float) -> Float64:
    """Return the (3, 3) rotation about an axis: 0 bows, 1 turns to the left and 2 leans to the right."""
    matrix, angle = np.eye(3), np.radians(degrees)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def turn(pose: Directions, rotation: Float64) -> Directions:
    """Return a pose whose parts are all turned by a (3, 3) rotation. With a reflection, the sides are exchanged."""
    sign = round(float(np.linalg.det(rotation)))

    def frame(part: Frame) -> Frame:
        return Frame(sign * rotation @ part.across, rotation @ part.up, rotation @ part.front)

    def side(name: str) -> str:
        return name if sign > 0 else {"left": "right", "right": "left"}[name]

    limbs = {f"{side(name)}_{limb}": rotation @ pose.limbs[f"{name}_{limb}"] for _, name in SIDES for limb in _LIMBS}
    left, right = [frame(pose.left_foot), frame(pose.right_foot)][::sign]
    return Directions(frame(pose.trunk), frame(pose.head), left, right, sign * rotation @ pose.hips, limbs)


MIRROR: Final = np.diag([-1.0, 1, 1])
_LIMBS: Final = ("arm", "forearm", "thigh", "shin")
_LENGTHS: Final = {"arm": (0.165, 0.145), "leg": (0.24, 0.235)}


def build(base: Base, random: np.random.Generator) -> Directions:
    """Return the pose of a stance, with random variations. Half of the symmetrical stances stay symmetrical."""
    lean, bow, twist = np.array([base.lean, base.bow, base.twist]) + random.normal(0, 3 * base.loose, 3)
    is_mirrored = base.right_arm is None and base.right_leg is None and random.random() < 0.5
    if is_mirrored:
        lean, twist = base.lean, base.twist
    trunk = rotate(2, -lean) @ rotate(0, bow) @ rotate(1, twist)
    tilted = rotate(2, base.hips)
    limbs: dict[str, Float64] = {}
    for part, names in (("arm", _LIMBS[:2]), ("leg", _LIMBS[2:])):
        spread = (9 if part == "arm" else 5) * base.loose
        left, right = (getattr(base, f"{side}_{part}") for _, side in SIDES)
        noise = random.normal(0, spread, (2, 6))
        for number, (side, name) in enumerate(SIDES):
            limb = left if right is None or side > 0 else right
            axes = trunk if part == "arm" else np.eye(3)
            start = trunk @ [side * 0.105, 0.285, 0] if part == "arm" else tilted @ [side * 0.057, 0, 0]
            ends = _aim(limb, side, noise[0 if is_mirrored else number], axes, start, _LENGTHS[part])
            limbs |= {f"{name}_{limb_name}": end for limb_name, end in zip(names, ends, strict=True)}
    head = trunk @ _draw_head(base, random, is_mirrored)
    foot, other = (_make_foot(limbs[f"{name}_shin"], base.is_pointed) for _, name in SIDES)
    pose = Directions(Frame(*trunk.T), Frame(*head.T), foot, other, tilted[:, 0], limbs)
    return turn(pose, rotate(2, -base.tip[1]) @ rotate(0, base.tip[0]))


def _aim(
    limb: Limb, side: int, noise: Float64, axes: Float64, start: Float64, lengths: tuple[float, float]
) -> tuple[Float64, Float64]:
    """Return the directions of the two parts of a limb. `noise` is in degrees."""
    outward = np.array([side, 1, 1])
    if not isinstance(limb, Reach):
        angles = np.radians(np.add(limb, noise[:4].reshape(2, 2)))
        across, down, front = np.sin(angles[:, 0]), -np.cos(angles[:, 0]), np.cos(angles[:, 1])
        parts = np.stack([side * across * front, down * front, np.sin(angles[:, 1])], axis=1)
        return parts[0], parts[1]
    ahead = axes @ ((limb.end + noise[:3] * 0.0012) * outward) - start
    distance = float(np.clip(np.linalg.norm(ahead), 0.05, 0.998 * sum(lengths)))
    ahead = _unit(ahead)
    bend = axes @ (_unit(np.array(limb.bend) + noise[3:] * 0.02) * outward)
    along = (lengths[0] ** 2 - lengths[1] ** 2 + distance**2) / 2 / distance
    middle = along * ahead + np.sqrt(max(lengths[0] ** 2 - along**2, 0)) * _unit(bend - (bend @ ahead) * ahead)
    return _unit(middle), _unit(distance * ahead - middle)


def _draw_head(base: Base, random: np.random.Generator, is_mirrored: bool) -> Float64:
    turned, nod, tilted = base.head or (0, 0, 0)
    if base.head is None and not is_mirrored:
        turned, tilted = random.choice([(0, 0), (0, 0), (50, 0), (-50, 0), (0, 26), (0, -26)])
    noise = random.normal(0, 4, 3) * [not is_mirrored, 1, not is_mirrored]
    return rotate(1, turned + noise[0]) @ rotate(0, nod + noise[1]) @ rotate(2, -tilted - noise[2])


def _make_foot(shin: Float64, is_pointed: bool) -> Frame:
    """Return the orientation of a foot: on the floor under an upright shin, and stretched behind the body."""
    if is_pointed or shin[2] < -0.6:
        front, up = shin, _unit(np.array([0, -1, 1]) - (np.array([0, -1, 1]) @ shin) * shin)
    elif shin[1] < -0.8:
        front, up = np.eye(3)[2], np.eye(3)[1]
    else:
        toes = np.array([0, max(shin[2], 0) + 0.2, 1])
        front, up = _unit(toes - (toes @ shin) * shin), -shin
    return Frame(np.cross(up, front), up, front)


def _unit(vector: Float64) -> Float64:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def draw_stances(random: np.random.Generator) -> list[Stanced]:
    """Return the pictures of all stances. Those of half of them are mirrored."""
    drawn: list[Stanced] = []
    for name, base in BASES.items():
        for number, view in enumerate(base.views * DRAWS):
            drawn.append(_draw(name, base, view, number // len(base.views) % 2 == 1, len(drawn), random))
    return drawn


_UPRIGHT: Final = ("arm_horizontal", "arm_hanging", "hand_raised", "hand_above_head", "leg_raised")  # traits


def _draw(name: str, base: Base, view: str, is_mirrored: bool, seed: int, random: np.random.Generator) -> Stanced:
    own = build(base, random)
    yaw = random.uniform(*VIEWS[view])
    upright = turn(own, rotate(1, yaw))
    seen = turn(upright, rotate(0, random.uniform(*base.high)))
    halves = [Scene(pose, 0, seed).joints for pose in (own, turn(own, MIRROR))]
    asymmetry = float(np.linalg.norm((halves[0] - halves[1])[skeleton.BODY], axis=1).max())
    measured = measure(Scene(upright, 0, seed).joints, Scene(seen, 0, seed).joints, seen.trunk, seen.head, asymmetry)
    unclear = _read(base.unclear, view) | {trait for trait, is_shown in measured.items() if is_shown is None}
    if base.tip != (0, 0):
        unclear |= {f"{side}_{trait}" for _, side in SIDES for trait in _UPRIGHT}
    shows = (_read(base.shows, view) | {trait for trait, is_shown in measured.items() if is_shown}) - unclear
    if "standing" in shows:
        for side, other in (("left", "right"), ("right", "left")):
            if f"{other}_leg_raised" in shows:
                shows |= {f"standing_on_{side}_leg", f"weight_on_{side}_leg"}
    if is_mirrored:
        name, yaw, seen = f"mirrored {name}", -yaw, turn(seen, MIRROR)
        shows, unclear = ({_exchange(trait) for trait in traits} for traits in (shows, unclear))
    return Stanced(name, Scene(seen, 0, seed, SIDE), yaw, tuple(sorted(shows)), tuple(sorted(unclear)))


def _read(traits: str, view: str) -> set[str]:
    """Return the traits of a view."""
    chosen = set()
    for word in traits.split():
        views, _, trait = word.rpartition(":")
        if not views or view in views:
            chosen |= {trait.replace("*", side) for _, side in SIDES}
    return chosen


def _exchange(trait: str) -> str:
    """Return the trait of the other side."""
    other = {"left": "right", "right": "left"}
    return "_".join(other.get(word, word) for word in trait.split("_"))


_estimator: list[Estimator] = []  # of this worker process


def estimate(stances: Sequence[Stanced], processes: int = 2) -> list[dict[str, Any]]:
    """Return what is known of each picture, and what the default network finds in it.

    Returns:
        name, shows, unclear, yaw and seed as in Stanced and Scene. true_xy: (18, 2), pixels. true_xyz: (18, 3), body
        heights: x to the right, y down, z away from the camera. size_px: the body height in pixels. found: whether
        there is a person, and of that person xy: (18, 2), NaN where missing, score: (18,), and world: (18, 3), metres,
        or None.
    """
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return list(pool.map(_estimate, stances, chunksize=8))


def _estimate(stanced: Stanced) -> dict[str, Any]:
    if not _estimator:
        _estimator.append(estimators.load("blazepose"))
    pixels, joints, size = stanced.scene.draw()
    people = _estimator[0].estimate(Photo(pixels, SIDE, SIDE))
    keypoints = people[0].keypoints if people else None
    return {
        "name": stanced.name,
        "shows": stanced.shows,
        "unclear": stanced.unclear,
        "yaw": stanced.yaw,
        "seed": stanced.scene.seed,
        "true_xy": joints,
        "true_xyz": stanced.scene.joints,
        "size_px": size,
        "found": bool(people),
        "xy": np.full((skeleton.N_JOINTS, 2), np.nan) if keypoints is None else keypoints.xy.astype(np.float64),
        "score": np.zeros(skeleton.N_JOINTS) if keypoints is None else keypoints.score.astype(np.float64),
        "world": None if keypoints is None or people[0].world is None else people[0].world.astype(np.float64),
    }


def main() -> None:
    """Print how many pictures show each trait, and how well the network finds the joints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, help="folder in which the result stays")
    known = keep(parser.parse_args().keep, "drawn", lambda: estimate(draw_stances(np.random.default_rng(2027))))
    traits = sorted({trait for one in known for trait in one["shows"]})
    for trait in traits:
        print(f"{trait:24}{sum(trait in one['shows'] for one in known):5}")
    found = [one for one in known if one["found"]]
    neck = skeleton.INDEX["neck"]
    errors = [
        np.nanmean(np.linalg.norm(one["xy"] - one["true_xy"], axis=1))
        / one["size_px"]
        / np.linalg.norm(one["true_xyz"][neck])
        for one in found
    ]
    print(f"{len(known)} pictures, a person in {len(found) / len(known):.1%}, mean error {np.mean(errors):.3f} trunks")


if __name__ == "__main__":
    main()
