"""The report of duplicate photos. docs/json.md describes its JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Literal

from posesearch import display
from posesearch.results.frames import Column
from posesearch.results.ingest import Json
from posesearch.results.report import Report

if TYPE_CHECKING:
    from PIL.Image import Image

Likeness = Literal["", "same bytes", "mirrored"]
"""What is special about a photo, compared with the one to keep. Empty for other near-duplicates."""


@dataclass(frozen=True)
class DuplicatePhoto:
    """A photo that has duplicates: one path or URL.

    Attributes:
        source: path or URL.
        collections: the collections that the photo is in.
        snapshot_ids: its snapshot in each of them.
        sha256: SHA-256 of its bytes.
        width, height: size of the upright photo in pixels. None if it could not be decoded.
        bytes: size of the file, or of the download. None if it is not known.
        poses: number of stored poses. 0 if nobody was found, or nobody was accepted.
        exists: whether the file is there now, as it was when it was ingested. None for a URL, and if another user
            stored the photo.
        likeness: "same bytes" or "mirrored", compared with the photo to keep. Empty for that one, and otherwise.
        signature: signature of the source. See trust.py.
    """

    source: str
    collections: tuple[str, ...]
    snapshot_ids: tuple[int, ...]
    sha256: str
    width: int | None
    height: int | None
    bytes: int | None
    poses: int
    exists: bool | None = None
    likeness: Likeness = ""
    signature: str | None = None

    def __repr__(self) -> str:
        return f"<DuplicatePhoto {display.short_name(self.source)}: {self.pixels or 'size not known'}>"

    @property
    def pixels(self) -> str:
        """Width and height, such as "640 x 480". Empty if they are not known."""
        return "" if self.width is None or self.height is None else f"{self.width} x {self.height}"

    def as_json(self) -> Json:
        """Return the photo in the JSON of `posesearch duplicates --json`."""
        return {
            "source": self.source,
            "exists": self.exists,
            "collections": list(self.collections),
            "snapshot_ids": list(self.snapshot_ids),
            "sha256": self.sha256,
            "width": self.width,
            "height": self.height,
            "bytes": self.bytes,
            "poses": self.poses,
            "likeness": self.likeness or None,
        }


@dataclass(frozen=True)
class DuplicateGroup:
    """Photos that are the same, or almost the same.

    Attributes:
        keep: the photo to keep. Each of the others is a near-duplicate of it.
        reason: why it is better than the others, such as "most pixels".
        others: the photos that can go, best first.
        bytes: what they take on disk. URLs, and files of unknown size, do not count.
    """

    keep: DuplicatePhoto
    reason: str
    others: tuple[DuplicatePhoto, ...]
    bytes: int

    def __len__(self) -> int:
        return 1 + len(self.others)

    def __repr__(self) -> str:
        return f"<DuplicateGroup of {display.short_name(self.keep.source)}: {display.count(len(self), 'photo')}>"

    @property
    def photos(self) -> tuple[DuplicatePhoto, ...]:
        """All photos. The one to keep is first."""
        return self.keep, *self.others

    @property
    def has_people(self) -> bool:
        """Whether one of the photos has a pose."""
        return any(photo.poses for photo in self.photos)

    @property
    def is_exact(self) -> bool:
        """Whether all photos have the same bytes."""
        return all(photo.sha256 == self.keep.sha256 for photo in self.others)

    def as_json(self) -> Json:
        """Return the group in the JSON of `posesearch duplicates --json`."""
        return {
            "keep": self.keep.as_json(),
            "reason": self.reason,
            "others": [photo.as_json() for photo in self.others],
            "people": self.has_people,
            "exact": self.is_exact,
            "bytes": self.bytes,
        }


@dataclass(frozen=True, eq=False)
class DuplicatesReport(Report[DuplicateGroup]):
    """The answer of `Database.duplicates`: a sequence of groups, the largest first.

    Attributes:
        groups: the groups, with at least two photos each.
        compared: number of paths and URLs that were compared.
        not_compared: number of photos that may be near-duplicates, but that an earlier version ingested, and that can't
            be opened now. Only the same bytes are recognized.
        options: the options that are not the defaults, in words, such as "only women".
    """

    groups: tuple[DuplicateGroup, ...]
    compared: int
    not_compared: int = 0
    options: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<DuplicatesReport: {display.count(len(self.groups), 'group')} in {self.compared} photos>"

    @property
    def bytes(self) -> int:
        """What the photos that can go take on disk."""
        return sum(group.bytes for group in self.groups)

    @property
    def removable(self) -> int:
        """Number of photos that can go."""
        return sum(len(group.others) for group in self.groups)

    @property
    def _elements(self) -> tuple[DuplicateGroup, ...]:
        return self.groups

    @property
    def _columns(self) -> list[Column]:
        return [
            Column("keep", "VARCHAR", [group.keep.source for group in self.groups]),
            Column("reason", "VARCHAR", [group.reason for group in self.groups]),
            Column("others", "VARCHAR[]", [[photo.source for photo in group.others] for group in self.groups]),
            Column("people", "BOOLEAN", [group.has_people for group in self.groups]),
            Column("exact", "BOOLEAN", [group.is_exact for group in self.groups]),
            Column("bytes", "BIGINT", [group.bytes for group in self.groups]),
        ]

    def sheet(self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = ()) -> "Image":
        """Return the photos as a contact sheet, one group after the other: one image of Pillow.

        There are 1,000 photos at most. `posesearch duplicates --png` writes the same.

        Args:
            allow_private: whether to open URLs on this machine and in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.
            ValueError: there are no groups.

        Example:
            db.duplicates().sheet().save("duplicates.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust)

    def as_json(self) -> Json:
        """Return the JSON of `posesearch duplicates --json`."""
        return {
            "groups": [group.as_json() for group in self.groups],
            "compared": self.compared,
            "not_compared": self.not_compared,
            "removable": self.removable,
            "bytes": self.bytes,
        }
