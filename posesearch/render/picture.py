"""Skeletons in pixels: alone, over a photo, and sheets of many. Pure functions from arrays to arrays."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from posesearch import skeleton
from posesearch.types import Float

Pixels = NDArray[np.uint8]
Heat = NDArray[np.float64]

# BGR; blue and orange stay apart for colour-blind eyes (Okabe and Ito, 2008). The person's left is blue.
COLOURS: Final = {"left": (178, 114, 0), "right": (0, 94, 213), "centre": (60, 60, 60)}
# BGR; from what fits to what differs, told apart by lightness alone as well (Brewer's YlOrRd, 2002).
WARMTH: Final = ((178, 240, 254), (76, 178, 254), (60, 141, 253), (28, 26, 227), (38, 0, 128))
_HALO: Final = (255, 255, 255)  # around limbs, so that they show on any photo
_PAPER: Final = (250, 250, 250)
_INK: Final = (40, 40, 40)
_SUBPIXEL: Final = 4  # cv2's shift: coordinates in sixteenths


def overlay(pixels: Pixels, xy: Float, heat: Heat | None = None) -> Pixels:
    """Return a copy of the photo with the skeleton drawn on.

    Args:
        pixels: (h, w, 3) uint8.
        xy: (18, 2) float32, in these pixels; NaN where missing.
        heat: (14,) float, 0 to 1 for each body joint, drawn as colours from pale yellow to dark red; None for none.
    """
    canvas = pixels.copy()
    thickness = max(2, round(max(canvas.shape[:2]) / 110))
    limbs = [limb for limb in skeleton.LIMBS if not np.isnan(xy[[limb.start, limb.end]]).any()]
    for halo in (True, False):
        width = thickness + max(2, thickness // 2) if halo else thickness
        for limb in limbs:
            start, end = _point(xy[limb.start]), _point(xy[limb.end])
            cv2.line(canvas, start, end, _HALO if halo else COLOURS[limb.side], width, cv2.LINE_AA, _SUBPIXEL)
    for joint, point in enumerate(xy):
        if not np.isnan(point).any():
            colour, size = COLOURS[skeleton.side_of(skeleton.JOINTS[joint])], 1.0
            if heat is not None and joint < len(heat):
                colour, size = _warm(float(heat[joint])), 1.3 + 0.7 * float(heat[joint])
            for radius, fill in (
                (thickness * (size + 0.4), _HALO if heat is None else _INK),
                (thickness * size, colour),
            ):
                cv2.circle(
                    canvas, _point(point), round(radius * 2**_SUBPIXEL), fill, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL
                )
    return canvas


def _warm(heat: float) -> tuple[int, int, int]:
    """Return a colour of the scale, BGR."""
    place = min(max(heat, 0.0), 1.0) * (len(WARMTH) - 1)
    low = min(int(place), len(WARMTH) - 2)
    mixed = np.array(WARMTH[low]) * (low + 1 - place) + np.array(WARMTH[low + 1]) * (place - low)
    blue, green, red = np.rint(mixed).astype(int).tolist()
    return blue, green, red


def flipped(pixels: Pixels) -> Pixels:
    """Return the photo as in a mirror."""
    return np.ascontiguousarray(pixels[:, ::-1])


def alone(xy: Float, width: int, height: int, heat: Heat | None = None) -> Pixels:
    """Return the skeleton on paper, as large as it fits: (height, width, 3) uint8.

    Args:
        xy: (n, 2) float, n = 18 or 14, y down, any unit; NaN where missing.
        width: pixels.
        height: pixels.
        heat: as in `overlay`.
    """
    points = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32)
    points[: len(xy)] = xy
    paper = np.full((height, width, 3), _PAPER, np.uint8)
    if np.isnan(points).all():
        return paper
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    room = np.array([width, height]) * 0.84
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    middle = (low + high) / 2
    return overlay(paper, ((points - middle) * scale + np.array([width, height]) / 2).astype(np.float32), heat)


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet, the lines under it, and where it is from."""

    pixels: Pixels
    lines: tuple[str, ...]
    path: str


TILE_WIDTH: Final = 260
TILE_HEIGHT: Final = 390
_MARGIN: Final = 14
_LINE: Final = 19


def sheet(tiles: list[Tile], columns: int, title: str) -> Pixels:
    """Return the tiles in rows under a title, each fitted to the same size: (h, w, 3) uint8.

    Raises:
        ValueError: there are no tiles.
    """
    if not tiles:
        raise ValueError("a sheet needs a tile")
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    lines = 1 + max(len(tile.lines) for tile in tiles)
    cell_width, cell_height = TILE_WIDTH + _MARGIN, TILE_HEIGHT + _MARGIN + _LINE * lines
    top = _MARGIN * 2 + _LINE
    canvas = np.full((top + rows * cell_height, _MARGIN + columns * cell_width, 3), _PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        x, y = _MARGIN + number % columns * cell_width, top + number // columns * cell_height
        canvas[y : y + TILE_HEIGHT, x : x + TILE_WIDTH] = fitted(tile.pixels)
    image = Image.fromarray(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB))
    pen = ImageDraw.Draw(image)
    pen.text((_MARGIN, _MARGIN), _beginning(title, canvas.shape[1] - 2 * _MARGIN, 16), _INK, _font(16))
    for number, tile in enumerate(tiles):
        x, y = _MARGIN + number % columns * cell_width, top + number // columns * cell_height + TILE_HEIGHT + 3
        shown = [*(_beginning(line, TILE_WIDTH, 14) for line in tile.lines), _end(tile.path, TILE_WIDTH, 14)]
        for offset, line in enumerate(shown):
            pen.text((x, y + offset * _LINE), line, _INK, _font(14))
    return np.asarray(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR), dtype=np.uint8)


def fitted(pixels: Pixels) -> Pixels:
    """Return the picture scaled to fit a tile, on paper."""
    height, width = pixels.shape[:2]
    scale = min(TILE_WIDTH / width, TILE_HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((TILE_HEIGHT, TILE_WIDTH, 3), (235, 235, 235), np.uint8)
    x, y = (TILE_WIDTH - size[0]) // 2, (TILE_HEIGHT - size[1]) // 2
    tile[y : y + size[1], x : x + size[0]] = small
    return tile


def png(pixels: Pixels) -> bytes:
    """Return the picture as the bytes of a PNG file."""
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise ValueError("the picture can't be encoded as PNG")
    return data.tobytes()


def _point(xy: Float) -> tuple[int, int]:
    x, y = np.rint(np.clip(xy, -1e5, 1e5) * 2**_SUBPIXEL).astype(int).tolist()
    return x, y


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _beginning(text: str, width: int, size: int) -> str:
    """Return the text, its end cut off where it is too long."""
    return _end(text[::-1], width, size)[::-1]


def _end(text: str, width: int, size: int) -> str:
    """Return the text, its beginning cut off where it is too long: the ends of paths tell more."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength("…" + text) > width:
        text = text[1:]
    return "…" + text
