"""Compare `blazepose-original` with MediaPipe's own code.

    python benchmarks/parity_blazepose.py FOLDER [FOLDER ...]

Each FOLDER has photos/. MediaPipe 0.10.21 runs in an environment of its own, because posesearch does not depend on it.
The first run makes this environment in the cache folder. The benchmark compares the joints that posesearch keeps, of
the person with the highest score.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import labelled
import machine
import numpy as np

from posesearch import estimators, skeleton
from posesearch.estimators import weights
from posesearch.types import Float32

REFERENCE = """
import json, os, sys
import cv2, mediapipe
names = json.loads(sys.argv[2])
landmarks = mediapipe.solutions.pose.PoseLandmark
with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1, min_detection_confidence=0.5) as pose:
    for file in sorted(os.listdir(sys.argv[1])):
        pixels = cv2.imread(os.path.join(sys.argv[1], file))
        found = pose.process(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)).pose_landmarks
        height, width = pixels.shape[:2]
        points = found and [found.landmark[landmarks[name]] for name in names]
        print(json.dumps({"file": file, "xy": points and [[p.x * width, p.y * height] for p in points]}))
"""
NAMES = {joint: joint.upper() for joint in skeleton.JOINTS if joint != "neck"}
TRUNK = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")


def environment() -> Path:
    """Return the path of Python in an environment with MediaPipe. The first call makes it."""
    folder = weights.cache_folder() / "mediapipe-0.10.21"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "mediapipe==0.10.21"], check=True)
        (folder / "ready").touch()
    return python


def reference(python: Path, photos: Path) -> dict[str, Float32]:
    """Return MediaPipe's joints of each file with a person, (17, 2) in pixels, in the order of NAMES."""
    command = [str(python), "-c", REFERENCE, str(photos), json.dumps(list(NAMES.values()))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["file"]: np.array(row["xy"], np.float32) for row in rows if row["xy"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    print(machine.line())
    estimator = estimators.load("blazepose-original")
    order = [skeleton.INDEX[joint] for joint in NAMES]
    trunk = [list(NAMES).index(joint) for joint in TRUNK]
    print(
        "                photos   found by both   by one only   mean difference of a joint, torsos   median of photos"
    )
    everything: list[float] = []
    for folder in options.folders:
        theirs = reference(environment(), folder / "photos")
        differences: list[float] = []
        one_only = 0
        paths = labelled.photos(folder)
        for path in paths:
            people = labelled.people(estimator, path)
            ours = max(people, key=lambda person: person.score).keypoints.xy[order] if people else None
            xy = theirs.get(path.name)
            if (ours is None) != (xy is None):
                one_only += 1
            if ours is None or xy is None:
                continue
            right, left, right_hip, left_hip = xy[trunk]
            torso = float(np.linalg.norm((right + left - right_hip - left_hip) / 2))
            differences.append(float(np.nanmean(np.linalg.norm(ours - xy, axis=1))) / max(torso, 1.0))
        everything += differences
        print(
            f"{folder.name:14s} {len(paths):7d} {len(differences):15d} {one_only:13d}"
            f" {np.mean(differences):36.4f} {np.median(differences):18.4f}"
        )
    print(
        f"{'all':14s} {'':7s} {len(everything):15d} {'':13s} {np.mean(everything):36.4f} {np.median(everything):18.4f}"
    )
