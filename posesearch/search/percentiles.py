"""Percentiles: the percentage of random pairs of the database's poses that a match is more alike than."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.errors import NoWorldJoints
from posesearch.pose.variants import SAME_SIMILARITY, compare_variants, list_variants
from posesearch.search.options import SearchOptions
from posesearch.search.query import MIN_JOINTS_STEPS
from posesearch.store import vectors
from posesearch.store.connection import Connection
from posesearch.types import Float64

SAMPLE_SIZE: Final = 200
"""Number of random poses, whose pairs are the random pairs. About 20,000 pairs give a percentile to 0.1%."""

MIN_POSES: Final = 30
"""With fewer poses, random pairs say too little, and there are no percentiles."""


@dataclass(frozen=True, eq=False)
class PercentileScale:
    """The similarities of random pairs of the database's poses, computed with the options of a search.

    Left and right are not exchanged, because that changes no similarity above MAX_EXCHANGED.

    Attributes:
        similarities: (pairs,) float64, in ascending order. Empty if there are too few poses.
    """

    similarities: Float64

    def percentile(self, similarity: float) -> float | None:
        """Return the percentage of random pairs that are at most as similar. None if there are too few poses."""
        if not len(self.similarities):
            return None
        below = np.searchsorted(self.similarities, similarity + SAME_SIMILARITY, side="right")
        return 100.0 * float(below) / len(self.similarities)


def read_scale(connection: Connection, options: SearchOptions) -> PercentileScale:
    """Return the scale for the options of a search.

    Raises:
        NoWorldJoints: the options compare limbs in 3D, and the database has no world coordinates.
    """
    key = "percentiles", options.parts, options.anchored, options.invariance, options.mirror, options.min_shared
    return connection.compute_once(key, lambda: _make_scale(connection, options))


def _make_scale(connection: Connection, options: SearchOptions) -> PercentileScale:
    """Read the sample and compare its pairs."""
    sample = vectors.sample_poses(connection, SAMPLE_SIZE, world=options.uses_world)
    if options.uses_world and not len(sample):
        raise NoWorldJoints(
            'The poses of this database have no joints in 3D, which `view="any"` compares.', can_reestimate=True
        )
    weights = options.weight * sample.masks
    queries = np.flatnonzero(weights.sum(axis=1) >= MIN_JOINTS_STEPS[-1])
    if len(queries) < MIN_POSES:
        return PercentileScale(np.zeros(0))
    query, weight = sample.take(queries), weights[queries]
    variants = list_variants(weight, mirror=options.mirror, exchanged=False)
    values, _ = compare_variants(sample, query, weight, variants, options.invariance, options.min_shared)
    is_other = queries[:, None] != np.arange(len(sample))
    return PercentileScale(np.sort(values[is_other & (values > -np.inf)]))
