"""Measure how often a match of each grade shows the pose of the query, and fit the grades' lowest similarities.

    python benchmarks/calibration.py EVAL

EVAL has street/, studio/, sports/ and yoga/, as in benchmarks/retrieval.py. People search for others, and their ten
best matches are judged. A match of a yoga photo is right if it has the same class. Another match is right if the joints
that were labelled by hand have a similarity of at least 0.95. Matches without a class and without labels are not
judged.

The similarities are fitted on every second query: from the best matches down, a grade ends before the first step of
0.005 in which fewer matches are right than the grade promises. The table shows the other queries, for databases with
varied and with uniform poses. The row of exchanged matches has both halves, because there are few. A grade with fewer
than 30 matches is left out.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import machine
import numpy as np
from labelled import labelled
from numpy.typing import NDArray
from retrieval import best_of_variants, find_copies, ingested, read_classes, stack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import posesearch
from posesearch import skeleton
from posesearch.pose.normalize import normalize_body
from posesearch.pose.similarity import Invariance, Poses
from posesearch.results.grades import EXCHANGE_BONUS, LOWEST, NOT_ALIKE
from posesearch.search.options import SearchOptions
from posesearch.store.fingerprints import Fingerprints
from posesearch.types import StoredPose

Array = NDArray[np.float64]

MATCHES: Final = 10
RIGHT: Final = 0.95
"""Labelled joints with this similarity are the same pose."""
PROMISED: Final = {"same": 0.95, "alike": 0.75, "loosely alike": 0.4}
"""The share of right matches in each step of a grade."""
STEP: Final = 0.005
MIN_MATCHES: Final = 30
DATABASES: Final = {
    "yoga and sports": ("yoga", "sports"),
    "studio": ("studio",),
    "street and studio": ("street", "studio"),
    "all": ("street", "studio", "sports", "yoga"),
}
FITTED: Final = ("yoga and sports", "studio")
KINDS: Final[dict[str, tuple[tuple[str, ...], Invariance]]] = {
    "arms": (("arms",), "none"),
    "legs": (("legs",), "none"),
    "left-arm": (("left-arm",), "none"),
    "--turn": ((), "turn"),
}


@dataclass(frozen=True, eq=False)
class Judged:
    """Matches that were judged, as arrays (m,).

    Attributes:
        query: position of the query.
        similarity: that counts for the grade. It is larger by EXCHANGE_BONUS if left and right are exchanged.
        percentile: of the match.
        is_exchanged: whether left and right are exchanged.
        is_right: the verdict.
    """

    query: NDArray[np.int64]
    similarity: Array
    percentile: Array
    is_exchanged: NDArray[np.bool_]
    is_right: NDArray[np.bool_]

    def take(self, rows: NDArray[np.bool_]) -> "Judged":
        """Return some of the matches."""
        return Judged(
            self.query[rows],
            self.similarity[rows],
            self.percentile[rows],
            self.is_exchanged[rows],
            self.is_right[rows],
        )


def read_labels(folder: Path, stored: Sequence[StoredPose]) -> Poses:
    """Return the labelled joints of people. People without labels have no joints.

    The labels of a photo belong to the person whose joints are the nearest to them, if these are within a quarter of
    the labelled body's size.
    """
    labels = {one.path.name: one.xy for name in ("studio", "sports") for one in labelled(folder / name)}
    joints = np.full((len(stored), skeleton.N_BODY, 2), np.nan)
    for row, one in enumerate(stored):
        xy = labels.get(Path(one.source).name)
        if xy is None or one.collection not in ("studio", "sports"):
            continue
        xy = xy[skeleton.BODY].copy()
        neck, shoulders = skeleton.INDEX["neck"], [skeleton.INDEX["left_shoulder"], skeleton.INDEX["right_shoulder"]]
        xy[neck] = np.where(np.isnan(xy[neck]), xy[shoulders].mean(axis=0), xy[neck])
        distance = np.nanmean(np.linalg.norm(one.keypoints.xy[skeleton.BODY] - xy, axis=1))
        if distance < 0.25 * np.linalg.norm(np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)):
            joints[row] = xy
    return Poses(normalize_body(joints.astype(np.float32)), (~np.isnan(joints[..., 0])).astype(np.float32))


def judge(
    stored: Sequence[StoredPose],
    fingerprints: Fingerprints,
    labels: Poses,
    classes: dict[str, str],
    parts: tuple[str, ...] = (),
    invariance: Invariance = "none",
) -> Judged:
    """Return the judged matches of all people among each other."""
    weight, poses = SearchOptions(parts=parts).weight, stack(stored)
    similarities = best_of_variants(poses, poses, poses.masks * weight, invariance)
    plain = best_of_variants(poses, poses, poses.masks * weight, invariance, exchange=False)
    scale = np.sort(plain[~np.eye(len(stored), dtype=bool) & (plain > -np.inf)])
    names = np.array([classes.get(Path(one.source).name, "") for one in stored])
    is_yoga = np.array([one.collection == "yoga" for one in stored])
    is_named = is_yoga & (fingerprints.number == 1) & (not parts and invariance == "none")
    has_labels = labels.masks.sum(axis=1) >= 8
    of_labels = best_of_variants(labels, labels, labels.masks * weight, invariance)
    ranked = np.where(find_copies(stored, fingerprints), -np.inf, similarities)
    best = np.argsort(-ranked, axis=1)[:, :MATCHES]
    query = np.repeat(np.arange(len(stored)), best.shape[1])
    match = best.ravel()
    value = ranked[query, match]
    by_class = is_named[query] & (is_named[match] | ~is_yoga[match])
    by_labels = has_labels[query] & has_labels[match]
    is_right = np.where(by_class, names[query] == names[match], of_labels[query, match] >= RIGHT)
    percentile = 100 * np.searchsorted(scale, value, side="right") / len(scale)
    is_exchanged = value > plain[query, match]
    judged = Judged(query, value + EXCHANGE_BONUS * is_exchanged, percentile, is_exchanged, is_right)
    return judged.take((by_class | by_labels) & (value > -np.inf))


def is_fitted(judged: Judged) -> NDArray[np.bool_]:
    """Return which matches are of the queries that the grades are fitted on."""
    return np.asarray(judged.query % 2 == 0)


def fit(all_judged: Sequence[Judged]) -> dict[str, float]:
    """Return the lowest similarity of each grade."""
    halves = [one.take(is_fitted(one)) for one in all_judged]
    similarity = np.concatenate([one.similarity for one in halves])
    is_right = np.concatenate([one.is_right for one in halves])
    steps = np.round(np.arange(1 - STEP, 0.8, -STEP), 3)
    shares = [is_right[(similarity >= low) & (similarity < low + STEP)].mean() for low in steps]
    found = {}
    for grade, promised in PROMISED.items():
        below = [number for number, share in enumerate(shares) if share < promised]
        found[grade] = float(steps[below[0] - 1])
    return found


def show(title: str, judged: Judged) -> None:
    """Print the share of right matches of each grade, with their number."""
    cells = []
    bounds = [*LOWEST.values(), -1.0]
    for high, low in zip([2.0, *bounds], bounds, strict=False):
        rows = judged.is_right[(judged.similarity >= low) & (judged.similarity < high)]
        cells.append(f"{rows.mean():.3f} of {len(rows):,}" if len(rows) >= MIN_MATCHES else "-")
    print(f"{title:26}" + "".join(f"{cell:>18}" for cell in cells))


def compare_predictors(all_judged: Sequence[Judged]) -> None:
    """Print how well the similarity, the percentile and both tell right matches of several databases from others."""
    train = np.concatenate([is_fitted(one) for one in all_judged])
    is_right = np.concatenate([one.is_right for one in all_judged])
    similarity = -np.log(1.0001 - np.concatenate([one.similarity for one in all_judged]))
    percentile = -np.log(100.1 - np.concatenate([one.percentile for one in all_judged]))
    for name, used in {
        "similarity": [similarity],
        "percentile": [percentile],
        "both": [similarity, percentile],
    }.items():
        values = np.stack(used, axis=1)
        model = LogisticRegression(C=100).fit(values[train], is_right[train])
        area = roc_auc_score(is_right[~train], model.predict_proba(values[~train])[:, 1])
        print(f"{name:26}{area:>18.3f}   {np.round(model.coef_[0], 2).tolist()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--estimator")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as away, posesearch.open(Path(away) / "poses.duckdb") as database:
        everyone, fingerprints = ingested(database, options.eval, options.estimator)
    print(machine.line())
    classes = read_classes(options.eval)
    labels = read_labels(options.eval, everyone)

    def judge_in(collections: Sequence[str], parts: tuple[str, ...] = (), invariance: Invariance = "none") -> Judged:
        """Return the judged matches in a database of these collections."""
        rows = np.flatnonzero([one.collection in collections for one in everyone])
        held = [everyone[row] for row in rows.tolist()]
        return judge(held, fingerprints.take(rows), labels.take(rows), classes, parts, invariance)

    found = {name: judge_in(collections) for name, collections in DATABASES.items()}
    print(f"\nFitted on half of the queries: {fit([found[name] for name in FITTED])}, in use: {dict(LOWEST)}\n")
    print(f"{'right, other half':26}" + "".join(f"{grade:>18}" for grade in (*LOWEST, NOT_ALIKE)))
    for name, one in found.items():
        show(name, one.take(~is_fitted(one)))
    show("all, exchanged", found["all"].take(found["all"].is_exchanged))
    for name, (parts, invariance) in KINDS.items():
        for collection in ("sports", "studio"):
            one = judge_in((collection,), parts, invariance)
            show(f"{collection}, {name}", one.take(~is_fitted(one)))
    print(f"\nright matches of {' + '.join(FITTED)}: area under the ROC curve, other half, and coefficients\n")
    compare_predictors([found[name] for name in FITTED])
