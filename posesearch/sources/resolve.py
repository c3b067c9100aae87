"""Source resolution: expand files, folders, globs, lists and URLs into the photos that they name."""

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from posesearch.errors import BadPath, MissingPhoto, SourceError, frames_command
from posesearch.names import to_path, to_unicode
from posesearch.own_pictures import is_own_picture
from posesearch.paths import check_length, expand_file_url, expand_source, find_existing_form, is_file_url, is_url
from posesearch.photos.extensions import EXTENSIONS, VIDEO_EXTENSIONS
from posesearch.sources.lists import LIST_EXTENSIONS, read_list
from posesearch.sources.urls import find_other_scheme, public_name, to_name
from posesearch.sources.walk import count_endings, find_broken_link, is_photo_path, size_and_time, walk_folder

_LONGEST_NAME: Final = 100  # characters of a name in a message
_LONGEST_SCHEME: Final = 20


class ObservedSource(NamedTuple):
    """A photo that the sources name.

    Attributes:
        source: the name in the database: an absolute path as `to_unicode` returns it, or a URL as `public_name` does.
        location: the path or URL that opens the photo.
        bytes: size of the file. None for a URL, and for a file that is missing or can't be read.
        modified_ns: modification time of the file in nanoseconds since 1970. None where `bytes` is None.
        exists: False if there is nothing at the path. For a URL, whether it is http or https.
        listed: the list and the line that name it, such as "photos.txt, line 3". Empty if it is not from a list.
        is_named: whether a source names the photo itself, and not only its folder.
    """

    source: str
    location: str
    bytes: int | None = None
    modified_ns: int | None = None
    exists: bool = True
    listed: str = ""
    is_named: bool = True


@dataclass(eq=False)
class Scan:
    """The photos that the sources name, as they are at the time of the scan.

    Attributes:
        observed: each photo once, in order.
        folders: the folders that were scanned. A photo in one of them that is not in `observed` no longer exists.
        unreadable: the folders that could not be scanned, each with the reason. Their contents are unknown.
        broken_links: the symbolic links without a target. The files behind them are unknown.
        passed_over: for each folder, by device and inode, how many files it has that are no photos, by their
            extensions. Hidden and ignored files do not count, nor do files that nobody expects to be ingested, such as
            texts.
        own_pictures: number of pictures that posesearch drew.
    """

    observed: list[ObservedSource] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    broken_links: list[str] = field(default_factory=list)
    passed_over: dict[tuple[int, int], Counter[str]] = field(default_factory=dict)
    own_pictures: int = 0

    def count_passed_over(self) -> dict[str, int]:
        """Return how many files were passed over, by their extensions, the most frequent first."""
        own_pictures = Counter({".png": self.own_pictures} if self.own_pictures else {})
        return dict(sum(self.passed_over.values(), own_pictures).most_common())

    def pass_over(self, pictures: Sequence[ObservedSource]) -> None:
        """Take pictures that posesearch drew out of the photos, and count them as passed over."""
        if pictures:
            sources = {picture.source for picture in pictures}
            self.observed = [photo for photo in self.observed if photo.source not in sources]
            self.own_pictures += len(pictures)

    def covers(self, name: str) -> bool:
        """Return whether the scan would have found a photo of this name in a folder. Ignore files do not count."""
        prefixes = map(_add_separator, self.folders)
        relative_paths = (name[len(prefix) :] for prefix in prefixes if name.startswith(prefix))
        return any(map(is_photo_path, relative_paths)) and not self.hides(name)

    def hides(self, name: str) -> bool:
        """Return whether a photo of this name may exist although the scan has not found it."""
        hidden = [folder for folder, _ in self.unreadable] + self.broken_links
        return any(name.startswith(_add_separator(folder)) for folder in hidden)


def scan(sources: Sequence[str | os.PathLike[str]]) -> Scan:
    """Return the photos that the sources name.

    A folder names the photos in it and its subfolders that walk_folder yields. A .txt, .csv or .tsv file names its
    entries, and relative paths in it are relative to its folder. A path that does not exist is observed with
    `exists=False`.

    Args:
        sources: files, folders, globs, http(s) and file URLs, and lists of them.

    Raises:
        BadPath: a source is empty, or a file URL of another computer. Or the current folder no longer exists.
        SourceError: a list or an ignore file can't be read, or nothing that the sources name exists.
    """
    result = Scan()
    seen: dict[str, int] = {}
    for source in sources:
        for photo in _resolve_source(expand_source(os.fspath(source)), result):
            position = seen.setdefault(photo.source, len(seen))
            if position == len(result.observed):
                result.observed.append(photo)
            elif photo.is_named:
                result.observed[position] = result.observed[position]._replace(is_named=True)
    if not result.folders and not result.unreadable and not any(photo.exists for photo in result.observed):
        raise _make_error(sources, result.observed)
    return result


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
    locations = _list_without_own_pictures(scan(sources))
    if not locations:
        raise no_photos_error(sources)
    return locations


def _list_without_own_pictures(found: Scan) -> list[str]:
    return [photo.location for photo in found.observed if photo.is_named or not is_own_picture(photo.location)]


def list_queries(folder: str) -> list[str]:
    """Return the photos in a folder, or the .json files in it if it has no photos.

    Raises:
        SourceError: it has neither.
    """
    locations = _list_without_own_pictures(scan([folder]))
    if not locations:
        locations = sorted(str(path) for path in Path(folder).rglob("*.json") if path.is_file())
    if not locations:
        raise no_photos_error([folder])
    return locations


def count_unused_keypoints(folder: str) -> int:
    """Return the number of .json files in a folder that `list_queries` leaves out, because the folder has photos."""
    found = scan([folder])
    return found.count_passed_over().get(".json", 0) if found.observed else 0


def no_photos_error(sources: Sequence[str | os.PathLike[str]]) -> SourceError:
    """Return the error for sources that exist and have no photos. It says which files they have instead."""
    name = _join_names(sources)
    endings: Counter[str] = Counter()
    skipped_photos = 0
    found = scan(sources)
    if found.observed:  # only pictures that posesearch drew
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


def _add_separator(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def _resolve_source(source: str, result: Scan) -> Iterator[ObservedSource]:
    """Yield the photos of a source. Add its folders and links to the scan."""
    if not is_url(source) and os.path.splitext(source)[1].lower() in LIST_EXTENSIONS and os.path.isfile(source):
        path = os.path.abspath(source)
        for line, entry in read_list(Path(path)):
            for photo in _resolve_entry(entry, os.path.dirname(path), result):
                yield photo._replace(listed=f"{to_unicode(source)}, line {line}")
    else:
        base_folder = "" if is_url(source) or os.path.isabs(source) else os.getcwd()
        yield from _resolve_entry(source, base_folder, result)


def _resolve_entry(entry: str, base_folder: str, result: Scan) -> Iterator[ObservedSource]:
    """Yield the photos of a URL, file, folder or glob. A list is not expanded here, so lists do not nest."""
    with suppress(BadPath):  # it stays a URL if it is on another computer, and then reading it fails
        entry = expand_file_url(entry) if is_file_url(entry) else os.path.expanduser(entry)
    if is_url(entry):
        yield ObservedSource(public_name(entry), entry, exists=not find_other_scheme(entry))
        return
    path = find_existing_form(os.path.abspath(os.path.join(base_folder, entry)))
    pattern = os.path.abspath(os.path.join(glob.escape(base_folder), entry))
    try:
        matches = [path] if os.path.lexists(path) else sorted(glob.glob(find_existing_form(pattern), recursive=True))
    except ValueError:  # the name contains a NUL character
        matches = []
    for match in matches or [path]:
        if os.path.isdir(match):
            result.folders.append(to_unicode(match))
            unreadable: list[tuple[str, str]] = []
            broken_links: list[str] = []
            for photo, size, modified_ns in walk_folder(match, unreadable, broken_links, result.passed_over):
                yield ObservedSource(to_unicode(photo), photo, size, modified_ns, is_named=False)
            result.unreadable += [(to_unicode(folder), reason) for folder, reason in unreadable]
            result.broken_links += map(to_unicode, broken_links)
        else:
            size, modified_ns = size_and_time(match)
            link = None if matches else find_broken_link(match)
            result.broken_links += [to_unicode(link)] if link else []
            yield ObservedSource(to_unicode(match), match, size, modified_ns, exists=bool(matches))
