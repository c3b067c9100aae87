"""Percentiles: the percentage of random pairs of the database's poses that a match is more alike than."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.errors import NoWorldJoints
from posesearch.pose.similarity import Poses, compare, mirror_joints
from posesearch.search.options import SearchOptions
from posesearch.search.query import MIN_JOINTS_STEPS
from posesearch.store import vectors
from posesearch.store.connection import Connection
from posesearch.types import Float32, Float64

SAMPLE_SIZE: Final = 200
"""Number of random poses, whose pairs are the random pairs. About 20,000 pairs give a percentile to 0.1%."""

MIN_POSES: Final = 30
"""With fewer poses, random pairs say too little, and there are no percentiles."""

SAME_SIMILARITY: Final = 1e-6
"""Similarities that differ by less than this differ only by rounding."""


@dataclass(frozen=True, eq=False)
class PercentileScale:
    """The similarities of random pairs of the database's poses, computed with the options of a search.

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
        NoWorldJoints: the options compare world coordinates, and the database has none.
    """
    key = "percentiles", options.parts, options.invariance, options.mirror, options.min_shared
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
    values = np.maximum(*compare_both_ways(sample, sample.take(queries), weights[queries], options))
    is_other = queries[:, None] != np.arange(len(sample))
    return PercentileScale(np.sort(values[is_other & (values > -np.inf)]))


def compare_both_ways(stored: Poses, query: Poses, weight: Float32, options: SearchOptions) -> tuple[Float64, Float64]:
    """Return the similarities of queries, and of the mirrored queries, with stored poses.

    Args:
        stored: n poses.
        query: q poses.
        weight: (q, 14) float32, the weights of their joints.
        options: the options of the search.

    Returns:
        Two arrays (q, n) float64. They are -inf where too few joints are shared, and for the mirrored queries if the
        options exclude mirrored poses.
    """
    plain = compare(stored, query, weight, options.invariance).similarity(options.min_shared)
    if not options.mirror:
        return plain, np.full_like(plain, -np.inf)
    mirrored = compare(stored, query.mirror(), mirror_joints(weight), options.invariance)
    return plain, mirrored.similarity(options.min_shared)
