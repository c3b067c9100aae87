"""Draws a contact sheet: one picture with many tiles in a grid, under a title and a legend."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from posesearch.render.captions import wrap_path, wrap_words
from posesearch.render.fonts import Colour, draw_text
from posesearch.render.legend import Entry, place_entries
from posesearch.render.skeletons import Pixels
from posesearch.render.tiles import Size, Tile

TILE_WIDTH: Final = 260
TILE_HEIGHT: Final = 390
"""The size of the picture of a whole photo, and of a skeleton that is drawn alone."""

MAX_SIDE: Final = 8_000
"""The largest width of a sheet in pixels. The height is about the same at most."""

_SHAPE: Final = 1.4  # width divided by height of a sheet of many tiles
_ROW: Final = 5  # so many tiles, or fewer, are one row
_FOUR: Final = 12  # so many tiles, or fewer, have four columns
_SCREEN: Final = 1_900  # pixels. Sheets with so few tiles are not wider
_MIN_WIDTH: Final = 560  # of a sheet, for the title and the legend
_MARGIN: Final = 14
_GAP: Final = 4  # between the pictures of a tile
_LINE_HEIGHT: Final = 18
_LEGEND_HEIGHT: Final = 22
_TITLE_HEIGHT: Final = 24
_TITLE_SIZE: Final = 17
_HEADING_SIZE: Final = 14
_SIZE: Final = 12
_BACKGROUND: Final = (250, 250, 250)
_TILE_BACKGROUND: Final = (235, 235, 235)
_DARK: Final = (40, 40, 40)
_GREY: Final = (90, 90, 90)
_EDGE: Final = (205, 205, 205)  # of pictures, which may be white


@dataclass(frozen=True)
class _Text:
    """A line of text in a grey. `x` is its left end, `top` is the top of its line."""

    x: int
    top: int
    text: str
    size: int = _SIZE
    colour: Colour = _DARK
    bold: bool = False


@dataclass(frozen=True)
class Sheet:
    """What is on a contact sheet.

    Attributes:
        title: what it shows.
        tiles: from left to right and from top to bottom.
        size: width and height of each picture in pixels. Others are scaled to it.
        legend: what explains it.
    """

    title: str
    tiles: list[Tile]
    size: Size = (TILE_WIDTH, TILE_HEIGHT)
    legend: tuple[Entry, ...] = ()


def draw_sheet(sheet: Sheet) -> Pixels:
    """Return a contact sheet: (h, w, 3) uint8 BGR.

    Raises:
        ValueError: there are no tiles.
    """
    if not sheet.tiles:
        raise ValueError("a sheet needs a tile")
    captions = [make_caption(tile, sheet.size[0]) for tile in sheet.tiles]
    wide = max(len(tile.pictures) for tile in sheet.tiles)
    cell = wide * (sheet.size[0] + _GAP) - _GAP + _MARGIN
    heights = [sheet.size[1] + _MARGIN + 6 + max(line.top for line in lines) + _LINE_HEIGHT for lines in captions]
    columns = choose_columns(cell, heights)
    width = max(_MARGIN + columns * cell, _MIN_WIDTH)
    right = width - _MARGIN
    titles = wrap_words(sheet.title, right - _MARGIN, _TITLE_SIZE, bold=True)
    texts = [
        _Text(_MARGIN, _MARGIN + row * _TITLE_HEIGHT, line, _TITLE_SIZE, bold=True) for row, line in enumerate(titles)
    ]
    top = _MARGIN + len(titles) * _TITLE_HEIGHT + 4
    legend = place_entries(list(sheet.legend), _MARGIN, right, _SIZE)
    texts += [_Text(one.text_x, top + one.row * _LEGEND_HEIGHT, one.entry.text) for one in legend]
    first = top + (legend[-1].row + 1 if legend else 0) * _LEGEND_HEIGHT + _MARGIN
    tops = [first, *(first + sum_ for sum_ in np.cumsum(_row_heights(heights, columns)).tolist())]
    canvas = np.full((tops[-1], width, 3), _BACKGROUND, np.uint8)
    for one in legend:
        if one.entry.draw is not None:
            one.entry.draw(canvas, one.x, top + one.row * _LEGEND_HEIGHT + _LINE_HEIGHT // 2)
    for number, (tile, lines) in enumerate(zip(sheet.tiles, captions, strict=True)):
        x, y = _MARGIN + number % columns * cell, tops[number // columns]
        _paste(canvas, tile, (x, y), sheet.size)
        below = y + sheet.size[1] + 6
        texts += [_Text(x + line.x, below + line.top, line.text, line.size, line.colour, line.bold) for line in lines]
    return _write(canvas, texts)


def make_caption(tile: Tile, width: int) -> list[_Text]:
    """Return the lines of a tile's caption. Each path is under its picture, and no line is wider than it should be.

    Args:
        tile: the tile.
        width: of one picture in pixels.
    """
    whole = len(tile.pictures) * (width + _GAP) - _GAP
    lines = [(line, _HEADING_SIZE, True) for line in wrap_words(tile.heading, whole, _HEADING_SIZE, bold=True)]
    lines += [(part, _SIZE, False) for line in tile.lines for part in wrap_words(line, whole, _SIZE)]
    caption = [_Text(0, row * _LINE_HEIGHT, text, size, bold=bold) for row, (text, size, bold) in enumerate(lines)]
    for number, path in enumerate(tile.paths):
        for row, line in enumerate(wrap_path(path, width - 2 * _GAP, _SIZE), start=len(lines)):
            caption.append(_Text(number * (width + _GAP), row * _LINE_HEIGHT, line, _SIZE, _GREY))
    return caption


def choose_columns(cell: int, heights: list[int]) -> int:
    """Return the number of columns: one row for a few tiles, four columns for some, and a wide shape for many.

    Args:
        cell: width of a tile in pixels.
        heights: of the tiles in pixels.
    """
    count = len(heights)
    if count <= _FOUR:
        most = max(1, min(_ROW if count <= _ROW else 4, _SCREEN // cell))
        return -(-count // -(-count // most))  # in rows of about the same length

    def differ(columns: int) -> float:
        rows = _row_heights(heights, columns)
        empty = 1 - count / (columns * len(rows))
        return abs(math.log(columns * cell / sum(rows) / _SHAPE)) + empty

    return min(range(4, max(5, min(count, MAX_SIDE // cell) + 1)), key=differ)


def fit_to_tile(pixels: Pixels, size: Size) -> Pixels:
    """Return a picture scaled to fit a size and centred in it: (height, width, 3) uint8."""
    width, height = size
    if pixels.shape[:2] == (height, width):
        return pixels
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    inner = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    resized = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((height, width, 3), _TILE_BACKGROUND, np.uint8)
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    tile[y : y + inner[1], x : x + inner[0]] = resized
    return tile


def _row_heights(heights: list[int], columns: int) -> list[int]:
    return [max(heights[first : first + columns]) for first in range(0, len(heights), columns)]


def _paste(canvas: Pixels, tile: Tile, corner: tuple[int, int], size: Size) -> None:
    x, y = corner
    for pixels in tile.pictures:
        canvas[y : y + size[1], x : x + size[0]] = fit_to_tile(pixels, size)
        colour, thickness = (_DARK, 3) if tile.is_query else (_EDGE, 1)
        out = (thickness + 1) // 2
        cv2.rectangle(canvas, (x - out, y - out), (x + size[0] + out - 1, y + size[1] + out - 1), colour, thickness)
        x += size[0] + _GAP


def _write(canvas: Pixels, texts: list[_Text]) -> Pixels:
    """Return the canvas with the texts on it."""
    image = Image.fromarray(canvas)  # its red and blue are exchanged, which saves memory and makes no grey differ
    pen = ImageDraw.Draw(image)
    for one in texts:
        baseline = one.top + (_LINE_HEIGHT + one.size) // 2 - 2
        draw_text(pen, (one.x, baseline), one.text, one.size, one.colour, bold=one.bold)
    return np.asarray(image)
