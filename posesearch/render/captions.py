"""Divides the captions of a sheet into lines."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from posesearch.render.fonts import measure

MAX_LINES: Final = 12
"""The most lines of a path. A longer path lacks lines in its middle."""

_LONGEST: Final = 2_000  # characters of a path that are looked at, because measuring takes time


def wrap_words(text: str, width: int, size: int, *, bold: bool = False) -> list[str]:
    """Return a text in lines of at most `width` pixels, divided between words."""
    lines = _fill(re.findall(r"\S+\s*", _shorten(text)), width, size, bold=bold)
    return [line.rstrip(" ·") for line in lines]


def wrap_path(path: str, width: int, size: int, most: int = MAX_LINES) -> list[str]:
    """Return a path or URL in lines of at most `width` pixels, divided after its separators if possible.

    The lines together are the path. Only if there are more than `most` lines, those in the middle are replaced by "…".
    """
    separators = r"/\\" if re.match(r"[A-Za-z]:\\|\\\\", path) else "/"
    pieces: list[str] = []
    for part in re.findall(f"[^{separators}]*[{separators}]+|[^{separators}]+", _shorten(path)):
        fits = measure(part, size) <= width
        pieces += [part] if fits else re.findall(r"[^-_. ]*[-_. ]|[^-_. ]+", part)
    lines = _fill(pieces, width, size)
    if len(lines) > most:
        first = most // 3
        lines = [*lines[:first], "…", *lines[first + 1 - most :]]
    return lines


def _fill(pieces: Iterable[str], width: int, size: int, *, bold: bool = False) -> list[str]:
    """Return the pieces in lines, as many on each as fit. A piece that is too long for a line is divided anywhere."""
    lines = [""]
    for piece in pieces:
        if measure((lines[-1] + piece).rstrip(), size, bold=bold) <= width:
            lines[-1] += piece
            continue
        rest = piece
        while measure(rest.rstrip(), size, bold=bold) > width:
            end = _cut(rest, width, size, bold=bold)
            lines.append(rest[:end])
            rest = rest[end:]
        lines.append(rest)
    return [line for line in lines if line]


def _cut(text: str, width: int, size: int, *, bold: bool) -> int:
    """Return the number of characters that fit on a line, 1 or more. A letter keeps its marks."""
    lengths = range(1, len(text) + 1)
    end = max(1, bisect_left(lengths, x=True, key=lambda count: measure(text[:count], size, bold=bold) > width))
    while 1 < end < len(text) and unicodedata.category(text[end]).startswith("M"):
        end -= 1
    return end


def _shorten(text: str) -> str:
    """Return a text of bounded length. A longer one lacks its middle."""
    third = _LONGEST // 3
    return text if len(text) <= _LONGEST else f"{text[:third]}…{text[third - _LONGEST :]}"
