"""Writes the pictures of results as PNG files: contact sheets, poses on their photos, and plots of clusterings."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from posesearch.paths import expand_file_path, expand_folder_path
from posesearch.photos.pool import DecoderPool
from posesearch.render.files import check_png, write_file, write_files
from posesearch.render.labels import draw_numbers
from posesearch.render.legend import Entry, list_entries
from posesearch.render.people import draw_whole
from posesearch.render.photos import PhotoOpener, read_photo
from posesearch.render.sheet import TILE_HEIGHT, TILE_WIDTH, Sheet, draw_sheet
from posesearch.render.skeletons import Pixels, draw_on_photo, encode_png
from posesearch.render.subjects import make_match_subject, make_subject
from posesearch.render.tiles import MAX_PICTURES, Tile, TileMaker, choose_size
from posesearch.results.clusters import ClusterReport
from posesearch.results.duplicates import DuplicatePhoto, DuplicatesReport
from posesearch.results.find import FindReport
from posesearch.results.pairs import OutliersReport, PairsReport
from posesearch.results.people import PhotoPeople
from posesearch.results.search import Match, SimilarReport
from posesearch.sources import SourceReader, to_location
from posesearch.trust import Trust
from posesearch.types import StoredPose

SheetReport = SimilarReport | FindReport | PairsReport | OutliersReport | DuplicatesReport
"""A report that is drawn as a contact sheet."""

_USEFUL_SIDE: Final = 2 * TILE_HEIGHT  # pixels of the longer side of a whole photo that a tile can use

PLOTS: Final = ("inertia.png", "scatter.png", "centroids.png")
"""The files that `write_plots` writes."""


def write_sheet(
    report: SheetReport,
    path: str | os.PathLike[str],
    *,
    allow_private: bool = False,
    trust: Sequence[str | os.PathLike[str]] = (),
    plain: bool = False,
    keep: Sequence[str | os.PathLike[str]] = (),
) -> Path:
    """Write a report as a contact sheet, which is one PNG.

    It shows a query and its matches, found poses, pairs, outliers, or duplicate photos, which are shown whole.

    Each person is cut out of the photo, with the skeleton, and with the whole photo small in a corner. People are
    flipped, turned and given the sides as they were compared. The colour and the size of a joint show how much it
    differs from that of the query, or of the first person of a pair. If a photo can't be read or decoded, if it has
    changed since its ingest, or if another user stored it, its skeleton is drawn alone. A sheet shows at most 1,000
    matches, 500 pairs, 1,000 outliers or 1,000 photos.

    Args:
        report: the answer of Database.similar, find, pairs, outliers or duplicates.
        path: the file to write.
        allow_private: whether to open URLs on this machine and in its network.
        trust: photos to open although another user stored them, as in Database.
        plain: whether the skeletons are left out. Skeletons without a photo are still drawn.
        keep: files that must not be overwritten. The photos that are drawn are always kept.

    Raises:
        OutputFailed: the file can't be written, or must not be overwritten.
        DecoderUnavailable: photos can't be decoded on this machine.
        ValueError: the report is of something else than a search, and has no elements.
    """
    target = Path(expand_file_path(path))
    drawn = draw_result(report, allow_private=allow_private, trust=trust, plain=plain)
    photos = [to_location(stored.source) for stored in _list_stored(report)]
    if isinstance(report, SimilarReport):
        photos.append(to_location(report.query.source))
    return write_file(target, encode_png(drawn), [*keep, *photos])


def draw_result(
    result: object,
    *,
    allow_private: bool = False,
    trust: Sequence[str | os.PathLike[str]] = (),
    plain: bool = False,
) -> Pixels:
    """Return a result as a picture: the sheet of a report, or the photo of another result.

    Args:
        result: what is drawn.
        allow_private: as in `write_sheet`.
        trust: as in `write_sheet`.
        plain: as in `write_sheet`.

    Raises:
        DecoderUnavailable: photos can't be decoded on this machine.
        ValueError: the result is a report without elements to draw.
        TypeError: the result is something else.
    """
    with DecoderPool(1) as decoders:
        opener = PhotoOpener(SourceReader(allow_private=allow_private), decoders, Trust(trust))
        if isinstance(result, SheetReport):
            return draw_sheet(make_sheet(result, opener, plain=plain))
        if isinstance(result, PhotoPeople):
            return _draw_people(result, opener, None)
        if isinstance(result, StoredPose):
            subject = make_subject(result.keypoints, result.width, result.height)
            photo = opener.open_stored(result, None)
        elif isinstance(result, Match):
            subject, photo = make_match_subject(result), opener.open_stored(result.stored, None)
        else:
            raise TypeError(f"{type(result).__name__} has no picture")
    return draw_whole(photo.pixels, subject, (TILE_WIDTH, TILE_HEIGHT), plain=plain)


def has_tiles(report: SheetReport) -> bool:
    """Return whether a report has something to draw. A search has at least its query."""
    return isinstance(report, SimilarReport) or len(report) > 0


def make_sheet(report: SheetReport, opener: PhotoOpener, *, plain: bool = False) -> Sheet:
    """Return what is on the contact sheet of a report.

    Raises:
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    maker = TileMaker(opener, plain=plain)
    if isinstance(report, DuplicatesReport):
        return _make_duplicates_sheet(report, maker)
    if isinstance(report, FindReport):
        return _make_found_sheet(report, maker)
    if isinstance(report, SimilarReport):
        title, (tiles, size) = f"Poses like {_name_query(report)}", maker.make_similar(report)
    elif isinstance(report, PairsReport):
        title, (tiles, size) = "The most similar pairs of poses", maker.make_pairs(report)
    else:
        title, (tiles, size) = "The poses that are unlike all others", maker.make_outliers(report)
    shown = len(tiles) - isinstance(report, SimilarReport)
    compared = len(report) > 0 and not isinstance(report, OutliersReport)
    legend = list_entries(
        skeletons=any(tile.has_skeletons for tile in tiles),
        compared=compared,
        graded=len(report) > 0,
        percentiles=any(one.percentile is not None for one in report),
    )
    return Sheet(_add_details(title, report, shown, len(report)), tiles, size, tuple(legend))


def _make_found_sheet(report: FindReport, maker: TileMaker) -> Sheet:
    tiles, size = maker.make_found(report)
    title = f'Poses that match "{report.phrase}"' if report.phrase else "Poses"
    legend = list_entries(skeletons=any(tile.has_skeletons for tile in tiles), compared=False)
    details = _add_details(title, report, len(tiles), len(report))
    return Sheet(details, tiles, size, (*legend, Entry("clearness 1: just clear enough, 3: very clear")))


def _make_duplicates_sheet(report: DuplicatesReport, maker: TileMaker) -> Sheet:
    tiles, size = maker.make_duplicates(report)
    title = _add_details("Duplicate photos", report, len(tiles), len(report) + report.removable)
    return Sheet(title, tiles, size, (Entry("a dark frame: the photo to keep"),))


def _add_details(title: str, report: SheetReport, shown: int, count: int) -> str:
    """Return a title with the options of a report, and with the number of tiles if some are left out."""
    first = f"the first {shown:,} of {count:,}" if shown < count else ""
    details = ", ".join(filter(None, (*report.options, first)))
    return f"{title} — {details}" if details else title


def _name_query(report: SimilarReport) -> str:
    name = report.query.source.rstrip("/").rpartition("/")[2] or report.query.source
    return name if report.query.pose_id is None else f"pose {report.query.pose_id} ({name})"


def _list_stored(report: SheetReport) -> Sequence[StoredPose | DuplicatePhoto]:
    """Return what a report shows, apart from the query. A sheet shows the first MAX_PICTURES of them."""
    if isinstance(report, DuplicatesReport):
        return [photo for group in report for photo in group.photos]
    if isinstance(report, PairsReport):
        return [stored for pair in report for stored in (pair.first, pair.second)]
    return [one.stored for one in report]


def to_image(pixels: Pixels) -> Image.Image:
    """Return pixels as an image of Pillow, in RGB."""
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))


def list_untrusted(report: SheetReport, trust: Sequence[str | os.PathLike[str]] = ()) -> list[str]:
    """Return the photos that `write_sheet` does not open because another user stored them."""
    names = [(stored.source, stored.signature) for stored in _list_stored(report)[:MAX_PICTURES]]
    if isinstance(report, SimilarReport) and report.query.pose_id is not None:
        names.append((report.query.source, report.query.signature))
    return [source for source, signature in names if not Trust(trust).allows(source, signature)]


def write_pose(
    stored: StoredPose,
    path: str | os.PathLike[str],
    *,
    trust: Sequence[str | os.PathLike[str]] = (),
    keep: Sequence[str | os.PathLike[str]] = (),
) -> Path:
    """Write the photo of a pose with its skeleton drawn on it as a PNG.

    If the photo can't be read or decoded, if it has changed since its ingest, or if another user stored it, the
    skeleton is drawn alone.

    Args:
        stored: the pose.
        path: the file to write.
        trust: as in `write_sheet`.
        keep: as in `write_sheet`.

    Raises:
        OutputFailed: the file can't be written, or must not be overwritten.
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    target = Path(expand_file_path(path))
    drawn = draw_result(stored, trust=trust)
    return write_file(target, encode_png(drawn), [*keep, to_location(stored.source)])


def write_people(
    results: Sequence[PhotoPeople],
    path: str | os.PathLike[str],
    *,
    allow_private: bool = False,
) -> Path:
    """Write photos with the skeletons of their people as one PNG: one photo at its own size, several as a sheet.

    Args:
        results: the people of one or more photos.
        path: the file to write.
        allow_private: whether to open URLs on this machine and in its network.

    Raises:
        OutputFailed: the file can't be written, or must not be overwritten.
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    target = Path(expand_file_path(path))
    with DecoderPool(1) as decoders:
        opener = PhotoOpener(SourceReader(allow_private=allow_private), decoders, Trust())
        if len(results) == 1:
            drawn = _draw_people(results[0], opener, None)
        else:
            tiles = [
                Tile((_draw_people(one, opener, _USEFUL_SIDE),), (one.source,), f"people: {len(one)}")
                for one in results
            ]
            legend = list_entries(skeletons=True, compared=False)
            size = choose_size(one.width / one.height for one in results)
            drawn = draw_sheet(Sheet(f"People in {len(results)} photos", tiles, size, tuple(legend)))
    return write_file(target, encode_png(drawn), [to_location(one.source) for one in results])


def _draw_people(found: PhotoPeople, opener: PhotoOpener, useful_side: int | None) -> Pixels:
    """Draw all skeletons of a photo on it, and numbers if there are several. The background is empty without it."""
    photo = found.pixels
    if photo is None:
        photo = read_photo(to_location(found.source), opener.reader, opener.decoders, useful_side).pixels
    if photo is None:
        photo = np.full((found.height, found.width, 3), 250, np.uint8)
    scale = photo.shape[1] / found.width
    for person in found:
        photo = draw_on_photo(photo, person.keypoints.scale(scale, scale).xy)
    return draw_numbers(photo, [person.box for person in found], scale) if len(found) > 1 else photo


def check_plots(folder: str | os.PathLike[str], *, keep: Sequence[str | os.PathLike[str]] = ()) -> None:
    """Check that `write_plots` may write, before the clustering. The arguments and errors are the same."""
    for name in PLOTS:
        check_png(Path(expand_folder_path(folder)) / name, keep)


def write_plots(
    report: ClusterReport, folder: str | os.PathLike[str], *, keep: Sequence[str | os.PathLike[str]] = ()
) -> list[Path]:
    """Write the plots of a clustering: the elbow curve, the poses on two principal components, and the centroids.

    Args:
        report: the clustering.
        folder: where inertia.png, scatter.png and centroids.png are written.
        keep: files that must not be overwritten.

    Raises:
        OutputFailed: a file can't be written, or must not be overwritten.
    """
    from posesearch.render import plots  # noqa: PLC0415 (matplotlib takes a second to import)

    target = Path(expand_folder_path(folder))
    centroids = report.clustering.centroids
    inertia, scatter, skeletons = PLOTS
    files = {
        inertia: plots.plot_inertia(report.clustering.inertias, len(centroids)),
        scatter: plots.plot_scatter(report.points, report.point_labels, report.centroid_points),
        skeletons: plots.plot_skeletons(centroids, report.titles),
    }
    return write_files({target / name: data for name, data in files.items()}, keep)
