"""Draws skeletons as pixels, on a photo or on an empty background. The functions take and return arrays.

Nobody needs the colours to read them. The person's right side is dashed and the left side is solid. A joint that
differs more has a larger disc, and a joint that was not compared has a ring.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.own_pictures import mark_png
from posesearch.types import Float32, Mask

Pixels = NDArray[np.uint8]
"""(h, w, 3) uint8, BGR."""

Heat = NDArray[np.float64]
"""(14,) float64, 0 to 1 for each body joint."""

# BGR. Colour-blind people can distinguish blue and orange (Okabe and Ito, 2008). The person's left side is blue.
COLOURS: Final = {"left": (178, 114, 0), "right": (0, 94, 213), "centre": (60, 60, 60)}
# BGR, the colours of heat 0, 0.25, 0.5, 0.75 and 1. They also differ in lightness (ColorBrewer's YlOrRd, 2002).
WARMTH: Final = ((178, 240, 254), (76, 178, 254), (60, 141, 253), (28, 26, 227), (38, 0, 128))
GREY: Final = (150, 150, 150)
"""BGR, the colour of joints that were not compared, and of the limbs that end in them."""

_HALO: Final = (255, 255, 255)  # the outline of limbs and joints, visible on any photo
_DARK_OUTLINE: Final = (40, 40, 40)  # the outline of joints that show heat. Pale yellow is hardly visible inside white.
_BACKGROUND: Final = (250, 250, 250)
_DASH: Final = 2.4  # length of a dash without its round ends, in thicknesses of the line
_PERIOD: Final = 5.0  # distance of the starts of two dashes
_FRACTION_BITS: Final = 4  # OpenCV's `shift`: coordinates are in sixteenths of a pixel


def draw_on_photo(pixels: Pixels, xy: Float32, heat: Heat | None = None, compared: Mask | None = None) -> Pixels:
    """Return a copy of the photo with the skeleton drawn on it.

    Args:
        pixels: (h, w, 3) uint8.
        xy: (18, 2) float32, pixels of this photo. NaN where the joint is missing.
        heat: (14,) float, 0 to 1 for each body joint. The colours range from pale yellow (0) to dark red (1). None
            draws the joints in the colours of their sides.
        compared: (14,) bool, the body joints that were compared. The others are grey rings, and the limbs that end in
            them are grey. Eyes and ears are never compared, and are not drawn. None draws all joints alike.
    """
    canvas = pixels.copy()
    thickness = max(2, round(max(canvas.shape[:2]) / 110))
    is_grey = np.zeros(skeleton.N_JOINTS, np.bool_)
    if compared is not None:
        is_grey[skeleton.BODY] = ~compared
        xy = np.where(np.arange(len(xy))[:, None] < skeleton.N_BODY, xy, np.float32(np.nan))
    _draw_limbs(canvas, xy, thickness, is_grey)
    for joint in np.flatnonzero(~np.isnan(xy).any(axis=1)).tolist():
        if is_grey[joint]:
            draw_ring(canvas, xy[joint], thickness)
        elif heat is not None and joint < len(heat):
            draw_heat(canvas, xy[joint], thickness, float(heat[joint]))
        else:
            _draw_disc(canvas, xy[joint], thickness * 1.4, _HALO if heat is None else _DARK_OUTLINE)
            _draw_disc(canvas, xy[joint], thickness, COLOURS[skeleton.side_of(skeleton.JOINTS[joint])])
    return canvas


def draw_heat(canvas: Pixels, centre: Float32, thickness: int, heat: float) -> None:
    """Draw the disc of a joint on the canvas. It is darker and larger if the joint differs more.

    Args:
        canvas: (h, w, 3) uint8.
        centre: (2,) float32, pixels.
        thickness: of the limbs, pixels.
        heat: 0 to 1.
    """
    size = 1.2 + 1.0 * min(max(heat, 0.0), 1.0)
    _draw_disc(canvas, centre, thickness * (size + 0.4), _DARK_OUTLINE)
    _draw_disc(canvas, centre, thickness * size, _interpolate_warmth(heat))


def draw_ring(canvas: Pixels, centre: Float32, thickness: int) -> None:
    """Draw a joint that was not compared on the canvas: a grey ring. The arguments are as in `draw_heat`."""
    for radius, colour in ((1.8, _DARK_OUTLINE), (1.55, GREY), (0.9, _HALO)):
        _draw_disc(canvas, centre, thickness * radius, colour)


def draw_alone(xy: Float32, width: int, height: int, heat: Heat | None = None, compared: Mask | None = None) -> Pixels:
    """Return the skeleton on an empty background, as large as possible: (height, width, 3) uint8.

    Args:
        xy: (n, 2) float, n = 18 or 14, y down, in any unit. NaN where the joint is missing.
        width: pixels.
        height: pixels.
        heat: as in `draw_on_photo`.
        compared: as in `draw_on_photo`.
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
    placed = (points - centre) * scale + np.array([width, height]) / 2
    return draw_on_photo(canvas, placed.astype(np.float32), heat, compared)


def encode_png(pixels: Pixels) -> bytes:
    """Return the picture as the bytes of a PNG file."""
    is_encoded, data = cv2.imencode(".png", pixels)
    if not is_encoded:
        raise ValueError("the picture can't be encoded as PNG")
    return mark_png(data.tobytes())


def draw_line(
    canvas: Pixels,
    start: Float32,
    end: Float32,
    side: skeleton.Side,
    thickness: int,
    colour: tuple[int, int, int] | None = None,
) -> None:
    """Draw a line in the stroke of a side on the canvas.

    Args:
        canvas: (h, w, 3) uint8.
        start: (2,) float32, pixels.
        end: (2,) float32, pixels.
        side: of the body.
        thickness: pixels.
        colour: BGR. None means the colour of the side.
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
        cv2.line(canvas, begin, stop, colour or COLOURS[side], thickness, cv2.LINE_AA, _FRACTION_BITS)


def _draw_limbs(canvas: Pixels, xy: Float32, thickness: int, is_grey: Mask) -> None:
    """Draw the limbs, in grey if one of their joints is grey. All outlines come first, so that none covers a limb."""
    limbs = [limb for limb in skeleton.LIMBS if not np.isnan(xy[[limb.start, limb.end]]).any()]
    halo_thickness = thickness + max(2, thickness // 2)
    for limb in limbs:
        start, end = _to_fixed_point(xy[limb.start]), _to_fixed_point(xy[limb.end])
        cv2.line(canvas, start, end, _HALO, halo_thickness, cv2.LINE_AA, _FRACTION_BITS)
    for limb in limbs:
        colour = GREY if is_grey[limb.start] or is_grey[limb.end] else None
        draw_line(canvas, xy[limb.start], xy[limb.end], limb.side, thickness, colour)


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
