"""Prints what was forgotten, renamed, or removed from the cache."""

from collections.abc import Iterator, Sequence
from typing import Final

from posesearch.cli import output
from posesearch.cli.rows import show_rows
from posesearch.cli.words import count
from posesearch.results.cache import CacheSizes, RemovedFiles
from posesearch.results.forget import ForgetReport, ForgottenPhoto, RenameReport

PHOTOS_SHOWN: Final = 100


def forget(report: ForgetReport, *, as_json: bool) -> None:
    """Show the photos that go, or only their counts if they are gone."""
    if as_json:
        output.show_json(report.as_json())
        return
    if not report:
        output.note(
            "No ingest has found a photo missing, so there is nothing to forget. "
            "Ingest the folders of each collection to look again."
        )
        return
    if not report.is_done:
        rows = [row for photo in report[:PHOTOS_SHOWN] for row in _list_sources(photo)]
        show_rows(("collection", "poses"), rows, numbers=("poses",))
        if len(report) > PHOTOS_SHOWN:
            output.note(f"... and {len(report) - PHOTOS_SHOWN} more. --json lists them all.")
        output.out.print()
    sources = sum(len(photo.sources) for photo in report)
    output.show_lines([
        ("forgotten" if report.is_done else "would go", count(len(report), "photo")),
        ("poses", report.poses),
        ("paths and URLs", sources),
        *([("clusterings", _list_clusterings(report.clusterings))] if report.clusterings else []),
    ])  # fmt: skip
    if not report.is_done:
        output.note(
            "Nothing was changed. --yes forgets these photos. Cropped, resized and mirrored copies are other photos. "
            "posesearch duplicates lists them."
        )


def _list_sources(photo: ForgottenPhoto) -> Iterator[tuple[tuple[str | int, ...], list[str]]]:
    """Yield a row for each path or URL of a photo. Only the first one has its collection and its poses."""
    yield (photo.collection, photo.poses), [photo.source]
    for copy in photo.sources:
        if copy != photo.source:
            yield ("", ""), [copy]


def _list_clusterings(ids: Sequence[int]) -> str:
    """Return the clusterings that go with the photos, and why."""
    them = "it has a cluster" if len(ids) == 1 else "each has a cluster"
    return f"{', '.join(map(str, ids))}, because {them} without complete poses of other photos"


def rename(report: RenameReport, *, as_json: bool) -> None:
    """Show the new name of a collection, and what it has."""
    if as_json:
        output.show_json(report.as_json())
        return
    output.show_lines([
        ("collection", report.new),
        ("old name", report.old),
        ("photos", report.photos),
        ("clusterings", report.clusterings),
    ])  # fmt: skip


def removed(files: RemovedFiles, *, as_json: bool, nothing: str) -> None:
    """Show how many bytes were removed from the cache, and what stays. `nothing` is said if no file was removed."""
    if as_json:
        output.show_json(files.as_json())
        return
    for name, estimators in files.kept.items():
        need = "needs" if len(estimators) == 1 else "need"
        output.note(f"{name} stays, because {' and '.join(estimators)} {need} it.")
    if not files.files:
        output.note(nothing)
    output.show_lines([("removed", f"{count(len(files.files), 'file')}, {megabytes(files.bytes)}")])


def cache(sizes: CacheSizes, *, as_json: bool) -> None:
    """Show the folder of the cache, and how large its parts are."""
    if as_json:
        output.show_json(sizes.as_json())
        return
    output.show_lines([
        ("folder", sizes.folder),
        ("weights", megabytes(sizes.weights)),
        ("compiled networks", megabytes(sizes.compiled)),
        ("other files", megabytes(sizes.other)),
    ])  # fmt: skip


def megabytes(size: int) -> str:
    """Return a number of bytes as megabytes."""
    return f"{size / 1e6:.1f} MB"
