"""Draws skeletons as pixels, on a photo or on an empty background. The functions take and return arrays.

The person's right side is dashed and the left side is solid, so that nobody needs the colours to tell them apart.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.own_pictures import mark_png
from posesearch.types import Float32

Pixels = NDArray[np.uint8]
"""(h, w, 3) uint8, BGR."""

Heat = NDArray[np.float64]
"""(14,) float64, 0 to 1 for each body joint."""

# BGR. Colour-blind people can distinguish blue and orange (Okabe and Ito, 2008). The person's left side is blue.
COLOURS: Final = {"left": (178, 114, 0), "right": (0, 94, 213), "centre": (60, 60, 60)}
# BGR, the colours of heat 0, 0.25, 0.5, 0.75 and 1. They also differ in lightness (ColorBrewer's YlOrRd, 2002).
WARMTH: Final = ((178, 240, 254), (76, 178, 254), (60, 141, 253), (28, 26, 227), (38, 0, 128))
_HALO: Final = (255, 255, 255)  # the outline of limbs and joints, visible on any photo
_DARK_OUTLINE: Final = (40, 40, 40)  # the outline of joints that show heat. Pale yellow is hardly visible inside white.
_BACKGROUND: Final = (250, 250, 250)
_DASH: Final = 2.4  # length of a dash without its round ends, in thicknesses of the line
_PERIOD: Final = 5.0  # distance of the starts of two dashes
_FRACTION_BITS: Final = 4  # OpenCV's `shift`: coordinates are in sixteenths of a pixel


def draw_on_photo(pixels: Pixels, xy: Float32, heat: Heat | None = None) -> Pixels:
    """Return a copy of the photo with the skeleton drawn on it.

    Args:
        pixels: (h, w, 3) uint8.
        xy: (18, 2) float32, pixels of this photo. NaN where the joint is missing.
        heat: (14,) float, 0 to 1 for each body joint. The colours range from pale yellow (0) to dark red (1). None
            draws the joints in the colours of their sides.
    """
    canvas = pixels.copy()
    thickness = max(2, round(max(canvas.shape[:2]) / 110))
    _draw_limbs(canvas, xy, thickness)
    for joint, point in enumerate(xy):
        if np.isnan(point).any():
            continue
        if heat is not None and joint < len(heat):
            value = float(heat[joint])
            colour, size = _interpolate_warmth(value), 1.3 + 0.7 * value
        else:
            colour, size = COLOURS[skeleton.side_of(skeleton.JOINTS[joint])], 1.0
        _draw_disc(canvas, point, thickness * (size + 0.4), _HALO if heat is None else _DARK_OUTLINE)
        _draw_disc(canvas, point, thickness * size, colour)
    return canvas


def draw_alone(xy: Float32, width: int, height: int, heat: Heat | None = None) -> Pixels:
    """Return the skeleton on an empty background, as large as possible: (height, width, 3) uint8.

    Args:
        xy: (n, 2) float, n = 18 or 14, y down, in any unit. NaN where the joint is missing.
        width: pixels.
        height: pixels.
        heat: as in `draw_on_photo`.
    """
    points = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32)
    points[: len(xy)] = xy
    canvas = np.full((height, width, 3), _BACKGROUND, np.uint8)
    if np.isnan(points).all():
        return canvas
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    room = np.array([width, height]) * 0.84
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    centre = (low + high) / 2
    return draw_on_photo(canvas, ((points - centre) * scale + np.array([width, height]) / 2).astype(np.float32), heat)


def mirror_pixels(pixels: Pixels) -> Pixels:
    """Return the photo mirrored left to right."""
    return np.ascontiguousarray(pixels[:, ::-1])


def encode_png(pixels: Pixels) -> bytes:
    """Return the picture as the bytes of a PNG file."""
    is_encoded, data = cv2.imencode(".png", pixels)
    if not is_encoded:
        raise ValueError("the picture can't be encoded as PNG")
    return mark_png(data.tobytes())


def draw_line(canvas: Pixels, start: Float32, end: Float32, side: skeleton.Side, thickness: int) -> None:
    """Draw a line in the colour and the stroke of a side on the canvas.

    Args:
        canvas: (h, w, 3) uint8.
        start: (2,) float32, pixels.
        end: (2,) float32, pixels.
        side: of the body.
        thickness: pixels.
    """
    length = float(np.linalg.norm(np.clip(end - start, -1e5, 1e5)))
    period, dash = _PERIOD * thickness, _DASH * thickness
    dashes = min(round((length - dash) / period) + 1, 1000) if side == "right" else 1
    if dashes < 2:  # too short for two
        parts = [(0.0, 1.0)]
    else:
        starts = np.linspace(0, 1 - dash / length, dashes).tolist()
        parts = [(first, first + dash / length) for first in starts]
    for first, last in parts:
        begin, stop = (_to_fixed_point(start + (end - start) * np.float32(part)) for part in (first, last))
        cv2.line(canvas, begin, stop, COLOURS[side], thickness, cv2.LINE_AA, _FRACTION_BITS)


def _draw_limbs(canvas: Pixels, xy: Float32, thickness: int) -> None:
    """Draw the limbs. The outlines of all limbs come first, so that no outline covers a limb."""
    limbs = [limb for limb in skeleton.LIMBS if not np.isnan(xy[[limb.start, limb.end]]).any()]
    halo_thickness = thickness + max(2, thickness // 2)
    for limb in limbs:
        start, end = _to_fixed_point(xy[limb.start]), _to_fixed_point(xy[limb.end])
        cv2.line(canvas, start, end, _HALO, halo_thickness, cv2.LINE_AA, _FRACTION_BITS)
    for limb in limbs:
        draw_line(canvas, xy[limb.start], xy[limb.end], limb.side, thickness)


def _draw_disc(canvas: Pixels, centre: Float32, radius: float, colour: tuple[int, int, int]) -> None:
    fixed_radius = round(radius * 2**_FRACTION_BITS)
    cv2.circle(canvas, _to_fixed_point(centre), fixed_radius, colour, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)


def _interpolate_warmth(heat: float) -> tuple[int, int, int]:
    """Return the BGR colour of a heat from 0 to 1. The colours between those of WARMTH are interpolated linearly."""
    position = min(max(heat, 0.0), 1.0) * (len(WARMTH) - 1)
    low = min(int(position), len(WARMTH) - 2)
    mixed = np.array(WARMTH[low]) * (low + 1 - position) + np.array(WARMTH[low + 1]) * (position - low)
    blue, green, red = np.rint(mixed).astype(int).tolist()
    return blue, green, red


def _to_fixed_point(xy: Float32) -> tuple[int, int]:
    """Return a point in OpenCV's fixed-point coordinates. Clipping keeps far points within its integers."""
    x, y = np.rint(np.clip(xy, -1e5, 1e5) * 2**_FRACTION_BITS).astype(int).tolist()
    return x, y
