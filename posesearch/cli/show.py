"""Prints each kind of result in the terminal."""

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.text import Text

from posesearch import skeleton
from posesearch.cli import output
from posesearch.results.clusters import ClusterReport
from posesearch.results.ingest import IngestReport, ReestimateReport, Rejection
from posesearch.results.search import Match, OutliersReport, PairsReport, SimilarReport
from posesearch.types import Float32, Person, StoredPose

REJECTIONS_SHOWN: Final = 10
SKELETONS_SHOWN: Final = 5
"""Matches that are drawn beside the query: two rows of a usual terminal."""


def ingest(report: IngestReport) -> None:
    """Show what an ingest did, and why photos were rejected."""
    poses = "" if report.dry_run else f" with {_poses(report.poses)}"
    if report.dry_run:
        output.note("This is what would be done; nothing was written.")
    if report.missing:
        output.note(f"{_photos(report.missing)} in the database and not there any more; --prune removes what is gone.")
    rows: list[tuple[str, Any]] = [
        ("photos seen", report.seen),
        ("ingested", f"{report.ingested}{poses}" if not report.changed else report.ingested),
        *([("changed", f"{report.changed}{poses}, those ingested too")] if report.changed else []),
        *((name, count) for name, count in (("moved", report.moved), ("copies", report.copies)) if count),
        ("unchanged", report.unchanged),
        *((name, count) for name, count in (("missing", report.missing), ("pruned", report.pruned)) if count),
        *_rejections(report.rejected),
    ]
    output.show_lines([*rows, ("seconds", f"{report.seconds:.1f}")])


def _photos(count: int) -> str:
    return "1 photo is" if count == 1 else f"{count} photos are"


def _poses(count: int) -> str:
    return f"{count} pose" if count == 1 else f"{count} poses"


def reestimate(report: ReestimateReport) -> None:
    """Show what a re-estimation did."""
    for source in report.gone[:REJECTIONS_SHOWN]:
        output.note(f"{source}: not there any more, not readable, or changed; its poses stay as they are")
    if len(report.gone) > REJECTIONS_SHOWN:
        output.note(f"... and {len(report.gone) - REJECTIONS_SHOWN} more of these; --json lists them all")
    output.show_lines([
        ("estimator", report.estimator),
        ("redone", f"{report.redone} with {report.poses} poses"),
        ("unchanged", report.unchanged),
        ("gone", len(report.gone)),
        *_rejections(report.rejected),
        ("seconds", f"{report.seconds:.1f}"),
    ])  # fmt: skip


def _rejections(rejected: Sequence[Rejection]) -> list[tuple[str, Any]]:
    """Tell of the first rejections, and return the counts of each reason."""
    for rejection in rejected[:REJECTIONS_SHOWN]:
        output.note(f"{rejection.source}: {rejection.message}")
    if len(rejected) > REJECTIONS_SHOWN:
        more = len(rejected) - REJECTIONS_SHOWN
        query = "SELECT source, message FROM snapshots WHERE status = 'rejected'"
        output.note(f"... and {more} more: {_format_command('sql', query)}")
    reasons = Counter(rejection.reason for rejection in rejected)
    return [("rejected", len(rejected)), *((f"  {reason}", count) for reason, count in reasons.most_common())]


def clusters(report: ClusterReport, ascii_only: bool) -> None:
    """Show the sizes and the centroids of a clustering."""
    clustering = report.clustering
    chosen = "the elbow of the inertia" if clustering.chosen_by == "elbow" else "as asked"
    scope = clustering.collection or "all collections"
    output.show_lines([
        ("clustering", f"{report.clustering_id} of {scope}, {clustering.normalization} normalization"),
        ("clusters", f"{len(report.clusters)} ({chosen})"),
        ("poses", f"{clustering.complete} complete, {clustering.partial} partial labelled by the nearest centroid"),
    ])  # fmt: skip
    output.out.print()
    half = skeleton.N_BODY
    drawn = [
        (
            np.stack([cluster.centroid[:half], cluster.centroid[half:]], axis=1),
            f"{cluster.cluster}: {cluster.size} poses",
        )
        for cluster in report.clusters
    ]
    output.show_skeletons(drawn, ascii_only)


def similar(report: SimilarReport, ascii_only: bool) -> None:
    """Show the nearest cluster, the skeletons side by side, and the matches."""
    query = report.query
    of = f", person {query.person} of {query.people}" if query.people > 1 else ""
    lines = [("query", f"{query.source} ({query.width} x {query.height}{of})")]
    if report.cluster is None:
        lines.append(("cluster", "none; `posesearch cluster` makes some"))
    else:
        found = report.cluster
        lines.append((
            "cluster",
            f"{found.cluster} of clustering {found.clustering_id}, similarity {found.similarity:.3f} "
            f"({found.size} poses, medoid pose {found.medoid_pose_id})",
        ))  # fmt: skip
    output.show_lines(lines)
    output.out.print()
    drawn = [(query.pose.person.keypoints.xy, "query")]
    drawn += [
        (_comparable_keypoints(match), f"{match.rank}: {match.similarity:.3f}")
        for match in report.matches[:SKELETONS_SHOWN]
    ]
    output.show_skeletons(drawn, ascii_only)
    if report.matches:
        output.show_table(
            ("rank", "similarity", "closer than", "collection", "cluster", "pose", "remarks", "path"),
            [
                (
                    match.rank, f"{match.similarity:.3f}", _percent(match.percentile), match.stored.collection,
                    match.stored.cluster, match.stored.pose_id, match.remarks(), match.stored.source,
                )
                for match in report.matches
            ],
            numbers=("rank", "similarity", "closer than", "cluster", "pose"),
        )  # fmt: skip
    left_out = report.closest_left_out
    if not report.matches and left_out is None:
        output.note("No stored pose shares enough joints with the query.")
    elif not report.matches and left_out is not None:
        output.note(
            f"Nothing close: the most similar, pose {left_out.stored.pose_id}, has {left_out.similarity:.3f}, closer "
            f"than {_percent(left_out.percentile)} of random pairs of poses here. "
            f"--close 0 shows it all the same."
        )
    elif left_out is not None:
        output.note("The others are not close; --close 0 shows them all the same.")


def _comparable_keypoints(match: Match) -> Float32:
    """Return the joints of a match, flipped where it is mirrored, so that eyes can compare."""
    keypoints = match.stored.pose.person.keypoints
    return (keypoints.mirror(match.stored.width) if match.mirrored else keypoints).xy


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}%"


def pairs(report: PairsReport) -> None:
    """Show the nearest pairs."""
    output.show_table(
        ("similarity", "closer than", "remarks", "pose", "path", "pose", "path"),
        [
            (
                f"{pair.similarity:.4f}", _percent(pair.percentile), "mirrored" if pair.mirrored else "",
                pair.first.pose_id, pair.first.source, pair.second.pose_id, pair.second.source,
            )
            for pair in report.pairs
        ],
        numbers=("similarity", "closer than", "pose"),
    )  # fmt: skip
    if report.duplicates:
        count = "A pair" if report.duplicates == 1 else f"{report.duplicates} pairs"
        output.note(f"{count} of near-duplicates left out; --all lists them too.")


def outliers(report: OutliersReport) -> None:
    """Show the poses that are farthest from every other."""
    output.show_table(
        ("similarity", "closer than", "pose", "nearest", "path"),
        [
            (
                f"{outlier.similarity:.3f}", _percent(outlier.percentile), outlier.stored.pose_id, outlier.nearest,
                outlier.stored.source,
            )
            for outlier in report.outliers
        ],
        numbers=("similarity", "closer than", "pose", "nearest"),
    )  # fmt: skip


def pose(stored: StoredPose, ascii_only: bool) -> None:
    """Show a stored pose and its joints."""
    person = stored.pose.person
    cluster = (
        "none"
        if stored.cluster is None
        else f"{stored.cluster} of clustering {stored.clustering_id}, distance {stored.distance:.3f}"
    )
    left, top, width, height = person.box
    output.show_lines([
        ("pose", f"{stored.pose_id}: person {stored.number} of snapshot {stored.snapshot_id}"),
        ("path", stored.source),
        ("collection", stored.collection),
        ("photo", f"{stored.width} x {stored.height}"),
        ("box", f"{width:.0f} x {height:.0f} at ({left:.0f}, {top:.0f}), {person.prominence:.0%} of the height"),
        ("estimator", f"{stored.estimator}, score {person.score:.2f}"),
        ("body joints", f"{person.keypoints.body_joints} of {skeleton.N_BODY}"),
        ("cluster", cluster),
    ])  # fmt: skip
    output.out.print()
    output.show_skeletons([(person.keypoints.xy, "")], ascii_only, width=36, height=20)
    metres = ("right m", "down m", "away m") if person.world is not None else ()
    numbers = ("x", "y", "score", *metres)
    output.show_table(("joint", *numbers), [_joint_row(person, joint) for joint in skeleton.JOINTS], numbers=numbers)


def _joint_row(person: Person, joint: str) -> tuple[str, ...]:
    number = skeleton.INDEX[joint]
    (x, y), score = person.keypoints.xy[number], person.keypoints.score[number]
    if not person.keypoints.present[number]:
        return joint, "missing"
    metres = () if person.world is None else tuple(f"{value:.2f}" for value in person.world[number])
    return (joint, f"{x:.1f}", f"{y:.1f}", f"{score:.2f}", *metres)


def stats(counts: Mapping[str, Any]) -> None:
    """Show what is in the database."""
    output.show_lines([
        ("database", f"{counts['path']} ({counts['bytes'] / 1e6:.1f} MB)"),
        ("estimator", counts["estimator"] or "none yet"),
        ("snapshots", counts["snapshots"]),
        *([("missing", f"{counts['missing']} of them")] if counts["missing"] else []),
        ("poses", f"{counts['poses']}, {counts['complete_poses']} of them complete"),
        ("rejected", ", ".join(f"{count} {reason}" for reason, count in counts["reasons"].items()) or 0),
        ("clusterings", counts["clusterings"]),
    ])  # fmt: skip
    for title, rows in (("collections", counts["collections"]), ("current clusterings", counts["current_clusterings"])):
        if rows:
            output.out.print(Text(f"\n{title}", style="bold"))
            output.show_table(list(rows[0]), [list(row.values()) for row in rows])


def models(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the estimators and their weights."""
    for row in rows:
        output.out.print(Text(row["name"] + ("  (default)" if row["default"] else ""), style="bold"))
        lines = [("  what", row["summary"]), ("  version", row["version"]), ("  joints", _joints(row))]
        for weights in row["weights"]:
            size = "" if weights["bytes"] is None else f", {weights['bytes'] / 1e6:.1f} MB"
            lines += [
                ("  network", f"{weights['name']}{size}, {weights['licence']}, from {weights['origin']}"),
                ("    sha256", weights["sha256"]),
                ("    where", weights["path"] or "not fetched yet; the first ingest does, or `posesearch models pull`"),
            ]
        output.show_lines(lines)


def _joints(row: Mapping[str, Any]) -> str:
    return f"{row['joints']}{', and in metres' if row['world'] else ''}"


def step(*arguments: str | Path) -> None:
    """Show the command that does the demo's next step."""
    output.out.print(Text(f"\n$ {output.printable(_format_command(*arguments))}", style="bold green"), soft_wrap=True)


def _format_command(*arguments: str | Path) -> str:
    """Return a command as it is to be typed, with the program as it was called."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "posesearch" else "posesearch"
    program = "posesearch" if shutil.which("posesearch") else program
    return shlex.join([program, *map(str, arguments)])


def demo_end(folder: Path, db: Path) -> None:
    """Show what the demo left, and what to type next."""
    output.out.print()
    output.show_lines([
        ("folder", folder.absolute()),
        ("database", db),
        ("pictures", f"{folder / 'similar.png'}, {folder / 'plots'}"),
    ])  # fmt: skip
    output.out.print(Text("\nNext:", style="bold"))
    for command in (
        _format_command("similar", "1", "--db", db),
        _format_command("sql", "FROM similar_poses(1, 5)", "--db", db),
        _format_command("ingest") + " ~/Pictures",
    ):
        output.out.print(Text(f"  {output.printable(command)}"), soft_wrap=True)


def written(path: Path, db: Path, untrusted: Sequence[str]) -> None:
    """Tell which picture was written, and which photos are not in it because another user has stored them."""
    output.note(f"Wrote {path}")
    if untrusted:
        others = f" and {len(untrusted) - 1} more" if len(untrusted) > 1 else ""
        output.note(
            f"Not opened: {untrusted[0]}{others}, because {db} has that from another user or an earlier posesearch. "
            f"An ingest of the folder makes its photos yours; --trust FOLDER and --trust all open them now."
        )
