"""Explains what a contact sheet shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.render.fonts import measure
from posesearch.render.skeletons import GREY, Pixels, draw_heat, draw_line, draw_ring
from posesearch.render.tiles import GRADE_MARKS
from posesearch.skeleton import Side
from posesearch.types import Float32

Drawing = Callable[[Pixels, int, int], None]
"""Draws a sample on a canvas. Its left end and its middle are at these coordinates."""

_LINE: Final = 40  # pixels of a sample line
_THICKNESS: Final = 4
_DISC: Final = 24  # distance of sample discs
_GAP: Final = 8  # between a sample and its text
_SPACE: Final = 26  # between two entries


@dataclass(frozen=True)
class Entry:
    """An entry of the legend.

    Attributes:
        text: its words.
        width: of the sample before them, in pixels. 0 if there is none.
        draw: draws the sample.
    """

    text: str
    width: int = 0
    draw: Drawing | None = None


@dataclass(frozen=True)
class Place:
    """Where an entry of the legend is. `x` is its left end in pixels, and `row` counts from 0."""

    entry: Entry
    x: int
    row: int

    @property
    def text_x(self) -> int:
        """The left end of the words."""
        return self.x + (self.entry.width + _GAP if self.entry.width else 0)


def list_entries(*, skeletons: bool, compared: bool, graded: bool = False, percentiles: bool = False) -> list[Entry]:
    """Return the entries that a sheet needs.

    Args:
        skeletons: whether it shows skeletons.
        compared: whether their joints show how much they differ.
        graded: whether it shows grades and similarities.
        percentiles: whether it shows percentiles. A small database has none.
    """
    entries = []
    if skeletons:
        entries += [Entry(f"{side} side", _LINE, _draw_side(side)) for side in ("left", "right")]
    if skeletons and compared:
        entries += [
            Entry("joints: pale and small = same place,  dark and large = far off", 4 * _DISC, _draw_scale),
            Entry("not compared", _LINE + _DISC // 2, _draw_grey),
        ]
    entries.append(Entry("in a corner: the whole photo"))
    if graded:
        entries += [
            Entry("   ".join(f"{mark} {grade}" for grade, mark in GRADE_MARKS.items())),
            Entry("similarity 1: the same pose"),
        ]
    if percentiles:
        entries.append(Entry("percentile 99: more alike than 99% of random pairs"))
    return entries


def place_entries(entries: list[Entry], left: int, right: int, size: int) -> list[Place]:
    """Return the places of the entries, in as many rows as they need.

    Args:
        entries: from left to right.
        left: left end of the rows in pixels.
        right: right end of the rows in pixels.
        size: of the font in pixels.
    """
    places: list[Place] = []
    x, row = left, 0
    for entry in entries:
        width = (entry.width + _GAP if entry.width else 0) + int(measure(entry.text, size))
        if x + width > right and x > left:
            x, row = left, row + 1
        places.append(Place(entry, x, row))
        x += width + _SPACE
    return places


def _draw_side(side: Side) -> Drawing:
    def draw(canvas: Pixels, x: int, y: int) -> None:
        draw_line(canvas, _point(x, y), _point(x + _LINE, y), side, _THICKNESS)

    return draw


def _draw_scale(canvas: Pixels, x: int, y: int) -> None:
    for number, heat in enumerate((0.0, 0.33, 0.67, 1.0)):
        draw_heat(canvas, _point(x + _DISC // 2 + number * _DISC, y), _THICKNESS, heat)


def _draw_grey(canvas: Pixels, x: int, y: int) -> None:
    draw_line(canvas, _point(x, y), _point(x + _LINE, y), "left", _THICKNESS, GREY)
    draw_ring(canvas, _point(x + _LINE, y), _THICKNESS)


def _point(x: float, y: float) -> Float32:
    return np.array([x, y], np.float32)
