"""Prints groups of duplicate photos."""

from posesearch.cli import output
from posesearch.cli.rows import show_rows
from posesearch.cli.words import count, size
from posesearch.results.duplicates import DuplicateGroup, DuplicatePhoto, DuplicatesReport


def duplicates(report: DuplicatesReport) -> None:
    """Show the groups, each with the photo to keep first, and the totals."""
    show_rows(
        ("group", "advice", "pixels", "size", "poses", "remarks"),
        [
            (_describe(number, group, photo), [photo.source])
            for number, group in enumerate(report.groups, start=1)
            for photo in group.photos
        ],
        numbers=("group", "pixels", "size", "poses"),
    )
    output.note(_summarize(report))
    if report.not_compared:
        output.note(
            f"{count(report.not_compared, 'photo')} of an earlier posesearch may be near-duplicates too, but can't be "
            f"opened now. Only the same bytes were found of these."
        )


def _describe(number: int, group: DuplicateGroup, photo: DuplicatePhoto) -> tuple[object, ...]:
    is_kept = photo is group.keep
    return (
        number,
        "keep" if is_kept else "can go",
        photo.pixels,
        "" if photo.bytes is None else size(photo.bytes),
        photo.poses or "none",
        group.reason if is_kept else photo.likeness,
    )


def _summarize(report: DuplicatesReport) -> str:
    if not report.groups:
        what = "photos with the same bytes" if "the same bytes" in report.options else "duplicates"
        return f"No {what} among {count(report.compared, 'photo')}."
    with_people = sum(group.has_people for group in report)
    without = len(report) - with_people
    found = ((with_people, "with people"), (without, "without people"))
    kinds = [f"{count(number, 'group')} {kind}" for number, kind in found if number]
    return (
        f"{' and '.join(kinds)}. {report.removable} of {count(report.compared, 'photo')} can go, "
        f"which would save {size(report.bytes)}. Nothing was deleted."
    )
