"""Measure how often a search for parts of the body finds people whose parts are alike relative to the trunk.

    python benchmarks/anchored.py EVAL [--estimator NAME]

EVAL is as in benchmarks/retrieval.py. The people of studio/ and sports/ whose joints were labelled by hand search among
those of the same collection, by the joints that the estimator found. Near-duplicates are left out.

A match is right if the angles of its labelled joints are those of the query, each within 25 degrees. The better of the
plain and the mirrored joints counts. The angles of arms and legs are those of the upper arm or leg against the trunk,
and those of the elbow or knee. `upper` has the arms, and the head against the trunk. The labels of sports/ have the top
of the head, and it stands for the nose.

The rows are the parts alone, the parts with --turn, the parts with the rest of the torso at the weight of --anchored
without a rotation, and --anchored with several weights. The columns are P@1, P@5 and mean average precision (mAP) over
the queries with at least three right answers.

The last table is about raised arms. People who are tilted by less than 45 degrees, and have both wrists above the nose,
search by their arms among all labelled people. The table counts the matches that are tilted by more than 60 degrees,
and whose wrists are not both beyond the shoulders, along the trunk.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import machine
import numpy as np
from labelled import LIMB_JOINTS
from numpy.typing import NDArray
from retrieval import Array, best_of_variants, find_copies, ingested, middle, stack

import posesearch
from posesearch import skeleton
from posesearch.pose.similarity import ANCHOR_WEIGHT, Invariance, Poses
from posesearch.search.options import SearchOptions
from posesearch.types import StoredPose

COLLECTIONS: Final = ("studio", "sports")
PARTS: Final = ("arms", "legs", "upper")
WITHIN, UPRIGHT, TILTED = 25, 45, 60  # degrees
MIN_RIGHT: Final = 3
BEST: Final = 5
WAYS: Final[dict[str, tuple[float, Invariance]]] = {
    "the parts alone": (0, "none"),
    "... --turn": (0, "turn"),
    f"with the torso at {ANCHOR_WEIGHT}": (ANCHOR_WEIGHT, "none"),
    "--anchored at 0.1": (0.1, "turn"),
    f"--anchored at {ANCHOR_WEIGHT}, in use": (ANCHOR_WEIGHT, "turn"),
    "--anchored at 0.5": (0.5, "turn"),
}
"""The weight of the joints of the torso that are not among the parts, and what the comparison ignores."""


def read_people(folder: Path, stored: Sequence[StoredPose]) -> tuple[NDArray[np.int64], Array]:
    """Return the positions of the labelled people, (n,), and their labelled joints, (n, 14, 2) in pixels.

    The labels of a photo belong to the person who is the nearest to them, within a quarter of the labelled body's size.
    """
    places = [(one.collection, Path(one.source).name) for one in stored]
    estimated, found = np.stack([one.keypoints.xy[skeleton.BODY] for one in stored]), {}
    for collection in COLLECTIONS:
        for line in (folder / collection / "joints.jsonl").read_text(encoding="utf-8").splitlines():
            photo = json.loads(line)
            points = {"nose": photo["joints"].get("head_top"), **photo["joints"]}
            xy = np.array([points.get(name) or (np.nan, np.nan) for name in skeleton.JOINTS[skeleton.BODY]])
            rows = np.flatnonzero([place == (collection, photo["file"]) for place in places])
            distances = np.nanmean(np.linalg.norm((estimated[rows] - xy)[:, LIMB_JOINTS], axis=2), axis=1)
            if distances.min(initial=np.inf) < 0.25 * np.linalg.norm(np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)):
                found[rows[distances.argmin()]] = xy
    return np.array(list(found)), np.stack(list(found.values()))


def direction(xy: Array) -> Array:
    """Return the directions of vectors, in degrees."""
    return np.asarray(np.degrees(np.arctan2(xy[..., 1], xy[..., 0])))


def wrap(degrees: Array) -> Array:
    """Return the same angles between -180 and 180 degrees."""
    return np.asarray((degrees + 180) % 360 - 180)


def trunk(xy: Array) -> Array:
    """Return the vectors from the middle of the hips to the middle of the shoulders, (n, 2)."""
    return middle(xy, "shoulder") - middle(xy, "hip")


def angles(xy: Array, part: str) -> Array:
    """Return the angles of a part, (n, angles) in degrees, clockwise in the picture."""
    axis, found = direction(trunk(xy)), []
    for side in ("right", "left"):
        names = ("hip", "knee", "ankle") if part == "legs" else ("shoulder", "elbow", "wrist")
        start, bend, end = (xy[:, skeleton.INDEX[f"{side}_{name}"]] for name in names)
        found += [direction(bend - start) - axis, direction(end - bend) - direction(bend - start)]
    if part == "upper":
        found.append(direction(xy[:, skeleton.INDEX["nose"]] - middle(xy, "shoulder")) - axis)
    return np.stack(found, axis=1)


def are_alike(xy: Array, part: str) -> NDArray[np.bool_]:
    """Return which people have a part at the same angles, as they are or mirrored, (n, n)."""
    mirrored = xy[:, list(skeleton.MIRROR[skeleton.BODY])] * [-1, 1]
    worst = [np.abs(wrap(angles(xy, part)[:, None] - angles(one, part))).max(axis=2) for one in (xy, mirrored)]
    return np.asarray(np.minimum(*worst) <= WITHIN)


def search(poses: Poses, part: str, way: str) -> Array:
    """Return the similarities of all people with each other, (n, n)."""
    anchor, invariance = WAYS[way]
    weight = SearchOptions(parts=(part,), anchored=True).weight
    weight = np.where(weight < 1, weight * np.float32(anchor / ANCHOR_WEIGHT), weight)
    return best_of_variants(poses, poses, poses.masks * weight, invariance)


def precision(ranked: Array, right: NDArray[np.bool_]) -> str:
    """Return P@1, P@5 and the mean average precision, as text."""
    hit = np.take_along_axis(right, np.argsort(-ranked, axis=1, kind="stable"), axis=1)
    at = hit.cumsum(axis=1) / np.arange(1, hit.shape[1] + 1)
    average = (hit * at).sum(axis=1) / hit.sum(axis=1)
    return f"{at[:, 0].mean():.3f} {at[:, BEST - 1].mean():.3f} {average.mean():.3f}"


def compare_ways(poses: Poses, xy: Array, out: NDArray[np.bool_], rows: dict[str, NDArray[np.int64]]) -> None:
    """Print the table of each part."""
    for part in PARTS:
        right = are_alike(xy, part) & ~out
        queries = {name: one[right[np.ix_(one, one)].sum(axis=1) >= MIN_RIGHT] for name, one in rows.items()}
        print(f"\n{part:30}" + "".join(f"{f'{name}, {len(one)} queries':>24}" for name, one in queries.items()))
        print(f"{'':30}" + f"{'P@1   P@5   mAP':>24}" * len(queries))
        for way in WAYS:
            ranked = np.where(out, -np.inf, search(poses, part, way))
            grids = [np.ix_(one, rows[name]) for name, one in queries.items()]
            cells = [precision(ranked[grid], right[grid]) for grid in grids]
            print(f"{way:30}" + "".join(f"{cell:>24}" for cell in cells))


def count_not_raised(poses: Poses, xy: Array, out: NDArray[np.bool_]) -> None:
    """Print how many of the best matches of raised arms are tilted people whose arms are not raised."""
    axis, tilt = trunk(xy), np.abs(wrap(direction(trunk(xy)) + 90))
    wrists = xy[:, [skeleton.INDEX[f"{side}_wrist"] for side in ("left", "right")]]
    is_raised = (((wrists - middle(xy, "shoulder")[:, None]) * axis[:, None]).sum(axis=2) > 0).all(axis=1)
    is_above = (wrists[..., 1] < xy[:, [skeleton.INDEX["nose"]], 1]).all(axis=1)
    rows, wrong = np.flatnonzero(is_above & (tilt < UPRIGHT)), (tilt > TILTED) & ~is_raised
    print(f"\nraised arms: {len(rows)} queries among {len(xy)} people, {wrong.sum()} of them tilted, arms not raised")
    print(f"{'':30}{f'of the first {BEST} matches':>24}{'queries with one':>24}")
    for way in WAYS:
        best = np.argsort(-np.where(out, -np.inf, search(poses, "arms", way))[rows], axis=1, kind="stable")[:, :BEST]
        cells = f"{wrong[best].sum()} of {best.size}", f"{wrong[best].any(axis=1).sum()} of {len(rows)}"
        print(f"{way:30}{cells[0]:>24}{cells[1]:>24}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--estimator")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as away, posesearch.open(Path(away) / "poses.duckdb") as database:
        everyone, fingerprints = ingested(database, options.eval, options.estimator)
    print(machine.line())
    rows, joints = read_people(options.eval, everyone)
    people = [everyone[row] for row in rows.tolist()]
    copies = find_copies(people, fingerprints.take(rows))
    collections = np.array([one.collection for one in people])
    compare_ways(stack(people), joints, copies, {name: np.flatnonzero(collections == name) for name in COLLECTIONS})
    count_not_raised(stack(people), joints, copies)
