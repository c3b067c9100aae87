"""Measure how accurate the estimators are, on photos with labels and without.

    python benchmarks/accuracy.py FOLDER [--estimator NAME ...] [--joints]

FOLDER has the folders studio and sports (each with photos/ and joints.jsonl), and street and yoga (each with photos/).
PCK@0.2 is the share of the labelled joints that the main person has within 0.2 torsos. A missing joint counts as wrong.
--joints adds the PCK per joint.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import labelled
import machine
import numpy as np
from numpy.typing import NDArray

from posesearch import estimators, skeleton
from posesearch.estimators import Estimator


def all_errors(estimator: Estimator, folder: Path) -> NDArray[np.float64]:
    """Return the errors of a labelled set, (n, 18), in torsos."""
    return np.array([labelled.errors(labelled.people(estimator, one.path), one) for one in labelled.labelled(folder)])


def body_joints(estimator: Estimator, folder: Path) -> NDArray[np.int64]:
    """Return the number of body joints of the main person in each photo, (n,). It is 0 if nobody is found."""
    found = [labelled.people(estimator, path) for path in labelled.photos(folder)]
    return np.array([people[0].keypoints.body_joints if people else 0 for people in found])


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Return the row of one estimator."""
    estimator = estimators.load(name)
    labelled.people(estimator, labelled.photos(folder / "street")[0])  # compiles
    started = time.perf_counter()
    errors = {kind: all_errors(estimator, folder / kind) for kind in labelled.SCORED}
    street = body_joints(estimator, folder / "street")
    yoga = body_joints(estimator, folder / "yoga")
    photos = sum(map(len, errors.values())) + len(street) + len(yoga)
    return {
        "errors": errors,
        "complete": float((street == skeleton.N_BODY).mean()),
        "yoga": float((yoga >= 10).mean()),
        "rate": photos / (time.perf_counter() - started),
    }


def table(rows: dict[str, dict[str, Any]]) -> None:
    """Print a row per estimator."""
    print(f"{'':20s}   studio PCK      sports PCK      street    yoga        photos/s")
    print(f"{'':20s}  @0.2   @0.1    @0.2   @0.1   complete  >= 10 joints  one by one")
    for name, row in rows.items():
        scores = [
            labelled.pck(row["errors"][kind], joints, within)
            for kind, joints in labelled.SCORED.items()
            for within in (0.2, 0.1)
        ]
        print(
            f"{name:20s} {scores[0]:6.3f} {scores[1]:6.3f}  {scores[2]:6.3f} {scores[3]:6.3f}"
            f"   {row['complete']:7.3f} {row['yoga']:10.3f} {row['rate']:13.1f}"
        )


def per_joint(rows: dict[str, dict[str, Any]]) -> None:
    """Print PCK@0.2 and @0.1 of each joint."""
    for kind, joints in labelled.SCORED.items():
        print(f"\n{kind}, PCK@0.2 / @0.1 " + "".join(f"{name:>22s}" for name in rows))
        for joint in joints:
            scores = [
                [labelled.pck(row["errors"][kind], [joint], within) for within in (0.2, 0.1)] for row in rows.values()
            ]
            print(f"  {skeleton.JOINTS[joint]:20s}" + "".join(f"{a:15.3f} {b:6.3f}" for a, b in scores))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--estimator", action="append", choices=list(estimators.MODELS))
    parser.add_argument("--joints", action="store_true")
    options = parser.parse_args()
    print(machine.line())
    rows = {name: measure(name, options.folder) for name in options.estimator or labelled.MEASURED}
    table(rows)
    if options.joints:
        per_joint(rows)
