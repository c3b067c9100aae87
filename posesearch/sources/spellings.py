"""Spellings: finds the names of files that are one photo, such as one through a link to a folder and one without it.

One photo is one entry of one folder. So a hard link, or a link to a file, is a photo of its own. Only its folder may be
reached by another path, and its name may differ in case or Unicode normal form where the file system ignores them.
"""

import os
import unicodedata
from collections.abc import Iterable

from posesearch.names import to_path

_Identity = tuple[int, int]


class Spellings:
    """Names of photos, which are found by other spellings of them.

    Almost no two names have the same last part, so almost no folder is examined, and each one once.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Start with names as `to_unicode` returns them. Names of URLs are never found."""
        self._unexamined: dict[str, list[str]] = {}
        self._examined: dict[str, dict[_Identity, list[str]]] = {}
        self._folders: dict[str, _Identity | None] = {}
        self._entries: dict[str, frozenset[str]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Add a name."""
        self._unexamined.setdefault(_fold(name), []).append(name)

    def find(self, name: str) -> str | None:
        """Return one of the names that is the same photo. None if there is none."""
        folded = _fold(name)
        if folded not in self._unexamined and folded not in self._examined:
            return None
        in_folders = self._examined.setdefault(folded, {})
        for other in self._unexamined.pop(folded, ()):
            folder = self._identify_folder(other)
            if folder is not None:
                in_folders.setdefault(folder, []).append(other)
        own = self._identify_folder(name)
        others = () if own is None else in_folders.get(own, ())
        return next((other for other in others if self._is_same_entry(name, other)), None)

    def _is_same_entry(self, one: str, other: str) -> bool:
        """Return whether two names with the same folder are one entry of it. The file need not exist."""
        first, second = os.path.basename(to_path(one)), os.path.basename(to_path(other))
        if first == second:
            return True
        try:
            if not os.path.samestat(os.lstat(to_path(one)), os.lstat(to_path(other))):
                return False
            folder = os.path.dirname(to_path(one))
            if folder not in self._entries:
                self._entries[folder] = frozenset(os.listdir(folder))
            return not {first, second} <= self._entries[folder]  # two entries may be hard links
        except (OSError, ValueError):
            return False

    def _identify_folder(self, name: str) -> _Identity | None:
        folder = os.path.dirname(name)
        if folder not in self._folders:
            self._folders[folder] = _identify(to_path(folder)) if os.path.isabs(folder) else None
        return self._folders[folder]


def list_alike(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the names that may be other spellings of one of the others, by their last parts. No file is looked at."""
    wanted = set(map(_fold, others))
    return [name for name in names if _fold(name) in wanted]


def _identify(folder: str) -> _Identity | None:
    """Return the device and inode of a folder. None if it can't be examined, or its file system has no inodes."""
    try:
        info = os.stat(folder)
    except (OSError, ValueError):
        return None
    return (info.st_dev, info.st_ino) if info.st_ino else None


def _fold(name: str) -> str:
    """Return the last part of a name, without the differences that some file systems ignore."""
    last = name.rpartition(os.sep)[2]
    if last.isascii():
        return last.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", last).casefold())
