"""A photo library on disk, whose photos change in all the ways that docs/ingest.md names.

What Toy finds in its photos is known. test_ingest_states.py plays it against Database.ingest.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from tests.conftest import toy_photo

Poses = tuple[tuple[int, int, int], ...]
"""For each pose, the number of its body joints, the x of its neck, and the y of its left wrist, or 0 without one."""


class Rule(NamedTuple):
    """The options of an ingest that decide who is accepted. `gps` decides nothing."""

    strict: bool = False
    min_joints: int = 8


class Content(NamedTuple):
    """What Toy finds in a photo: people, of which the first lacks joints. Or why no photo can be decoded."""

    data: bytes
    people: int = 0
    missing: int = 0
    wrist: int = 0
    damage: str = ""

    def __repr__(self) -> str:
        return f"<{self.damage or f'{self.people} people, {self.missing} joints missing, wrist {self.wrist}'}>"

    def expected(self, rule: Rule) -> tuple[str | None, Poses]:
        """Return the reason for the rejection, or None, and the poses."""
        joints = [14 - self.missing * (number == 0) for number in range(self.people)]
        if self.damage or not joints:
            return self.damage or "no_person", ()
        if rule.strict and (len(joints) > 1 or joints[0] < 14):
            return "several_people" if len(joints) > 1 else "incomplete_pose", ()
        wrist = [105 - self.wrist if count > 7 else 0 for count in joints]
        accepted = [number for number, count in enumerate(joints) if count >= rule.min_joints]
        poses = tuple((joints[number], 50 + 60 * number, wrist[number]) for number in accepted)
        return (None, poses) if poses else ("too_few_joints", ())


def make_content(people: int = 1, missing: int = 0, wrist: int = 0) -> Content:
    """Return a photo that can be decoded."""
    return Content(toy_photo(people, missing, wrist, wrist % 250), people, missing, wrist)


CONTENTS: Final = (
    *(make_content(wrist=wrist) for wrist in (1, 2, 3)),
    make_content(people=2, wrist=4),
    make_content(missing=4, wrist=5),
    make_content(missing=8, wrist=6),
    make_content(people=2, missing=4, wrist=7),
    make_content(people=0),
    Content(toy_photo(shade=9)[:150], damage="truncated"),
    Content(b"", damage="empty_file"),
    Content(b"no photo", damage="not_an_image"),
)


def sha(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


KNOWN: Final = {sha(content.data): content for content in CONTENTS}


def is_in_empty_folder(path: str) -> bool:
    """Return whether the folder, or what is left above it, is empty, as if a disk is not connected."""
    folder = Path(path).parent
    while not folder.is_dir():
        folder = folder.parent
    return not os.listdir(folder)  # noqa: PTH208 (it need not be sorted)


SECOND: Final = 1_000_000_000
NAMES: Final = ("a.png", "m.png", "z.png", "b/a.png", "b/n.png", "y/a.png", "y/n.png", "link/a.png", "link/k.png")


class Edit(NamedTuple):
    """A change of the library: the name of a method of Library, and what the method may need."""

    kind: str
    number: int = 0
    name: str = "a.png"
    content: Content = CONTENTS[0]


class Library:
    """A folder of photos at NAMES. Its subfolder `link` is a link to a disk that may be unplugged.

    Every write has a time of its own, in 2020, so that size and time tell whether a file has changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root, self.stick, self.unplugged = (folder / name for name in ("photos", "stick", "unplugged"))
        for place in (self.root / "b", self.root / "y", self.stick):
            place.mkdir(parents=True)
        (self.root / "link").symlink_to(self.stick)
        self._time = 1_600_000_000
        self._fresh = 10
        self._hidden: dict[str, tuple[bytes, int]] = {}

    def path(self, name: str) -> Path:
        return self.root / name

    def is_file(self, name: str) -> bool:
        return self.path(name).is_file()

    def is_unplugged(self, name: str) -> bool:
        """Return whether the path is on a disk that is not connected."""
        return name.startswith("link") and not self.stick.exists()

    def apply(self, edit: Edit) -> None:
        """Change the library. An edit that is not possible changes nothing."""
        getattr(self, edit.kind)(edit)

    def write(self, edit: Edit) -> None:
        """Write a photo to a path, whatever is there."""
        self._write(edit.name, edit.content.data)

    def write_new(self, edit: Edit) -> None:
        """Write bytes that no photo has had."""
        self._fresh += 1
        content = make_content(wrist=self._fresh % 100)
        KNOWN[sha(content.data)] = content
        self._write(edit.name, content.data)

    def change(self, edit: Edit) -> None:
        if name := self._pick(edit.number):
            self._write(name, edit.content.data)

    def touch(self, edit: Edit) -> None:
        """Write the same bytes at a new time."""
        if name := self._pick(edit.number):
            self._write(name, self._read(name)[0])

    def copy(self, edit: Edit) -> None:
        """Copy a photo. Every other copy keeps the time."""
        name = self._pick(edit.number)
        if name and name != edit.name:
            data, time = self._read(name)
            self._write(edit.name, data, time if edit.number % 2 else None)

    def move(self, edit: Edit) -> None:
        name = self._pick(edit.number)
        if name and name != edit.name and self._clear(edit.name):
            shutil.move(self.path(name), self.path(edit.name))

    def swap(self, edit: Edit) -> None:
        self._rotate((edit.number, edit.number + 1))

    def rotate(self, edit: Edit) -> None:
        """Exchange the contents of three photos, in either direction."""
        numbers = (edit.number, edit.number + 1, edit.number + 2)
        self._rotate(numbers if edit.number % 2 else numbers[::-1])

    def delete(self, edit: Edit) -> None:
        if name := self._pick(edit.number):
            self._hide(name)

    def restore(self, edit: Edit) -> None:
        """Write all photos that were deleted, or one that was replaced, with their times."""
        names = sorted(self._hidden)
        if edit.number % 4:
            names = [name for name in names if not os.path.lexists(self.path(name))]
        elif names:
            names = [names[edit.number % len(names)]]
        for name in names:
            self._write(name, *self._hidden[name])

    def make_pipe(self, edit: Edit) -> None:
        """Put something that can't be read in the place of a photo. The user root could read every file."""
        if self._clear(edit.name):
            self._time += 1
            os.mkfifo(self.path(edit.name))
            os.utime(self.path(edit.name), ns=(0, self._time * SECOND))

    def make_broken_link(self, edit: Edit) -> None:
        if self._clear(edit.name):
            self.path(edit.name).symlink_to(self.folder / "nothing")

    def make_folder(self, edit: Edit) -> None:
        """Put a folder in the place of a photo."""
        if self._clear(edit.name):
            self.path(edit.name).mkdir()

    def swap_folders(self, edit: Edit) -> None:
        """Exchange the names of two folders, or rename one if the other does not exist."""
        one, two, three = (self.root / name for name in ("b", "y", "c"))
        for old, new in ((one, three), (two, one), (three, two)):
            if old.exists():
                old.rename(new)

    def remove_folder(self, edit: Edit) -> None:
        folder = self.root / "by"[edit.number % 2]
        for name in NAMES:
            if self.is_file(name) and self.path(name).parent == folder:
                self._hide(name)
        if folder.exists():
            shutil.rmtree(folder)

    def plug(self, edit: Edit) -> None:
        """Unplug the disk, or plug it in again."""
        one, other = (self.stick, self.unplugged) if self.stick.exists() else (self.unplugged, self.stick)
        one.rename(other)

    def _pick(self, number: int) -> str | None:
        names = [name for name in NAMES if self.is_file(name)]
        return names[number % len(names)] if names else None

    def _read(self, name: str) -> tuple[bytes, int]:
        return self.path(name).read_bytes(), self.path(name).stat().st_mtime_ns

    def _rotate(self, numbers: tuple[int, ...]) -> None:
        names = [name for name in dict.fromkeys(map(self._pick, numbers)) if name]
        photos = [self._read(name) for name in names]
        for name, photo in zip(names, photos[1:] + photos[:1], strict=True):
            self._write(name, *photo)

    def _hide(self, name: str) -> None:
        self._hidden[name] = self._read(name)
        self.path(name).unlink()

    def _clear(self, name: str) -> bool:
        """Remove what is at a path, and make its folder. Return False if its disk is not connected."""
        path = self.path(name)
        if self.is_unplugged(name):
            return False
        path.parent.mkdir(exist_ok=True)
        if path.is_dir():
            path.rmdir()
        elif self.is_file(name):
            self._hide(name)
        else:
            path.unlink(missing_ok=True)
        return True

    def _write(self, name: str, data: bytes, time: int | None = None) -> None:
        if self._clear(name):
            self._time += 1
            self.path(name).write_bytes(data)
            os.utime(self.path(name), ns=(0, time or self._time * SECOND))
