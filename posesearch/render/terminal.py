"""Draws skeletons with characters, in Unicode braille or plain ASCII. The caller applies the colours.

The person's right side is dotted and the left side is solid, so that nobody needs the colours to tell them apart.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.skeleton import Side
from posesearch.types import Float32, Float64

Style = Literal["ascii", "braille"]

CELL_ASPECT: Final = 2.0
"""Height of a terminal's character cell divided by its width, approximately."""

HEAD_DOTS: Final = 2.5
"""Radius of the ring around the nose, in braille dots."""

# A braille character has 4 rows and 2 columns of dots. Unicode block U+2800: the bit of each dot in the code point.
_DOT_BITS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_FIRST_BRAILLE: Final = 0x2800


@dataclass(frozen=True)
class Run:
    """Consecutive characters of one colour.

    Attributes:
        text: the characters.
        side: the side of the body, which determines the colour. None for blanks.
    """

    text: str
    side: Side | None


@dataclass(frozen=True)
class TextPicture:
    """A picture made of characters: rows of runs. All rows have the same number of characters."""

    rows: tuple[tuple[Run, ...], ...]

    def plain(self) -> str:
        """Return the picture as lines of text without colours. Blanks at the ends of lines are removed."""
        return "\n".join("".join(run.text for run in row).rstrip() for row in self.rows)


def draw(xy: Float32, width: int, height: int, style: Style) -> TextPicture:
    """Draw a skeleton in the middle of the picture, as large as possible.

    Args:
        xy: (n, 2) float, n = 18 or 14 (the body joints), x to the right and y down, in any unit. NaN where the joint is
            missing.
        width: width of the picture in characters.
        height: height of the picture in characters.
        style: "ascii" or "braille".
    """
    if style == "braille":
        dots = _fit_to_grid(xy, width * 2, height * 4, 1.0, round(HEAD_DOTS))
        return _group_into_runs(*_draw_braille(dots, width, height))
    return _group_into_runs(*_draw_ascii(_fit_to_grid(xy, width, height, CELL_ASPECT, 0), width, height))


def place_side_by_side(pictures: list[TextPicture], gap: int = 2) -> TextPicture:
    """Return the pictures side by side. They must have the same number of rows.

    Args:
        pictures: from left to right.
        gap: blanks after each picture.
    """
    blank = Run(" " * gap, None)
    rows = zip(*(picture.rows for picture in pictures), strict=True)
    return TextPicture(tuple(tuple(run for part in row for run in (*part, blank)) for row in rows))


def _fit_to_grid(xy: Float32, width: int, height: int, aspect: float, margin: int) -> Float32:
    """Scale and centre the body joints in a grid. The proportions of the body stay the same.

    Args:
        xy: (n, 2) float, as in `draw`.
        width: grid points.
        height: grid points.
        aspect: vertical distance of neighbouring grid points divided by their horizontal distance.
        margin: grid points that stay free on each side.

    Returns:
        (14, 2) float32, columns and rows of the grid. NaN where the joint is missing.
    """
    points: Float64 = xy[: skeleton.N_BODY].astype(np.float64) / np.array([1.0, aspect])
    if np.isnan(points).all():
        return points.astype(np.float32)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    room = np.array([width - 1, height - 1]) - 2.0 * margin
    scale = (room / np.maximum(high - low, 1e-9)).min()
    return np.asarray((points - low) * scale + (room - (high - low) * scale) / 2 + margin, dtype=np.float32)


def _rasterize_segment(start: Float32, end: Float32) -> NDArray[np.int64]:
    """Return the grid points of a line segment: (m, 2) int64."""
    steps = int(np.abs(end - start).max().round()) + 1
    points: Float64 = np.rint(np.linspace(start, end, steps + 1))
    return points.astype(np.int64)


def _rasterize_limbs(xy: Float32) -> list[tuple[skeleton.Limb, NDArray[np.int64]]]:
    """Return each limb whose two joints are present, with its grid points."""
    limbs = [limb for limb in skeleton.BODY_LIMBS if not np.isnan(xy[[limb.start, limb.end]]).any()]
    return [(limb, _rasterize_segment(xy[limb.start], xy[limb.end])) for limb in limbs]


def _draw_braille(xy: Float32, width: int, height: int) -> tuple[list[list[str]], list[list[Side | None]]]:
    """Return the characters and the sides of the cells. `xy` is in dots, `width` and `height` in characters."""
    cells = np.zeros((height, width), dtype=np.int64)
    sides: list[list[Side | None]] = [[None] * width for _ in range(height)]

    def set_dot(x: int, y: int, side: Side) -> None:
        if 0 <= x < 2 * width and 0 <= y < 4 * height:
            cells[y // 4, x // 2] |= int(_DOT_BITS[y % 4, x % 2])
            sides[y // 4][x // 2] = side

    for limb, points in _rasterize_limbs(xy):
        for x, y in points[:: 2 if limb.side == "right" else 1].tolist():
            set_dot(x, y, limb.side)
    nose = xy[skeleton.INDEX["nose"]]
    if not np.isnan(nose).any():
        for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
            x, y = np.rint(nose + HEAD_DOTS * np.array([np.cos(angle), np.sin(angle)])).astype(int).tolist()
            set_dot(x, y, "centre")
    return [[chr(_FIRST_BRAILLE + int(cell)) if cell else " " for cell in row] for row in cells], sides


def _draw_ascii(xy: Float32, width: int, height: int) -> tuple[list[list[str]], list[list[Side | None]]]:
    """Return the characters and the sides of the cells. `xy`, `width` and `height` are in characters."""
    cells = [[" "] * width for _ in range(height)]
    sides: list[list[Side | None]] = [[None] * width for _ in range(height)]
    for limb, points in _rasterize_limbs(xy):
        stroke = _choose_stroke(xy[limb.end] - xy[limb.start], limb.side)
        for x, y in points.tolist():
            cells[y][x], sides[y][x] = stroke, limb.side
    for joint, (x, y) in enumerate(xy):
        if not np.isnan(x):
            name = skeleton.JOINTS[joint]
            column, row = int(np.rint(x)), int(np.rint(y))
            cells[row][column] = "O" if name == "nose" else "o"
            sides[row][column] = skeleton.side_of(name)
    return cells, sides


def _choose_stroke(direction: Float32, side: Side) -> str:
    """Return the character whose stroke is nearest to a direction, (2,) float32 in cells, y down.

    The strokes of the right side are dots.
    """
    dx, dy = abs(float(direction[0])), abs(float(direction[1]))
    if side == "right":
        return ":" if dx * 2 < dy else "."
    if dx * 2 < dy:
        return "|"
    if dy * 2 < dx:
        return "-"
    return "\\" if direction[0] * direction[1] > 0 else "/"


def _group_into_runs(cells: list[list[str]], sides: list[list[Side | None]]) -> TextPicture:
    """Join neighbouring characters of one side into runs."""
    rows = []
    for row, row_sides in zip(cells, sides, strict=True):
        runs: list[Run] = []
        for cell, side in zip(row, row_sides, strict=True):
            if runs and runs[-1].side == side:
                runs[-1] = Run(runs[-1].text + cell, side)
            else:
                runs.append(Run(cell, side))
        rows.append(tuple(runs))
    return TextPicture(tuple(rows))
