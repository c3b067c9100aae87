"""Makes the thumbnails that an earlier version did not store, of photos that may be near-duplicates."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.photos.looks import make_looks
from posesearch.photos.pool import DecoderPool
from posesearch.photos.thumbnail import make_thumbnail
from posesearch.progress import Progress
from posesearch.render.photos import read_photo
from posesearch.search.near_duplicates import find_by_hash
from posesearch.sources import SourceReader, is_url, to_location
from posesearch.store.fingerprints import PhotoPrints
from posesearch.store.library import Library
from posesearch.threads import DEFAULT_THREADS, map_in_order
from posesearch.trust import Trust
from posesearch.types import Int64

Thumbnail = NDArray[np.uint8]
"""(32, 32) uint8."""

_ROWS: Final = 128  # photos that are compared with all others in one step
_USEFUL_SIDE: Final = 256  # pixels of the longer side of a photo of which a thumbnail is made


def add_missing_thumbnails(library: Library, trust: Trust, progress: Progress) -> tuple[Library, int]:
    """Return the photos with further thumbnails, and the number of photos that may have duplicates and still have none.

    A photo without a thumbnail is decoded if its difference hash is nearly that of another photo. Both must have a
    source in the library, and it must be a file that `trust` allows. Nothing is stored.
    """
    names = {one.sha256 for one in library.sources}
    every = np.array([row for row, name in enumerate(library.names) if name in names], np.int64)
    rows = _find_wanted(library.prints, every)
    if not rows:
        return library, 0
    sources = {one.sha256: one for one in library.sources if not is_url(one.source)}
    progress.start(len(rows))
    made: dict[int, Thumbnail] = {}
    reader = SourceReader()
    with DecoderPool(DEFAULT_THREADS) as decoders:

        def make(row: int) -> tuple[int, Thumbnail | None]:
            source = sources.get(library.names[row])
            if source is None or not trust.allows(source.source, source.signature):
                return row, None
            photo = read_photo(to_location(source.source), reader, decoders, _USEFUL_SIDE, source.sha256)
            return row, None if photo.pixels is None else make_thumbnail(photo.pixels)

        for row, thumbnail in map_in_order(make, rows, stop=decoders.close):
            if thumbnail is not None:
                made[row] = thumbnail
            progress.step()
    return replace(library, prints=_add(library.prints, made)), len(rows) - len(made)


def _find_wanted(prints: PhotoPrints, every: Int64) -> list[int]:
    """Return which of some rows are photos without a thumbnail that may be near-duplicates of others."""
    lacking = every[~prints.has_thumbnail[every]]
    pairs = [find_by_hash(prints, lacking[start : start + _ROWS], every) for start in range(0, len(lacking), _ROWS)]
    found = [rows for pair in pairs for rows in (pair.first, pair.second)]
    candidates = np.unique(np.concatenate(found)) if found else every[:0]
    return [int(row) for row in candidates if not prints.has_thumbnail[row]]


def _add(prints: PhotoPrints, made: Mapping[int, Thumbnail]) -> PhotoPrints:
    """Return the looks of photos with further thumbnails, which are given by their rows."""
    thumbnails, has_thumbnail = prints.looks.thumbnails.copy(), prints.has_thumbnail.copy()
    for row, thumbnail in made.items():
        thumbnails[row], has_thumbnail[row] = thumbnail, True
    return replace(prints, looks=make_looks(thumbnails), has_thumbnail=has_thumbnail)
