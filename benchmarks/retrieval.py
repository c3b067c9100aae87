"""Measure how often a search finds the right pose, on poses of a real estimator.

    python benchmarks/retrieval.py EVAL [--estimator NAME] [--seeds N]

EVAL has street/, studio/, sports/ and yoga/, as in benchmarks/accuracy.py. yoga/ also has classes.jsonl. The benchmark
prints three tables:

- (a) Re-finding: Each pose of street, studio and sports is changed, and must find itself among all poses. It is moved
  and scaled, and every joint is displaced at random by 5% or 10% of the torso (root mean square). Further changes are
  added to 5%. The table shows Hit@1 / Hit@10 in %, also for other ways to compare poses.
- (b) Classes: Each yoga photo searches for others of its class, without near-duplicates: among yoga photos alone, and
  among the people of sports photos too. The last rows have other penalties for an exchange of left and right.
- (d) Nothing close: How often the best match of a yoga photo has a grade, if its class is in the database and if it is
  not.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
import numpy as np
from numpy.typing import NDArray

import posesearch
from posesearch import skeleton
from posesearch.database import Database
from posesearch.pose.normalize import normalize_body, normalize_max
from posesearch.pose.similarity import Invariance, Poses, compare
from posesearch.pose.variants import EXCHANGE_PENALTY, compare_variants, list_variants
from posesearch.results.grades import LOWEST
from posesearch.search.near_duplicates import collapse_near_duplicates, find_near_duplicates
from posesearch.search.query import stack_poses
from posesearch.store.connection import DatabaseFile
from posesearch.store.fingerprints import Fingerprints, read_fingerprints
from posesearch.store.poses import read_poses
from posesearch.types import StoredPose

Array = NDArray[np.float64]
MIRROR = list(skeleton.MIRROR[skeleton.BODY])
LOWER = [skeleton.INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("hip", "knee", "ankle")]


@dataclass(frozen=True, eq=False)
class Bodies:
    """Raw joints, (n, 14, 2) pixels, NaN where missing, and their scores, (n, 14)."""

    xy: Array
    score: Array

    def poses(self) -> Poses:
        """Return the normalized poses."""
        return Poses(normalize_body(self.xy.astype(np.float32)), (~np.isnan(self.xy[..., 0])).astype(np.float32))


def middle(xy: Array, joint: str) -> Array:
    """Return the middle of the left and the right joint, (n, axes).

    If one of them is missing, it is the other joint. If both are missing, it is NaN.
    """
    pair = xy[:, [skeleton.INDEX[f"{side}_{joint}"] for side in ("left", "right")]]
    there = ~np.isnan(pair[..., :1])
    count = there.sum(axis=1)
    return np.asarray(np.where(there, pair, 0).sum(axis=1) / np.where(count > 0, count, np.nan))


def torso(xy: Array) -> Array:
    """Return the distances from the middle of the shoulders to the middle of the hips, (n,).

    If it is missing, it is the median of the others.
    """
    lengths = np.linalg.norm(middle(xy, "shoulder") - middle(xy, "hip"), axis=1)
    return np.asarray(np.where(np.isnan(lengths), np.nanmedian(lengths), lengths))


# A way to compare: from a gallery of n poses and q queries to similarities (q, n). A larger value is more similar.

Way = Callable[[Bodies, Bodies], Array]


def best_of_variants(
    stored: Poses,
    query: Poses,
    weight: NDArray[np.float32] | None = None,
    invariance: Invariance = "none",
    *,
    mirror: bool = True,
    exchange: bool = True,
    penalty: float = EXCHANGE_PENALTY,
) -> Array:
    """Return the similarities of q queries with n stored poses, (q, n), with another penalty for an exchange."""
    w = query.masks if weight is None else weight
    best, _ = compare_variants(stored, query, w, list_variants(w, mirror=mirror, exchanged=False), invariance)
    if exchange:
        others, _ = compare_variants(stored, query, w, list_variants(w, mirror=mirror, exchanged=True), invariance)
        best = np.maximum(best, others + EXCHANGE_PENALTY - penalty)
    return best


def ours(*, mirror: bool = True, exchange: bool = True, invariance: Invariance = "none", by_score: bool = False) -> Way:
    """Return the similarity of posesearch, in NumPy. Tests check that SQL gives the same."""

    def way(gallery: Bodies, queries: Bodies) -> Array:
        query = queries.poses()
        weight = (query.masks * (queries.score if by_score else 1.0)).astype(np.float32)
        return best_of_variants(gallery.poses(), query, weight, invariance, mirror=mirror, exchange=exchange)

    return way


def by_vector(vectors: Callable[[Bodies], Array]) -> Way:
    """Return the comparison by the Euclidean distance of vectors. Missing joints are 0."""

    def way(gallery: Bodies, queries: Bodies) -> Array:
        a, b = vectors(gallery), vectors(queries)
        return -np.stack([((a - one) ** 2).sum(axis=1) for one in b])

    return way


def article(bodies: Bodies) -> Array:
    """Return x / max x and y / max y."""
    return normalize_max(bodies.xy.astype(np.float32)).astype(np.float64)


def min_max(bodies: Bodies) -> Array:
    """Return x and y, each scaled to 0..1 over the present joints."""
    low, high = np.nanmin(bodies.xy, axis=1, keepdims=True), np.nanmax(bodies.xy, axis=1, keepdims=True)
    return np.asarray(np.nan_to_num((bodies.xy - low) / np.maximum(high - low, 1e-9)).reshape(len(bodies.xy), -1))


def torso_scaled(bodies: Bodies) -> Array:
    """Return joints relative to the middle of the hips, in lengths of the trunk.

    If the hips are missing, joints are relative to the neck, in pixels.
    """
    hips = middle(bodies.xy, "hip")[:, None]
    neck = bodies.xy[:, [skeleton.INDEX["neck"]]]
    origin = np.where(np.isnan(hips), neck, hips)
    size = np.linalg.norm(neck - hips, axis=2, keepdims=True)
    scaled = (bodies.xy - origin) / np.where(np.isnan(size) | (size < 1e-9), 1.0, size)
    return np.asarray(np.nan_to_num(scaled).reshape(len(bodies.xy), -1))


def move_mirror(gallery: Bodies, queries: Bodies) -> Array:
    """Return the similarities of "Move Mirror" (Oved, 2018).

    The corner of the box is the origin, the L2 norm is 1, and distances are weighted by the query's scores.
    """

    def normed(bodies: Bodies) -> Array:
        moved = np.nan_to_num(bodies.xy - np.nanmin(bodies.xy, axis=1, keepdims=True))
        flat = moved.reshape(len(moved), -1)
        return np.asarray((flat / np.linalg.norm(flat, axis=1, keepdims=True)).reshape(moved.shape))

    a, b = normed(gallery), normed(queries)
    score = np.where(np.isnan(queries.xy[..., 0]), 0.0, queries.score)
    return -np.stack(
        [(w[:, None] * np.abs(a - one)).sum(axis=(1, 2)) / w.sum() for one, w in zip(b, score, strict=True)]
    )


def changed(bodies: Bodies, change: str, random: np.random.Generator) -> Bodies:
    """Return the bodies with displaced joints, one of the further changes, and another place and size."""
    noise = 0.10 if change == "10%" else 0.05
    step = random.normal(size=bodies.xy.shape) * noise / np.sqrt(bodies.xy.shape[2]) * torso(bodies.xy)[:, None, None]
    xy = bodies.xy + step
    match change:
        case "3 hidden":
            for row in xy:
                row[random.choice(np.flatnonzero(~np.isnan(row[:, 0])), 3, replace=False)] = np.nan
        case "no legs":
            xy[:, LOWER] = np.nan
        case "mirrored":
            xy = xy[:, MIRROR] * [-1, 1]
        case "turned":
            turn = np.radians(30)
            xy = xy @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    size = random.uniform(0.3, 3, (len(xy), 1, 1))
    moved = xy * size
    low = np.nanmin(moved, axis=1, keepdims=True)
    return Bodies(moved - low + random.uniform(0, 500, low.shape), bodies.score)  # as in another crop of the photo


def hits(similarities: Array, own: NDArray[np.int64]) -> tuple[float, float]:
    """Return Hit@1 and Hit@10 in %. Ties count as misses."""
    rows = np.arange(len(own))
    rank = (similarities >= similarities[rows, own][:, None]).sum(axis=1) - 1
    return 100 * float((rank < 1).mean()), 100 * float((rank < 10).mean())


def stack(stored: Sequence[StoredPose]) -> Poses:
    """Return the image coordinates of stored poses as matrices."""
    return stack_poses([one.pose for one in stored], "none")


def find_places(stored: Sequence[StoredPose]) -> NDArray[np.float32]:
    """Return the body joints as fractions of the photos, (n, 14, 2)."""
    sizes = np.array([(one.width, one.height) for one in stored], np.float32)
    return np.stack([one.pose.person.keypoints.xy[skeleton.BODY] for one in stored]) / sizes[:, None]


def distinct(stored: Sequence[StoredPose], fingerprints: Fingerprints) -> list[StoredPose]:
    """Return the poses without near-duplicates, because each copy of a photo would be a right answer."""
    places = find_places(stored)
    return [stored[row] for row, _ in collapse_near_duplicates(fingerprints, lambda rows: places[rows])]


def refinding(bodies: Bodies, seeds: int) -> None:
    """Print table (a)."""
    changes = ("5%", "10%", "3 hidden", "no legs", "mirrored", "turned")
    ways: dict[str, Way] = {
        "posesearch": ours(),
        "posesearch --sides same": ours(exchange=False),
        "... --no-mirror": ours(mirror=False, exchange=False),
        "  weighted by score": ours(by_score=True),
        "torso scaled": by_vector(torso_scaled),
        "Move Mirror, weighted": move_mirror,
        "min-max": by_vector(min_max),
        "the article's": by_vector(article),
    }
    turning: dict[str, Way] = {
        "posesearch": ours(invariance="turn"),
        "posesearch --sides same": ours(exchange=False, invariance="turn"),
        "... --no-mirror": ours(mirror=False, exchange=False, invariance="turn"),
        "  weighted by score": ours(invariance="turn", by_score=True),
    }
    print(f"\n(a) Re-finding {len(bodies.xy)} poses, {seeds} times: Hit@1 / Hit@10 in % (turned: with --turn)\n")
    print(f"{'':24}" + "".join(f"{change:>14}" for change in changes))
    for name, way in ways.items():
        line = []
        for change in changes:
            found = []
            for seed in range(seeds):
                queries = changed(bodies, change, np.random.default_rng(seed))
                usable = np.flatnonzero((~np.isnan(queries.xy[..., 0])).sum(axis=1) >= 6)
                some = Bodies(queries.xy[usable], queries.score[usable])
                chosen = turning.get(name, way) if change == "turned" else way
                found.append(hits(chosen(bodies, some), usable))
            line.append("{:.1f} / {:.1f}".format(*np.mean(found, axis=0)))
        print(f"{name:24}" + "".join(f"{cell:>14}" for cell in line))


def classes(main: Sequence[StoredPose], fingerprints: Fingerprints, labels: dict[str, str], photos: int) -> None:
    """Print table (b) for the most prominent people of the yoga photos."""
    names = np.array([labels[Path(one.source).name] for one in main])
    poses = stack(main)
    out = find_copies(main, fingerprints)
    print(f"\n(b) Classes: {len(main)} of {photos} yoga photos have a pose (coverage {len(main) / photos:.1%})\n")
    print(f"{'':34}{'photos':>8}{'answered':>10}{'P@1':>8}{'P@5':>8}{'< 3 of 5':>10}")
    ranked = np.where(out, -np.inf, best_of_variants(poses, poses))
    for name in (*np.unique(names), "all"):
        _print_class(name, (names == name) | (name == "all"), ranked, names)
    everyone = np.ones(len(main), bool)
    _print_class(
        "... --sides same", everyone, np.where(out, -np.inf, best_of_variants(poses, poses, exchange=False)), names
    )
    for value in (0.7, 0.8, 0.9, 0.95, 1.0):
        ranked = np.where(
            out, -np.inf, np.maximum(*(_penalized(value, poses, variant) for variant in (poses, poses.mirror())))
        )
        _print_class(f"... same, missing joints at {value}", everyone, ranked, names)


def classes_among_others(found: Sequence[StoredPose], fingerprints: Fingerprints, labels: dict[str, str]) -> None:
    """Print the rest of table (b): the most prominent people of the yoga photos search among all these people."""
    names = np.array([labels.get(Path(one.source).name, "") for one in found])
    rows = (names != "") & (fingerprints.number == 1)
    poses, out = stack(found), find_copies(found, fingerprints)
    print(f"among {len(found)} people of yoga and sports photos:")
    _print_class("--sides same", rows, np.where(out, -np.inf, best_of_variants(poses, poses, exchange=False)), names)
    plain = best_of_variants(poses, poses, exchange=False)
    is_sports = np.array([one.collection == "sports" for one in found])
    shares = []
    for penalty in (0.0, 0.01, 0.02, 0.03, 0.04, 0.05):
        ranked = np.where(out, -np.inf, best_of_variants(poses, poses, penalty=penalty))
        _print_class(f"an exchange costs {penalty}", rows, ranked, names)
        first = np.arange(len(found)), ranked.argmax(axis=1)
        shares.append(f"{(ranked[first] > plain[first])[is_sports].mean():.0%}")
    print(f"best matches of sports photos that are exchanged, at these costs: {', '.join(shares)}")


def find_copies(found: Sequence[StoredPose], fingerprints: Fingerprints) -> NDArray[np.bool_]:
    """Return which of n people are the same person in a copy of the same photo, (n, n). A person is a copy too."""
    poses, places, rows = stack(found), find_places(found), np.arange(len(found))
    out = np.eye(len(found), dtype=bool)
    out[find_near_duplicates(fingerprints, rows, rows, lambda some: places[some])] = True
    return np.asarray(out | (best_of_variants(poses, poses, exchange=False) > 0.9995))  # some copies are mirrored


def _penalized(value: float, poses: Poses, query: Poses) -> Array:
    """Return similarities with another value of MISSING_JOINT_SIMILARITY. 1.0 means no penalty."""
    found = compare(poses, query, query.masks)
    missing = np.maximum(1 - value, 2 * (1 - found.correlation)) if value < 1 else 1 - found.correlation
    penalized = 1 - (1 - found.correlation) * found.share - (1 - found.share) * missing
    return np.where(found.similarity() > -np.inf, penalized, -np.inf)


def _print_class(name: str, rows: NDArray[np.bool_], similarities: Array, names: NDArray[np.str_]) -> None:
    order = np.argsort(-similarities, axis=1)[:, :5]
    answered = np.take_along_axis(similarities, order, axis=1) > -np.inf
    right = (names[order] == names[:, None]) & answered
    p1 = right[rows, 0].sum() / max(1, answered[rows, 0].sum())
    p5 = right[rows].sum() / max(1, answered[rows].sum())
    below = (right[rows].sum(axis=1) < 3).mean()
    print(f"{name:34}{rows.sum():>8}{answered[rows, 0].mean():>10.1%}{p1:>8.3f}{p5:>8.3f}{below:>10.1%}")


def nothing_close(stored: Sequence[StoredPose], labels: dict[str, str]) -> None:
    """Print table (d)."""
    queries = [one for one in stored if one.collection == "yoga" and one.number == 1]
    print("\n(d) Yoga photos whose best match has a grade, in %: with their class in the database / without it\n")
    print(f"{'database':24}" + "".join(f"{name:>16}" for name in (*LOWEST, "--close 90")))
    for collections in (("street", "studio", "sports", "yoga"), ("street", "yoga"), ("yoga",), ("street", "studio")):
        held = [one for one in stored if one.collection in collections]
        poses = stack(held)
        sample = poses.take(np.linspace(0, len(held) - 1, min(200, len(held))).astype(np.int64))
        pairs = best_of_variants(sample, sample, exchange=False)[~np.eye(len(sample), dtype=bool)]
        limits = (*LOWEST.values(), np.quantile(pairs[pairs > -np.inf], 0.9))
        similarities = best_of_variants(poses, stack(queries))
        names = np.array([labels.get(Path(one.source).name, "") for one in held])
        best: dict[str, list[float]] = {"in": [], "out": []}
        for row, query in enumerate(queries):
            same = names == labels[Path(query.source).name]
            new = np.array([one.pose_id != query.pose_id for one in held]) & (similarities[row] < 0.9995)
            for kind, among in (("in", same & new), ("out", ~same)):
                best[kind].append(similarities[row][among].max(initial=-np.inf))
        cells = []
        for limit in limits:
            shares = [f"{100 * np.mean(np.array(best[kind]) >= limit):.0f}" for kind in ("in", "out")]
            cells.append(" / ".join(shares) if "yoga" in collections else f"- / {shares[1]}")
        print(f"{'+'.join(collections):24.24}" + "".join(f"{cell:>16}" for cell in cells))


def ingested(db: Database, folder: Path, estimator: str | None) -> tuple[list[StoredPose], Fingerprints]:
    """Ingest the four folders. Return all their poses, and their fingerprints."""
    for collection in ("street", "studio", "sports", "yoga"):
        db.ingest(folder / collection / "photos", collection=collection, estimator=estimator)
    ids = [row[0] for row in db.sql("SELECT pose_id FROM poses ORDER BY pose_id").rows]
    with DatabaseFile(db.path).reading() as connection:
        return read_poses(connection, ids), read_fingerprints(connection, np.array(ids))


def read_classes(folder: Path) -> dict[str, str]:
    """Return the classes of the yoga photos by file name."""
    lines = (folder / "yoga" / "classes.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["file"]: row["pose_class"] for row in map(json.loads, lines)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--estimator")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as away, posesearch.open(Path(away) / "poses.duckdb") as database:
        stored, fingerprints = ingested(database, options.eval, options.estimator)
    print(machine.line())
    labels = read_classes(options.eval)
    is_yoga = np.array([one.collection == "yoga" for one in stored])
    others = distinct([one for one in stored if one.collection != "yoga"], fingerprints.take(np.flatnonzero(~is_yoga)))
    joints = np.stack([one.pose.person.keypoints.xy[skeleton.BODY] for one in others]).astype(np.float64)
    scores = np.stack([one.pose.person.keypoints.score[skeleton.BODY] for one in others]).astype(np.float64)
    refinding(Bodies(joints, scores), options.seeds)
    main = np.flatnonzero(is_yoga & (fingerprints.number == 1))
    classes([stored[row] for row in main.tolist()], fingerprints.take(main), labels, len(labels))
    varied = np.flatnonzero([one.collection in ("yoga", "sports") for one in stored])
    classes_among_others([stored[row] for row in varied.tolist()], fingerprints.take(varied), labels)
    nothing_close(stored, labels)
