"""Draws the room in which a mannequin stands: a wall with pictures, a floor, and the light of a lamp."""

import numpy as np

from posesearch.types import Float32, Float64


def draw_room(width: int, height: int, random: np.random.Generator) -> Float32:
    """Draw an empty room. Rooms differ in colours, light and pictures, so that their difference hashes differ too.

    Args:
        width: pixels.
        height: pixels.
        random: source of the colours, the light and the pictures.

    Returns:
        (height, width, 3) float32 BGR, 0 to 255.
    """
    wall, floor = random.uniform(150, 225, 3), random.uniform(110, 170, 3)
    horizon_at = random.uniform(0.68, 0.78)
    # A generator of its own for the rest, so that the number of pictures does not change what `random` gives next.
    random = np.random.default_rng(int(horizon_at * 2**32))
    rows, columns = np.arange(height)[:, None, None] / height, np.arange(width)[None, :, None] / width
    surface = np.where(rows < horizon_at, wall * (0.86 + 0.2 * rows), floor * (0.7 + 0.35 * rows))
    canvas = np.broadcast_to(surface, (height, width, 3)).copy()
    horizon = int(height * horizon_at)
    canvas[horizon - height // 60 : horizon] *= 0.82  # the skirting board
    for _ in range(random.integers(2, 5)):
        _hang_picture(canvas[: int(height * 0.6)], random)
    lamp = random.uniform(0, 1) + random.uniform(-0.6, 0.6) * (rows - 0.5)
    return np.asarray(canvas * (1.0 - 0.36 * np.abs(columns - lamp)), np.float32)


def _hang_picture(wall: Float64, random: np.random.Generator) -> None:
    """Paint a framed picture on the wall, in place."""
    height, width = wall.shape[:2]
    high, wide = int(height * random.uniform(0.15, 0.7)), int(height * random.uniform(0.15, 0.4))
    top, left = int(random.uniform(0, height - high)), int(random.uniform(-wide / 2, width - wide / 2))
    frame = max(height // 80, 1)
    wall[top : top + high, max(left, 0) : left + wide] = random.uniform(60, 130)
    wall[top + frame : top + high - frame, max(left + frame, 0) : left + wide - frame] = random.uniform(90, 235, 3)
