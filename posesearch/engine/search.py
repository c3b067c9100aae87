"""From a query to the nearest cluster and the most similar poses, each with what tells them apart."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from posesearch import clustering, similarity, skeleton
from posesearch.engine import choice, queries, variety
from posesearch.engine.answers import Match, NearestCluster, Query, SimilarReport
from posesearch.engine.choice import Choice
from posesearch.engine.options import Options
from posesearch.errors import NoDepth, NoPoses, NoSuchCluster, NoSuchPose
from posesearch.estimators import Estimator
from posesearch.normalise import NORMALISATIONS
from posesearch.similarity import Double, Poses
from posesearch.store import clusterings, search, snapshots
from posesearch.store.file import Connection, File
from posesearch.store.search import Asked, Found
from posesearch.store.snapshots import StoredPose
from posesearch.types import Pose

SAMPLE: Final = 200
"""Poses, of which every two make a random pair: about 20,000 pairs place a similarity to a tenth of a per cent."""

_EQUAL: Final = 1e-6  # two similarities nearer than that differ by rounding

FEWEST: Final = 30
"""Poses that there must be for random pairs to mean anything; with fewer, nothing is left out."""


def similar(
    file: File,
    source: str | int,
    person: int | None,
    options: Options,
    load: Callable[[Choice], Estimator],
    *,
    allow_private: bool = False,
) -> SimilarReport:
    """Find the poses most like the one asked for. See Database.similar."""
    queries.weight_of(options.parts)  # a part that there is not is told before the work
    held, stored = opened(file, options, [source] if isinstance(source, int) else [])
    if isinstance(source, int):
        if source not in stored:
            raise NoSuchPose(source)
        query = queries.of_stored(stored[source], person)
    else:
        query = queries.of_any(source, person, lambda: load(held), allow_private=allow_private)
    asked = queries.asked(query, options.parts, options.freedom)
    with file.reading() as connection:
        among = candidates(connection, options)
        first = options.n if options.duplicates else 2 * options.n
        found = listed(connection, query, asked, among, options, first)
        return report_of(connection, query, asked, found, Scale(connection, options), options)


class Listed:
    """What was found, and which of it is listed: near-duplicates are not listed themselves.

    Attributes:
        found: best first, the query's own pose first among its equals.
        rows: the stored poses.
        kept: rows that are listed, each with the numbers of its near-duplicates.
    """

    def __init__(self, connection: Connection, query: Query, found: list[Found], options: Options) -> None:
        self.found = sorted(
            found, key=lambda one: one.pose_id != query.pose_id or one.similarity < found[0].similarity - _EQUAL
        )
        self.rows = snapshots.poses(connection, [one.pose_id for one in self.found])
        self.kept = [(row, ()) for row in range(len(self.rows))] if options.duplicates else variety.collapsed(self.rows)


def listed(connection: Connection, query: Query, asked: Asked, among: str, options: Options, taken: int) -> Listed:
    """Search, and again for more where near-duplicates leave too few to list."""
    while True:
        found = search.nearest(
            connection, asked, taken, mirror=options.mirror, min_shared=options.min_shared, among=among
        )
        answer = Listed(connection, query, found, options)
        if len(answer.kept) >= options.n or len(found) < taken:
            return answer
        taken *= 4


def opened(file: File, options: Options, pose_ids: Sequence[int]) -> tuple[Choice, dict[int, StoredPose]]:
    """Return the database's estimator and the stored poses asked for, by number; raise where something is not there."""
    with file.reading() as connection:
        snapshots.check_collection(connection, options.collection)
        held = choice.held(connection)
        stored = {one.pose_id: one for one in snapshots.poses(connection, pose_ids)}
        if held is None or not snapshots.any_poses(connection):
            raise NoPoses(str(file.path))
        if options.cluster is not None and not clusterings.has_label(connection, options.cluster):
            raise NoSuchCluster(options.cluster)
    return held, stored


def candidates(connection: Connection, options: Options) -> str:
    """Return the name of what the options leave to search among."""
    return search.candidates(
        connection,
        view=options.view,
        collection=options.collection,
        cluster=options.cluster,
        where=options.where,
    )


def both_ways(stored: Poses, asked: Sequence[Asked], options: Options) -> tuple[Double, Double]:
    """Return the similarity of queries with stored poses, (q, n), as they are and mirrored; -inf for no match."""
    ways = []
    for variant in (asked, [one.mirrored() for one in asked]):
        query = Poses(
            *(np.concatenate(rows) for rows in zip(*((a.pose.vectors, a.pose.masks) for a in variant), strict=True))
        )
        weight = np.stack([one.weight for one in variant])
        ways.append(similarity.compare(stored, query, weight, options.freedom).similarity(options.min_shared))
        if not options.mirror:
            return ways[0], np.full_like(ways[0], -np.inf)
    return ways[0], ways[1]


class Scale:
    """How similar random pairs of the database's own poses are, compared as the query is."""

    def __init__(self, connection: Connection, options: Options) -> None:
        sample = search.sample(connection, SAMPLE, view=options.view)
        if options.view and not len(sample):
            raise NoDepth("the database")
        weights = queries.weight_of(options.parts) * sample.masks
        asked = [
            Asked(sample.take(slice(row, row + 1)), weight, options.freedom)
            for row, weight in enumerate(weights)
            if weight.sum() >= queries.BARS[-1]
        ]
        self._sorted = np.zeros(0)
        if len(asked) >= FEWEST:
            values = np.maximum(*both_ways(sample, asked, options))
            others = ~np.eye(len(sample), dtype=bool)[weights.sum(axis=1) >= queries.BARS[-1]]
            self._sorted = np.sort(values[others & (values > -np.inf)])

    def percentile(self, value: float) -> float | None:
        """Return how many per cent of random pairs are no more similar; None where there are too few poses."""
        if not len(self._sorted):
            return None
        return 100.0 * float(np.searchsorted(self._sorted, value + _EQUAL, side="right")) / len(self._sorted)


def report_of(
    connection: Connection,
    query: Query,
    asked: Asked,
    listed: Listed,
    scale: Scale,
    options: Options,
) -> SimilarReport:
    """Return the answer to a query: of the rows that are kept, those that are close, and why."""
    scope = query.collection if query.collection is not None and options.collection is None else options.collection
    cluster = _nearest_cluster(connection, query.pose, scope)
    matches = [
        _match(asked, listed.found[row], listed.rows[row], same, scale, options)
        for row, same in listed.kept[: options.n]
    ]  # best first
    far = [match for match in matches if match.percentile is not None and match.percentile < options.close]
    near = [replace(match, rank=rank) for rank, match in enumerate(matches[: len(matches) - len(far)], start=1)]
    return SimilarReport(query, cluster, tuple(near), far[0] if far else None)


def _match(
    asked: Asked, found: Found, stored: StoredPose, same: tuple[int, ...], scale: Scale, options: Options
) -> Match:
    variant = asked.mirrored() if found.mirrored else asked
    pose = queries.shown(stored.pose, options.freedom)
    compared = similarity.compare(pose, variant.pose, variant.weight[None], options.freedom)
    degrees = float(compared.degrees[0, 0])  # of a mirrored match: as it is, against the query in a mirror
    differing = similarity.contributions(pose, variant.pose, variant.weight[None], options.freedom)
    return Match(
        rank=0,
        similarity=found.similarity,
        percentile=scale.percentile(found.similarity),
        shared_joints=int(compared.shared[0, 0]),
        mirrored=found.mirrored,
        degrees=None if options.freedom == "none" else -degrees if found.mirrored else degrees,
        contributions=differing[list(skeleton.MIRROR[skeleton.BODY])] if found.mirrored else differing,
        duplicates=same,
        stored=stored,
    )


def _nearest_cluster(connection: Connection, pose: Pose, collection: str | None) -> NearestCluster | None:
    """Return the nearest cluster: of the newest clustering of a collection, else the most similar of the current ones.

    Distances compare only within one clustering.
    """
    best: NearestCluster | None = None
    for current in clusterings.current(connection, collection):
        normalisation = NORMALISATIONS[current.normalization]
        vector = normalisation(pose.person.keypoints.xy[None, skeleton.BODY])
        labels, _ = clustering.assign(vector, pose.mask[None], current.centroids, current.normalization)
        label = int(labels[0])
        centroid = Poses(current.centroids[label][None], np.ones((1, skeleton.N_BODY), np.float32))
        alike = similarity.compare(centroid, Poses(vector, pose.mask[None]), pose.mask[None]).correlation[0, 0]
        nearest = NearestCluster(
            current.clustering_id, label, float(alike), int(current.sizes[label]), int(current.medoids[label])
        )
        if best is None or nearest.similarity > best.similarity:
            best = nearest
    return best
