"""Ranks the hits of a search, and removes near-duplicates."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

import numpy as np

from posesearch.results.query import Query
from posesearch.search.near_duplicates import collapse_near_duplicates
from posesearch.search.options import SearchOptions
from posesearch.store import search
from posesearch.store.candidates import select_candidates
from posesearch.store.clusterings import check_cluster
from posesearch.store.connection import Connection
from posesearch.store.fingerprints import read_fingerprints, read_places
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.search import Hit
from posesearch.store.stored_clusterings import find_clustering
from posesearch.types import Float32, Int64


class _OfPose(Protocol):
    """A hit of any search."""

    @property
    def pose_id(self) -> int:
        """The id of the pose."""


AnyHit = TypeVar("AnyHit", bound=_OfPose)


@dataclass(frozen=True)
class ListedHit(Generic[AnyHit]):
    """A hit that is listed, with the ids of its near-duplicates, which are not."""

    hit: AnyHit
    duplicates: tuple[int, ...] = ()


def list_hits(connection: Connection, query: Query, hits: list[Hit], options: SearchOptions) -> list[ListedHit[Hit]]:
    """Return the hits without the near-duplicates of better ones, best first. With `duplicates`, all are listed.

    A stored pose that is the query is left out. A photo that is the query is not.
    """
    ranked = [hit for hit in hits if hit.pose_id != query.pose_id]
    return list_distinct(connection, ranked, options)


def list_distinct(connection: Connection, ranked: list[AnyHit], options: SearchOptions) -> list[ListedHit[AnyHit]]:
    """Return hits without the near-duplicates of better ones, best first. With `duplicates`, all are listed."""
    if options.duplicates:
        return [ListedHit(hit) for hit in ranked]
    ids = np.array([hit.pose_id for hit in ranked], np.int64)

    def read(rows: Int64) -> Float32:
        return read_places(connection, ids[rows])

    groups = collapse_near_duplicates(read_fingerprints(connection, ids), read)
    return [ListedHit(ranked[first], tuple(ids[rows].tolist())) for first, rows in groups]


def count_hits(options: SearchOptions) -> int:
    """Return how many hits to search for first. The pose that is the query and near-duplicates take some places."""
    return options.n + 1 if options.duplicates else 2 * options.n + 10


def rank_distinct(
    connection: Connection, query: Query, prepared: PreparedQuery, candidates: str, options: SearchOptions, n: int
) -> list[ListedHit[Hit]]:
    """Return the best hits without near-duplicates, from a search for n hits or more."""
    find = partial(
        search.find_most_similar,
        connection,
        prepared,
        mirror=options.mirror,
        exchange=options.exchange,
        min_shared=options.min_shared,
        candidates=candidates,
    )
    return search_distinct(find, lambda hits: list_hits(connection, query, hits, options), options, n)


def search_distinct(
    find: Callable[[int], list[AnyHit]],
    list_them: Callable[[list[AnyHit]], list[ListedHit[AnyHit]]],
    options: SearchOptions,
    n: int,
) -> list[ListedHit[AnyHit]]:
    """Search for n hits. While too few are left without near-duplicates, search for four times as many.

    Args:
        find: returns the best hits, as many as its argument says.
        list_them: returns the hits without near-duplicates.
        options: how many hits are wanted.
        n: how many hits to search for first.
    """
    while True:
        hits = find(n)
        listed = list_them(hits)
        if len(listed) >= options.n or len(hits) < n:
            return listed
        n *= 4


def find_chosen_clustering(connection: Connection, options: SearchOptions) -> int | None:
    """Return the id of the clustering that the options name. None if they name none.

    Raises:
        NoSuchClustering: there is no such clustering.
    """
    return None if options.clustering is None else find_clustering(connection, options.clustering)


def check_labels(connection: Connection, options: SearchOptions) -> None:
    """Raise NoSuchClustering or NoSuchCluster if the options name one that does not exist."""
    clustering_id = find_chosen_clustering(connection, options)
    if options.cluster is not None:
        check_cluster(connection, options.cluster, clustering_id)


def select_from_options(connection: Connection, options: SearchOptions) -> str:
    """Return the name of the relation of candidates that the options select."""
    return select_candidates(
        connection,
        world=options.uses_world,
        collection=options.collection,
        cluster=options.cluster,
        clustering_id=find_chosen_clustering(connection, options),
        where=options.where,
        rule=options.rule,
        timeout=options.timeout,
    )
