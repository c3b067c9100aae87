"""Adds the traits that hold to stored poses."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from posesearch import skeleton
from posesearch.pose.traits.table import NAMES, measure_traits
from posesearch.types import StoredPose


def add_traits(stored: Sequence[StoredPose]) -> list[StoredPose]:
    """Return the poses with the names of the traits that hold for each."""
    if not stored:
        return []
    people = [one.pose.person for one in stored]
    unknown = np.full((skeleton.N_JOINTS, 3), np.nan, np.float32)
    clearness = measure_traits(
        np.stack([person.keypoints.xy for person in people]),
        np.stack([unknown if person.world is None else person.world for person in people]),
    )
    return [
        replace(one, traits=tuple(name for name, value in zip(NAMES, values, strict=True) if value >= 1))
        for one, values in zip(stored, clearness.tolist(), strict=True)
    ]
