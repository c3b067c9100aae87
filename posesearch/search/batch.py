"""The search for many queries, in one pass over the stored poses."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.errors import BadPath, NoSuchPose, PhotoError, QueryError
from posesearch.estimators import Estimator
from posesearch.photos.pool import DecoderPool
from posesearch.pose.similarity import Poses
from posesearch.pose.variants import MAX_EXCHANGED, compare_variants, list_variants
from posesearch.results.query import Query
from posesearch.results.search import Failure, SimilarReport
from posesearch.search.explain import make_report
from posesearch.search.options import SearchOptions
from posesearch.search.query import make_query, prepare_query, query_from_pose
from posesearch.search.query_values import Source, name_source
from posesearch.search.ranking import count_hits, list_hits, rank_distinct, select_from_options
from posesearch.search.similar import check_searchable
from posesearch.store import vectors
from posesearch.store.connection import Connection, DatabaseFile
from posesearch.store.poses import read_poses
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.search import Hit
from posesearch.threads import map_in_order
from posesearch.types import EstimatorConfig, Float32, Float64, Int64

QUERIES: Final = 256
POSES: Final = 8192
"""Queries and poses that are compared in one step. The step uses about ten matrices of 16 MB."""


def find_similar_to_each(
    file: DatabaseFile,
    wanted: Sequence[Source],
    options: SearchOptions,
    load: Callable[[EstimatorConfig], Estimator],
) -> Iterator[SimilarReport | Failure]:
    """Find the poses most similar to each query. See Database.similar_many.

    The file is open while poses are compared and reports are made. It is closed while the caller processes the reports.
    """
    with file.reading(for_users_sql=bool(options.where)) as connection:
        config = check_searchable(file, connection, options)
        ids = [source for source in wanted if isinstance(source, int)]
        stored = {one.pose_id: one for one in read_poses(connection, ids)}

    def prepare(item: tuple[int, Source]) -> tuple[int, tuple[Query, PreparedQuery] | Failure]:
        position, source = item
        try:
            if not isinstance(source, int):
                query = make_query(source, None, lambda: load(config), decoders)
            elif source in stored:
                query = query_from_pose(stored[source], None)
            else:
                raise NoSuchPose(source)
            return position, (query, prepare_query(query, options))
        except (PhotoError, QueryError, BadPath) as error:
            return position, Failure(name_source(source), type(error).__name__, str(error))

    with DecoderPool() as decoders:
        # `close` ends the decoding after Ctrl-C. A slow photo may come after later ones, hence the positions.
        by_position = dict(map_in_order(prepare, enumerate(wanted), stop=decoders.close))
    queries = [by_position[position] for position in range(len(wanted))]
    prepared = [query[1] for query in queries if not isinstance(query, Failure)]
    with file.reading(for_users_sql=bool(options.where)) as connection:
        candidates = select_from_options(connection, options)
        best_hits = _find_most_similar(connection, prepared, options, candidates)
    for start in range(0, len(queries), QUERIES):
        with file.reading(for_users_sql=bool(options.where)) as connection:
            candidates = select_from_options(connection, options)
            reports = [
                query
                if isinstance(query, Failure)
                else _make_report(connection, *query, next(best_hits), candidates, options)
                for query in queries[start : start + QUERIES]
            ]
        yield from reports


def _make_report(
    connection: Connection,
    query: Query,
    prepared: PreparedQuery,
    hits: list[Hit],
    candidates: str,
    options: SearchOptions,
) -> SimilarReport:
    ranking = list_hits(connection, query, hits, options)
    if len(ranking) < options.n and len(hits) >= count_hits(options):  # near-duplicates took up places
        ranking = rank_distinct(connection, query, prepared, candidates, options, 4 * count_hits(options))
    return make_report(connection, query, prepared, ranking, options)


@dataclass(frozen=True, eq=False)
class _BestHits:
    """The best hits of some queries so far, as arrays (queries, hits). The best hit comes first."""

    limit: int
    similarity: Float64
    pose_id: Int64

    @classmethod
    def of(cls, queries: int, limit: int) -> "_BestHits":
        """Return no hits of some queries, of which `limit` are kept at most."""
        return cls(limit, np.zeros((queries, 0)), np.zeros((queries, 0), np.int64))

    def merge(self, ids: Int64, similarity: Float64) -> "_BestHits":
        """Return the best among these hits and more poses, whose ids are (n,) and similarities (queries, n)."""
        values = np.concatenate([self.similarity, similarity], axis=1)
        pose_id = np.concatenate([self.pose_id, np.broadcast_to(ids, similarity.shape)], axis=1)
        order = np.lexsort((pose_id, -values), axis=1)[:, : self.limit]
        return _BestHits(
            self.limit, np.take_along_axis(values, order, axis=1), np.take_along_axis(pose_id, order, axis=1)
        )

    def can_improve(self) -> Int64:
        """Return the queries whose hits a variant with an exchange can still change, (q,)."""
        if self.similarity.shape[1] < self.limit:
            return np.arange(len(self.similarity))
        return np.flatnonzero(self.similarity[:, -1] <= MAX_EXCHANGED)

    def to_hits(self) -> Iterator[list[Hit]]:
        """Yield the hits of each query."""
        for rows in zip(self.similarity.tolist(), self.pose_id.tolist(), strict=True):
            yield [Hit(pose_id, value) for value, pose_id in zip(*rows, strict=True) if value > -np.inf]


def _find_most_similar(
    connection: Connection, prepared: Sequence[PreparedQuery], options: SearchOptions, candidates: str
) -> Iterator[list[Hit]]:
    """Return the best hits of each query. Each pose is read once, and compared with all queries."""
    chunks = [_stack(prepared[start : start + QUERIES]) for start in range(0, len(prepared), QUERIES)]
    best = [_BestHits.of(len(query), count_hits(options)) for query, _ in chunks]
    for ids, stored in vectors.read_blocks(connection, candidates, world=options.uses_world, size=POSES):
        best = [
            _compare_block(hits, ids, stored, query, weight, options)
            for hits, (query, weight) in zip(best, chunks, strict=True)
        ]
    return (hits for of_chunk in best for hits in of_chunk.to_hits())


def _compare_block(
    hits: _BestHits, ids: Int64, stored: Poses, query: Poses, weight: Float32, options: SearchOptions
) -> _BestHits:
    """Return the best among some hits and a block of poses. Exchanged variants are compared only where they matter."""

    def compare_with(rows: Int64, *, exchanged: bool) -> Float64:
        some, its_weight = query.take(rows), weight[rows]
        variants = list_variants(its_weight, mirror=options.mirror, exchanged=exchanged)
        return compare_variants(stored, some, its_weight, variants, options.invariance, options.min_shared)[0]

    similarity = compare_with(np.arange(len(query)), exchanged=False)
    merged = hits.merge(ids, similarity)
    rows = merged.can_improve() if options.exchange else np.zeros(0, np.int64)
    if not len(rows):
        return merged
    similarity[rows] = np.maximum(similarity[rows], compare_with(rows, exchanged=True))
    return hits.merge(ids, similarity)


def _stack(queries: Sequence[PreparedQuery]) -> tuple[Poses, Float32]:
    """Return queries and the weights of their joints, (q, 14), as matrices."""
    poses = Poses(
        np.concatenate([query.pose.vectors for query in queries]),
        np.concatenate([query.pose.masks for query in queries]),
    )
    return poses, np.stack([query.weight for query in queries])
