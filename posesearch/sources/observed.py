"""What a scan of sources finds: the photos that they name, and what lists say about them."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from posesearch.sources.list_values import ListColumn
from posesearch.sources.walk import is_photo_path


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


@dataclass(frozen=True, eq=False)
class ListedPhotos:
    """What a list says about the photos that it names.

    Attributes:
        path: absolute path of the list, as `to_unicode` returns it.
        columns: its columns without that of the photos.
        rows: the names of photos as in ObservedSource, each with its values in these columns, in the order of the
            list. A later row may have the same photo. None is an empty cell.
    """

    path: str
    columns: tuple[ListColumn, ...]
    rows: list[tuple[str, tuple[str | None, ...]]] = field(default_factory=list)

    def rename(self, names: Mapping[str, str]) -> "ListedPhotos":
        """Return the list with other names for some photos."""
        return ListedPhotos(
            self.path, self.columns, [(names.get(source, source), values) for source, values in self.rows]
        )


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
        lists: the lists among the sources.
    """

    observed: list[ObservedSource] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    broken_links: list[str] = field(default_factory=list)
    passed_over: dict[tuple[int, int], Counter[str]] = field(default_factory=dict)
    own_pictures: int = 0
    lists: list[ListedPhotos] = field(default_factory=list)

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
        prefixes = map(add_separator, self.folders)
        relative_paths = (name[len(prefix) :] for prefix in prefixes if name.startswith(prefix))
        return any(map(is_photo_path, relative_paths)) and not self.hides(name)

    def hides(self, name: str) -> bool:
        """Return whether a photo of this name may exist although the scan has not found it."""
        hidden = [folder for folder, _ in self.unreadable] + self.broken_links
        return any(name.startswith(add_separator(folder)) for folder in hidden)


def add_separator(folder: str) -> str:
    """Return the path of a folder with a separator at its end."""
    return folder if folder.endswith(os.sep) else folder + os.sep
