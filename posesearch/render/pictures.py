"""Writes the pictures of results as PNG files: sheets of matches, poses on their photos, and plots of clusterings."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from posesearch.errors import PhotoError
from posesearch.paths import expand_file_path, expand_folder_path
from posesearch.photos.pool import DecoderPool
from posesearch.render.files import check_png, write_file, write_files
from posesearch.render.labels import draw_numbers
from posesearch.render.sheet import TILE_HEIGHT, TILE_WIDTH, Tile, draw_sheet
from posesearch.render.skeletons import Heat, Pixels, draw_alone, draw_on_photo, encode_png, mirror_pixels
from posesearch.results.clusters import ClusterReport
from posesearch.results.people import PhotoPeople
from posesearch.results.search import Match, SimilarReport
from posesearch.sources import SourceReader, to_location
from posesearch.trust import Trust
from posesearch.types import Keypoints, StoredPose

HOT: Final = 0.01
"""A joint that adds this much to the distance, or more, is dark red. A good match has this distance in all."""

_USEFUL_SIDE: Final = 2 * TILE_HEIGHT  # pixels of a photo's longer side that a tile can use
_COLUMNS: Final = 4

PLOTS: Final = ("inertia.png", "scatter.png", "centroids.png")
"""The files that `write_plots` writes."""


def write_sheet(
    report: SimilarReport,
    path: str | os.PathLike[str],
    *,
    allow_private: bool = False,
    trust: Sequence[str | os.PathLike[str]] = (),
    keep: Sequence[str | os.PathLike[str]] = (),
) -> Path:
    """Write the query and its matches as one PNG. Each photo has its skeleton drawn on it.

    The colour of a match's joint shows how much it differs from the query's joint. A mirrored match is shown mirrored,
    so that people can compare it with the query. If a photo can't be read or decoded, if it has changed since its
    ingest, or if another user stored it, its skeleton is drawn alone.

    Args:
        report: the answer of Database.similar.
        path: the file to write.
        allow_private: whether to open URLs on this machine and in its network.
        trust: photos to open although another user stored them, as in Database.
        keep: files that must not be overwritten. The photos that are drawn are always kept.

    Raises:
        OutputFailed: the file can't be written, or must not be overwritten.
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    target = Path(expand_file_path(path))
    drawn = draw_result(report, allow_private=allow_private, trust=trust)
    photos = [to_location(report.query.source), *(to_location(match.stored.source) for match in report.matches)]
    return write_file(target, encode_png(drawn), [*keep, *photos])


def draw_result(result: object, *, allow_private: bool = False, trust: Sequence[str | os.PathLike[str]] = ()) -> Pixels:
    """Return a result as a picture: the sheet of a SimilarReport, or the photo of another result.

    Args:
        result: what is drawn.
        allow_private: as in `write_sheet`.
        trust: as in `write_sheet`.

    Raises:
        DecoderUnavailable: photos can't be decoded on this machine.
        TypeError: the result is something else.
    """
    reader, trusted = SourceReader(allow_private=allow_private), Trust(trust)
    with DecoderPool(1) as decoders:
        if isinstance(result, SimilarReport):
            title = f"Poses like {Path(result.query.source).name}"
            return draw_sheet(make_tiles(result, reader, decoders, trusted), _COLUMNS, title)
        if isinstance(result, PhotoPeople):
            return _draw_people(result, reader, decoders, None)
        if not isinstance(result, StoredPose | Match):
            raise TypeError(f"{type(result).__name__} has no picture")
        stored, photo = result if isinstance(result, StoredPose) else result.stored, None
        if trusted.allows(stored.source, stored.signature):
            photo = read_photo(to_location(stored.source), reader, decoders, None, stored.sha256).pixels
    return (
        _draw_match(photo, result) if isinstance(result, Match) else _draw_pose(photo, stored.width, stored.keypoints)
    )


def to_image(pixels: Pixels) -> Image.Image:
    """Return pixels as an image of Pillow, in RGB."""
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))


def make_tiles(report: SimilarReport, reader: SourceReader, decoders: DecoderPool, trust: Trust) -> list[Tile]:
    """Return the tiles of a sheet: the query, then its matches.

    Raises:
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    query = report.query
    photo = Photo(query.pixels)
    if photo.pixels is None and (query.pose_id is None or trust.allows(query.source, query.signature)):
        photo = read_photo(to_location(query.source), reader, decoders, _USEFUL_SIDE, query.sha256)
    remark = query.remarks() or ("changed" if photo.has_changed else "")
    lines: tuple[str, ...] = (f"query, {remark}" if remark else "query",)
    drawn = _draw_pose(photo.pixels, query.width, query.pose.person.keypoints)
    if query.people > 1 and photo.pixels is not None and query.width is not None:
        drawn = draw_numbers(drawn, query.boxes, photo.pixels.shape[1] / query.width, query.person)
        lines = (", ".join(filter(None, (f"query, person {query.person} of {query.people}", remark))),)
    tiles = [Tile(drawn, lines, query.source)]
    for match in report.matches:
        percentile = "" if match.percentile is None else f"   percentile {match.percentile:.1f}"
        photo = Photo(None)
        if trust.allows(match.stored.source, match.stored.signature):
            photo = read_photo(to_location(match.stored.source), reader, decoders, _USEFUL_SIDE, match.stored.sha256)
        is_news = photo.has_changed and not match.stored.changed  # a URL is not looked at before
        remarks = ", ".join(filter(None, ("changed" if is_news else "", match.remarks())))
        lines = (f"{match.rank}.  similarity {match.similarity:.3f}{percentile}", *filter(None, (remarks,)))
        tiles.append(Tile(_draw_match(photo.pixels, match), lines, match.stored.source))
    return tiles


def list_untrusted(report: SimilarReport, trust: Sequence[str | os.PathLike[str]] = ()) -> list[str]:
    """Return the photos that `write_sheet` does not open because another user stored them."""
    asked = report.query
    names = [(match.stored.source, match.stored.signature) for match in report.matches]
    names += [(asked.source, asked.signature)] if asked.pose_id is not None else []
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
    target, reader = Path(expand_file_path(path)), SourceReader(allow_private=allow_private)
    with DecoderPool(1) as decoders:
        if len(results) == 1:
            drawn = _draw_people(results[0], reader, decoders, None)
        else:
            tiles = [
                Tile(_draw_people(one, reader, decoders, _USEFUL_SIDE), (f"people: {len(one)}",), one.source)
                for one in results
            ]
            drawn = draw_sheet(tiles, _COLUMNS, f"People in {len(results)} photos")
    return write_file(target, encode_png(drawn), [to_location(one.source) for one in results])


def _draw_people(found: PhotoPeople, reader: SourceReader, decoders: DecoderPool, useful_side: int | None) -> Pixels:
    """Draw all skeletons of a photo on it, and numbers if there are several. The background is empty without it."""
    photo = found.pixels
    if photo is None:
        photo = read_photo(to_location(found.source), reader, decoders, useful_side).pixels
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


class Photo(NamedTuple):
    """A photo that was read to be drawn.

    Attributes:
        pixels: the photo. None if it can't be read or decoded, or if it has changed.
        has_changed: whether it has other bytes than the stored photo.
    """

    pixels: Pixels | None
    has_changed: bool = False


def read_photo(
    location: str, reader: SourceReader, decoders: DecoderPool, useful_side: int | None, sha256: str | None = None
) -> Photo:
    """Read a photo. With `sha256`, it is decoded only if this is the SHA-256 of its bytes."""
    try:
        data = reader.read(location).data or b""
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            return Photo(None, has_changed=True)
        return Photo(decoders.decode(data, location, useful_side).pixels)
    except PhotoError:
        return Photo(None)


def match_heat(match: Match) -> Heat:
    """Return how much each body joint of a match differs from the query's: (14,) float64, 0 to 1."""
    return np.sqrt(np.minimum(match.contributions / HOT, 1.0))


def _draw_match(photo: Pixels | None, match: Match) -> Pixels:
    heat = match_heat(match)
    width, keypoints = match.stored.width, match.stored.pose.person.keypoints
    if match.mirrored:
        keypoints = keypoints.mirror(width or 0)
        photo = None if photo is None else mirror_pixels(photo)
    return _draw_pose(photo, width, keypoints, heat)


def _draw_pose(photo: Pixels | None, width: int | None, keypoints: Keypoints, heat: Heat | None = None) -> Pixels:
    """Draw the skeleton on its photo, or alone if there is no photo or if its width is not known.

    Args:
        photo: (h, w, 3) uint8. It may be smaller than the photo whose pixels the keypoints are in.
        width: width of the photo whose pixels the keypoints are in.
        keypoints: the skeleton.
        heat: as in `draw_on_photo`.
    """
    if photo is None or width is None:
        return draw_alone(keypoints.xy, TILE_WIDTH, TILE_HEIGHT, heat)
    scale = photo.shape[1] / width
    return draw_on_photo(photo, keypoints.scale(scale, scale).xy, heat)
