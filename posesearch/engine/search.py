"""From queries to the nearest cluster and the most similar poses, each with what tells them apart."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypedDict

import numpy as np

from posesearch import clustering, similarity, skeleton
from posesearch.engine import choice, pipeline, queries, variety
from posesearch.engine.choice import Choice
from posesearch.engine.reports import Failure, Match, NearestCluster, Query, SimilarReport
from posesearch.errors import NoDepth, NoPoses, NoSuchCluster, NoSuchPose, PhotoError, QueryError
from posesearch.estimators import Estimator
from posesearch.normalise import NORMALISATIONS
from posesearch.similarity import MIN_SHARED, Double, Freedom, Poses
from posesearch.store import clusterings, search, snapshots
from posesearch.store.file import Connection, File
from posesearch.store.search import Asked, Found
from posesearch.store.snapshots import StoredPose
from posesearch.types import Pose

CLOSE: Final = 90.0
"""Per cent of random pairs that a match must be closer than; what is farther is no answer. docs/search.md has why."""

SAMPLE: Final = 200
"""Poses, of which every two make a random pair: about 20,000 pairs place a similarity to a tenth of a per cent."""


class Comparing(TypedDict, total=False):
    """Which poses are compared, and how; the keyword arguments of all that compares.

    Attributes:
        collection: only its poses; None, the default, is all.
        cluster: only poses with this label; None is all.
        where: only poses for which this holds, an expression of SQL over the columns of labelled_poses.
        mirror: poses that are like the other in a mirror count as well; True by default.
        turn: a turn in the picture does not count.
        view: "any" compares joints in 3D, and a turn about the vertical does not count; "same" by default.
        min_shared: joints that two poses must share, 2 to 14, or all where one has fewer; 6 by default.
        duplicates: near-duplicates are listed on their own.
    """

    collection: str | None
    cluster: int | None
    where: str
    mirror: bool
    turn: bool
    view: Literal["same", "any"]
    min_shared: int
    duplicates: bool


class Searching(Comparing, total=False):
    """The keyword arguments of a search.

    Attributes:
        parts: only these parts of the body, as "left-arm", or joints; none is the whole body.
        close: per cent of random pairs that a match must be closer than, 0 to 100; 90 by default.
    """

    parts: Sequence[str]
    close: float


_EQUAL: Final = 1e-6  # two similarities nearer than that differ by rounding

FEWEST: Final = 30
"""Poses that there must be for random pairs to mean anything; with fewer, nothing is left out."""


@dataclass(frozen=True)
class Options:
    """How to search, checked."""

    n: int = 10
    collection: str | None = None
    cluster: int | None = None
    where: str = ""
    mirror: bool = True
    parts: tuple[str, ...] = ()
    freedom: Freedom = "none"
    min_shared: int = MIN_SHARED
    close: float = CLOSE
    duplicates: bool = False

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n must be 1 or more, not {self.n}")
        if not 2 <= self.min_shared <= skeleton.N_BODY:
            raise ValueError(f"min_shared must be 2 to {skeleton.N_BODY}, not {self.min_shared}")
        if not 0 <= self.close <= 100:
            raise ValueError(f"close must be 0 to 100, not {self.close}")

    @classmethod
    def of(
        cls,
        n: int,
        *,
        turn: bool = False,
        view: Literal["same", "any"] = "same",
        parts: Sequence[str] = (),
        **others: Any,  # the fields of the same names
    ) -> "Options":
        """Return the options of keyword arguments.

        Raises:
            ValueError: one is out of range, or two exclude each other.
        """
        if view not in ("same", "any"):
            raise ValueError(f"view must be 'same' or 'any', not {view!r}")
        if turn and view == "any":
            raise ValueError("a turn in the picture and any view can't both be free; choose one")
        freedom: Freedom = "view" if view == "any" else "turn" if turn else "none"
        return cls(n=n, parts=tuple(parts), freedom=freedom, **others)

    @property
    def view(self) -> bool:
        """Whether joints in 3D are compared."""
        return self.freedom == "view"


def similar(
    file: File, source: str | int, person: int | None, options: Options, load: Callable[[Choice], Estimator]
) -> SimilarReport:
    """Find the poses most like the one asked for. See Database.similar."""
    queries.weight_of(options.parts)  # a part that there is not is told before the work
    held, stored = _opened(file, options, [source] if isinstance(source, int) else [])
    if isinstance(source, int):
        query = queries.of_stored(stored[source], person)
    else:
        query = queries.of_any(source, person, lambda: load(held))
    asked = queries.asked(query, options.parts, options.freedom)
    with file.reading() as connection:
        among = candidates(connection, options)
        scale = Scale(connection, options)
        taken = options.n if options.duplicates else 2 * options.n
        while True:
            found = search.nearest(
                connection, asked, taken, mirror=options.mirror, min_shared=options.min_shared, among=among
            )
            found = _own_first(found, query)
            rows = snapshots.poses(connection, [one.pose_id for one in found])
            kept = _kept(rows, options)
            if len(kept) >= options.n or len(found) < taken:
                return _report(connection, query, asked, found, rows, kept, scale, options)
            taken *= 4


def similar_many(
    file: File,
    sources: Iterable[str | int],
    options: Options,
    load: Callable[[Choice], Estimator],
) -> Iterator[SimilarReport | Failure]:
    """Find the poses most like each of many, in one pass over the database. See Database.similar_many."""
    queries.weight_of(options.parts)
    wanted = list(sources)
    held, stored = _opened(file, options, [one for one in wanted if isinstance(one, int)])

    def look(source: str | int) -> tuple[Query, Asked] | Failure:
        try:
            query = (
                queries.of_stored(stored[source], None)
                if isinstance(source, int)
                else queries.of_any(source, None, lambda: load(held))
            )
            return query, queries.asked(query, options.parts, options.freedom)
        except (PhotoError, QueryError) as error:
            return Failure(str(source), type(error).__name__, str(error))

    looked = list(pipeline.in_order(look, wanted))
    asked = [one[1] for one in looked if not isinstance(one, Failure)]
    with file.reading() as connection:
        among = candidates(connection, options)
        scale = Scale(connection, options)
        best = iter(_best_of_all(connection, asked, options, among))
        for one in looked:
            if isinstance(one, Failure):
                yield one
                continue
            found = _own_first(next(best), one[0])
            rows = snapshots.poses(connection, [each.pose_id for each in found])
            yield _report(connection, *one, found, rows, _kept(rows, options), scale, options)


def _opened(file: File, options: Options, pose_ids: Sequence[int]) -> tuple[Choice, dict[int, StoredPose]]:
    """Return the database's estimator and the stored poses asked for, by number; raise where something is not there."""
    with file.reading() as connection:
        snapshots.check_collection(connection, options.collection)
        held = choice.held(connection)
        stored = {one.pose_id: one for one in snapshots.poses(connection, pose_ids)}
        if held is None or not snapshots.any_poses(connection):
            raise NoPoses(str(file.path))
        if options.cluster is not None and not clusterings.has_label(connection, options.cluster):
            raise NoSuchCluster(options.cluster)
    for pose_id in pose_ids:
        if pose_id not in stored:
            raise NoSuchPose(pose_id)
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


def _best_of_all(connection: Connection, asked: Sequence[Asked], options: Options, among: str) -> list[list[Found]]:
    """Return the best matches of each query; every pose is read once."""
    if not asked:
        return []
    taken = options.n if options.duplicates else 2 * options.n + 10
    none = np.full((len(asked), 0), -np.inf), np.zeros((len(asked), 0), np.int64), np.zeros((len(asked), 0), bool)
    score, number, mirrored = none
    for ids, stored in search.blocks(connection, among, view=options.view):
        plain, flipped = _both_ways(stored, asked, options)
        score = np.concatenate([score, np.maximum(plain, flipped)], axis=1)
        number = np.concatenate([number, np.broadcast_to(ids, plain.shape)], axis=1)
        mirrored = np.concatenate([mirrored, flipped > plain], axis=1)
        order = np.lexsort((number, -score), axis=1)[:, :taken]
        score, number, mirrored = (np.take_along_axis(rows, order, axis=1) for rows in (score, number, mirrored))
    return [
        [Found(*row) for row in zip(ids.tolist(), scores.tolist(), flags.tolist(), strict=True) if row[1] > -np.inf]
        for scores, ids, flags in zip(score, number, mirrored, strict=True)
    ]


def _both_ways(stored: Poses, asked: Sequence[Asked], options: Options) -> tuple[Double, Double]:
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
            values = np.maximum(*_both_ways(sample, asked, options))
            others = ~np.eye(len(sample), dtype=bool)[weights.sum(axis=1) >= queries.BARS[-1]]
            self._sorted = np.sort(values[others & (values > -np.inf)])

    def percentile(self, value: float) -> float | None:
        """Return how many per cent of random pairs are no more similar; None where there are too few poses."""
        if not len(self._sorted):
            return None
        return 100.0 * float(np.searchsorted(self._sorted, value + _EQUAL, side="right")) / len(self._sorted)


def _own_first(found: list[Found], query: Query) -> list[Found]:
    """Put the query's own pose first among its equals: of two copies of a photo, the one that was asked for answers."""
    return sorted(found, key=lambda one: one.pose_id != query.pose_id or one.similarity < found[0].similarity - _EQUAL)


def _kept(rows: Sequence[StoredPose], options: Options) -> list[tuple[int, tuple[int, ...]]]:
    return [(row, ()) for row in range(len(rows))] if options.duplicates else variety.collapsed(rows)


def _report(
    connection: Connection,
    query: Query,
    asked: Asked,
    found: Sequence[Found],
    rows: Sequence[StoredPose],
    kept: Sequence[tuple[int, tuple[int, ...]]],
    scale: Scale,
    options: Options,
) -> SimilarReport:
    scope = query.collection if query.collection is not None and options.collection is None else options.collection
    cluster = _nearest_cluster(connection, query.pose, scope)
    matches = [
        _match(asked, found[row], rows[row], same, scale, options) for row, same in kept[: options.n]
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
    differing = similarity.contributions(pose, variant.pose, variant.weight[None], options.freedom)
    return Match(
        rank=0,
        similarity=found.similarity,
        percentile=scale.percentile(found.similarity),
        shared_joints=int(compared.shared[0, 0]),
        mirrored=found.mirrored,
        degrees=None if options.freedom == "none" else float(compared.degrees[0, 0]),
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
