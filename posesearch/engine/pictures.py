"""Pictures of what the library answers, written to files."""

import os
from pathlib import Path
from typing import Final

import numpy as np

from posesearch import clustering, images, sources
from posesearch.engine import files
from posesearch.engine.answers import Match, SimilarReport
from posesearch.engine.reports import ClusterReport
from posesearch.errors import PhotoError
from posesearch.render import picture
from posesearch.render.picture import Heat, Pixels, Tile
from posesearch.store.snapshots import StoredPose
from posesearch.types import Keypoints

_ENOUGH: Final = 2 * picture.TILE_HEIGHT  # pixels of a photo's longer side that a tile can show
_COLUMNS: Final = 4


def write_sheet(report: SimilarReport, path: str | os.PathLike[str], *, allow_private: bool = False) -> Path:
    """Write the query and its matches as one PNG, each photo with its skeleton drawn on.

    The joints of a match are coloured by how much they differ from the query's; a mirrored match is flipped, so that
    eyes can compare. A photo that is no longer where it was is drawn as the skeleton alone; so is one at an address in
    a private network, unless that is allowed.

    Raises:
        OutputFailed: the file can't be written.
    """
    name = Path(report.query.source).name
    opener = sources.Opener(allow_private=allow_private)
    return files.write(Path(path), picture.png(picture.sheet(tiles(report, opener), _COLUMNS, f"Poses like {name}")))


def tiles(report: SimilarReport, opener: sources.Opener) -> list[Tile]:
    """Return the pictures of a sheet: the query, then its matches."""
    query = report.query
    drawn = [Tile(_drawn(query.source, query.width, query.pose.person.keypoints, opener), ("query",), query.source)]
    for match in report.matches:
        closer = "" if match.percentile is None else f"   closer than {match.percentile:.1f}%"
        remarks = (match.remarks(),) if match.remarks() else ()
        lines = (f"{match.rank}.  {match.similarity:.3f}{closer}", *remarks)
        drawn.append(Tile(_of(match, opener), lines, match.stored.source))
    return drawn


def write_pose(stored: StoredPose, path: str | os.PathLike[str]) -> Path:
    """Write the photo of a pose with its skeleton drawn on as a PNG, or the skeleton alone where the photo is gone.

    Raises:
        OutputFailed: the file can't be written.
    """
    keypoints, opener = stored.pose.person.keypoints, sources.Opener()
    return files.write(Path(path), picture.png(_drawn(stored.source, stored.width, keypoints, opener, enough=None)))


def write_plots(report: ClusterReport, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the plots of a clustering: the elbow curve, the poses on two principal components, the centroids.

    Raises:
        OutputFailed: the folder can't be written.
    """
    from posesearch.render import plots  # noqa: PLC0415 (matplotlib takes a second to import)

    centroids = report.clustering.centroids
    points, centres = clustering.plane(report.vectors, centroids)
    titles = [f"cluster {cluster.cluster}\n{cluster.size} poses" for cluster in report.clusters]
    named = {
        "inertia.png": plots.inertia(report.clustering.inertias, len(centroids)),
        "scatter.png": plots.scatter(points, report.labels, centres),
        "centroids.png": plots.skeletons(centroids, titles),
    }
    return [files.write(Path(folder) / name, data) for name, data in named.items()]


HOT: Final = 0.01
"""What a joint that is drawn dark red adds to the distance: as much as all 14 of a good match together."""


def _of(match: Match, opener: sources.Opener) -> Pixels:
    heat = np.sqrt(np.minimum(match.contributions / HOT, 1.0))
    stored = match.stored
    keypoints = stored.pose.person.keypoints
    return _drawn(stored.source, stored.width, keypoints, opener, heat=heat, mirrored=match.mirrored)


def _drawn(
    source: str,
    width: int,
    keypoints: Keypoints,
    opener: sources.Opener,
    *,
    enough: int | None = _ENOUGH,
    heat: Heat | None = None,
    mirrored: bool = False,
) -> Pixels:
    keypoints = keypoints.mirrored(width) if mirrored else keypoints
    try:
        photo = images.decode(opener.read(source).data or b"", source, enough)
    except PhotoError:
        return picture.alone(keypoints.xy, picture.TILE_WIDTH, picture.TILE_HEIGHT, heat)
    scale = photo.pixels.shape[1] / width
    pixels = picture.flipped(photo.pixels) if mirrored else photo.pixels
    return picture.overlay(pixels, keypoints.scaled(scale, scale).xy, heat)
