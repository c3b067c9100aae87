"""Finds duplicate photos: those with the same bytes, and near-duplicates."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from posesearch.progress import Progress
from posesearch.results.duplicates import DuplicateGroup, DuplicatePhoto, DuplicatesReport
from posesearch.search.keep import Candidate, make_group, order_groups
from posesearch.search.missing_thumbnails import add_missing_thumbnails
from posesearch.search.near_duplicates import confirm, find_candidates
from posesearch.sources import is_url, to_path
from posesearch.sources.changes import look_at_file
from posesearch.store import snapshots
from posesearch.store.connection import DatabaseFile
from posesearch.store.fingerprints import PhotoPrints
from posesearch.store.library import Library, LibrarySource, read_library
from posesearch.trust import Trust
from posesearch.types import Int64

_ROWS: Final = 128
"""Photos that are compared with all others in one step."""

_CONFIRMED: Final = 2048
"""Candidates that are confirmed in one step. After it, those of photos that are in a group by then are left out."""

Likenesses = Mapping[int, Sequence[tuple[int, bool]]]
"""The rows of near-duplicates by the row of the photo that they are like, and whether they are mirrored."""


def find_duplicates(
    file: DatabaseFile, collection: str | None, trust: Trust, progress: Progress, *, exact: bool
) -> DuplicatesReport:
    """Find groups of duplicate photos. See Database.duplicates."""
    with file.reading() as connection:
        snapshots.check_collection(connection, collection)
        library = read_library(connection, collection, prints=not exact)
    library, unknown = (library, 0) if exact else add_missing_thumbnails(library, trust, progress)
    contents, files = _collect(library.sources), _Files(library.sources, trust)
    while True:
        groups = _find_groups(contents, library, progress, exact=exact)
        gone = files.find_gone(photo for group in groups for photo in group.photos)
        if not gone:
            break
        contents = _leave_out(contents, gone)
    marked = (
        replace(group, keep=files.mark(group.keep), others=tuple(map(files.mark, group.others))) for group in groups
    )
    options = "the same bytes" if exact else "", "" if collection is None else f"collection {collection}"
    compared = len({one.source for one in library.sources})
    return DuplicatesReport(tuple(marked), compared, unknown, tuple(filter(None, options)))


def group_photos(photos: PhotoPrints, ranked: Int64, progress: Progress) -> dict[int, list[tuple[int, bool]]]:
    """Find near-duplicates. Each photo is in one group at most, that of the best photo that it is like.

    Args:
        photos: the looks of photos.
        ranked: (n,) the rows of the photos to compare, the best first.
        progress: receives the progress.

    Returns:
        The row of the best photo of each group, with the rows of the others. Each has whether it is mirrored.
    """
    rank = np.zeros(len(photos.looks), np.int64)
    rank[ranked] = np.arange(len(ranked))
    is_left = np.ones(len(photos.looks), np.bool_)
    groups: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    starts = range(0, len(ranked), _ROWS)
    progress.start(len(starts))
    for start in starts:
        rows, columns = ranked[start : start + _ROWS], ranked[start:]
        candidates = find_candidates(photos, rows[is_left[rows]], columns[is_left[columns]])
        candidates = candidates.take(rank[candidates.first] < rank[candidates.second])
        candidates = candidates.take(np.argsort(rank[candidates.first], kind="stable"))
        while len(candidates.first):
            found = confirm(photos, candidates.take(slice(_CONFIRMED)))
            for first, second, mirrored in zip(
                found.first.tolist(), found.second.tolist(), found.mirrored.tolist(), strict=True
            ):
                if is_left[first] and is_left[second]:
                    groups[first].append((second, mirrored))
                    is_left[second] = False
            candidates = candidates.take(slice(_CONFIRMED, None))
            candidates = candidates.take(is_left[candidates.first] & is_left[candidates.second])
        progress.step()
    return dict(groups)


def _collect(sources: Iterable[LibrarySource]) -> dict[str, list[Candidate]]:
    """Return the photos by their bytes. A path that is in several collections is one photo."""
    found: dict[tuple[str, str], list[LibrarySource]] = defaultdict(list)
    for one in sources:
        found[one.sha256, one.source].append(one)
    contents = defaultdict(list)
    for (sha256, source), same in found.items():
        first = same[0]
        photo = DuplicatePhoto(
            source,
            tuple(one.collection for one in same),
            tuple(one.snapshot_id for one in same),
            sha256,
            first.width,
            first.height,
            first.bytes,
            max(one.poses for one in same),
            signature=first.signature,
        )
        contents[sha256].append(
            Candidate(photo, first.has_capture, any(one.has_attributes for one in same), first.modified_ns)
        )
    return contents


def _find_groups(
    contents: Mapping[str, Sequence[Candidate]], library: Library, progress: Progress, *, exact: bool
) -> tuple[DuplicateGroup, ...]:
    """Return the groups among these photos."""
    alike: Likenesses = {}
    if not exact:
        best = {name: min(one.rank for one in same) for name, same in contents.items()}
        rows = [row for row, name in enumerate(library.names) if name in best]
        ranked = np.array(sorted(rows, key=lambda row: best[library.names[row]]), np.int64)
        alike = group_photos(library.prints, ranked, progress)
    groups: list[DuplicateGroup] = []
    taken: set[str] = set()
    for row, others in alike.items():
        members = [(library.names[row], False), *((library.names[other], mirrored) for other, mirrored in others)]
        taken.update(name for name, _ in members)
        groups.append(_describe([(one, mirrored) for name, mirrored in members for one in contents[name]]))
    groups += [
        _describe([(one, False) for one in same])
        for name, same in contents.items()
        if len(same) > 1 and name not in taken
    ]
    return order_groups(groups)


def _describe(members: Sequence[tuple[Candidate, bool]]) -> DuplicateGroup:
    """Return photos as a group, each with how it is like the one to keep. `members` say whether they are mirrored."""
    group = make_group(one for one, _ in members)
    mirrored = {one.photo.source for one, is_mirrored in members if is_mirrored}
    others = [
        replace(
            photo,
            likeness="same bytes"
            if photo.sha256 == group.keep.sha256
            else "mirrored"
            if photo.source in mirrored
            else "",
        )
        for photo in group.others
    ]
    return replace(group, others=tuple(others))


def _leave_out(
    contents: Mapping[str, Sequence[Candidate]], gone: Collection[tuple[str, str]]
) -> dict[str, list[Candidate]]:
    """Return the photos without some of them, which are given by their sources and SHA-256."""
    left = {name: [one for one in same if (one.photo.source, name) not in gone] for name, same in contents.items()}
    return {name: same for name, same in left.items() if same}


class _Files:
    """Looks whether the files of photos are as they were when they were ingested. It looks at each file once."""

    def __init__(self, sources: Iterable[LibrarySource], trust: Trust) -> None:
        """Look at nothing yet. A file is looked at only if `trust` allows it."""
        self._trust = trust
        self._modified = {(one.source, one.sha256): one.modified_ns for one in sources}
        self._exists: dict[tuple[str, str], bool | None] = {}
        self._owners: dict[tuple[int, int], str] = {}

    def find_gone(self, photos: Iterable[DuplicatePhoto]) -> set[tuple[str, str]]:
        """Return the photos that are not there now, or have changed, and further paths of a file that has several.

        A photo is given by its source and its SHA-256.
        """
        gone = set()
        for photo in photos:
            key = photo.source, photo.sha256
            if key not in self._exists:
                self._exists[key] = self._look(photo)
            if self._exists[key] is False:
                gone.add(key)
        return gone

    def mark(self, photo: DuplicatePhoto) -> DuplicatePhoto:
        """Return the photo with whether it exists."""
        return replace(photo, exists=self._exists[photo.source, photo.sha256])

    def _look(self, photo: DuplicatePhoto) -> bool | None:
        if is_url(photo.source) or not self._trust.allows(photo.source, photo.signature):
            return None
        path = to_path(photo.source)
        exists, changed = look_at_file(path, photo.bytes, self._modified[photo.source, photo.sha256], photo.sha256)
        if not exists or changed:
            return False
        info = Path(path).stat()
        return self._owners.setdefault((info.st_dev, info.st_ino), photo.source) == photo.source
