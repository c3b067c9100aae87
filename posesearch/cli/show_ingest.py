"""Prints what an ingest or a re-estimation did, and what is in the database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from rich.text import Text

from posesearch.cli import hints, output
from posesearch.cli.words import count
from posesearch.errors import frames_command
from posesearch.photos.extensions import OTHER_PICTURES, VIDEO_EXTENSIONS
from posesearch.results.ingest import IngestReport, ListReport, ReestimateReport, Rejection

REJECTIONS_SHOWN: Final = 10
ENDINGS_SHOWN: Final = 4
ATTRIBUTES_SHOWN: Final = 6

_DONE: Final = ("ingested", "changed", "moved", "pruned")
"""Counts of what an ingest does. A dry run says "would be" before them."""


def ingest(report: IngestReport) -> None:
    """Show what an ingest did, or would do, and why photos were rejected."""
    would = "would be " if report.dry_run else ""
    total = " in total" if report.ingested and report.changed else ""
    stored = "" if report.dry_run else f", {count(report.poses, 'pose')} stored{total}"
    if report.dry_run:
        output.note("This is a dry run. Nothing was stored.")
    if report.missing:
        are = "is" if report.missing == 1 else "are"
        output.note(f"{count(report.missing, 'photo')} of the database {are} missing. --prune removes missing photos.")
    counts = (
        ("ingested", report.ingested), ("changed", report.changed), ("moved", report.moved), ("copies", report.copies),
        ("unchanged", report.unchanged), ("missing", report.missing), ("pruned", report.pruned),
    )  # fmt: skip
    last = "changed" if report.changed else "ingested"
    output.show_lines([
        ("photos", report.seen - sum(rejection.kind != "photo" for rejection in report.rejected)),
        *(
            ((would if name in _DONE else "") + name, f"{number}{stored if name == last else ''}")
            for name, number in counts
            if number or name in ("ingested", "unchanged")
        ),
        *_rejections(report.rejected, would),
        *([("forgotten", f"{report.forgotten}, left out. --again ingests them")] if report.forgotten else []),
        *([("passed over", _list_endings(report.passed_over))] if report.passed_over else []),
        *(("list", _describe_list(one)) for one in report.lists if one.attributes or one.changed),
        ("seconds", f"{report.seconds:.1f}"),
    ])  # fmt: skip
    for one in report.lists:
        _explain_list(one)
    if any(ending in VIDEO_EXTENSIONS for ending in report.passed_over):
        output.note(f"Videos are passed over. To ingest one, take frames first: {frames_command('VIDEO')}")
    if any(ending in OTHER_PICTURES for ending in report.passed_over):
        output.note(
            "Pictures in other formats, such as raw photos, are passed over. To ingest them, export them as JPEG."
        )


def _describe_list(one: ListReport) -> str:
    """Return the name of a list, its attributes, and how many of their values have changed."""
    names = ", ".join(one.attributes[:ATTRIBUTES_SHOWN])
    more = len(one.attributes) - ATTRIBUTES_SHOWN
    shown = f"{names} and {count(more, 'other')}" if more > 0 else names or "no attributes"
    return f"{PurePath(one.path).name}: {shown}, {count(one.photos, 'photo')}, {count(one.changed, 'value')} changed"


def _explain_list(one: ListReport) -> None:
    """Say which columns have other names as attributes, and which rows do not count."""
    name = PurePath(one.path).name
    for attribute, column in one.renamed.items():
        if column:
            why = "because posesearch or another column has its name"
            output.note(f"{name}: the column {column!r} is the attribute {attribute!r}, {why}.")
        else:
            output.note(f"{name}: a column without a name is the attribute {attribute!r}.")
    if one.disagreeing:
        photos = count(one.disagreeing, "photo")
        output.note(f"{name}: rows disagree about {photos}. The last row counts.")


def _list_endings(counts: Mapping[str, int]) -> str:
    """Return the most frequent extensions with their counts, such as "12 .dng, 3 .mp4 and 4 others"."""
    endings = [ending for ending in counts if ending != "other"][:ENDINGS_SHOWN]
    others = sum(counts.values()) - sum(counts[ending] for ending in endings)
    shown = ", ".join(f"{counts[ending]} {ending}" for ending in endings)
    if not others:
        return shown
    return f"{shown} and {count(others, 'other')}" if shown else count(others, "file")


def reestimate(report: ReestimateReport) -> None:
    """Show what a re-estimation did."""
    for source in report.gone[:REJECTIONS_SHOWN]:
        output.note(f"{source}: missing, unreadable or changed, so its poses stay as they are")
    if len(report.gone) > REJECTIONS_SHOWN:
        output.note(f"... and {len(report.gone) - REJECTIONS_SHOWN} more. --json lists them all.")
    output.show_lines([
        ("estimator", report.estimator),
        ("estimated again", f"{count(report.redone, 'photo')}, {count(report.poses, 'pose')} stored"),
        *_rejections(report.rejected, "of these "),
        ("unchanged", count(report.unchanged, "photo")),
        ("not available", count(len(report.gone), "photo")),
        ("seconds", f"{report.seconds:.1f}"),
    ])  # fmt: skip


def _rejections(rejected: Sequence[Rejection], prefix: str) -> list[tuple[str, Any]]:
    """Print the first rejections that no earlier run had, and return the count of each reason.

    Folders and names that are no photos are counted apart, so that `stats` has the same counts of photos.
    """
    new = [rejection for rejection in rejected if not rejection.is_known]
    for rejection in new[:REJECTIONS_SHOWN]:
        output.note(f"{rejection.listed}{': ' * bool(rejection.listed)}{rejection.source}: {rejection.message}")
    known = len(rejected) - len(new)
    if len(new) > REJECTIONS_SHOWN:
        output.note(f"... and {len(new) - REJECTIONS_SHOWN} more. To list them all: {_list_rejected()}")
    elif known:
        were = "was" if known == 1 else "were"
        output.note(f"{count(known, 'photo')} {were} rejected in an earlier run, too. To list all: {_list_rejected()}")
    photos = [rejection for rejection in rejected if rejection.kind == "photo"]
    again = f", of these {known} in an earlier run too" if known else ""
    others = Counter(rejection.kind for rejection in rejected)
    reasons = Counter(rejection.reason for rejection in photos)
    return [
        (f"{prefix}rejected", f"{len(photos)}{again}"),
        *((f"  {reason}", number) for reason, number in reasons.most_common()),
        *([("not found", others["name"])] if others["name"] else []),
        *([("folders not read", others["folder"])] if others["folder"] else []),
    ]


def _list_rejected() -> str:
    query = "SELECT s.source, reason, message FROM sources AS s JOIN snapshots USING (snapshot_id) WHERE reason > ''"
    return hints.command("sql", query)


def stats(counts: Mapping[str, Any]) -> None:
    """Show what is in the database."""
    output.show_lines([
        ("database", f"{counts['path']} ({counts['bytes'] / 1e6:.1f} MB)"),
        ("estimator", counts["estimator"] or "none yet"),
        ("snapshots", counts["snapshots"]),
        *([("missing", f"{counts['missing']} of these")] if counts["missing"] else []),
        ("poses", f"{counts['poses']}, of these {counts['complete_poses']} complete"),
        ("rejected", ", ".join(f"{number} {reason}" for reason, number in counts["reasons"].items()) or 0),
        ("clusterings", counts["clusterings"]),
    ])  # fmt: skip
    attributes = [
        {**row, "most_frequent": ", ".join(f"{one['value']} ({one['photos']})" for one in row["most_frequent"])}
        for row in counts["attributes"]
    ]
    for title, rows in (
        ("collections", counts["collections"]),
        ("attributes", attributes),
        ("current clusterings", counts["current_clusterings"]),
    ):
        if rows:
            output.out.print(Text(f"\n{title}", style="bold"))
            shown = [name for name in rows[0] if any(row[name] not in (None, []) for row in rows)]
            values = [[row[name] for name in shown] for row in rows]
            cells = [[", ".join(one) if isinstance(one, list) else one for one in row] for row in values]
            output.show_table(shown, cells)
