"""Ranks the hits of a search, and removes near-duplicates."""

from posesearch.results.search import Query
from posesearch.search.near_duplicates import collapse_near_duplicates
from posesearch.search.options import SearchOptions
from posesearch.search.percentiles import SAME_SIMILARITY
from posesearch.store import poses, search
from posesearch.store.candidates import select_candidates
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.search import Hit


class Ranking:
    """The hits of a search, and which of them are listed. By default, near-duplicates of a listed hit are not listed.

    Attributes:
        hits: best first. Of equal hits, the query's own pose comes first.
        poses: the stored poses of the hits.
        listed: the rows that are listed, each with the ids of its near-duplicates.
    """

    def __init__(self, connection: Connection, query: Query, hits: list[Hit], options: SearchOptions) -> None:
        self.hits = sorted(
            hits,
            key=lambda hit: hit.pose_id != query.pose_id or hit.similarity < hits[0].similarity - SAME_SIMILARITY,
        )
        self.poses = poses.read_poses(connection, [hit.pose_id for hit in self.hits])
        self.listed = (
            [(row, ()) for row in range(len(self.poses))]
            if options.duplicates
            else collapse_near_duplicates(self.poses)
        )


def rank_distinct(
    connection: Connection,
    query: Query,
    prepared: PreparedQuery,
    candidates: str,
    options: SearchOptions,
    n: int,
) -> Ranking:
    """Search for n hits. While too few are left without near-duplicates, search for four times as many."""
    while True:
        hits = search.find_most_similar(
            connection, prepared, n, mirror=options.mirror, min_shared=options.min_shared, candidates=candidates
        )
        ranking = Ranking(connection, query, hits, options)
        if len(ranking.listed) >= options.n or len(hits) < n:
            return ranking
        n *= 4


def select_from_options(connection: Connection, options: SearchOptions) -> str:
    """Return the name of the relation of candidates that the options select."""
    return select_candidates(
        connection,
        world=options.uses_world,
        collection=options.collection,
        cluster=options.cluster,
        where=options.where,
        timeout=options.timeout,
    )
