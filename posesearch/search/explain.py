"""Explains the hits of a search: the joints that differ, the percentile, the rotation, and the nearest cluster."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from posesearch import skeleton
from posesearch.pose.centroids import assign_to_centroids
from posesearch.pose.normalize import NORMALIZATIONS
from posesearch.pose.similarity import Poses, compare, contributions
from posesearch.pose.variants import Variant, compare_variants, list_variants
from posesearch.results.clusters import NearestCluster
from posesearch.results.query import Query
from posesearch.results.search import Match, SimilarReport
from posesearch.search.options import SearchOptions
from posesearch.search.percentiles import read_scale
from posesearch.search.query import stack_poses
from posesearch.search.ranking import ListedHit, find_chosen_clustering
from posesearch.store import clusterings, poses
from posesearch.store.connection import Connection
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.search import Hit
from posesearch.types import Pose, StoredPose


def make_report(
    connection: Connection,
    query: Query,
    prepared: PreparedQuery,
    ranking: Sequence[ListedHit[Hit]],
    options: SearchOptions,
) -> SimilarReport:
    """Return the matches among the listed hits, with explanations, and the nearest cluster."""
    collection = options.collection if options.collection is not None else query.collection
    clustering_id = find_chosen_clustering(connection, options)
    cluster = _find_nearest_cluster(connection, query.pose, collection, clustering_id)
    listed = ranking[: options.n]
    stored = poses.read_poses(connection, [one.hit.pose_id for one in listed], clustering_id)
    scale = read_scale(connection, options)
    explained: dict[int, Match] = {}
    chosen = _choose_variants(prepared, stored, options)
    for variant in set(chosen):
        rows = [row for row, one in enumerate(chosen) if one == variant]
        matches = _explain(prepared, variant, [listed[row] for row in rows], [stored[row] for row in rows])
        explained |= zip(rows, matches, strict=True)
    best_first = [
        replace(
            match,
            rank=row + 1,
            percentile=scale.percentile(match.similarity),
        )
        for row, match in sorted(explained.items())
    ]
    too_far = [match for match in best_first if match.percentile is not None and match.percentile < options.close]
    close = best_first[: len(best_first) - len(too_far)]
    return SimilarReport(query, cluster, tuple(close), too_far[0] if too_far else None, options.describe())


def _choose_variants(query: PreparedQuery, stored: Sequence[StoredPose], options: SearchOptions) -> list[Variant]:
    """Return the variant of a query that is the most similar to each of some poses."""
    if not stored:
        return []
    weight = query.weight[None]
    variants = list_variants(weight, mirror=options.mirror, exchanged=False)
    variants += list_variants(weight, mirror=options.mirror, exchanged=True) if options.exchange else []
    compared = stack_poses([one.pose for one in stored], query.invariance)
    _, best = compare_variants(compared, query.pose, weight, variants, query.invariance, options.min_shared)
    return [variants[number] for number in best[0].tolist()]


def _explain(
    query: PreparedQuery, variant: Variant, hits: Sequence[ListedHit[Hit]], stored: Sequence[StoredPose]
) -> list[Match]:
    """Return the matches of hits with one variant of a query. Ranks and percentiles follow."""
    pose, weight = variant.apply(query.pose, query.weight[None])
    compared = stack_poses([one.pose for one in stored], query.invariance)
    comparison = compare(compared, pose, weight, query.invariance)
    added = contributions(compared, pose, weight, comparison, query.invariance)
    return [
        Match(
            rank=0,
            similarity=one.hit.similarity,
            percentile=None,
            mirrored=variant.mirrored,
            exchanged=variant.exchanged,
            # The rotation of a mirrored match is that of the mirrored stored pose, so its sign changes.
            degrees=None if query.invariance == "none" else -degrees if variant.mirrored else degrees,
            contributions=parts,
            compared=joints,
            duplicates=one.duplicates,
            stored=found,
            invariance=query.invariance,
        )
        for one, found, degrees, parts, joints in zip(
            hits,
            stored,
            comparison.degrees[0].tolist(),
            variant.restore(added),
            variant.restore(compared.masks * weight) > 0,
            strict=True,
        )
    ]


def _find_nearest_cluster(
    connection: Connection, pose: Pose, collection: str | None, clustering_id: int | None
) -> NearestCluster | None:
    """Return the nearest cluster of the clustering from which a collection takes its labels, or of a chosen clustering.

    Without either, return the most similar of the nearest clusters of all collections' clusterings. Similarities are
    compared, because the distances of different clusterings are not comparable.
    """
    best: NearestCluster | None = None
    key = "centroids", collection, clustering_id
    for clustering in connection.compute_once(
        key, lambda: clusterings.read_centroids(connection, collection, clustering_id)
    ):
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
            clustering.name,
        )
        if best is None or nearest.similarity > best.similarity:
            best = nearest
    return best
