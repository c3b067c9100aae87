r"""Measures and draws lines of text in any script.

DejaVu Sans has the letters of Latin, Greek, Cyrillic, Arabic, Hebrew and more. The letters that it lacks are drawn with
a font of the system. A letter that no font has is written as an escape, such as `\u732b`, and never as a box.
"""

import os
import unicodedata
from fnmatch import fnmatch
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from PIL import ImageDraw, ImageFont, features

Colour = tuple[int, int, int]
"""Red, green and blue."""

Run = tuple[str, str]
"""The path of a font, and the text that it draws."""

FOLDERS: Final = (
    "/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
"""Where Linux, macOS and Windows keep the fonts of all users."""

# Fonts with scripts that DejaVu Sans lacks, best first: those of Linux, macOS and Windows. Names are in lower case.
_NAMES: Final = (
    "notosanscjk-regular.*", "notosanscjk??-regular.*", "notosans*-regular.*", "wqy-*.ttc", "droidsansfallback*.ttf",
    "nanumgothic.ttf", "ipag.ttf", "lohit-*.ttf", "garuda.*", "freesans.*", "freeserif.*", "unifont.*",
    "pingfang.ttc", "hiragino sans gb.ttc", "applesdgothicneo.ttc", "kohinoor.ttc", "thonburi.ttc", "arial unicode.ttf",
    "msyh.ttc", "yugothm.ttc", "malgun.ttf", "nirmala.tt?", "leelawui.ttf", "seguisym.ttf", "seguiemj.ttf",
)  # fmt: skip
_JOINERS: Final = "\u200c\u200d"  # they change the shapes of their neighbours, and have none of their own
_TEST_SIZE: Final = 14


def measure(text: str, size: int, *, bold: bool = False) -> float:
    """Return the width of a line in pixels, in a font of this size."""
    return sum(_load(path, size).getlength(part, **_direction()) for path, part in split_runs(text, bold=bold))


def draw_text(
    pen: ImageDraw.ImageDraw, position: tuple[float, float], text: str, size: int, colour: Colour, *, bold: bool = False
) -> None:
    """Draw a line.

    Args:
        pen: draws on the image.
        position: x of the left end and y of the baseline.
        text: the line. Control characters are drawn as "?".
        size: of the font, in pixels.
        colour: of the letters.
        bold: whether the letters are bold, as far as there is such a font.
    """
    x, y = position
    for path, part in split_runs(text, bold=bold):
        font = _load(path, size)
        pen.text((x, y), part, colour, font, anchor="ls", **_direction())
        x += font.getlength(part, **_direction())


@lru_cache(maxsize=4096)
def split_runs(text: str, *, bold: bool = False) -> tuple[Run, ...]:
    """Return the parts of a line, each with a font that has all its letters."""
    runs: list[Run] = []
    for character in unicodedata.normalize("NFC", text):
        is_shown = character.isprintable() or character in _JOINERS
        path, shown = _choose_font(character, runs, bold=bold) if is_shown else (_find_dejavu(bold=bold), "?")
        if runs and runs[-1][0] == path:
            runs[-1] = path, runs[-1][1] + shown
        else:
            runs.append((path, shown))
    return tuple(runs)


def _choose_font(character: str, runs: list[Run], *, bold: bool) -> Run:
    """Return the font of a character, and the character, or its escape if no font has it."""
    joins = character in _JOINERS or unicodedata.category(character).startswith("M")
    if runs and joins and _has_glyph(runs[-1][0], character):
        return runs[-1][0], character
    own = [_find_dejavu(bold=bold), _find_dejavu(bold=False)]
    if character.isascii():
        return own[0], character
    for path in own:
        if _has_glyph(path, character):
            return path, character
    found = _find_system_font(character)
    return (own[0], _escape(character)) if found is None else (found, character)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=1 << 16)
def _find_system_font(character: str) -> str | None:
    return next((path for path in list_system_fonts() if _has_glyph(path, character)), None)


@lru_cache(maxsize=1 << 16)
def _has_glyph(path: str, character: str) -> bool:
    """Return whether a font can draw a character. It draws the same picture, such as a box, for all others."""
    try:
        font = ImageFont.truetype(path, _TEST_SIZE, layout_engine=ImageFont.Layout.BASIC)
        drawn, box = (font.getmask(each) for each in (character, "\uffff"))
    except OSError:  # not a font, or one with pictures of fixed sizes
        return False
    return (drawn.size, bytes(drawn)) != (box.size, bytes(box))


@cache
def list_system_fonts() -> tuple[str, ...]:
    """Return the paths of the system's fonts that may have further scripts, best first. They are looked for once."""
    files = [Path(folder, name) for top in FOLDERS for folder, _, names in os.walk(top) for name in sorted(names)]
    return tuple(str(path) for pattern in _NAMES for path in files if fnmatch(path.name.lower(), pattern))


@cache
def _find_dejavu(*, bold: bool) -> str:
    """Return the path of DejaVu Sans. It comes with matplotlib, whose import would take a second."""
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed")
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return str(Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / name)


@cache
def _load(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@cache
def _direction() -> dict[str, Any]:
    """Return the arguments for lines from left to right, in which Arabic and Hebrew words run from right to left.

    Without the library Raqm, Pillow can't reorder letters, and takes no such argument.
    """
    return {"direction": "ltr"} if features.check("raqm") else {}
