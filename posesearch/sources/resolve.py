"""Source resolution: expand files, folders, globs, lists and URLs into the photos that they name."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from posesearch.errors import BadPath, MissingPhoto, SourceError, did_you_mean, frames_command
from posesearch.names import to_path, to_unicode
from posesearch.own_pictures import is_own_picture
from posesearch.paths import check_length, expand_file_url, expand_source, find_existing_form, is_file_url, is_url
from posesearch.photos.extensions import EXTENSIONS, VIDEO_EXTENSIONS
from posesearch.sources.list_values import ListRow, PhotoList
from posesearch.sources.lists import LIST_EXTENSIONS, PARQUET, ParquetReader, read_list
from posesearch.sources.observed import ListedPhotos, ObservedSource, Scan
from posesearch.sources.urls import find_other_scheme, public_name, to_name
from posesearch.sources.walk import count_endings, find_broken_link, size_and_time, walk_folder

DEFAULT_COLLECTION: Final = "default"
"""The collection of photos for which no other is named."""

_LONGEST_NAME: Final = 100  # characters of a name in a message
_LONGEST_SCHEME: Final = 20


def scan(sources: Sequence[str | os.PathLike[str]], read_parquet: ParquetReader | None = None) -> Scan:
    """Return the photos that the sources name.

    A folder names the photos in it and its subfolders that walk_folder yields. A list names its entries, and relative
    paths in it are relative to its folder. A path that does not exist is observed with `exists=False`.

    Args:
        sources: files, folders, globs, http(s) and file URLs, and lists of them.
        read_parquet: reads lists that are Parquet files.

    Raises:
        BadPath: a source is empty, or a file URL of another computer. Or the current folder no longer exists.
        SourceError: a list or an ignore file can't be read, or nothing that the sources name exists.
    """
    observer = _Observer()
    for one in sources:
        source = expand_source(os.fspath(one))
        if is_list(source):
            observer.add_list(source, read_list(Path(os.path.abspath(source)), read_parquet))
        else:
            base_folder = "" if is_url(source) or os.path.isabs(source) else os.getcwd()
            observer.add(_resolve_entry(source, base_folder, observer.scan))
    if not _has_anything(observer.scan):
        raise _make_error(sources, observer.scan.observed)
    return observer.scan


def scan_collections(
    lists: Sequence[str | os.PathLike[str]], column: str, read_parquet: ParquetReader | None = None
) -> dict[str, Scan]:
    """Return the photos that lists name, by the collection that one of their columns names for each.

    Args:
        lists: the lists.
        column: the name of the column. Capitals do not matter. A photo without a value is in the collection "default".
        read_parquet: as in `scan`.

    Raises:
        BadPath: as `scan`.
        SourceError: as `scan`. Or a source is no list, or a list does not have the column.
    """
    observers: dict[str, _Observer] = {}
    for one in lists:
        path = expand_source(os.fspath(one))
        if not is_list(path):
            raise SourceError(
                f"{to_name(path)}: `collection_from` needs a list whose columns have names, and this is not a list."
            )
        photos = read_list(Path(os.path.abspath(path)), read_parquet)
        number = _find_column(path, photos, column)
        by_collection: dict[str, list[ListRow]] = {}
        for row in photos.rows:
            by_collection.setdefault((row.values and row.values[number]) or DEFAULT_COLLECTION, []).append(row)
        for collection, rows in by_collection.items():
            observer = observers.setdefault(collection, _Observer())
            observer.add_list(path, PhotoList(photos.columns, rows))
    if not any(_has_anything(observer.scan) for observer in observers.values()):
        raise _make_error(lists, [photo for observer in observers.values() for photo in observer.scan.observed])
    return {collection: observer.scan for collection, observer in observers.items()}


def _find_column(path: str, photos: PhotoList, name: str) -> int:
    """Return the index of the column with this name. Raise SourceError if there is none."""
    names = [column.name for column in photos.columns]
    folded = [one.lower() for one in names]
    if name.lower() in folded:
        return folded.index(name.lower())
    known = ", ".join(filter(None, names))
    has = f"Besides the photos, it has {known}." if known else "It has no columns with names besides the photos."
    raise SourceError(f"{to_name(path)}: the list has no column {name!r}.{did_you_mean(name, names)} {has}")


def is_list(source: str) -> bool:
    """Return whether a source is a list."""
    return not is_url(source) and os.path.splitext(source)[1].lower() in LIST_EXTENSIONS and os.path.isfile(source)


class _Observer:
    """Collects the photos of sources in a scan, each once."""

    def __init__(self) -> None:
        self.scan = Scan()
        self._positions: dict[str, int] = {}

    def add(self, photos: Iterable[ObservedSource]) -> None:
        """Add photos."""
        observed = self.scan.observed
        for photo in photos:
            position = self._positions.setdefault(photo.source, len(observed))
            if position == len(observed):
                observed.append(photo)
            elif photo.is_named:
                observed[position] = observed[position]._replace(is_named=True)

    def add_list(self, path: str, photos: PhotoList) -> None:
        """Add the photos of a list, and what it says about them."""
        absolute = os.path.abspath(path)
        folder, name = os.path.dirname(absolute), to_unicode(path)
        listed = ListedPhotos(to_unicode(absolute), photos.columns)
        place = "row" if path.lower().endswith(PARQUET) else "line"
        for row in photos.rows:
            found = list(_resolve_entry(row.entry, folder, self.scan, f"{name}, {place} {row.line}"))
            self.add(found)
            if row.values:
                listed.rows.extend((photo.source, row.values) for photo in found)
        self.scan.lists[:] = [*(one for one in self.scan.lists if one.path != listed.path), listed]


def _has_anything(found: Scan) -> bool:
    return bool(found.folders or found.unreadable or any(photo.exists for photo in found.observed))


def _make_error(sources: Sequence[str | os.PathLike[str]], observed: Sequence[ObservedSource]) -> SourceError:
    """Return the error for sources that name nothing that exists."""
    listed = [photo for photo in observed if photo.listed]
    if not observed:
        return SourceError(f"{_join_names(sources)}: the list is empty; write one photo per line.")
    for photo in observed:
        detail = explain_absence(photo.source)
        if detail != MissingPhoto.sentence:
            name = photo.source if len(photo.source) <= _LONGEST_NAME else f"{photo.source[:_LONGEST_NAME]}..."
            return SourceError(f"{photo.listed}{': ' * bool(photo.listed)}{name}: {detail}.")
    advice = "check the name, and whether the disk is connected."
    if not listed:
        return SourceError(f"{_join_names(sources)}: there is no such file or folder; {advice}")
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return SourceError(f"{listed[0].listed}: {listed[0].source}: there is no such file{more}; {advice}")


def explain_absence(source: str) -> str:
    """Return why there is nothing at a source, in words."""
    scheme = find_other_scheme(source)
    if scheme:
        return f"only http and https URLs can be opened, not {scheme[:_LONGEST_SCHEME]}"
    try:
        check_length(to_path(source))
    except BadPath as error:
        return error.detail
    return MissingPhoto.sentence


def list_photos(sources: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the paths and URLs of the photos that the sources name, each once, in order.

    Args:
        sources: as in `scan`.

    Raises:
        SourceError: as in `scan`, or the sources name no photo.
    """
    found = scan(sources)
    locations = _list_without_own_pictures(found)
    if not locations:
        raise no_photos_error(sources, found)
    return locations


def _list_without_own_pictures(found: Scan) -> list[str]:
    return [photo.location for photo in found.observed if photo.is_named or not is_own_picture(photo.location)]


def list_queries(folder: str) -> list[str]:
    """Return the photos in a folder, or the .json files in it if it has no photos.

    Raises:
        SourceError: it has neither.
    """
    found = scan([folder])
    locations = _list_without_own_pictures(found)
    if not locations:
        locations = sorted(str(path) for path in Path(folder).rglob("*.json") if path.is_file())
    if not locations:
        raise no_photos_error([folder], found)
    return locations


def count_unused_keypoints(folder: str) -> int:
    """Return the number of .json files in a folder that `list_queries` leaves out, because the folder has photos."""
    found = scan([folder])
    return found.count_passed_over().get(".json", 0) if found.observed else 0


def no_photos_error(sources: Sequence[str | os.PathLike[str]], found: Scan) -> SourceError:
    """Return the error for sources that exist and have no photos. It says which files they have instead."""
    name = _join_names(sources)
    endings: Counter[str] = Counter()
    skipped_photos = 0
    if found.observed or found.own_pictures:  # only pictures that posesearch drew
        return SourceError(
            f"{name}: no photos here, but pictures that posesearch drew; name one directly to ingest it."
        )
    for folder in found.folders:
        counts, photos = count_endings(to_path(folder))
        endings += counts
        skipped_photos += photos
    if skipped_photos:
        is_one = skipped_photos == 1
        photos_are, them = ("1 photo is", "it") if is_one else (f"{skipped_photos} photos are", "them")
        why = f"an ignore file or the name of a folder excludes {them}"
        advice = f"name the photo{'s' * (not is_one)} directly to ingest {them}"
        return SourceError(f"{name}: {photos_are} here, but {why}; {advice}.")
    if not endings:
        return SourceError(f"{name}: no photos here; photos end in {', '.join(sorted(EXTENSIONS))}.")
    (ending, count), *others = endings.most_common()
    if ending in VIDEO_EXTENSIONS:
        count = sum(endings[video] for video in VIDEO_EXTENSIONS)
        videos = "1 video" if count == 1 else f"{count} videos"
        return SourceError(f"{name}: no photos here, but {videos}; take frames first: {frames_command('VIDEO')}")
    files = f"{count} {ending} file{'s' * (count > 1)}" + (", among others" if others else "")
    return SourceError(f"{name}: no photos here, but {files}")


def _join_names(sources: Sequence[str | os.PathLike[str]]) -> str:
    names = [os.fspath(source) for source in sources]
    return ", ".join(map(to_name, names))


def _resolve_entry(entry: str, base_folder: str, result: Scan, listed: str = "") -> Iterator[ObservedSource]:
    """Yield the photos of a URL, file, folder or glob. A list is not expanded here, so lists do not nest.

    Args:
        entry: the URL, file, folder or glob.
        base_folder: the folder that a path is relative to.
        result: receives the folders and links.
        listed: the place in a list that names the entry. Empty if no list does.
    """
    with suppress(BadPath):  # it stays a URL if it is on another computer, and then reading it fails
        entry = expand_file_url(entry) if is_file_url(entry) else os.path.expanduser(entry)
    if is_url(entry):
        yield ObservedSource(public_name(entry), entry, exists=not find_other_scheme(entry), listed=listed)
        return
    path = find_existing_form(os.path.abspath(os.path.join(base_folder, entry)))
    matches = [path] if os.path.lexists(path) else _expand_glob(entry, base_folder)
    for match in matches or [path]:
        if os.path.isdir(match):
            result.folders.append(to_unicode(match))
            unreadable: list[tuple[str, str]] = []
            broken_links: list[str] = []
            for photo, size, modified_ns in walk_folder(match, unreadable, broken_links, result.passed_over):
                yield ObservedSource(to_unicode(photo), photo, size, modified_ns, listed=listed, is_named=False)
            result.unreadable += [(to_unicode(folder), reason) for folder, reason in unreadable]
            result.broken_links += map(to_unicode, broken_links)
        else:
            size, modified_ns = size_and_time(match)
            link = None if matches else find_broken_link(match)
            result.broken_links += [to_unicode(link)] if link else []
            yield ObservedSource(to_unicode(match), match, size, modified_ns, exists=bool(matches), listed=listed)


def _expand_glob(entry: str, base_folder: str) -> list[str]:
    """Return the paths that match a glob, sorted."""
    pattern = os.path.abspath(os.path.join(glob.escape(base_folder), entry))
    try:
        return sorted(glob.glob(find_existing_form(pattern), recursive=True))
    except ValueError:  # the name contains a NUL character
        return []
