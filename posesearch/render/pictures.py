"""PNG files of results: sheets of matches, poses on their photos, and plots of clusterings."""

import os
from pathlib import Path
from typing import Final

import numpy as np

from posesearch.errors import PhotoError
from posesearch.photos.pool import DecoderPool
from posesearch.render.files import write_file
from posesearch.render.sheet import TILE_HEIGHT, TILE_WIDTH, Tile, draw_sheet
from posesearch.render.skeletons import Heat, Pixels, draw_alone, draw_on_photo, encode_png, mirror_pixels
from posesearch.results.clusters import ClusterReport
from posesearch.results.search import Match, SimilarReport
from posesearch.sources import SourceReader
from posesearch.types import Keypoints, StoredPose

HOT: Final = 0.01
"""The contribution to the distance from which a joint is dark red. It is the whole distance of a good match."""

_USEFUL_SIDE: Final = 2 * TILE_HEIGHT  # pixels of a photo's longer side that a tile can use
_COLUMNS: Final = 4


def write_sheet(report: SimilarReport, path: str | os.PathLike[str], *, allow_private: bool = False) -> Path:
    """Write the query and its matches as one PNG. Each photo has its skeleton drawn on it.

    The colour of a match's joint shows how much it differs from the query's. A mirrored match is shown mirrored, so
    that it can be compared with the query by eye. If a photo can't be read or decoded, its skeleton is drawn alone.

    Args:
        report: the answer to a search.
        path: the file to write.
        allow_private: whether photos at URLs on this machine or in its network are read.

    Raises:
        OutputFailed: the file can't be written.
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    with DecoderPool(1) as decoders:
        tiles = make_tiles(report, SourceReader(allow_private=allow_private), decoders)
    title = f"Poses like {Path(report.query.source).name}"
    return write_file(Path(path), encode_png(draw_sheet(tiles, _COLUMNS, title)))


def make_tiles(report: SimilarReport, reader: SourceReader, decoders: DecoderPool) -> list[Tile]:
    """Return the tiles of a sheet: the query, then its matches.

    Raises:
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    query = report.query
    photo = _read_photo(query.source, reader, decoders, _USEFUL_SIDE)
    tiles = [Tile(_draw_pose(photo, query.width, query.pose.person.keypoints), ("query",), query.source)]
    for match in report.matches:
        percentile = "" if match.percentile is None else f"   closer than {match.percentile:.1f}%"
        remarks = (match.remarks(),) if match.remarks() else ()
        lines = (f"{match.rank}.  {match.similarity:.3f}{percentile}", *remarks)
        photo = _read_photo(match.stored.source, reader, decoders, _USEFUL_SIDE)
        tiles.append(Tile(_draw_match(photo, match), lines, match.stored.source))
    return tiles


def write_pose(stored: StoredPose, path: str | os.PathLike[str]) -> Path:
    """Write the photo of a pose with its skeleton drawn on it as a PNG.

    If the photo can't be read or decoded, the skeleton is drawn alone.

    Raises:
        OutputFailed: the file can't be written.
        DecoderUnavailable: photos can't be decoded on this machine.
    """
    with DecoderPool(1) as decoders:
        photo = _read_photo(stored.source, SourceReader(), decoders, useful_side=None)
    return write_file(Path(path), encode_png(_draw_pose(photo, stored.width, stored.pose.person.keypoints)))


def write_plots(report: ClusterReport, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the plots of a clustering: the elbow curve, the poses on two principal components, and the centroids.

    Raises:
        OutputFailed: a file can't be written.
    """
    from posesearch.render import plots  # noqa: PLC0415 (matplotlib takes a second to import)

    centroids = report.clustering.centroids
    titles = [f"cluster {cluster.cluster}\n{cluster.size} poses" for cluster in report.clusters]
    files = {
        "inertia.png": plots.plot_inertia(report.clustering.inertias, len(centroids)),
        "scatter.png": plots.plot_scatter(report.points, report.point_labels, report.centroid_points),
        "centroids.png": plots.plot_skeletons(centroids, titles),
    }
    return [write_file(Path(folder) / name, data) for name, data in files.items()]


def _read_photo(source: str, reader: SourceReader, decoders: DecoderPool, useful_side: int | None) -> Pixels | None:
    """Return the pixels of a photo. None if it can't be read or decoded."""
    try:
        return decoders.decode(reader.read(source).data or b"", source, useful_side).pixels
    except PhotoError:
        return None


def _draw_match(photo: Pixels | None, match: Match) -> Pixels:
    heat = np.sqrt(np.minimum(match.contributions / HOT, 1.0))
    width, keypoints = match.stored.width, match.stored.pose.person.keypoints
    if match.mirrored:
        keypoints = keypoints.mirror(width)
        photo = None if photo is None else mirror_pixels(photo)
    return _draw_pose(photo, width, keypoints, heat)


def _draw_pose(photo: Pixels | None, width: int, keypoints: Keypoints, heat: Heat | None = None) -> Pixels:
    """Draw the skeleton on its photo, or alone if there is no photo.

    Args:
        photo: (h, w, 3) uint8. It may be smaller than the photo that the keypoints are pixels of.
        width: of the photo that the keypoints are pixels of.
        keypoints: the skeleton.
        heat: as in `draw_on_photo`.
    """
    if photo is None:
        return draw_alone(keypoints.xy, TILE_WIDTH, TILE_HEIGHT, heat)
    scale = photo.shape[1] / width
    return draw_on_photo(photo, keypoints.scale(scale, scale).xy, heat)
