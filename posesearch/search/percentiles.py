"""Percentiles: the percentage of random pairs of the database's poses that a match is more alike than."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posesearch.errors import NoWorldJoints
from posesearch.pose.similarity import Poses, compare
from posesearch.search.options import SearchOptions
from posesearch.search.query import MIN_JOINTS_STEPS, joint_weights
from posesearch.store import vectors
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery
from posesearch.types import Float64

SAMPLE_SIZE: Final = 200
"""Number of random poses, whose pairs are the random pairs. About 20,000 pairs give a percentile to 0.1%."""

MIN_POSES: Final = 30
"""With fewer poses, random pairs say too little, and there are no percentiles."""

SAME_SIMILARITY: Final = 1e-6
"""Similarities that differ by less than this differ only by rounding."""


class PercentileScale:
    """The similarities of random pairs of the database's poses, computed with the options of the search."""

    def __init__(self, connection: Connection, options: SearchOptions) -> None:
        """Read the sample and compare its pairs.

        Raises:
            NoWorldJoints: the options compare world coordinates, and the database has none.
        """
        sample = vectors.sample_poses(connection, SAMPLE_SIZE, world=options.uses_world)
        if options.uses_world and not len(sample):
            raise NoWorldJoints(
                "The poses of this database have no joints in 3D, which --view any compares.", can_reestimate=True
            )
        weights = joint_weights(options.parts) * sample.masks
        is_query = weights.sum(axis=1) >= MIN_JOINTS_STEPS[-1]
        queries = [
            PreparedQuery(sample.take(slice(row, row + 1)), weights[row], options.invariance)
            for row in np.flatnonzero(is_query).tolist()
        ]
        self._similarities = np.zeros(0)
        if len(queries) >= MIN_POSES:
            values = np.maximum(*compare_both_ways(sample, queries, options))
            is_other = ~np.eye(len(sample), dtype=bool)[is_query]
            self._similarities = np.sort(values[is_other & (values > -np.inf)])

    def percentile(self, similarity: float) -> float | None:
        """Return the percentage of random pairs that are at most as similar. None if there are too few poses."""
        if not len(self._similarities):
            return None
        below = np.searchsorted(self._similarities, similarity + SAME_SIMILARITY, side="right")
        return 100.0 * float(below) / len(self._similarities)


def compare_both_ways(
    stored: Poses, queries: Sequence[PreparedQuery], options: SearchOptions
) -> tuple[Float64, Float64]:
    """Return the similarities of queries, and of the mirrored queries, with stored poses.

    Returns:
        Two arrays (q, n) float64. They are -inf where too few joints are shared, and for the mirrored
            queries if the options exclude mirrored poses.
    """
    similarities = []
    for variant in (queries, [query.mirror() for query in queries]):
        poses = Poses(
            *(
                np.concatenate(rows)
                for rows in zip(*((query.pose.vectors, query.pose.masks) for query in variant), strict=True)
            )
        )
        weight = np.stack([query.weight for query in variant])
        similarities.append(compare(stored, poses, weight, options.invariance).similarity(options.min_shared))
        if not options.mirror:
            return similarities[0], np.full_like(similarities[0], -np.inf)
    return similarities[0], similarities[1]
