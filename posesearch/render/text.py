"""A skeleton in characters: braille where the terminal can show it, else plain ASCII. Colour is left to the caller."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.skeleton import Side
from posesearch.types import Float

Style = Literal["ascii", "braille"]

CELL_ASPECT: Final = 2.0
"""A terminal's cell is about twice as high as wide."""

HEAD_DOTS: Final = 2.5
"""Radius of the ring around the nose, in braille dots."""

_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # Unicode 2800: bit of row, column
_BRAILLE: Final = 0x2800


@dataclass(frozen=True)
class Run:
    """Characters of one colour."""

    text: str
    side: Side | None


@dataclass(frozen=True)
class TextPicture:
    """Rows of runs; every row has the same number of characters."""

    rows: tuple[tuple[Run, ...], ...]

    def plain(self) -> str:
        """Return the picture without colour, a line a row, no blanks at the ends of lines."""
        return "\n".join("".join(run.text for run in row).rstrip() for row in self.rows)


def draw(xy: Float, width: int, height: int, style: Style) -> TextPicture:
    """Draw a skeleton, as large as it fits, in the middle.

    Args:
        xy: (n, 2) float, n = 18 or 14 (the body joints), x to the right and y down, any unit; NaN where missing.
        width: characters.
        height: characters.
        style: "ascii" or "braille".
    """
    if style == "braille":
        return _picture(*_braille(_placed(xy, width * 2, height * 4, 1.0, round(HEAD_DOTS)), width, height))
    return _picture(*_ascii(_placed(xy, width, height, CELL_ASPECT, 0), width, height))


def beside(pictures: list[TextPicture], gap: int = 2) -> TextPicture:
    """Return the pictures side by side; they must have the same number of rows."""
    blank = Run(" " * gap, None)
    rows = zip(*(picture.rows for picture in pictures), strict=True)
    return TextPicture(tuple(tuple(run for part in row for run in (*part, blank)) for row in rows))


def _placed(xy: Float, width: int, height: int, aspect: float, margin: int) -> Float:
    """Scale to a grid whose points are `aspect` times as high as wide, keeping proportions and a margin of points."""
    points: NDArray[np.float64] = xy[: skeleton.N_BODY].astype(np.float64) / np.array([1.0, aspect])
    if np.isnan(points).all():
        return points.astype(np.float32)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    room = np.array([width - 1, height - 1]) - 2.0 * margin
    scale = (room / np.maximum(high - low, 1e-9)).min()
    return np.asarray((points - low) * scale + (room - (high - low) * scale) / 2 + margin, dtype=np.float32)


def _segment(start: Float, end: Float) -> NDArray[np.int64]:
    steps = int(np.abs(end - start).max().round()) + 1
    points: NDArray[np.float64] = np.rint(np.linspace(start, end, steps + 1))  # (steps + 1, 2) grid points
    return points.astype(np.int64)


def _limbs(xy: Float) -> list[tuple[skeleton.Limb, NDArray[np.int64]]]:
    limbs = [limb for limb in skeleton.BODY_LIMBS if not np.isnan(xy[[limb.start, limb.end]]).any()]
    return [(limb, _segment(xy[limb.start], xy[limb.end])) for limb in limbs]


def _braille(xy: Float, width: int, height: int) -> tuple[list[list[str]], list[list[Side | None]]]:
    dots = np.zeros((height, width), dtype=np.int64)
    sides: list[list[Side | None]] = [[None] * width for _ in range(height)]

    def put(x: int, y: int, side: Side) -> None:
        if 0 <= x < 2 * width and 0 <= y < 4 * height:
            dots[y // 4, x // 2] |= int(_DOTS[y % 4, x % 2])
            sides[y // 4][x // 2] = side

    for limb, points in _limbs(xy):
        for x, y in points.tolist():
            put(x, y, limb.side)
    nose = xy[skeleton.INDEX["nose"]]
    if not np.isnan(nose).any():
        for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
            x, y = np.rint(nose + HEAD_DOTS * np.array([np.cos(angle), np.sin(angle)])).astype(int).tolist()
            put(x, y, "centre")
    return [[chr(_BRAILLE + int(cell)) if cell else " " for cell in row] for row in dots], sides


def _ascii(xy: Float, width: int, height: int) -> tuple[list[list[str]], list[list[Side | None]]]:
    cells = [[" "] * width for _ in range(height)]
    sides: list[list[Side | None]] = [[None] * width for _ in range(height)]
    for limb, points in _limbs(xy):
        stroke = _stroke(xy[limb.end] - xy[limb.start])
        for x, y in points.tolist():
            cells[y][x], sides[y][x] = stroke, limb.side
    for joint, (x, y) in enumerate(xy):
        if not np.isnan(x):
            name = skeleton.JOINTS[joint]
            column, row = int(np.rint(x)), int(np.rint(y))
            cells[row][column] = "O" if name == "nose" else "o"
            sides[row][column] = skeleton.side_of(name)
    return cells, sides


def _stroke(step: Float) -> str:
    """Return the character nearest to a direction, in cells."""
    dx, dy = abs(float(step[0])), abs(float(step[1]))
    if dx * 2 < dy:
        return "|"
    if dy * 2 < dx:
        return "-"
    return "\\" if step[0] * step[1] > 0 else "/"


def _picture(cells: list[list[str]], sides: list[list[Side | None]]) -> TextPicture:
    rows = []
    for row, colours in zip(cells, sides, strict=True):
        runs: list[Run] = []
        for cell, side in zip(row, colours, strict=True):
            if runs and runs[-1].side == side:
                runs[-1] = Run(runs[-1].text + cell, side)
            else:
                runs.append(Run(cell, side))
        rows.append(tuple(runs))
    return TextPicture(tuple(rows))
