"""Measure how small a person may be, and how many people of a group are found.

    python benchmarks/people.py [EVAL] [--estimator NAME ...] [--png PNG] [--each N] [--groups]

Mannequins are drawn at known sizes in large photos and small ones, in columns, rows and grids, and as overlapping
couples. EVAL is a folder with the folders street and sports, each with photos/. Street photos are reduced and placed
on a blurred copy of themselves, so that the person has a known size. --png draws the shares found by the
size. With EVAL, the people of its photos beside the main person are counted.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import labelled
import machine
import numpy as np
from decoding import decode_here
from numpy.typing import NDArray

from posesearch import estimators, skeleton, sources
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.demo.photos import STANCES, encode_jpeg
from posesearch.estimators import Estimator
from posesearch.types import Person

Pixels = NDArray[np.uint8]
Joints = list[NDArray[np.floating]]
Scene = tuple[Pixels, Joints]
Encoded = tuple[bytes, Joints]
"""A JPEG file, and the joints of its people in pixels."""

SHARES = (1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 0.9)
"""Heights of the person, relative to the photo's."""
LARGE = 1200
"""Side of the large photos in pixels."""
SMALL = (24, 28, 32, 36, 40, 48, 64, 96, 128)
"""Heights of the small photos in pixels. The person fills 0.9 of them."""
GROUPS = (
    *[(rows, 1) for rows in range(2, 7)],
    *[(1, columns) for columns in range(2, 9, 2)],
    *[(side, side) for side in range(2, 5)],
)
CELL = (200, 310)
_EASY = ("standing", "waving", "hands-on-hips", "arms-out", "turned", "one-hand-on-hip", "wide")


def single(seed: int, side: int, share: float) -> Scene:
    """Draw one mannequin at a random place of a square photo."""
    random = np.random.default_rng(seed)
    size = share * side
    feet = random.uniform(0.45 * size, side - 0.45 * size), random.uniform(1.05 * size, 0.99 * side)
    return draw_scene(side, side, [_figure(random, feet, size)], random)


def grid(seed: int, rows: int, columns: int) -> Scene:
    """Draw mannequins in rows and columns."""
    random = np.random.default_rng(seed)
    width, height = CELL
    figures = [
        _figure(random, ((column + 0.5) * width, (row + 0.93) * height), 0.8 * height)
        for row in range(rows)
        for column in range(columns)
    ]
    return draw_scene(columns * width, rows * height, figures, random)


def couple(seed: int) -> Scene:
    """Draw two mannequins, of whom the one in front hides a part of the other."""
    random = np.random.default_rng(seed)
    front = _figure(random, (300.0, 600.0), 430)
    behind = replace(_figure(random, (300.0 + random.uniform(70, 140), 560.0), 380), look=Look(long_hair=True))
    return draw_scene(640, 640, [behind, front], random)


def _figure(random: np.random.Generator, feet: tuple[float, float], size: float) -> Figure:
    stance = STANCES[_EASY[random.integers(len(_EASY))]]
    top, trousers = (tuple(random.integers(40, 200, 3).tolist()) for _ in range(2))
    return Figure(stance, Look(long_hair=bool(random.random() < 0.5), top=top, trousers=trousers), feet, size)


def placed(reference: Estimator, path: Path, seed: int, share: float) -> Scene | None:
    """Place a reduced photo on a blurred, enlarged copy of itself. The joints are those found in the photo alone."""
    photo = decode_here(sources.read_source(str(path)), str(path))
    people = reference.estimate(photo)
    if len(people) != 1:
        return None
    scale = share * LARGE / people[0].box[3]
    small = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    if max(height, width) > LARGE:
        return None
    blurred = cv2.resize(cv2.GaussianBlur(photo.pixels, (0, 0), photo.height / 8), (LARGE, LARGE))
    random = np.random.default_rng(seed)
    left, top = int(random.integers(LARGE - width + 1)), int(random.integers(LARGE - height + 1))
    blurred[top : top + height, left : left + width] = small
    return np.asarray(blurred, np.uint8), [people[0].keypoints.xy * scale + [left, top]]


def compare(people: list[Person], joints: Joints) -> NDArray[np.int64]:
    """Return how many people are found, missed, and invented or found twice."""
    left = list(joints)
    for person in people:
        for drawn in left:
            distance = np.linalg.norm(person.keypoints.xy - drawn, axis=1)[skeleton.BODY]
            if np.nanmedian(distance) < 0.1 * np.nanmax(np.ptp(drawn[~np.isnan(drawn[:, 0])], axis=0)):
                left = [one for one in left if one is not drawn]
                break
    found = len(joints) - len(left)
    return np.array([found, len(left), len(people) - found])


def encode(scenes: Iterable[Scene | None]) -> list[Encoded]:
    """Return the scenes as JPEG files, without those that could not be made."""
    return [(encode_jpeg(scene[0]), scene[1]) for scene in scenes if scene is not None]


def count(estimator: Estimator, scenes: Iterable[Encoded]) -> NDArray[np.int64]:
    """Return the sums of `compare` over scenes."""
    total = np.zeros(3, np.int64)
    for data, joints in scenes:
        total += compare(estimator.estimate(decode_here(data, "drawn", estimator.useful_side)), joints)
    return total


def make_sizes(each: int, folder: Path | None) -> dict[str, dict[float, list[Encoded]]]:
    """Return scenes with one person, by their kind and the size of the person."""
    drawn = {share: encode(single(seed, LARGE, share) for seed in range(each)) for share in SHARES}
    small = {float(side): encode(single(seed, side, 0.9) for seed in range(each)) for side in SMALL}
    sizes = {f"drawn, {LARGE} pixels": drawn, "small drawn photos": small}
    if folder:
        reference = estimators.load(estimators.DEFAULT)
        street = labelled.photos(folder / "street")
        sizes[f"street, {LARGE} pixels"] = {
            share: encode(placed(reference, street[seed * 37 % len(street)], seed, share) for seed in range(2 * each))
            for share in SHARES
        }
    # A photo that shows a small person can't be placed with a large one.
    return {kind: {size: some for size, some in scenes.items() if some} for kind, scenes in sizes.items()}


def measure(name: str, sizes: dict[str, dict[float, list[Encoded]]]) -> dict[str, list[float]]:
    """Print the counts of one estimator. Return the shares found by kind, in the order of the sizes."""
    estimator = estimators.load(name)
    curves = {}
    for kind, scenes in sizes.items():
        counts = [count(estimator, some) for some in scenes.values()]
        curves[kind] = [found / max(found + missed, 1) for found, missed, _ in counts]
        shown = "  ".join(
            f"{size:.4g}: {found}/{found + missed}" for size, (found, missed, _) in zip(scenes, counts, strict=True)
        )
        print(f"{name:18s} {kind:20s} {shown}  invented {sum(row[2] for row in counts)}", flush=True)
    return curves


def groups(name: str) -> None:
    """Print how many people of groups one estimator finds."""
    estimator = estimators.load(name)
    print(f"{name}: found, missed, invented or found twice")
    for rows, columns in GROUPS:
        print(f"  {rows} x {columns}  ", *count(estimator, encode([grid(1, rows, columns)])), flush=True)
    print("  8 couples ", *count(estimator, encode(couple(seed) for seed in range(8))), flush=True)


def further(name: str, folder: Path) -> None:
    """Print the number of people beside the main person in real photos."""
    estimator = estimators.load(name)
    for kind in ("street", "sports"):
        numbers = [len(labelled.people(estimator, path)) for path in labelled.photos(folder / kind)]
        more = sum(max(number - 1, 0) for number in numbers)
        print(f"{name}: {kind}, {len(numbers)} photos, nobody in {numbers.count(0)}, {more} further people", flush=True)


def draw(curves: dict[str, dict[str, list[float]]], sizes: dict[str, dict[float, list[Encoded]]], png: Path) -> None:
    """Draw the curves, a panel for each kind."""
    from matplotlib.figure import Figure as Picture  # noqa: PLC0415 (importing it is slow, only this option needs it)

    picture = Picture(figsize=(4.5 * len(sizes), 3.8), layout="constrained")
    for axes, (kind, scenes) in zip(picture.subplots(1, len(sizes), squeeze=False)[0], sizes.items(), strict=True):
        for style, (name, lines) in zip(("o-", "s--", "^:", "D-.", "v--", "x:"), curves.items(), strict=False):
            axes.plot(list(scenes), lines[kind], style, label=name, markersize=4)
        is_share = max(scenes) < 1
        label = "height of the person / height of the photo" if is_share else "height of the photo, pixels"
        axes.set(xscale="log", xlabel=label, ylabel="share found", title=kind, ylim=(-0.03, 1.03))
        axes.set_xticks(list(scenes), [f"{size:.2g}" if is_share else f"{size:.0f}" for size in scenes], rotation=60)
        axes.minorticks_off()
    axes.legend(fontsize=7)
    picture.savefig(png, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", metavar="EVAL")
    parser.add_argument("--estimator", action="append", choices=list(estimators.MODELS))
    parser.add_argument("--png", type=Path)
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--groups", action="store_true", help="count groups and further people, not the sizes")
    options = parser.parse_args()
    print(machine.line())
    names = options.estimator or labelled.MEASURED
    if options.groups:
        for name in names:
            groups(name)
            if options.folder:
                further(name, options.folder)
    else:
        sizes = make_sizes(options.each, options.folder)
        curves = {name: measure(name, sizes) for name in names}
        if options.png:
            draw(curves, sizes, options.png)
