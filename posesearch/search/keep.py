"""Decides which photo of a group of duplicates to keep. Nothing here reads anything."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from posesearch.results.duplicates import DuplicateGroup, DuplicatePhoto
from posesearch.sources import is_url

_REASONS: Final = (
    *("most pixels", "has a pose", "has EXIF data", "has attributes", "a file", "most bytes", "oldest file"),
    "first path",
)
"""Why one photo is better than another, in the order of `Candidate.rank`."""


_STEPS: Final = 2
"""Steps of the number of bytes per doubling.

A copy that was encoded again with the same quality, or mirrored, has a few bytes more or less, which says nothing.
Then the older file is kept. Photos in the same step differ by at most 41%.
"""


@dataclass(frozen=True)
class Candidate:
    """A photo, and what else decides whether to keep it.

    Attributes:
        photo: the photo.
        has_capture: whether its EXIF data says when it was taken, or by which camera. Copies that an app has made often
            lack it.
        has_attributes: whether a list says something about it.
        modified_ns: modification time of its file. None if it is not known.
    """

    photo: DuplicatePhoto
    has_capture: bool
    has_attributes: bool
    modified_ns: int | None

    @property
    def rank(self) -> tuple[int, bool, bool, bool, bool, int, float, str]:
        """A key that is lower for a better photo. No two photos of a database have the same."""
        photo = self.photo
        pixels = (photo.width or 0) * (photo.height or 0)
        time = float("inf") if self.modified_ns is None else self.modified_ns
        is_worse = not photo.poses, not self.has_capture, not self.has_attributes, is_url(photo.source)
        step = round(_STEPS * math.log2(photo.bytes)) if photo.bytes else 0
        return -pixels, *is_worse, -step, time, photo.source


def make_group(candidates: Iterable[Candidate]) -> DuplicateGroup:
    """Return photos as a group, the best photo first.

    Raises:
        ValueError: there are no photos.
    """
    ranked = sorted(candidates, key=lambda one: one.rank)
    keep, *others = (one.photo for one in ranked)
    return DuplicateGroup(keep, _find_reason(ranked), tuple(others), sum(map(_count_bytes, others)))


def order_groups(groups: Iterable[DuplicateGroup]) -> tuple[DuplicateGroup, ...]:
    """Return groups, those of most photos first, and among these those of most bytes."""
    return tuple(sorted(groups, key=lambda group: (-len(group), -group.bytes, group.keep.source)))


def _find_reason(ranked: Sequence[Candidate]) -> str:
    """Return what distinguishes the best photo from the next one."""
    if len(ranked) < 2:
        return ""
    best, next_one = (one.rank for one in ranked[:2])
    return next(reason for reason, a, b in zip(_REASONS, best, next_one, strict=True) if a != b)


def _count_bytes(photo: DuplicatePhoto) -> int:
    return 0 if is_url(photo.source) else photo.bytes or 0
