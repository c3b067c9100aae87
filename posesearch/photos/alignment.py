"""Aligns the thumbnails of two photos, one of which may be a crop of the other, and compares them pixel by pixel."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.photos.thumbnail import SIDE
from posesearch.types import Float32

_MAX_OFFSET: Final = 0.07
"""How far the middle of a photo may move, as a part of its side. A crop of 6% on one side moves it by 0.03."""

_SCALES: Final = (0.86, 1 / 0.86)
"""How much one photo may be smaller than the other. A crop of 6% on both sides leaves 0.88."""

_BLURS: Final = (2, 1)
"""How often the thumbnails are blurred: at first more, so that an offset of two pixels is found."""

_STEPS: Final = 2  # of Gauss and Newton, for each of these
_SMOOTH: Final = 8  # how often the part is blurred that is not compared in the end, because exposure changes it
_CHUNK: Final = 64  # pairs at once, so that they stay in the cache of the processor
_GRID: Final = ((np.arange(SIDE) + 0.5) / SIDE - 0.5).astype(np.float32)
_PIXELS: Final = np.arange(SIDE, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Alignments:
    """How the photos of n pairs fit on each other.

    A place of the first photo, as fractions of its sides, is at `scale * (place - 0.5) + 0.5 + offset` of the second.

    Attributes:
        correlation: (n,) float32 of the details where both photos are, -1 to 1.
        offset, scale: (n, 2) float32, for x and y.
    """

    correlation: Float32
    offset: Float32
    scale: Float32


def align(first: NDArray[np.uint8], second: NDArray[np.uint8], promising: float) -> Alignments:
    """Align the photos of n pairs.

    Args:
        first: (n, 32, 32) uint8, thumbnails.
        second: those that they are compared with.
        promising: the correlation that a pair needs after the first steps. The others are not aligned any further.
    """
    chunks = [
        _align_some(first[start : start + _CHUNK], second[start : start + _CHUNK], promising)
        for start in range(0, max(1, len(first)), _CHUNK)
    ]
    return Alignments(*(np.concatenate(parts) for parts in zip(*map(_fields, chunks), strict=True)))


def _fields(one: Alignments) -> tuple[Float32, Float32, Float32]:
    return one.correlation, one.offset, one.scale


def _align_some(first: NDArray[np.uint8], second: NDArray[np.uint8], promising: float) -> Alignments:
    a, b = _standardize(first), _standardize(second)
    offset, scale = np.zeros((len(a), 2), np.float32), np.ones((len(a), 2), np.float32)
    correlation, left = np.ones(len(a), np.float32), np.arange(len(a))
    for blurs in _BLURS:
        offset[left], scale[left] = _fit(_blur(a[left], blurs), _blur(b[left], blurs), offset[left], scale[left])
        correlation[left] = _correlate(a[left], *_warp(b[left], offset[left], scale[left]))
        left = left[correlation[left] >= promising]
    return Alignments(correlation, offset, scale)


def _fit(a: Float32, b: Float32, offset: Float32, scale: Float32) -> tuple[Float32, Float32]:
    """Return better offsets and scales of b, by steps of Gauss and Newton. Brightness and contrast may differ."""
    for _ in range(_STEPS):
        warped, inside = _warp(b, offset, scale)
        right, down = np.gradient(warped, axis=2) * SIDE, np.gradient(warped, axis=1) * SIDE
        changes = (right, right * _GRID, down, down * _GRID[:, None], warped, np.ones_like(warped))
        matrix = (np.stack(changes, axis=1) * inside[:, None]).reshape(len(a), len(changes), SIDE**2)
        square = matrix @ matrix.transpose(0, 2, 1)
        square += np.eye(len(changes), dtype=np.float32) * (1e-5 * np.einsum("nii->ni", square)[:, None] + 1e-3)
        solved = np.linalg.solve(square, matrix @ a.reshape(len(a), SIDE**2, 1))[..., 0]
        contrast = np.maximum(solved[:, 4:5], 0.2)
        moved = offset + scale * np.clip(solved[:, 0:4:2] / contrast, -_MAX_OFFSET, _MAX_OFFSET)
        stretched = scale * (1 + np.clip(solved[:, 1:4:2] / contrast, -0.1, 0.1))
        offset = np.clip(moved, -_MAX_OFFSET, _MAX_OFFSET).astype(np.float32)
        scale = np.clip(stretched, *_SCALES).astype(np.float32)
    return offset, scale


def _warp(b: Float32, offset: Float32, scale: Float32) -> tuple[Float32, Float32]:
    """Return b as it is at the places of a, and which of its pixels are inside of b, both (n, 32, 32) float32."""
    place = (scale[:, :, None] * _GRID + offset[:, :, None] + 0.5) * SIDE - 0.5  # (n, 2, 32) in pixels
    inside = ((place >= -0.5) & (place <= SIDE - 0.5)).astype(np.float32)
    between = np.clip(1 - np.abs(np.clip(place, 0, SIDE - 1)[..., None] - _PIXELS), 0, None)  # linear interpolation
    warped = between[:, 1] @ b @ between[:, 0].transpose(0, 2, 1)
    return warped, inside[:, 1, :, None] * inside[:, 0, None]


def _correlate(a: Float32, warped: Float32, inside: Float32) -> Float32:
    """Return the correlation of the details of n pairs, (n,), where both photos are."""
    one, other = ((part - _blur(part, _SMOOTH)) * inside for part in (a, warped))
    norms = np.einsum("nij,nij->n", one, one) * np.einsum("nij,nij->n", other, other)
    return np.asarray(np.einsum("nij,nij->n", one, other) / np.sqrt(norms + 1e-6), np.float32)


def _standardize(thumbnails: NDArray[np.uint8]) -> Float32:
    grey = thumbnails.astype(np.float32)
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    return np.asarray(grey / np.maximum(grey.std(axis=(1, 2), keepdims=True), 1), np.float32)


def _blur(pixels: Float32, times: int) -> Float32:
    return np.asarray(_BLURRED[times] @ pixels @ _BLURRED[times].T, np.float32)


def _make_blur(times: int) -> Float32:
    """Return the matrix, (32, 32), that averages pixels with their neighbours so many times."""
    once = np.eye(SIDE) / 2 + np.eye(SIDE, k=1) / 4 + np.eye(SIDE, k=-1) / 4
    once[0, 0] = once[-1, -1] = 3 / 4  # beyond its ends, the thumbnail goes on as it ends
    return np.asarray(np.linalg.matrix_power(once, times), np.float32)


_BLURRED: Final = {times: _make_blur(times) for times in (*_BLURS, _SMOOTH)}
