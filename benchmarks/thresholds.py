"""Draw what each threshold of BlazePose keeps, on photos with labels and on pictures without a person.

    python benchmarks/thresholds.py FOLDER PNG_FOLDER [--every N]

FOLDER has studio/ and sports/ with labels, as in benchmarks/accuracy.py, and street/. --every takes every N-th photo.
Each table is printed, and the first three are drawn:

- visibility: which share of the right joints, of the wrong joints and of the complete street poses a threshold of a
  joint's visibility keeps. A joint is right if it is within 0.2 torsos of its label.
- confidence: in which share of the labelled photos a threshold of a person's confidence finds somebody, the PCK of the
  main person, and in how many of 480 drawn pictures without a person it finds somebody.
- second look: the PCK of the main person, and the time compared with no second look, if the larger network looks again
  at a main person below each threshold of confidence. The runs of a photo follow each other, so that other processes
  slow all of them down.
- tries: the same for other settings.
- labels: the median displacement of hips and ankles from their labels, before they are moved. It is relative to what
  each constant of estimators/blazepose_joints.py is relative to.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import labelled
import machine
import nobody
import numpy as np
from decoding import decode_here
from numpy.typing import NDArray

from posesearch import estimators, skeleton, sources
from posesearch.estimators import weights
from posesearch.estimators.blazepose import BlazePose
from posesearch.estimators.blazepose_candidates import Candidate
from posesearch.estimators.models import BlazePoseSettings
from posesearch.photos.photo import Photo
from posesearch.types import Person

Lines = dict[str, NDArray[np.float64]]
"""Values by the name of a line, one for each threshold."""

Panel = tuple[tuple[float, ...], Lines, float]
"""Thresholds, lines and the chosen threshold."""

VISIBILITIES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
CONFIDENCES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
SECOND_LOOKS = (0.0, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0)
TRIES: dict[str, dict[str, float]] = {
    "no second look": {"second_look": 0.0},
    "as it is": {},
    "doubt 0.6": {"doubt": 0.6},
    "doubt 0.7": {"doubt": 0.7},
    "again 0.05": {"again": 0.05},
}
"""Other settings of blazepose. More photos are rotated, or more people are examined again."""
NETWORKS = ("blazepose-full", "blazepose-heavy")


class Recorder(BlazePose):
    """A BlazePose estimator with other settings, which keeps the confidence of each person that it returns."""

    def __init__(self, name: str, **settings: float | bool) -> None:
        """Take the settings of the estimator with this name, except for those given."""
        row = estimators.find_model(name)
        assert isinstance(row.settings, BlazePoseSettings)
        changed = replace(row, settings=replace(row.settings, **settings))  # type: ignore[arg-type]  # the fields differ
        files = {needed.name: weights.ensure_weights(needed) for needed in row.weights}
        super().__init__(changed, files, weights.cache_folder() / "compiled", 1)
        self.confidences: list[float] = []

    def _make_person(self, candidate: Candidate, photo: Photo) -> Person:
        self.confidences.append(candidate.confidence)
        return super()._make_person(candidate, photo)

    def find(self, photo: Photo) -> tuple[list[Person], list[float]]:
        """Return the people in a photo and their confidences."""
        self.confidences = []
        return self.estimate(photo), self.confidences


class Photos:
    """Every N-th photo of the sets."""

    def __init__(self, folder: Path, every: int) -> None:
        self._folder, self._every = folder, every

    def labelled(self, kind: str) -> list[labelled.Labelled]:
        """Return the photos of a set with labels."""
        return list(labelled.labelled(self._folder / kind))[:: self._every]

    def street(self) -> list[Path]:
        """Return the street photos."""
        return labelled.photos(self._folder / "street")[:: self._every]


def read(path: Path) -> Photo:
    """Return a photo at the size that BlazePose uses."""
    return decode_here(sources.read_source(str(path)), str(path), 1024)


def visibility(photos: Photos, name: str) -> Lines:
    """Return the lines of the first table."""
    recorder = Recorder(name, visibility=0.0)
    right: list[float] = []
    wrong: list[float] = []
    for kind, joints in labelled.SCORED.items():
        for one in photos.labelled(kind):
            people = labelled.people(recorder, one.path)
            for joint in joints if people else ():
                error = labelled.errors(people, one)[joint]
                if np.isfinite(error):
                    (right if error < 0.2 else wrong).append(float(people[0].keypoints.score[joint]))
    street = [labelled.people(recorder, path) for path in photos.street()]
    lowest = np.array([people[0].keypoints.score[skeleton.BODY].min() if people else -1 for people in street])
    whole = np.array([bool(people) and people[0].keypoints.body_joints == skeleton.N_BODY for people in street])
    print(f"\n{name}: of {len(right)} joints within 0.2 torsos of the label and {len(wrong)} farther away")
    return {
        "right joints": np.array([(np.array(right) >= value).mean() for value in VISIBILITIES]),
        "wrong joints": np.array([(np.array(wrong) >= value).mean() for value in VISIBILITIES]),
        "complete street poses": np.array([(whole & (lowest >= value)).mean() for value in VISIBILITIES]),
    }


def confidence(photos: Photos, name: str) -> Lines:
    """Return the lines of the second table."""
    recorder = Recorder(name, confidence=0.0)
    lines: Lines = {}
    for kind, joints in labelled.SCORED.items():
        found = [(one, *recorder.find(read(one.path))) for one in photos.labelled(kind)]
        kept = [
            [
                [person for person, sure in zip(people, sures, strict=True) if sure >= value]
                for _, people, sures in found
            ]
            for value in CONFIDENCES
        ]
        lines[f"{kind} photos with a person"] = np.array([np.mean([bool(people) for people in each]) for each in kept])
        for within in (0.2, 0.1):
            lines[f"{kind} PCK@{within}"] = np.array(
                [
                    labelled.pck(
                        np.array([labelled.errors(people, one) for people, (one, *_) in zip(each, found, strict=True)]),
                        joints,
                        within,
                    )
                    for each in kept
                ]
            )
    highest = np.array(
        [max(recorder.find(Photo(pixels, *pixels.shape[1::-1]))[1], default=0.0) for _, pixels in nobody.drawn()]
    )
    print(f"\n{name}: the highest confidence of a person in {len(highest)} drawn pictures is {highest.max():.3f}")
    lines["drawn pictures with a person"] = np.array([(highest >= value).mean() for value in CONFIDENCES])
    return lines


def compare(photos: Photos, recorders: Sequence[Recorder]) -> Lines:
    """Return the PCK of estimators with other settings, and their time compared with the first one's."""
    lines: Lines = {}
    for kind, joints in labelled.SCORED.items():
        seconds = np.zeros(len(recorders))
        errors: list[list[NDArray[np.float64]]] = [[] for _ in recorders]
        for number, one in enumerate(photos.labelled(kind)):
            for row in np.roll(np.arange(len(recorders)), number).tolist():
                started = time.perf_counter()
                people = labelled.people(recorders[row], one.path)
                seconds[row] += (time.perf_counter() - started) * (number > 0)  # the first photo loads the networks
                errors[row].append(labelled.errors(people, one))
        for within in (0.2, 0.1):
            lines[f"{kind} PCK@{within}"] = np.array([labelled.pck(np.array(each), joints, within) for each in errors])
        lines[f"{kind} time"] = seconds / seconds[0]
    street = photos.street()
    seconds = np.zeros(len(recorders))
    for number, path in enumerate([street[0], *street]):
        for row in np.roll(np.arange(len(recorders)), number).tolist():
            started = time.perf_counter()
            labelled.people(recorders[row], path)
            seconds[row] += (time.perf_counter() - started) * (number > 0)
    return lines | {"street time": seconds / seconds[0]}


def displacements(photos: Photos, name: str) -> None:
    """Print the fourth table."""
    recorder = Recorder(name, calibrated=False, second_look=0.0)
    for kind in labelled.SCORED:
        up, apart, down = [], [], []
        for one in photos.labelled(kind):
            people = labelled.people(recorder, one.path)
            if not people:
                continue
            at = {joint: people[0].keypoints.xy[number] for joint, number in skeleton.INDEX.items()}
            off = {joint: one.xy[number] - at[joint] for joint, number in skeleton.INDEX.items()}
            near = {joint for joint in off if np.linalg.norm(off[joint]) < 0.3 * one.torso}
            trunk = (at["left_shoulder"] + at["right_shoulder"] - at["left_hip"] - at["right_hip"]) / 2
            for side, other in (("left", "right"), ("right", "left")):
                if f"{side}_hip" in near:
                    across = at[f"{side}_hip"] - at[f"{other}_hip"]
                    up.append(off[f"{side}_hip"] @ trunk / (trunk @ trunk))
                    apart.append(off[f"{side}_hip"] @ across / max(across @ across, 1.0))
                if f"{side}_ankle" in near:
                    shin = at[f"{side}_ankle"] - at[f"{side}_knee"]
                    down.append(off[f"{side}_ankle"] @ shin / max(shin @ shin, 1.0))
        print(
            f"{name:16s} {kind:8s} hips up {np.nanmedian(up):+.3f} trunks, each hip outwards "
            f"{np.nanmedian(apart):+.3f} of their distance, ankles down {np.nanmedian(down):+.3f} shins"
        )


def show(title: str, thresholds: tuple[float, ...], lines: Lines) -> None:
    """Print a table."""
    print(f"  {title:28s}" + "".join(f"{value:7.2f}" for value in thresholds))
    for label, values in lines.items():
        print(f"  {label:28s}" + "".join(f"{value:7.3f}" for value in values))


def draw(
    png: Path,
    panels: dict[str, Panel],
    label: str,
    least: float,
    most: float,
) -> None:
    """Draw tables beside each other."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (importing it is slow)

    figure = Figure(figsize=(6 * len(panels), 4.2), layout="constrained")
    for axes, (title, (thresholds, lines, chosen)) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        for name, values in lines.items():
            axes.plot(thresholds, values, "o-", label=name, markersize=4)
        axes.axvline(chosen, color="0.4", linestyle="--", label="chosen")
        axes.set(xlabel=label, title=title, ylim=(least, most))
        axes.legend(fontsize=8)
    figure.savefig(png, dpi=110)


def chosen(name: str) -> BlazePoseSettings:
    """Return the settings of an estimator."""
    settings = estimators.find_model(name).settings
    assert isinstance(settings, BlazePoseSettings)
    return settings


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("png_folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    options = parser.parse_args()
    photos = Photos(options.folder, options.every)
    options.png_folder.mkdir(parents=True, exist_ok=True)
    print(machine.line() + "\n")
    for name in NETWORKS:
        displacements(photos, name)
    panels: dict[str, Panel] = {}
    for name in NETWORKS:
        lines = visibility(photos, name)
        show("threshold of visibility", VISIBILITIES, lines)
        panels[name] = VISIBILITIES, lines, chosen(name).visibility
    draw(options.png_folder / "visibility.png", panels, "threshold of a joint's visibility", 0.6, 1.01)
    panels = {}
    for name in NETWORKS:
        lines = confidence(photos, name)
        show("threshold of confidence", CONFIDENCES, lines)
        panels[name] = CONFIDENCES, lines, chosen(name).confidence
    draw(options.png_folder / "confidence.png", panels, "threshold of a person's confidence", -0.01, 1.01)
    lines = compare(photos, [Recorder("blazepose", second_look=value) for value in SECOND_LOOKS])
    print("\nblazepose: the larger network looks again at main persons below a confidence")
    show("threshold of the second look", SECOND_LOOKS, lines)
    panels = {"blazepose": (SECOND_LOOKS, lines, chosen("blazepose").second_look)}
    draw(options.png_folder / "second-look.png", panels, "confidence below which the larger network looks", 0.2, 3.0)
    lines = compare(photos, [Recorder("blazepose", **settings) for settings in TRIES.values()])
    print("\nblazepose with other settings")
    for number, name in enumerate(TRIES):
        print(f"  {name:16s}" + "".join(f"  {label} {values[number]:.3f}" for label, values in lines.items()))
