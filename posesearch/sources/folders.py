"""The photos in a folder, by their names: what people mean by that, and nothing that programs keep there."""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from posesearch.errors import SourceError
from posesearch.rasters import EXTENSIONS

if TYPE_CHECKING:
    import pathspec

IGNORE_FILE: Final = ".posesearchignore"
_MAX_IGNORE_BYTES: Final = 1_000_000

SKIPPED: Final = frozenset((
    "@eadir", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
    "__macosx", "__pycache__", "node_modules",
))  # fmt: skip
"""Folders, in lower case, of NAS systems, archives and tools: thumbnails and rubbish bins, no photos of anybody's."""

PACKAGES: Final = (
    ".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary", ".lrdata", ".lrcat-data", ".lrlibrary",
    ".cocatalog", ".cosessiondb", ".app", ".bundle",
)  # fmt: skip
"""Folders that are photo applications' own files, by their endings. One that is named outright is looked through."""


@dataclass(frozen=True, slots=True)
class File:
    """A photo's file; size and time as in names.Found."""

    path: str
    size: int | None
    modified: int | None


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ignore file of a folder, and those of the folders above it."""

    folder: str
    spec: "pathspec.GitIgnoreSpec"
    above: "_Rules | None"


def takes(path: str) -> bool:
    """Tell whether `walk` gives a file of this path below its top, by the path alone."""
    *folders, name = path.split(os.sep)
    hidden = any(part.startswith(".") for part in (*folders, name))
    return not hidden and not any(map(_is_skipped, folders)) and os.path.splitext(name)[1].lower() in EXTENSIONS


def walk(top: str, unreadable: list[tuple[str, str]], away: list[str]) -> Iterator[File]:
    """Yield the photos in a folder and below it, a folder's own first, in the order of their names.

    Left out are hidden files and folders, SKIPPED, PACKAGES, and what .posesearchignore says, in gitignore's syntax,
    for its folder and those below. Links to folders are followed last, and no folder is looked through twice.

    Args:
        top: an absolute path.
        unreadable: gets the folders that can't be looked through, with the reason.
        away: gets the links that lead nowhere now, as to a disk that is not connected.

    Raises:
        SourceError: an ignore file is none.
    """
    visited: set[tuple[int, int]] = set()
    waiting: list[tuple[str, _Rules | None]] = [(top, None)]
    linked: list[tuple[str, _Rules | None]] = []
    while waiting or linked:
        folder, above = waiting.pop() if waiting else linked.pop(0)
        try:
            info = os.stat(folder)
            if (info.st_dev, info.st_ino) in visited:
                continue
            visited.add((info.st_dev, info.st_ino))
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append((folder, error.strerror or str(error)))
            continue
        rules = _rules(folder, above) if any(entry.name == IGNORE_FILE for entry in entries) else above
        below: list[tuple[str, _Rules | None]] = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                if not _is_skipped(entry.name) and not _ignored(entry.path + "/", rules):
                    (linked if entry.is_symlink() else below).append((entry.path, rules))
            elif os.path.splitext(entry.name)[1].lower() not in EXTENSIONS:
                away += [entry.path] if entry.is_symlink() and not os.path.exists(entry.path) else []
            elif not _ignored(entry.path, rules):
                yield File(entry.path, *size_and_time(entry))
        waiting += reversed(below)


def in_empty_folders(paths: Collection[str]) -> set[str]:
    """Return those of which the folder is there and has nothing in it: so looks the place of a disk not connected."""
    empty: dict[str, bool] = {}
    for path in paths:
        folder = os.path.dirname(path)
        if folder not in empty:
            empty[folder] = os.path.isabs(path) and _is_empty(folder)
    return {path for path in paths if empty[os.path.dirname(path)]}


def _is_empty(folder: str) -> bool:
    """Tell whether the folder, or the nearest above it that is there, has nothing in it, or will not say."""
    while not os.path.isdir(folder):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    with suppress(OSError), os.scandir(folder) as listed:
        return next(listed, None) is None
    return True


def size_and_time(file: "str | os.DirEntry[str]") -> tuple[int | None, int | None]:
    """Return a file's bytes and when it was modified, in nanoseconds since 1970; None where that can't be told."""
    try:
        info = file.stat() if isinstance(file, os.DirEntry) else os.stat(file)
    except (OSError, ValueError):  # a link to nowhere, or in a circle; a NUL in the name
        return None, None
    return info.st_size, info.st_mtime_ns


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: opening it says so
        return False


def _is_skipped(name: str) -> bool:
    return name.lower() in SKIPPED or name.lower().endswith(PACKAGES)


def _rules(folder: str, above: _Rules | None) -> _Rules | None:
    import pathspec  # noqa: PLC0415 (few folders have such a file)

    path = os.path.join(folder, IGNORE_FILE)
    try:
        info = os.stat(path)
        if not stat.S_ISREG(info.st_mode) or info.st_size > _MAX_IGNORE_BYTES:  # a pipe would block for ever
            raise ValueError("it is no file of text")  # noqa: TRY301 (told as the others are)
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return _Rules(folder, pathspec.GitIgnoreSpec.from_lines(file), above)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: this can't be read as patterns, one a line: {error}.") from error


def _ignored(path: str, rules: _Rules | None) -> bool:
    """Tell whether the nearest ignore file that says something of a path leaves it out."""
    while rules is not None:
        decided = rules.spec.check_file(
            os.path.relpath(path, rules.folder) + ("/" if path.endswith("/") else "")
        ).include
        if decided is not None:
            return decided
        rules = rules.above
    return False
