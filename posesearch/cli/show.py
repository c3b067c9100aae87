"""Prints each kind of result in the terminal."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from posesearch import skeleton
from posesearch.cli import hints, one_line, output
from posesearch.cli.rows import show_rows
from posesearch.cli.words import count as _count
from posesearch.render.subjects import make_match_subject
from posesearch.results.grades import NOT_ALIKE
from posesearch.results.pairs import OutliersReport, PairsReport
from posesearch.results.people import PhotoPeople
from posesearch.results.poses import add_attributes, photo_remark
from posesearch.results.search import SimilarReport
from posesearch.sources import DEFAULT_COLLECTION
from posesearch.types import Person, StoredPose

SKELETONS_SHOWN: Final = 5
"""Matches that are drawn beside the query: two rows of a usual terminal."""


def similar(report: SimilarReport, ascii_only: bool) -> None:
    """Show the nearest cluster, the skeletons side by side, and the matches."""
    query = report.query
    of = f", person {query.person} of {query.people}" if query.people > 1 else ""
    size = "size not known" if query.width is None else f"{query.width} x {query.height}"
    state = f", {query.remarks()}" if query.remarks() else ""
    lines = [("query", f"{query.source} ({size}{of}{state})")]
    if report.cluster is None:
        lines.append(("cluster", f"none yet. Try: {hints.command('cluster')}"))
    else:
        found = report.cluster
        lines.append((
            "cluster",
            f"{found.cluster} of clustering {_name(found.clustering_id, found.clustering_name)}, "
            f"{_count(found.size, 'pose')}, similarity {found.similarity:.3f}, most typical pose "
            f"{found.medoid_pose_id}",
        ))  # fmt: skip
    output.show_lines(lines)
    output.out.print()
    drawn = [(query.pose.person.keypoints.xy, "query")]
    drawn += [
        (make_match_subject(match).keypoints.xy, f"{match.rank}: {match.similarity:.3f}")
        for match in report.matches[:SKELETONS_SHOWN]
    ]
    output.show_skeletons(drawn, ascii_only)
    if report.matches:
        close = [match for match in report if match.grade != NOT_ALIKE]
        is_named = any(match.collection != DEFAULT_COLLECTION for match in report)  # otherwise there is nothing to tell
        is_mixed = len({match.stored.clustering_id for match in report} - {None}) > 1
        show_rows(
            ("rank", "grade", "similarity", "percentile", "collection", "cluster", "pose", "remarks"),
            [
                (
                    (
                        match.rank, match.grade, f"{match.similarity:.3f}", _percent(match.percentile),
                        match.collection if is_named else "", name_cluster(match.stored, is_mixed=is_mixed),
                        match.pose_id, add_attributes(match.remarks(), match.stored),
                    ),
                    [match.stored.source],
                )
                for match in report.matches
            ],
            numbers=("rank", "similarity", "percentile", "cluster", "pose"),
            line=(max((match.rank for match in close), default=0), "not alike below"),
        )  # fmt: skip
    left_out = report.closest_left_out
    if not report.matches and left_out is None:
        other = "pose" if query.pose_id is None else "other pose"
        output.note(
            f"No {other} passes the filters and shares enough joints with the query. --min-shared N needs fewer."
        )
    elif not report.matches and left_out is not None:
        output.note(
            f"No pose is close. The most similar one, pose {left_out.stored.pose_id}, has similarity "
            f"{left_out.similarity:.3f}: more alike than {_percent(left_out.percentile)} of random pairs. "
            f"--close 0 shows it."
        )
    elif left_out is not None:
        output.note("Matches that are not close are hidden. --close 0 shows them.")


def _name(clustering_id: int | None, name: str | None) -> str:
    return f"{clustering_id}" if name is None else f"{clustering_id} ({name})"


def name_cluster(stored: StoredPose, *, is_mixed: bool) -> str | int | None:
    """Return the label of a pose, with the id of its clustering if the labels come from several."""
    is_whole = is_mixed and stored.cluster is not None
    return f"{stored.cluster} of {stored.clustering_id}" if is_whole else stored.cluster


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}%"


def pairs(report: PairsReport, *, is_filtered: bool) -> None:
    """Show the nearest pairs, or say why there are none."""
    if not report.pairs:
        output.note(_explain_nothing(report, is_filtered, " --all shows their pairs."))
        return
    show_rows(
        ("grade", "similarity", "percentile", "pose", "pose", "remarks"),
        [
            (
                (
                    pair.grade, f"{pair.similarity:.4f}", _percent(pair.percentile), pair.first.pose_id,
                    pair.second.pose_id, add_attributes(pair.remarks(), pair.first, pair.second),
                ),
                [pair.first.source, pair.second.source],
            )
            for pair in report.pairs
        ],
        numbers=("similarity", "percentile", "pose"),
    )  # fmt: skip
    if report.duplicates:
        output.note(f"Near-duplicates are hidden ({_count(report.duplicates, 'pair')}). --all shows them.")


def outliers(report: OutliersReport, *, is_filtered: bool) -> None:
    """Show the poses that are least similar to all others, or say why there are none."""
    if not report.outliers:
        output.note(_explain_nothing(report, is_filtered, ""))
        return
    show_rows(
        ("grade", "similarity", "percentile", "pose", "nearest", "remarks"),
        [
            (
                (
                    one.grade, f"{one.similarity:.3f}", _percent(one.percentile), one.stored.pose_id, one.nearest,
                    add_attributes(one.remarks(), one.stored),
                ),
                [one.stored.source],
            )
            for one in report.outliers
        ],
        numbers=("similarity", "percentile", "pose", "nearest"),
    )  # fmt: skip


def _explain_nothing(report: PairsReport | OutliersReport, is_filtered: bool, remedy: str) -> str:
    """Return why a comparison of poses found nothing.

    Args:
        report: the comparison.
        is_filtered: whether the user chose some of the poses.
        remedy: a sentence that says how to see near-duplicates, after a blank.
    """
    count = report.compared
    if not count:
        return "No pose passes the filters, so nothing was compared."
    if count == 1:
        more = "Other filters leave more poses." if is_filtered else "Ingest more photos."
        return f"There is only 1 pose to compare, and a comparison needs 2. {more}"
    if report.duplicates == count * (count - 1) // 2:
        return f"All {count} poses are near-duplicates of each other.{remedy}"
    return (
        "No two poses share enough joints, apart from near-duplicates. --min-shared N needs fewer."
        if report.duplicates
        else "No two poses share enough joints. --min-shared N needs fewer."
    )


def people(found: PhotoPeople, ascii_only: bool) -> None:
    """Show the people in a photo, side by side."""
    count = "1 person" if len(found) == 1 else f"{len(found) or 'no'} people"
    output.show_lines([("photo", f"{found.source} ({found.width} x {found.height}), {count}")])
    drawn = [
        (person.keypoints.xy, f"{number}: {person.keypoints.body_joints} joints")
        for number, person in enumerate(found, start=1)
    ]
    if drawn:
        output.out.print()
        output.show_skeletons(drawn, ascii_only)


def pose(stored: StoredPose, ascii_only: bool) -> None:
    """Show a stored pose and its joints."""
    person = stored.pose.person
    cluster = (
        "none"
        if stored.cluster is None
        else f"{stored.cluster} of clustering {_name(stored.clustering_id, stored.clustering_name)}, "
        f"distance {stored.distance:.3f} to its centroid"
    )
    left, top, width, height = person.box
    of_photo = "" if math.isnan(person.prominence) else f", {person.prominence:.0%} as high as the photo"
    state = photo_remark(exists=stored.exists, changed=stored.changed)
    output.show_lines([
        ("pose", f"{stored.pose_id}, person {stored.number} of snapshot {stored.snapshot_id}"),
        ("path", f"{stored.source}{f' ({state})' if state else ''}"),
        ("collection", stored.collection),
        ("photo", "size not known" if stored.width is None else f"{stored.width} x {stored.height}"),
        ("box", f"{width:.0f} x {height:.0f} at ({left:.0f}, {top:.0f}){of_photo}"),
        ("estimator", f"{stored.estimator}, score {person.score:.2f}"),
        ("body joints", f"{person.keypoints.body_joints} of {skeleton.N_BODY}"),
        ("cluster", cluster),
        ("traits", ", ".join(stored.traits or ("none",))),
        *((f"  {name}", one_line.OneLine().write(value, "")) for name, value in stored.attributes.items()),
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


def models(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the estimators and their weights."""
    for row in rows:
        output.out.print(Text(row["name"] + ("  (default)" if row["default"] else ""), style="bold"))
        lines = [("  about", row["summary"]), ("  version", row["version"]), ("  joints", _joints(row))]
        pull = hints.command("models", "pull", row["name"])
        for weights in row["weights"]:
            size = "" if weights["bytes"] is None else f", {weights['bytes'] / 1e6:.1f} MB"
            lines += [
                ("  network", f"{weights['name']}{size}, {weights['licence']}, from {weights['origin']}"),
                ("    sha256", weights["sha256"]),
                ("    path", weights["path"] or f"not downloaded yet. Try: {pull}"),
            ]
        output.show_lines(lines)


def _joints(row: Mapping[str, Any]) -> str:
    return f"{row['joints']}{', and in metres' if row['world'] else ''}"


def step(*arguments: str | Path) -> None:
    """Show the command that does the demo's next step."""
    output.out.print(Text(f"\n$ {output.printable(hints.command(*arguments))}", style="bold green"), soft_wrap=True)


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
        hints.command("similar", "1", "--db", db),
        hints.command("sql", "FROM similar_poses(1, 5)", "--db", db),
        hints.command("ingest") + " ~/Pictures",
    ):
        output.out.print(Text(f"  {output.printable(command)}"), soft_wrap=True)


def written(path: Path, db: Path, untrusted: Sequence[str]) -> None:
    """Show which picture was written, and which photos it lacks because another user stored them."""
    output.note(f"Wrote {path}")
    if untrusted:
        others = f" and {_count(len(untrusted) - 1, 'other photo')}" if len(untrusted) > 1 else ""
        output.note(
            f"The picture lacks {untrusted[0]}{others}, which another user or an earlier posesearch stored in {db}. "
            f"--trust FOLDER opens photos below a folder, and --trust all opens all photos. An ingest of the folder "
            f"makes its photos yours."
        )
