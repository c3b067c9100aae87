"""Folder traversal: find the photos in a folder tree and skip hidden, ignored and application-owned files."""

import io
import os
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from posesearch.errors import SourceError
from posesearch.files import read_regular
from posesearch.names import to_path
from posesearch.photos.extensions import EXTENSIONS

if TYPE_CHECKING:
    import pathspec

IGNORE_FILE: Final = ".posesearchignore"
_ENDINGS: Final = tuple(EXTENSIONS)
_MAX_IGNORE_BYTES: Final = 1_000_000

SKIPPED_FOLDERS: Final = frozenset((
    "@eadir", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
    "__macosx", "__pycache__", "node_modules",
))  # fmt: skip
"""Names, in lower case, of folders in which NAS systems, archives and tools keep thumbnails, trash and other files."""

PACKAGES: Final = (
    ".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary", ".lrdata", ".lrcat-data", ".lrlibrary",
    ".cocatalog", ".cosessiondb", ".app", ".bundle",
)  # fmt: skip
"""Extensions of folders that belong to applications. Such a folder is scanned only if the user names it directly."""

_UNCOUNTED: Final = frozenset((
    ".txt", ".md", ".rst", ".log", ".csv", ".tsv", ".xml", ".html", ".htm", ".css", ".js", ".py", ".pyc",
    ".ipynb", ".sh", ".bat", ".cmd", ".yaml", ".yml", ".toml", ".cfg", ".conf", ".ini", ".db", ".sqlite",
    ".duckdb", ".wal", ".lock", ".gate", ".parquet", ".lnk", ".url", ".nfo", ".sfv", ".md5", ".sha1", ".sha256",
    ".par2", ".m3u", ".mp3", ".m4a", ".wav", ".pdf", ".xmp", ".aae", ".thm", ".pp3", ".dop", ".cos", ".arp",
    ".vrd", ".on1", ".lrcat", ".lrv",
))  # fmt: skip
"""Files that nobody expects to be ingested: texts, settings, sound, databases, and what is stored beside photos."""

_LONGEST_ENDING: Final = 10  # characters. What is longer is a part of a name


@dataclass(frozen=True, slots=True)
class _IgnoreRules:
    """The rules of a folder's ignore file, linked to those of the nearest folder above that has one."""

    folder: str
    spec: "pathspec.GitIgnoreSpec"
    parent: "_IgnoreRules | None"


def is_photo_path(path: str) -> bool:
    """Return whether `walk_folder` yields files of this path, relative to its top. Ignore files are not considered."""
    *folders, name = path.split(os.sep)
    is_hidden = any(part.startswith(".") for part in (*folders, name))
    return not is_hidden and not any(map(_is_skipped, folders)) and name.lower().endswith(_ENDINGS)


def walk_folder(
    top: str,
    unreadable: list[tuple[str, str]],
    broken_links: list[str],
    passed_over: dict[tuple[int, int], Counter[str]],
) -> Iterator[tuple[str, int | None, int | None]]:
    """Yield the photos in a folder and its subfolders, sorted by name, a folder's own photos before its subfolders'.

    Each has its absolute path, and its size and time as `size_and_time` returns them.

    The walk skips hidden files and folders, SKIPPED_FOLDERS and PACKAGES. It also skips what an ignore file excludes
    from its folder and the subfolders, in the syntax of gitignore. Symbolic links to folders are followed last. No
    folder is visited twice.

    Args:
        top: an absolute path.
        unreadable: receives the folders that can't be listed, each with the reason.
        broken_links: receives the symbolic links without a target, for example to a disk that is not connected. A link
            with a photo's extension is yielded instead.
        passed_over: receives for each folder, by device and inode, how many other files it has, by their extensions, as
            `_count_files` does.

    Raises:
        SourceError: an ignore file can't be read.
    """
    visited: set[tuple[int, int]] = set()
    pending: list[tuple[str, _IgnoreRules | None]] = [(top, None)]
    linked: list[tuple[str, _IgnoreRules | None]] = []
    while pending or linked:
        folder, parent_rules = pending.pop() if pending else linked.pop(0)
        try:
            info = os.stat(folder)
            if (info.st_dev, info.st_ino) in visited:
                continue
            visited.add((info.st_dev, info.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append((folder, error.strerror or str(error)))
            continue
        has_ignore_file = any(entry.name == IGNORE_FILE for entry in entries)
        rules = _read_rules(folder, parent_rules) if has_ignore_file else parent_rules
        subfolders: list[tuple[str, _IgnoreRules | None]] = []
        others: list[str] = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                if not _is_skipped(entry.name) and not _is_ignored(entry.path + "/", rules):
                    (linked if entry.is_symlink() else subfolders).append((entry.path, rules))
            elif not entry.name.lower().endswith(_ENDINGS):
                if entry.is_symlink() and not os.path.exists(entry.path):
                    broken_links.append(entry.path)
                elif not _is_ignored(entry.path, rules):
                    others.append(entry.name)
            elif not _is_ignored(entry.path, rules):
                yield entry.path, *size_and_time(entry)
        if others and (counted := _count_files(others)):
            passed_over[info.st_dev, info.st_ino] = counted
        pending += reversed(subfolders)


def _count_files(names: Collection[str]) -> Counter[str]:
    """Count files that are no photos by their extension, such as ".mp4", or "other" without one. Some are left out."""
    counts = Counter(os.path.splitext(name)[1].lower() for name in names)
    endings: Counter[str] = Counter()
    for ending, count in counts.items():
        if ending not in _UNCOUNTED:
            endings[ending if 1 < len(ending) <= _LONGEST_ENDING else "other"] += count
    return endings


def count_endings(top: str) -> tuple[Counter[str], int]:
    """Count the files that are not hidden in a folder and its subfolders, for a message.

    Returns:
        How many files have each extension, such as ".json", or "other" without one. Then how many photos there are that
        `walk_folder` may skip, because of an ignore file or of the name of a folder.
    """
    counts: Counter[str] = Counter()
    skipped_photos = 0
    for folder, subfolders, names in os.walk(top):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        is_skipped = any(map(_is_skipped, os.path.relpath(folder, top).split(os.sep)))
        endings = Counter(os.path.splitext(name)[1].lower() or "other" for name in names if not name.startswith("."))
        skipped_photos += sum(count for ending, count in endings.items() if ending in EXTENSIONS)
        if not is_skipped:
            counts.update({ending: count for ending, count in endings.items() if ending not in EXTENSIONS})
    return counts, skipped_photos


def paths_in_empty_folders(paths: Collection[str]) -> set[str]:
    """Return the absolute paths whose folder is empty. If it does not exist, its nearest existing ancestor counts.

    The mount point of a disk that is not connected is such a folder. A folder that can't be listed counts as empty.

    Args:
        paths: names of files, as `to_unicode` returns them, and of URLs, which are never returned.
    """
    is_empty: dict[str, bool] = {}
    for path in paths:
        folder = os.path.dirname(path)
        if folder not in is_empty:
            is_empty[folder] = os.path.isabs(path) and _is_empty(to_path(folder))
    return {path for path in paths if is_empty[os.path.dirname(path)]}


def _is_empty(folder: str) -> bool:
    """Return whether the folder, or its nearest existing ancestor, is empty or can't be listed."""
    while not os.path.isdir(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent
    with suppress(OSError), os.scandir(folder) as listing:
        return next(listing, None) is None
    return True


def find_broken_link(path: str) -> str | None:
    """Return the symbolic link without a target that a path leads through. None if there is none.

    The target may be on a disk that is not connected.
    """
    while not os.path.lexists(path):
        parent = os.path.dirname(path)
        if parent == path:
            return None
        path = parent
    return None if os.path.exists(path) else path


def size_and_time(file: "str | os.DirEntry[str]") -> tuple[int | None, int | None]:
    """Return a file's size in bytes and its modification time in nanoseconds since 1970, or None for both.

    Both are None if the file does not exist or can't be examined.
    """
    try:
        info = file.stat() if isinstance(file, os.DirEntry) else os.stat(file)
    except (OSError, ValueError):  # a broken or circular link, or a NUL character in the name
        return None, None
    return info.st_size, info.st_mtime_ns


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circular link, which is reported when it is opened
        return False


def _is_skipped(name: str) -> bool:
    return name.lower() in SKIPPED_FOLDERS or name.lower().endswith(PACKAGES)


def _read_rules(folder: str, parent: _IgnoreRules | None) -> _IgnoreRules | None:
    import pathspec  # noqa: PLC0415 (few folders have such a file)

    path = os.path.join(folder, IGNORE_FILE)
    try:
        data = io.BytesIO(read_regular(path, _MAX_IGNORE_BYTES))
        lines = io.TextIOWrapper(data, encoding="utf-8-sig", errors="replace")
        return _IgnoreRules(folder, pathspec.GitIgnoreSpec.from_lines(lines), parent)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path}: the ignore file can't be read: {detail}. It needs one pattern per line.") from error


def _is_ignored(path: str, rules: _IgnoreRules | None) -> bool:
    """Return whether the nearest ignore file with a pattern that matches the path excludes it."""
    while rules is not None:
        relative_path = os.path.relpath(path, rules.folder) + ("/" if path.endswith("/") else "")
        is_excluded = rules.spec.check_file(relative_path).include
        if is_excluded is not None:
            return is_excluded
        rules = rules.parent
    return False
