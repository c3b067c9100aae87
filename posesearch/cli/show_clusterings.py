"""Prints a new clustering, and the clusterings of a database."""

import numpy as np

from posesearch import skeleton
from posesearch.cli import hints, output
from posesearch.cli.words import count
from posesearch.results.clusterings import ClusteringsReport
from posesearch.results.clusters import ClusterReport


def cluster(report: ClusterReport, ascii_only: bool) -> None:
    """Show the sizes and the centroids of a new clustering, and the collections that do not use it."""
    clustering = report.clustering
    chosen = ", chosen by the elbow of the inertia: more clusters would hardly be narrower"
    scope = "all collections" if clustering.collection is None else f"collection {clustering.collection}"
    partial = f"{clustering.partial} partial (labelled by the nearest centroid, a cluster's mean pose)"
    is_told = len(report.used_by) + len(report.not_used_by) > 1
    output.show_lines([
        ("clustering", f"id {report.clustering_id}, {scope}, {clustering.normalization} normalization"),
        ("clusters", f"{len(report.clusters)}{chosen if clustering.chosen_by == 'elbow' else ''}"),
        ("poses", f"{clustering.complete} complete, {partial}"),
        *([("labels of", ", ".join(report.used_by) or "no collection")] if is_told else []),
    ])  # fmt: skip
    output.out.print()
    half = skeleton.N_BODY
    drawn = [
        (
            np.stack([cluster.centroid[:half], cluster.centroid[half:]], axis=1),
            f"{cluster.cluster}: {count(cluster.size, 'pose')}",
        )
        for cluster in report.clusters
    ]
    output.show_skeletons(drawn, ascii_only)
    if report.not_used_by:
        keep = "keeps the labels" if len(report.not_used_by) == 1 else "keep the labels"
        command = hints.command("clusterings", "use", str(report.clustering_id))
        output.note(
            f"{', '.join(report.not_used_by)} {keep} of another clustering. To use this one everywhere: {command}"
        )


def clusterings(report: ClusteringsReport) -> None:
    """Show the clusterings of a database, and the collections that take their labels from each."""
    if not report:
        output.note(f"There are no clusterings. Try: {hints.command('cluster')}")
        return
    output.show_table(
        ("id", "name", "collection", "clusters", "chosen by", "poses", "created (UTC)", "labels of"),
        [
            (
                one.clustering_id, one.name, "all" if one.collection is None else one.collection, one.k, one.chosen_by,
                one.poses, f"{one.created_at:%Y-%m-%d %H:%M}", ", ".join(one.used_by),
            )
            for one in report
        ],
        numbers=("id", "clusters", "poses"),
    )  # fmt: skip
