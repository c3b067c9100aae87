"""Explains the hits of a search: the joints that differ, the percentile, the rotation, and the nearest cluster."""

from dataclasses import replace

import numpy as np

from posesearch import skeleton
from posesearch.pose.centroids import assign_to_centroids
from posesearch.pose.normalize import NORMALIZATIONS
from posesearch.pose.similarity import Poses, compare, contributions
from posesearch.results.search import Match, NearestCluster, Query, SimilarReport
from posesearch.search.options import SearchOptions
from posesearch.search.percentiles import PercentileScale
from posesearch.search.query import select_coordinates
from posesearch.search.ranking import Ranking
from posesearch.store import clusterings
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.search import Hit
from posesearch.types import Pose, StoredPose


def make_report(
    connection: Connection,
    query: Query,
    prepared: PreparedQuery,
    ranking: Ranking,
    scale: PercentileScale,
    options: SearchOptions,
) -> SimilarReport:
    """Return the matches among the listed hits, with explanations, and the nearest cluster."""
    collection = options.collection if options.collection is not None else query.collection
    cluster = _find_nearest_cluster(connection, query.pose, collection)
    explained = [
        _explain_hit(prepared, ranking.hits[row], ranking.poses[row], duplicates, scale, options)
        for row, duplicates in ranking.listed[: options.n]
    ]  # best first
    too_far = [match for match in explained if match.percentile is not None and match.percentile < options.close]
    matches = explained[: len(explained) - len(too_far)]
    ranked = tuple(replace(match, rank=rank) for rank, match in enumerate(matches, start=1))
    return SimilarReport(query, cluster, ranked, too_far[0] if too_far else None)


def _explain_hit(
    prepared: PreparedQuery,
    hit: Hit,
    stored: StoredPose,
    duplicates: tuple[int, ...],
    scale: PercentileScale,
    options: SearchOptions,
) -> Match:
    variant = prepared.mirror() if hit.mirrored else prepared
    pose = select_coordinates(stored.pose, options.invariance)
    comparison = compare(pose, variant.pose, variant.weight[None], options.invariance)
    degrees = float(comparison.degrees[0, 0])  # of a mirrored match: of the stored pose against the mirrored query
    differences = contributions(pose, variant.pose, variant.weight[None], options.invariance)
    return Match(
        rank=0,
        similarity=hit.similarity,
        percentile=scale.percentile(hit.similarity),
        shared_joints=int(comparison.shared[0, 0]),
        mirrored=hit.mirrored,
        degrees=None if options.invariance == "none" else -degrees if hit.mirrored else degrees,
        contributions=differences[list(skeleton.MIRROR[skeleton.BODY])] if hit.mirrored else differences,
        duplicates=duplicates,
        stored=stored,
    )


def _find_nearest_cluster(connection: Connection, pose: Pose, collection: str | None) -> NearestCluster | None:
    """Return the nearest cluster of the newest clustering of a collection.

    Without a collection, return the most similar of the nearest clusters of all current clusterings. Similarities are
    compared, because the distances of different clusterings are not comparable.
    """
    best: NearestCluster | None = None
    for clustering in clusterings.read_current(connection, collection):
        normalize = NORMALIZATIONS[clustering.normalization]
        vector = normalize(pose.person.keypoints.xy[None, skeleton.BODY])
        labels, _ = assign_to_centroids(vector, pose.mask[None], clustering.centroids, clustering.normalization)
        label = int(labels[0])
        centroid = Poses(clustering.centroids[label][None], np.ones((1, skeleton.N_BODY), np.float32))
        similarity = compare(centroid, Poses(vector, pose.mask[None]), pose.mask[None]).correlation[0, 0]
        nearest = NearestCluster(
            clustering.clustering_id,
            label,
            float(similarity),
            int(clustering.sizes[label]),
            int(clustering.medoids[label]),
        )
        if best is None or nearest.similarity > best.similarity:
            best = nearest
    return best
