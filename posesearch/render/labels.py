"""Draws numbers and boxes around the people in a photo, so that users can name one of them."""

from collections.abc import Sequence
from typing import Final

import cv2

from posesearch.render.skeletons import Pixels
from posesearch.types import Box

_DARK: Final = (40, 40, 40)
_LIGHT: Final = (255, 255, 255)
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


def draw_numbers(pixels: Pixels, boxes: Sequence[Box], scale: float, chosen: int | None = None) -> Pixels:
    """Return a copy of a photo with a box and a number for each person. Numbers count from 1.

    Args:
        pixels: (h, w, 3) uint8.
        boxes: of the people, in pixels of the original photo.
        scale: width of `pixels` divided by the width of the original photo.
        chosen: number of the person whose box and number are white on dark. The others are dark on white.
    """
    canvas = pixels.copy()
    height, width = canvas.shape[:2]
    line = max(1, round(max(height, width) / 300))
    font_scale, stroke = max(0.5, max(height, width) / 650), max(1, round(max(height, width) / 260))
    order = sorted(range(len(boxes)), key=lambda person: person + 1 == chosen)  # the chosen one is on top
    corners = {}
    for person in order:
        x, y, wide, high = (round(min(max(value * scale, -1e5), 1e5)) for value in boxes[person])
        corners[person] = x, y
        for colour, thickness in ((_LIGHT, 3 * line), (_DARK, line)):
            cv2.rectangle(canvas, (x, y), (x + wide, y + high), colour, thickness, cv2.LINE_AA)
    for person in order:
        text = str(person + 1)
        (wide, high), _ = cv2.getTextSize(text, _FONT, font_scale, stroke)
        pad = max(2, high // 3)
        left = min(max(corners[person][0], 0), max(0, width - wide - 2 * pad))
        top = min(max(corners[person][1], 0), max(0, height - high - 2 * pad))
        paper, ink = (_DARK, _LIGHT) if person + 1 == chosen else (_LIGHT, _DARK)
        cv2.rectangle(canvas, (left, top), (left + wide + 2 * pad, top + high + 2 * pad), paper, cv2.FILLED)
        cv2.rectangle(canvas, (left, top), (left + wide + 2 * pad, top + high + 2 * pad), ink, line)
        cv2.putText(canvas, text, (left + pad, top + high + pad), _FONT, font_scale, ink, stroke, cv2.LINE_AA)
    return canvas
