"""Measure how right traits are: on drawn mannequins, on labelled photos, on photos judged by eye, and under noise.

    python benchmarks/traits.py FOLDER [--keep FOLDER]

FOLDER has the folders studio, sports and yoga, as for accuracy.py. The columns are:

drawn: the share of the traits found that are true, and the share of the true ones that are found, on drawn mannequins.
    The truth is what the rule says of the true joints. Nothing is true or false within the margin of a rule. A trait
    that can't be told counts as not found. n is the number of pictures in which it is true.
studio: F1 on labelled photos, if the labels have it 20 times. The truth is what the rule says of the labels.
by eye: right and wrong ones among the traits found in the photos of trait_judgements.json. The truth is what a viewer
    said of the photo, and leaves out what the viewer was not sure of.
flips: the share of known answers that become the opposite if each joint is moved by noise with a standard deviation of
    5% of the trunk.

A trait is reliable if precision is at least 0.95 and recall at least 0.85 in the pictures of both sides together.
With --keep, what the network finds in the pictures is kept in a folder.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import labelled
import machine
import numpy as np
from mannequins import keep
from numpy.typing import NDArray
from trait_stances import draw_stances, estimate

from posesearch import estimators, skeleton
from posesearch.pose.traits.table import NAMES, TRAITS, measure_traits
from posesearch.types import Float64

BODY_HEIGHT: Final = 1.7
"""Metres of a mannequin, whose joints are in body heights."""

SEEDS: Final = (2026, 2027)
"""Seeds of the drawn pictures."""

JUDGEMENTS: Final = Path(__file__).parent / "trait_judgements.json"
_EITHER: Final = {
    "one_leg_raised": ("left_leg_raised", "right_leg_raised"),
    "standing_on_one_leg": ("standing_on_left_leg", "standing_on_right_leg"),
}
"""The traits that were not judged, because they follow from two that were."""

Joints = tuple[Float64, Float64]
"""Joints in the picture, (n, 18, 2), and in space, (n, 18, 3)."""


@dataclass(frozen=True)
class Counts:
    """How often a trait was found, and was true."""

    right: int = 0
    wrong: int = 0
    true: int = 0
    contradicted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def precision(self) -> float:
        """The share of those found that are right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of the true ones that are found."""
        return self.right / max(1, self.true)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, where both the truth and the answer are known."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.contradicted)


def count(truth: Float64, found: Float64) -> list[Counts]:
    """Return the counts of each trait, from how clearly it holds in truth and in what was found, (n, traits)."""
    true, false, yes, no = truth >= 1, truth <= -1, found >= 1, found <= -1
    columns = ((true & yes), (false & yes), true, (true & no))
    return [Counts(*(int(column[:, number].sum()) for column in columns)) for number in range(len(NAMES))]


def count_drawn(folder: Path | None) -> tuple[list[Counts], str]:
    """Return the counts on drawn mannequins, and how many there are."""
    scenes = [scene for seed in SEEDS for scene in keep(folder, f"stances_{seed}", partial(_draw, seed))]
    found = [scene for scene in scenes if scene["found"]]
    truth = measure_traits(_stack(found, "true_xy"), _stack(found, "true_xyz") * BODY_HEIGHT)
    text = f"{len(scenes)} pictures of {len({scene['name'] for scene in scenes})} stances, {len(found)} found"
    return count(truth, measure_traits(_stack(found, "xy"), _stack(found, "world"))), text


def _draw(seed: int) -> list[dict[str, Any]]:
    return estimate(draw_stances(np.random.default_rng(seed)))


def _stack(scenes: list[dict[str, Any]], key: str) -> Float64:
    return np.array([scene[key] for scene in scenes], np.float64)


def find_joints(paths: list[Path]) -> dict[Path, Joints]:
    """Return the joints of the main person in each photo that shows one, (1, 18, 2) and (1, 18, 3)."""
    estimator, found = estimators.load("blazepose"), {}
    for path in paths:
        people = labelled.people(estimator, path)
        if people:
            world = people[0].world
            solid = np.full((skeleton.N_JOINTS, 3), np.nan) if world is None else world
            found[path] = people[0].keypoints.xy[None].astype(np.float64), solid[None].astype(np.float64)
    return found


def count_labelled(folder: Path, found: dict[Path, Joints]) -> list[Counts]:
    """Return the counts on the labelled photos of studio. The neck is the middle of the shoulders."""
    truth, answers = [], []
    shoulders = [skeleton.INDEX["left_shoulder"], skeleton.INDEX["right_shoulder"]]
    for one in labelled.labelled(folder / "studio"):
        if one.path in found:
            xy = one.xy.copy()
            xy[skeleton.INDEX["neck"]] = xy[shoulders].mean(axis=0)
            truth.append(measure_traits(xy[None], np.full((1, skeleton.N_JOINTS, 3), np.nan)))
            answers.append(measure_traits(*found[one.path]))
    return count(np.concatenate(truth), np.concatenate(answers))


def count_judged(found: dict[Path, Joints]) -> list[Counts]:
    """Return the counts on the photos that were judged by eye."""
    judgements = json.loads(JUDGEMENTS.read_text(encoding="utf-8"))
    truth, answers = [], []
    for path, joints in found.items():
        judged = judgements.get(hashlib.sha256(path.read_bytes()).hexdigest())
        if judged is not None:
            truth.append([_judge(name, set(judged["yes"]), set(judged["unsure"])) for name in NAMES])
            answers.append(measure_traits(*joints)[0])
    return count(np.array(truth, np.float64), np.array(answers))


def _judge(name: str, yes: set[str], unsure: set[str]) -> int:
    """Return 1 if a viewer saw a trait, -1 if not, and 0 if the viewer was not sure."""
    names = set(_EITHER.get(name, (name,)))
    return 1 if names & yes else 0 if names & unsure else -1


def find_flips(found: dict[Path, Joints]) -> Float64:
    """Return the share of known answers of each trait that become the opposite under noise, (traits,)."""
    xy, world = (np.concatenate(arrays) for arrays in zip(*found.values(), strict=True))
    random, known, flips = np.random.default_rng(2026), np.zeros(len(NAMES)), np.zeros(len(NAMES))
    before = measure_traits(xy, world)
    for _ in range(4):
        noise = random.normal(0, 0.05, (*xy.shape[:2], 3))
        after = measure_traits(xy + noise[..., :2] * _trunks(xy), world + noise * _trunks(world))
        known += (np.abs(before) >= 1).sum(axis=0)
        flips += ((before >= 1) & (after <= -1) | (before <= -1) & (after >= 1)).sum(axis=0)
    return np.asarray(flips / known)


def _trunks(joints: Float64) -> Float64:
    """Return the distances from the middle of the hips to the neck, (n, 1, 1). They are 0 where joints are missing."""
    hips = joints[:, [skeleton.INDEX["left_hip"], skeleton.INDEX["right_hip"]]].mean(axis=1)
    lengths = np.linalg.norm(joints[:, skeleton.INDEX["neck"]] - hips, axis=1)
    return np.where(np.isnan(lengths), 0, lengths)[:, None, None]


def find_reliable(drawn: list[Counts]) -> NDArray[np.bool_]:
    """Return which traits are reliable in the drawn pictures, (traits,). The sides of a trait are taken together."""
    of = dict(zip(NAMES, drawn, strict=True))
    totals = [of[name] + of[other] if (other := _other_side(name)) in of else of[name] for name in NAMES]
    return np.array([total.precision >= 0.95 and total.recall >= 0.85 for total in totals])


def _other_side(name: str) -> str:
    words = {"left": "right", "right": "left"}
    other = "_".join(words.get(word, word) for word in name.split("_"))
    return other if other != name else ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    print(machine.line())
    drawn, text = count_drawn(arguments.keep)
    photos = [path for name in ("studio", "sports", "yoga") for path in labelled.photos(arguments.folder / name)]
    found = keep(arguments.keep, "trait_photos", lambda: find_joints(photos))
    studio, judged, flips = count_labelled(arguments.folder, found), count_judged(found), find_flips(found)
    print(f"drawn: {text}; photos: {len(found)} of {len(photos)} with a person\n")
    print(f"{'':24s}  drawn: prec.  recall     n   studio: F1    n   by eye: right wrong   flips")
    for number, (trait, is_reliable) in enumerate(zip(TRAITS, find_reliable(drawn), strict=True)):
        one, label, eye = drawn[number], studio[number], judged[number]
        f1 = f"{label.f1:.3f}" if label.true >= 20 else "-"
        remark = "" if is_reliable == trait.is_certain else "  reliable" if is_reliable else "  NOT RELIABLE"
        name = trait.name if trait.is_certain else f"{trait.name} ?"
        print(
            f"{name:24s}  {one.precision:12.3f}  {one.recall:6.3f}  {one.true:4d}"
            f"  {f1:>11s}  {label.true:3d}  {eye.right:13d} {eye.wrong:5d}  {flips[number]:6.2%}{remark}"
        )
    certain = [number for number, trait in enumerate(TRAITS) if trait.is_certain]
    total = sum((judged[number] for number in certain), Counts())
    print(f"\n{len(certain)} certain traits. By eye: precision {total.precision:.3f}, recall {total.recall:.3f}")
    print(f"Flips of certain traits: {np.mean(flips[certain]):.2%} on average, {np.max(flips[certain]):.2%} at most")


if __name__ == "__main__":
    main()
