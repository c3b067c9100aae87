"""Measure how often `--view any` finds a pose that is seen from another side, on pictures and through the networks.

    python benchmarks/views.py EVAL [--keep DIR] [--half development] [--network NAME] [--sheet PNG]

EVAL has street/, studio/, sports/ and yoga/, as in benchmarks/accuracy.py. The poses in 3D that an ingest of these
photos stores, and stances drawn at random, are drawn as mannequins. Their true joints are known. No two of the 600
distinct poses are more similar than 0.95 in 3D. They face the camera at yaw 0.

The database has each distinct pose at yaw 0, and 700 other poses from random sides. Half of the distinct poses are for
development, and the table is about the other half, 300 poses. Each is drawn again with other colours, another build and
another room, at yaw 0, 30, 60, 90 and 180, and searches all 1,300 poses. So 1,000 of them are of others. A hit is the
same pose, or one whose true joints are within 0.1 of the query's true joints: centred, scaled to norm 1 and rotated
about the vertical, they have at most this distance (Procrustes error). A person that the network does not find is a
miss, as a query and in the database. The intervals are Wilson's, of 95%.

The stored poses are estimates of `blazepose`, so they are shapes that this network gives. --keep keeps the pictures'
estimates in a folder, and uses those that are there. --sheet draws some of the pictures.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import machine
import mannequins
import numpy as np
from mannequins import NETWORKS, Found, Scene, estimate, keep
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.pose.normalize import make_pose
from posesearch.pose.similarity import Invariance, Poses
from posesearch.pose.variants import compare_variants, list_variants
from posesearch.search.query import stack_poses
from posesearch.types import Float64, Mask

YAWS: Final = (0, 30, 60, 90, 180)
HALVES: Final = ("report", "development")
DISTINCT: Final = 600
OTHERS: Final = 700
DRAWN: Final = 1_500
"""The number of distinct poses, of other poses in the database, and of random stances to choose from."""

WITHIN: Final = 0.1
"""The largest Procrustes error of a hit."""

Way = Callable[[Sequence[Found], Sequence[Found]], Float64]
"""Compares what was found in q queries with what was found in n pictures. Returns similarities, (q, n)."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """The pictures.

    Attributes:
        gallery: those of the database, first the distinct poses.
        queries: for each half, the numbers of its distinct poses, and their pictures by yaw.
    """

    gallery: list[Scene]
    queries: dict[str, tuple[NDArray[np.int64], dict[int, list[Scene]]]]


def make_scenes(folder: Path) -> Scenes:
    """Choose the poses, and how each is drawn."""
    random = np.random.default_rng(2026)
    stored = list(mannequins.read_stored(folder))
    shuffled = [stored[number] for number in random.permutation(len(stored))]
    drawn = list(mannequins.draw_poses(DRAWN, random))
    poses, rest = mannequins.choose_distinct([*shuffled, *drawn], DISTINCT)
    print(f"{len(stored)} stored poses, {len(poses)} distinct ones with those drawn at random")
    order = random.permutation(len(poses))
    distinct = [Scene(poses[number], 0, seed) for seed, number in enumerate(order)]
    others = [
        Scene(pose, random.uniform(0, 360), 10_000 + number)
        for number, pose in enumerate(rest[number] for number in random.choice(len(rest), OTHERS, replace=False))
    ]
    queries = {}
    for first, half in enumerate(HALVES):
        chosen = np.arange(first, len(distinct), len(HALVES))
        queries[half] = (
            chosen,
            {
                yaw: [Scene(distinct[row].pose, yaw, 20_000 + 1_000 * yaw + row) for row in chosen.tolist()]
                for yaw in YAWS
            },
        )
    return Scenes([*distinct, *others], queries)


def read_poses(found: Sequence[Found], invariance: Invariance) -> Poses:
    """Return the poses of pictures. Where nobody was found, the mask is 0."""
    empty = Poses(np.zeros((1, 42 if invariance == "view" else 28), np.float32), np.zeros((1, 14), np.float32))
    poses = [empty if one.person is None else stack_poses([make_pose(one.person)], invariance) for one in found]
    return Poses(np.concatenate([one.vectors for one in poses]), np.concatenate([one.masks for one in poses]))


def ours(invariance: Invariance, *, exchange: bool) -> Way:
    """Return the similarity of posesearch, in NumPy. Tests check that SQL gives the same."""

    def way(gallery: Sequence[Found], queries: Sequence[Found]) -> Float64:
        stored, query = read_poses(gallery, invariance), read_poses(queries, invariance)
        variants = [
            variant
            for exchanged in ((False, True) if exchange else (False,))
            for variant in list_variants(query.masks, mirror=True, exchanged=exchanged)
        ]
        similarity, _ = compare_variants(stored, query, query.masks, variants, invariance)
        is_there = np.logical_and.outer(query.masks.any(axis=1), stored.masks.any(axis=1))
        return np.where(is_there, similarity, -np.inf)

    return way


def find_hits(similarity: Float64, is_right: Mask) -> Mask:
    """Return whether a right answer is first, and whether one is among the first ten, (q, 2). Ties are misses."""
    best: Float64 = np.where(is_right, similarity, -np.inf).max(axis=1)
    rank = ((similarity >= best[:, None]) & ~is_right).sum(axis=1)
    is_found: Mask = best > -np.inf
    return np.stack([(rank < n) & is_found for n in (1, 10)], axis=1)


def interval(hits: Mask) -> str:
    """Return the share of hits and its 95% interval by Wilson, in %."""
    n, z = len(hits), 1.96
    share = float(hits.mean())
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return f"{100 * share:.1f} ({100 * (middle - half):.0f}-{100 * (middle + half):.0f})"


@dataclass(frozen=True, eq=False)
class Trial:
    """One half of the queries: what the networks found, and which answers are right.

    Attributes:
        scenes: the pictures of the queries by yaw.
        gallery: by network, what was found in the pictures of the database.
        queries: by network and yaw, what was found in the pictures of the queries.
        is_right: by yaw, (q, n), whether a pose of the database is a right answer.
    """

    scenes: dict[int, list[Scene]]
    gallery: dict[str, list[Found]]
    queries: dict[str, dict[int, list[Found]]]
    is_right: dict[int, Mask]


def make_trial(scenes: Scenes, half: str, networks: Sequence[str], kept: Path | None) -> Trial:
    """Run the networks on the pictures of the database and of one half of the queries."""
    chosen, queries = scenes.queries[half]
    gallery, found = {}, {}
    for network in networks:
        gallery[network] = keep(kept, f"{network}-gallery", partial(estimate, scenes.gallery, network))
        found[network] = {
            yaw: keep(kept, f"{network}-{half}-{yaw}", partial(estimate, some, network))
            for yaw, some in queries.items()
        }
    solid = mannequins.true_poses([scene.joints for scene in scenes.gallery])
    is_right = {}
    for yaw, some in queries.items():
        correlation = mannequins.compare_true(solid, mannequins.true_poses([scene.joints for scene in some]))
        error = np.sqrt(2 * np.maximum(1 - correlation, 0))
        is_right[yaw] = (error <= WITHIN) | (np.arange(len(scenes.gallery)) == chosen[:, None])
    return Trial(queries, gallery, found, is_right)


def print_accuracy(trial: Trial) -> None:
    """Print how well the networks find the mannequins of the queries."""
    print("\nThe queries' joints: people found, PCK@0.2, and median correlation with the true joints in 3D\n")
    print(f"{'':24}" + "".join(f"{f'{yaw} degrees':>24}" for yaw in YAWS))
    for network, by_yaw in trial.queries.items():
        cells = []
        for yaw, some in by_yaw.items():
            there = np.array([one.person is not None for one in some])
            pck = np.mean([one.errors[skeleton.BODY] < 0.2 for one in some])
            true = mannequins.true_poses([scene.joints for scene in trial.scenes[yaw]])
            correlation = mannequins.correlate_pairs(read_poses(some, "view"), true)[there]
            cells.append(f"{there.mean():.1%}  {pck:.3f}  {np.median(correlation):.3f}")
        print(f"{network:24}" + "".join(f"{cell:>24}" for cell in cells))


def print_hits(trial: Trial, ways: dict[str, tuple[str, Way]]) -> None:
    """Print Hit@1 and Hit@10 of ways to compare, by yaw. A way has the network that it compares."""
    size = trial.is_right[0].shape
    print(f"\nHit@1 and Hit@10 of {size[0]} poses among {size[1]}, in %, with 95% intervals\n")
    print(f"{'':44}" + "".join(f"{f'{yaw} degrees':>16}" for yaw in YAWS))
    for name, (network, way) in ways.items():
        if network not in trial.gallery:
            continue
        gallery, queries = trial.gallery[network], trial.queries[network]
        hits = [find_hits(way(gallery, queries[yaw]), trial.is_right[yaw]) for yaw in YAWS]
        for column, label in enumerate(("Hit@1", "Hit@10")):
            print(f"{f'{name}, {label}':44}" + "".join(f"{interval(some[:, column]):>16}" for some in hits))


def draw_sheet(scenes: Scenes, path: Path) -> None:
    """Draw a row for some distinct poses: the picture in the database, and those of the queries."""
    chosen, queries = scenes.queries[HALVES[0]]
    rows = [
        np.hstack(
            [scene.draw()[0] for scene in (scenes.gallery[chosen[row]], *(some[row] for some in queries.values()))]
        )
        for row in range(0, len(chosen), 25)
    ]
    cv2.imwrite(str(path), np.vstack(rows))


WAYS: Final[dict[str, tuple[str, Way]]] = {
    "2D (--sides same)": ("blazepose", ours("none", exchange=False)),
    "2D, sides exchanged (the default)": ("blazepose", ours("none", exchange=True)),
    "--view any, blazepose": ("blazepose", ours("view", exchange=True)),
    "--view any, blazepose-heavy": ("blazepose-heavy", ours("view", exchange=True)),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--half", choices=HALVES, default=HALVES[0])
    parser.add_argument("--network", action="append", choices=NETWORKS)
    parser.add_argument("--sheet", type=Path, metavar="PNG")
    options = parser.parse_args()
    print(machine.line())
    scenes = keep(options.keep, "scenes", lambda: make_scenes(options.eval))
    if options.sheet:
        draw_sheet(scenes, options.sheet)
    trial = make_trial(scenes, options.half, options.network or NETWORKS, options.keep)
    print_accuracy(trial)
    print_hits(trial, WAYS)
