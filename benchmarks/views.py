"""Measure how often `--view any` finds a pose that is seen from another side, on pictures and through the networks.

    python benchmarks/views.py EVAL [--tries] [--network NAME] [--keep DIR] [--sheet PNG]

EVAL has street/, studio/, sports/ and yoga/, as in benchmarks/accuracy.py. The poses in 3D that an ingest of these
photos stores, and stances drawn at random, are drawn as mannequins. Their true joints are known. No two of the 600
distinct poses are more similar than 0.95 in 3D, with the same build. They face the camera at yaw 0.

The database has each distinct pose at yaw 0, and 700 other poses from random sides. Half of the distinct poses are for
development, and the table is about the other half, 300 poses. Each is drawn again with other colours, another build and
another room, at yaw 0, 30, 60, 90 and 180, and searches all 1,300 poses. So 1,000 of them are of others. A hit is the
same pose, or one whose true joints are within 0.1 of the query's true joints: centred, scaled to norm 1 and rotated
about the vertical, they have at most this distance (Procrustes error). A person that the network does not find is a
miss, as a query and in the database. The intervals are Wilson's, of 95%.

The stored poses are estimates of `blazepose`, so they are shapes that this network gives.

--tries measures other ways to compare, on the development half. --keep keeps what the networks found in a folder, and
uses what is there. --sheet draws some of the pictures.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import machine
import mannequins
import numpy as np
from mannequins import HALVES, NETWORKS, YAWS, Found, Scene, Scenes, estimate, keep
from view_tries import SHAPES, Joints, Shape, correlate_facing

from posesearch import skeleton
from posesearch.pose.limbs import make_limbs
from posesearch.pose.normalize import normalize_body
from posesearch.pose.similarity import Invariance, Poses
from posesearch.pose.variants import EXCHANGE_PENALTY, compare_variants, list_variants
from posesearch.results.grades import LOWEST, NOT_ALIKE, find_grade
from posesearch.types import Float64, Mask, Person

WITHIN: Final = 0.1
"""The largest Procrustes error of a hit."""

RIGHT: Final = 0.9
"""The similarity of the true joints in 3D from which a match counts as right in the table of grades."""

Way = Callable[[Joints, Joints], Float64]
"""Compares the joints of n pictures with those of q queries. Returns similarities, (q, n)."""


def read_joints(found: Sequence[Found]) -> Joints:
    """Return the body joints of pictures. All are missing where nobody was found."""
    nobody = np.full((skeleton.N_BODY, 5), np.nan)
    rows = np.stack([nobody if one.person is None else _read_person(one.person) for one in found])
    score = np.stack(
        [nobody[:, 0] if one.person is None else one.person.keypoints.score[skeleton.BODY] for one in found]
    )
    return Joints(rows[..., :2], rows[..., 2:], np.nan_to_num(score))


def _read_person(person: Person) -> Float64:
    assert person.world is not None
    return np.column_stack([person.keypoints.xy[skeleton.BODY], person.world[skeleton.BODY]]).astype(np.float64)


def make_poses(shapes: Float64) -> Poses:
    """Return the normalized poses of what is compared of each joint, (n, 14, axes)."""
    return Poses(normalize_body(shapes), (~np.isnan(shapes[..., 0])).astype(np.float32))


def compare(
    stored: Poses,
    query: Poses,
    invariance: Invariance,
    *,
    weight: Float64 | None = None,
    mirror: bool = True,
    exchange: bool = True,
    penalty: float = EXCHANGE_PENALTY,
) -> Float64:
    """Return the similarities of posesearch, (q, n), in NumPy. Tests check that SQL gives the same.

    Where nobody was found, they are -inf. Other weights of the joints, variants and penalties are possible.
    """
    w = query.masks if weight is None else (query.masks * weight).astype(np.float32)
    kinds = [list_variants(query.masks, mirror=mirror, exchanged=exchanged) for exchanged in (False, True)]
    similarity, _ = compare_variants(stored, query, w, kinds[0], invariance)
    if exchange:
        others, _ = compare_variants(stored, query, w, kinds[1], invariance)
        similarity = np.maximum(similarity, others + EXCHANGE_PENALTY - penalty)
    is_there = np.logical_and.outer(query.masks.any(axis=1), stored.masks.any(axis=1))
    return np.where(is_there, similarity, -np.inf)


def flat(*, exchange: bool) -> Way:
    """Return the comparison in the picture."""
    return lambda gallery, queries: compare(make_poses(gallery.xy), make_poses(queries.xy), "none", exchange=exchange)


def solid(make: Shape = lambda found: make_limbs(found.xy, found.world), **options: Any) -> Way:
    """Return the comparison from any side. The options are those of `compare`."""
    return lambda gallery, queries: compare(make_poses(make(gallery)), make_poses(make(queries)), "view", **options)


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
            correlation = mannequins.correlate_pairs(make_poses(read_joints(some).world), true)[there]
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
        gallery = read_joints(trial.gallery[network])
        queries = {yaw: read_joints(found) for yaw, found in trial.queries[network].items()}
        hits = [find_hits(way(gallery, queries[yaw]), trial.is_right[yaw]) for yaw in YAWS]
        for column, label in enumerate(("Hit@1", "Hit@10")):
            print(f"{f'{name}, {label}':44}" + "".join(f"{interval(some[:, column]):>16}" for some in hits))


def print_grades(trial: Trial, scenes: Scenes) -> None:
    """Print how often the ten best matches of each grade are right: the true joints are alike from any side."""
    true = mannequins.true_poses([scene.joints for scene in scenes.gallery])
    print(f"\nMatches of each grade from 30 to 180 degrees: share whose true joints are alike to {RIGHT}, and number\n")
    print(f"{'':24}" + "".join(f"{grade:>20}" for grade in (*LOWEST, NOT_ALIKE)))
    for network in trial.gallery:
        gallery, counts = read_joints(trial.gallery[network]), {grade: [0, 0] for grade in (*LOWEST, NOT_ALIKE)}
        for yaw in YAWS[1:]:
            queries = read_joints(trial.queries[network][yaw])
            similarity, plain = solid()(gallery, queries), solid(exchange=False)(gallery, queries)
            own = mannequins.true_poses([scene.joints for scene in trial.scenes[yaw]])
            alike = mannequins.compare_true(true, own) > RIGHT
            for row, order in enumerate(np.argsort(-similarity, axis=1)[:, :10]):
                for column in order[similarity[row, order] > -np.inf]:
                    exchanged: Literal["all", "none"] = (
                        "all" if similarity[row, column] > plain[row, column] else "none"
                    )
                    count = counts[find_grade(similarity[row, column], exchanged, "view")]
                    count[0] += bool(alike[row, column])
                    count[1] += 1
        cells = [f"{right / max(total, 1):.3f} of {total}" for right, total in counts.values()]
        print(f"{network:24}" + "".join(f"{cell:>20}" for cell in cells))


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
    "2D (--sides same)": ("blazepose-full", flat(exchange=False)),
    "2D, sides exchanged (the default)": ("blazepose-full", flat(exchange=True)),
    "--view any, blazepose-full": ("blazepose-full", solid()),
    "--view any, blazepose-heavy": ("blazepose-heavy", solid()),
}


def list_tries(network: str) -> dict[str, tuple[str, Way]]:
    """Return the other ways to compare. Each shows the effect of one change."""

    def by_score(gallery: Joints, queries: Joints) -> Float64:
        return solid(weight=0.5 + 0.5 * queries.score)(gallery, queries)

    def with_facing(gallery: Joints, queries: Joints) -> Float64:
        return 0.7 * solid()(gallery, queries) + 0.3 * correlate_facing(gallery, queries)

    tries = {
        **{name: solid(make) for name, make in SHAPES.items()},
        "chosen, joints weighted by score": by_score,
        "chosen, 30% with trunks facing the camera": with_facing,
        "chosen, trunks facing the camera alone": correlate_facing,
        "chosen, sides not exchanged": solid(exchange=False),
        "chosen, an exchange costs nothing": solid(penalty=0.0),
        "chosen, not mirrored": solid(mirror=False),
    }
    return {name: (network, way) for name, way in tries.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--tries", action="store_true")
    parser.add_argument("--network", action="append", choices=NETWORKS)
    parser.add_argument("--sheet", type=Path, metavar="PNG")
    options = parser.parse_args()
    print(machine.line())
    scenes = keep(options.keep, "scenes", lambda: mannequins.make_scenes(options.eval))
    if options.sheet:
        draw_sheet(scenes, options.sheet)
    networks = options.network or NETWORKS
    trial = make_trial(scenes, "development" if options.tries else "report", networks, options.keep)
    print_accuracy(trial)
    if options.tries:
        for network in networks:
            print(f"\n{network}:")
            print_hits(trial, list_tries(network))
    else:
        print_hits(trial, WAYS)
        print_grades(trial, scenes)
