"""Makes the tiles of contact sheets: what is drawn of each element of a result, and what is written under it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from posesearch.render.crops import EMPTY, find_aspect, find_useful_side, frame_person
from posesearch.render.people import Numbers, draw_person
from posesearch.render.photos import Photo, PhotoOpener
from posesearch.render.skeletons import Pixels
from posesearch.render.subjects import (
    Subject,
    make_match_subject,
    make_pair_subjects,
    make_query_subject,
    make_subject,
)
from posesearch.results.duplicates import DuplicatePhoto, DuplicatesReport
from posesearch.results.find import FindReport, FoundPose
from posesearch.results.grades import Grade
from posesearch.results.pairs import Outlier, OutliersReport, Pair, PairsReport
from posesearch.results.poses import add_attributes
from posesearch.results.search import Match, SimilarReport
from posesearch.types import StoredPose

MAX_PICTURES: Final = 1_000
"""The largest number of pictures of a sheet, apart from that of the query. A pair has two."""

GRADE_MARKS: Final[dict[Grade, str]] = {"same": "●●●", "alike": "●●○", "loosely alike": "●○○", "not alike": "○○○"}
"""What shows a grade at a glance."""

_AREA: Final = 100_000  # pixels of a picture
_SMALLER: Final = ((40, 1.0), (200, 0.75), (MAX_PICTURES + 1, 0.55))  # sides of pictures, by the largest number of them
_ASPECTS: Final = (0.62, 1.3)  # of pictures, width divided by height

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, eq=False)
class Tile:
    """The pictures of one element of a result side by side, and the caption under them.

    Attributes:
        pictures: each (h, w, 3) uint8 BGR, of any size.
        paths: path or URL of each photo. It is written under its picture.
        heading: the first line of the caption, in bold.
        lines: further lines. A line that is too wide is continued on the next one.
        is_query: whether a frame marks it: what is searched for, or the photo to keep.
        has_skeletons: whether a skeleton is drawn.
    """

    pictures: tuple[Pixels, ...]
    paths: tuple[str, ...]
    heading: str
    lines: tuple[str, ...] = ()
    is_query: bool = False
    has_skeletons: bool = True


@dataclass(frozen=True, eq=False)
class TileMaker:
    """Makes the tiles of reports.

    Attributes:
        opener: opens the photos.
        plain: whether skeletons are left out.
    """

    opener: PhotoOpener
    plain: bool = False

    def make_similar(self, report: SimilarReport) -> tuple[list[Tile], Size]:
        """Return the tiles of the query and its matches, and the size of their pictures.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.
        """
        matches = report.matches[:MAX_PICTURES]
        query, subjects = make_query_subject(report), [make_match_subject(match) for match in matches]
        size = choose_size(map(find_aspect, [query, *subjects]))
        tiles = [self._make_query(report, query, size)]
        tiles += [self._make_match(match, subject, size) for match, subject in zip(matches, subjects, strict=True)]
        return tiles, size

    def make_pairs(self, report: PairsReport) -> tuple[list[Tile], Size]:
        """Return the tiles of pairs, and the size of their pictures. The errors are as in `make_similar`."""
        pairs = report.pairs[: MAX_PICTURES // 2]
        subjects = [make_pair_subjects(pair) for pair in pairs]
        size = choose_size(find_aspect(subject) for both in subjects for subject in both)
        return [
            self._make_pair(rank, pair, both, size)
            for rank, (pair, both) in enumerate(zip(pairs, subjects, strict=True), start=1)
        ], size

    def make_outliers(self, report: OutliersReport) -> tuple[list[Tile], Size]:
        """Return the tiles of outliers, and the size of their pictures. The errors are as in `make_similar`."""
        outliers = report.outliers[:MAX_PICTURES]
        subjects = [make_subject(one.keypoints, one.stored.width, one.stored.height) for one in outliers]
        size = choose_size(map(find_aspect, subjects))
        return [
            self._make_outlier(rank, one, subject, size)
            for rank, (one, subject) in enumerate(zip(outliers, subjects, strict=True), start=1)
        ], size

    def make_found(self, report: FindReport) -> tuple[list[Tile], Size]:
        """Return the tiles of poses that match a phrase, and the size of their pictures. The errors are as above."""
        found = report.poses[:MAX_PICTURES]
        subjects = [make_subject(one.keypoints, one.stored.width, one.stored.height) for one in found]
        size = choose_size(map(find_aspect, subjects))
        return [self._make_found(one, subject, size) for one, subject in zip(found, subjects, strict=True)], size

    def make_duplicates(self, report: DuplicatesReport) -> tuple[list[Tile], Size]:
        """Return the tiles of duplicate photos, one group after the other. The errors are as in `make_similar`."""
        shown = [
            (f"{number}.  {'can go' if place else 'keep'}", group.reason if place == 0 else photo.likeness, photo)
            for number, group in enumerate(report, start=1)
            for place, photo in enumerate(group.photos)
        ][:MAX_PICTURES]
        size = choose_size(photo.width / photo.height if photo.width and photo.height else None for *_, photo in shown)
        return [self._make_duplicate(*one, size) for one in shown], size

    def _make_duplicate(self, heading: str, remark: str, photo: DuplicatePhoto, size: Size) -> Tile:
        pixels = self.opener.open_stored(photo, 2 * max(size)).pixels
        facts = (photo.pixels, "" if photo.bytes is None else f"{photo.bytes:,} bytes")
        return Tile(
            (np.full((*size[::-1], 3), EMPTY, np.uint8) if pixels is None else pixels,),
            (photo.source,),
            heading,
            tuple(filter(None, (", ".join(filter(None, facts)), remark))),
            is_query=heading.endswith("keep"),
            has_skeletons=False,
        )

    def _make_query(self, report: SimilarReport, subject: Subject, size: Size) -> Tile:
        query = report.query
        heading = f"query, person {query.person} of {query.people}" if query.people > 1 else "query"
        numbers = Numbers(query.boxes, query.person) if query.people > 1 else None
        photo = self.opener.open_query(query, _useful_side(subject, size))
        picture = draw_person(photo.pixels, subject, size, plain=self.plain, numbers=numbers)
        remark = query.remarks() or ("changed" if photo.has_changed else "")
        lines = (remark,) if remark else ()
        return self._make_tile([picture], [photo], [query.source], heading, lines, is_query=True)

    def _make_match(self, match: Match, subject: Subject, size: Size) -> Tile:
        heading = f"{match.rank}.  {_name_grade(match.grade)}"
        numbers = _name_similarity(match.similarity, match.percentile)
        remarks = f"pose {match.pose_id}, {add_attributes(match.remarks(), match.stored)}".rstrip(", ")
        return self._make_stored([match.stored], [subject], size, heading, [numbers], remarks)

    def _make_pair(self, rank: int, pair: Pair, subjects: tuple[Subject, Subject], size: Size) -> Tile:
        heading, numbers = f"{rank}.  {_name_grade(pair.grade)}", _name_similarity(pair.similarity, pair.percentile)
        remarks = add_attributes(pair.remarks(), pair.first, pair.second)
        remarks = f"poses {pair.first.pose_id} and {pair.second.pose_id}, {remarks}".rstrip(", ")
        return self._make_stored([pair.first, pair.second], subjects, size, heading, [numbers], remarks)

    def _make_found(self, one: FoundPose, subject: Subject, size: Size) -> Tile:
        heading = f"{one.rank}.  clearness {one.clearness:.1f}"
        remarks = f"pose {one.pose_id}, {add_attributes(one.remarks(), one.stored)}".rstrip(", ")
        return self._make_stored([one.stored], [subject], size, heading, [], remarks)

    def _make_outlier(self, rank: int, one: Outlier, subject: Subject, size: Size) -> Tile:
        numbers = _name_similarity(one.similarity, one.percentile)
        lines = [f"pose {one.pose_id}, nearest: pose {one.nearest}", numbers]
        return self._make_stored(
            [one.stored],
            [subject],
            size,
            f"{rank}.  {_name_grade(one.grade)}",
            lines,
            add_attributes(one.remarks(), one.stored),
        )

    def _make_stored(
        self,
        poses: Sequence[StoredPose],
        subjects: Sequence[Subject],
        size: Size,
        heading: str,
        lines: Sequence[str],
        remarks: str,
    ) -> Tile:
        """Return the tile of one or two stored poses. Its last line has the remarks."""
        photos = [
            self.opener.open_stored(one, _useful_side(subject, size))
            for one, subject in zip(poses, subjects, strict=True)
        ]
        pictures = [
            draw_person(photo.pixels, subject, size, plain=self.plain)
            for photo, subject in zip(photos, subjects, strict=True)
        ]
        # A URL is looked at only now.
        is_news = any(photo.has_changed and not one.changed for photo, one in zip(photos, poses, strict=True))
        text = ", ".join(filter(None, ("changed" if is_news else "", remarks)))
        return self._make_tile(
            pictures, photos, [one.source for one in poses], heading, (*lines, text) if text else tuple(lines)
        )

    def _make_tile(
        self,
        pictures: Sequence[Pixels],
        photos: Sequence[Photo],
        paths: Sequence[str],
        heading: str,
        lines: tuple[str, ...],
        *,
        is_query: bool = False,
    ) -> Tile:
        has_skeletons = not self.plain or any(photo.pixels is None for photo in photos)
        return Tile(tuple(pictures), tuple(paths), heading, lines, is_query, has_skeletons)


def choose_size(aspects: Iterable[float | None]) -> Size:
    """Return the size of the pictures of a sheet: of the shape that suits most of them, and smaller if there are many.

    Args:
        aspects: the width of each picture divided by its height. None if it does not matter.
    """
    asked = list(aspects)
    known = [aspect for aspect in asked if aspect is not None]
    aspect = min(max(median(known or [1.0]), _ASPECTS[0]), _ASPECTS[1])
    factor = next((factor for most, factor in _SMALLER if len(asked) <= most), _SMALLER[-1][1])
    return round(factor * math.sqrt(_AREA * aspect)), round(factor * math.sqrt(_AREA / aspect))


def _useful_side(subject: Subject, size: Size) -> int:
    frame = frame_person(subject, size[0] / size[1])
    return max(size) if frame is None else find_useful_side(subject, frame, size[0])


def _name_grade(grade: Grade) -> str:
    return f"{grade}  {GRADE_MARKS[grade]}"


def _name_similarity(similarity: float, percentile: float | None) -> str:
    return f"similarity {similarity:.3f}" + ("" if percentile is None else f" · percentile {percentile:.1f}")
