"""Finds the stored sources that a typed name stands for. The photos need not exist any more."""

import glob
import os
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import SupportsIndex, TypeAlias

from posesearch.arguments import to_count
from posesearch.names import to_unicode
from posesearch.paths import expand_source, is_url
from posesearch.sources import public_name

PhotoName: TypeAlias = str | os.PathLike[str] | SupportsIndex
PhotoNames: TypeAlias = PhotoName | Sequence[PhotoName]
"""Photos as users name them: by a path, a URL, a glob, or the id of a pose."""


def to_names(photos: PhotoNames) -> list[str | int]:
    """Return the names of photos as a list of paths, URLs, globs and pose ids.

    Raises:
        TypeError: a name is something else.
    """
    several = photos if isinstance(photos, Sequence) and not isinstance(photos, str) else [photos]
    return [os.fspath(one) if isinstance(one, str | os.PathLike) else to_count("photos", one) for one in several]


def find_named(name: str, stored: Collection[str]) -> list[str]:
    """Return the stored sources that a name stands for: one photo, those below a folder, or those of a glob.

    Args:
        name: a path, a URL or a glob, as a user types it.
        stored: all sources, as the database has them.

    Raises:
        BadPath: the name is empty, or is a file URL of another computer.

    Example:
        find_named("/photos/*.jpg", ["/photos/a.jpg", "/photos/b/c.jpg"]) == ["/photos/a.jpg"]
    """
    expanded = expand_source(name)
    if is_url(expanded):
        return [source for source in (public_name(expanded),) if source in stored]
    for path in dict.fromkeys(_list_spellings(os.path.abspath(expanded))):
        below = path.rstrip(os.sep) + os.sep
        found = [path] if path in stored else [source for source in stored if source.startswith(below)]
        if found:
            return found
    if not glob.has_magic(expanded):
        return []
    pattern = _divide(os.path.normpath(os.path.join(glob.escape(os.getcwd()), expanded)))
    return [source for source in stored if not is_url(source) and _matches(_divide(source), pattern)]


def _list_spellings(path: str) -> Iterator[str]:
    """Yield the names that a photo or a folder at this path may have in the database."""
    folder, last = os.path.split(path)
    for spelling in (path, os.path.join(os.path.realpath(folder), last), os.path.realpath(path)):
        yield to_unicode(spelling)
        if not spelling.isascii() or "\\" in spelling:  # a photo that is gone, as posesearch prints its name
            yield from (unicodedata.normalize(form, to_unicode(spelling)) for form in ("NFC", "NFD"))
            yield spelling


def _divide(path: str) -> list[str]:
    return path.split(os.sep)


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether a path, or a folder above it, matches a glob. Both are divided at their slashes.

    As in a shell, wildcards match no hidden file or folder.
    """
    if not pattern:
        return True
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        depth = next((number for number, part in enumerate(path) if part.startswith(".")), len(path))
        return any(_matches(path[number:], rest) for number in range(depth + 1))
    if not path or (path[0].startswith(".") and not first.startswith(".")):
        return False
    return fnmatchcase(path[0], first) and _matches(path[1:], rest)
