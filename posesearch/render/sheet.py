"""Draws a contact sheet: one picture with many pictures in a grid, each with a caption."""

from bisect import bisect
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from posesearch.render.skeletons import Pixels, draw_line
from posesearch.skeleton import Side

TILE_WIDTH: Final = 260
TILE_HEIGHT: Final = 390
_MARGIN: Final = 14
_LINE_HEIGHT: Final = 19
_TITLE_SIZE: Final = 16
_CAPTION_SIZE: Final = 14
_SAMPLE_WIDTH: Final = 40  # pixels of a line in the legend
_LEGEND: Final[tuple[tuple[Side, str], ...]] = (("left", "left side"), ("right", "right side"))
_BACKGROUND: Final = (250, 250, 250)
_TILE_BACKGROUND: Final = (235, 235, 235)
_TEXT_COLOUR: Final = (40, 40, 40)


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet.

    Attributes:
        pixels: (h, w, 3) uint8 BGR, of any size.
        lines: the lines of the caption under the picture. A line that is too wide is continued on the next one.
        path: path or URL of the photo. It is the last line of the caption.
    """

    pixels: Pixels
    lines: tuple[str, ...]
    path: str


def draw_sheet(tiles: list[Tile], columns: int, title: str) -> Pixels:
    """Return the tiles in rows under a title and a legend, all scaled to the same size: (h, w, 3) uint8 BGR.

    Raises:
        ValueError: there are no tiles.
    """
    if not tiles:
        raise ValueError("a sheet needs a tile")
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    captions = [_make_caption(tile) for tile in tiles]
    lines = max(len(caption) for caption in captions)
    cell_width, cell_height = TILE_WIDTH + _MARGIN, TILE_HEIGHT + _MARGIN + _LINE_HEIGHT * lines
    top = _MARGIN * 2 + _LINE_HEIGHT * (2 if columns == 1 else 1)  # one column is too narrow for title and legend
    corners = [
        (_MARGIN + number % columns * cell_width, top + number // columns * cell_height) for number in range(len(tiles))
    ]
    canvas = np.full((top + rows * cell_height, _MARGIN + columns * cell_width, 3), _BACKGROUND, np.uint8)
    for (x, y), tile in zip(corners, tiles, strict=True):
        canvas[y : y + TILE_HEIGHT, x : x + TILE_WIDTH] = fit_to_tile(tile.pixels)
    right = canvas.shape[1] - _MARGIN
    legend, left = _place_legend(right, top - _MARGIN - _LINE_HEIGHT)
    for side, (x, y), _ in legend:
        start = np.array([x - _SAMPLE_WIDTH - 8, y + _LINE_HEIGHT // 2], np.float32)
        draw_line(canvas, start, start + np.array([_SAMPLE_WIDTH, 0], np.float32), side, 4)
    image = Image.fromarray(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB))
    pen = ImageDraw.Draw(image)
    heading = _shorten_end(title, (right if columns == 1 else left) - 2 * _MARGIN, _TITLE_SIZE)
    pen.text((_MARGIN, _MARGIN), heading, _TEXT_COLOUR, _load_font(_TITLE_SIZE, heading))
    for _, position, text in legend:
        pen.text(position, text, _TEXT_COLOUR, _load_font(_CAPTION_SIZE))
    for (x, y), caption in zip(corners, captions, strict=True):
        for number, line in enumerate(caption):
            position = (x, y + TILE_HEIGHT + 3 + number * _LINE_HEIGHT)
            pen.text(position, line, _TEXT_COLOUR, _load_font(_CAPTION_SIZE, line))
    return np.asarray(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR), dtype=np.uint8)


def fit_to_tile(pixels: Pixels) -> Pixels:
    """Return the picture scaled to fit a tile and centred in it: (TILE_HEIGHT, TILE_WIDTH, 3) uint8."""
    height, width = pixels.shape[:2]
    scale = min(TILE_WIDTH / width, TILE_HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((TILE_HEIGHT, TILE_WIDTH, 3), _TILE_BACKGROUND, np.uint8)
    x, y = (TILE_WIDTH - size[0]) // 2, (TILE_HEIGHT - size[1]) // 2
    tile[y : y + size[1], x : x + size[0]] = resized
    return tile


def _place_legend(right: int, top: int) -> tuple[list[tuple[Side, tuple[int, int], str]], int]:
    """Return the side, the place of the text and the text of each entry of the legend, and where the legend starts.

    Args:
        right: where the legend ends, in pixels.
        top: the top of its line.
    """
    legend = []
    for side, text in reversed(_LEGEND):
        x = right - round(_load_font(_CAPTION_SIZE).getlength(text))
        legend.append((side, (x, top), text))
        right = x - _SAMPLE_WIDTH - 8 - 16
    return legend, right


def _make_caption(tile: Tile) -> list[str]:
    """Return the lines of a tile's caption, none wider than the tile."""
    lines = [part for line in tile.lines for part in _wrap(line, TILE_WIDTH, _CAPTION_SIZE)]
    caption = [_shorten_end(line, TILE_WIDTH, _CAPTION_SIZE) for line in lines]
    return [*caption, _shorten_start(tile.path, TILE_WIDTH, _CAPTION_SIZE)]


def _wrap(line: str, width: int, size: int) -> list[str]:
    """Return the line in parts of at most `width` pixels in a font of this size. It is divided between words."""
    font, parts = _load_font(size, line), [""]
    for word in line.split(" "):
        longer = f"{parts[-1]} {word}" if parts[-1] else word
        if font.getlength(longer) <= width:
            parts[-1] = longer
        else:
            parts.append(word)
    return [part for part in parts if part]


def _load_font(size: int, text: str = "") -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font, or DejaVu Sans for a text that has other characters."""
    if all(character.isascii() or _has_glyph(character) for character in text):
        return ImageFont.load_default(size)
    return ImageFont.truetype(_find_dejavu(), size)


@cache
def _has_glyph(character: str) -> bool:
    """Return whether Pillow's own font can draw a character. It draws a box for others."""
    drawn, box = (ImageFont.load_default(_CAPTION_SIZE).getmask(each) for each in (character, "\uffff"))
    return (drawn.size, bytes(drawn)) != (box.size, bytes(box))


@cache
def _find_dejavu() -> str:
    """Return the path of DejaVu Sans. It comes with matplotlib, whose import would take a second."""
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed")
    return str(Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf")


def _shorten_end(text: str, width: int, size: int) -> str:
    """Return the text, shortened at its end to at most `width` pixels in a font of this size."""
    return _shorten_start(text[::-1], width, size)[::-1]


def _shorten_start(text: str, width: int, size: int) -> str:
    """Return the text, shortened at its start to at most `width` pixels. The end of a path is the informative part."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    font = _load_font(size, text)
    if len(text) <= 4 * width and font.getlength(text) <= width:
        return text
    text = text[-4 * width :]  # measuring a long text is slow
    first = bisect(range(len(text)), 0, key=lambda start: width - font.getlength("…" + text[start:]) >= 0)
    return "…" + text[first:]
