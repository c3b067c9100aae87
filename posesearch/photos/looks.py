"""Finds photos that look alike, by their thumbnails. It compares many photos at once, and knows no photo exactly.

A thumbnail without its slow changes of brightness, averaged over 8 x 8 squares, is the coarse look of a photo: a vector
of norm 1. The inner product of two of them is a correlation. `alignment.py` confirms the pairs that this finds.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.photos.thumbnail import SIDE
from posesearch.types import Float32, Float64, Int64

_COARSE: Final = 8  # rows and columns of a coarse look
_MIN_NORM: Final = 8.0
"""A coarse look of a smaller norm is not scaled to 1, because its squares differ by less than 1 grey level.

Blank pages and black photos have nothing by which they can be told apart.
"""
_SMOOTH: Final = (
    3.0  # pixels of a thumbnail: changes that are much slower are left out, because exposure makes such ones
)
_HALF: Final = _COARSE**2 // 2
_BLOCK: Final = 2048  # photos that others are compared with at once, so that the products stay in the cache
_GRID: Final = ((np.arange(SIDE) + 0.5) / SIDE - 0.5).astype(np.float32)  # of the pixels, from the middle of the photo


@dataclass(frozen=True, eq=False)
class Looks:
    """The looks of n photos.

    Attributes:
        thumbnails: (n, 32, 32) uint8.
        coarse: (n, 64) float32, the coarse looks. A mirror changes the sign of the last 32 numbers, and no other.
        nearby: (n, 64, 5) float32: an orthonormal basis of the coarse look and of what is added to it if the photo is
            moved or stretched a little, along either side. A crop of the photo is nearly a sum of these.
    """

    thumbnails: NDArray[np.uint8]
    coarse: Float32
    nearby: Float32

    def __len__(self) -> int:
        return len(self.thumbnails)


def make_looks(thumbnails: NDArray[np.uint8]) -> Looks:
    """Return the looks of photos from their thumbnails, (n, 32, 32) uint8."""
    blocks = [_describe(thumbnails[start : start + 4096]) for start in range(0, max(1, len(thumbnails)), 4096)]
    coarse, nearby = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Looks(thumbnails, coarse, nearby)


def mirror(coarse: Float32) -> Float32:
    """Return the coarse looks of the mirrored photos, (n, 64)."""
    return np.concatenate([coarse[:, :_HALF], -coarse[:, _HALF:]], axis=1)


def find_alike(looks: Looks, rows: Int64, columns: Int64, least: float) -> tuple[Int64, Int64, NDArray[np.bool_]]:
    """Return the pairs whose coarse looks correlate, plain or mirrored.

    Args:
        looks: of all photos.
        rows: (r,) numbers of photos.
        columns: (c,) numbers of the photos that they are compared with.
        least: the correlation that a pair needs.

    Returns:
        For each pair, the numbers of both photos, and whether one of them is mirrored. A pair may be there twice.
    """
    found = [_find_in_block(looks, rows, columns[:0], least)]
    found += [
        _find_in_block(looks, rows, columns[start : start + _BLOCK], least) for start in range(0, len(columns), _BLOCK)
    ]
    first, second, mirrored = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return first, second, mirrored


def _find_in_block(looks: Looks, rows: Int64, columns: Int64, least: float) -> tuple[Int64, Int64, NDArray[np.bool_]]:
    """Return what `find_alike` does. The products of the halves give both correlations: their sum and difference."""
    a, b = looks.coarse[rows], looks.coarse[columns]
    even, odd = a[:, :_HALF] @ b[:, :_HALF].T, a[:, _HALF:] @ b[:, _HALF:].T
    hits = np.flatnonzero(even + np.abs(odd) >= least)
    first, second = np.divmod(hits, max(1, len(columns)))
    is_plain, is_mirrored = ((even + sign * odd).ravel()[hits] >= least for sign in (1, -1))
    return (
        rows[np.concatenate([first[is_plain], first[is_mirrored]])],
        columns[np.concatenate([second[is_plain], second[is_mirrored]])],
        np.repeat([False, True], [int(is_plain.sum()), int(is_mirrored.sum())]),
    )


def correlate_nearby(looks: Looks, first: Int64, second: Int64, mirrored: NDArray[np.bool_]) -> Float32:
    """Return how well one coarse look of each pair is explained by the other one, moved and stretched: 0 to 1, (m,).

    The arguments are what `find_alike` returns. It is a correlation: 1 for a pair that differs in nothing else.
    """
    a, b = looks.coarse[first], looks.coarse[second]
    a[mirrored] = mirror(a[mirrored])
    forth = np.einsum("nd,ndk->nk", a, looks.nearby[second])
    b[mirrored] = mirror(b[mirrored])
    back = np.einsum("nd,ndk->nk", b, looks.nearby[first])  # the mirrored second photo, and the first as it is
    return np.asarray(np.sqrt(np.maximum((forth**2).sum(axis=1), (back**2).sum(axis=1))), np.float32)


def _describe(thumbnails: NDArray[np.uint8]) -> tuple[Float32, Float32]:
    """Return the coarse looks of photos and what is near them."""
    grey = thumbnails.astype(np.float32)
    detail = grey - _BLUR @ grey @ _BLUR.T
    right, down = np.gradient(detail, axis=2), np.gradient(detail, axis=1)
    coarse, *changes = (_average(one) for one in (detail, right, right * _GRID, down, down * _GRID[:, None]))
    coarse = _to_unit(coarse, _MIN_NORM)
    basis = np.stack([coarse, *(_to_unit(change, 1e-3) for change in changes)], axis=2)
    return coarse, np.linalg.qr(basis)[0].astype(np.float32)


def _average(pixels: Float32 | Float64) -> Float32:
    """Return the means of the squares of thumbnails, (n, 64): the half that a mirror leaves, and the one it negates."""
    size = SIDE // _COARSE
    squares = pixels.reshape(len(pixels), _COARSE, size, _COARSE, size).mean(axis=(2, 4))
    left, right = squares[:, :, : _COARSE // 2], squares[:, :, : _COARSE // 2 - 1 : -1]
    halves = np.stack([left + right, left - right], axis=1) / np.sqrt(2)
    return np.asarray(halves.reshape(len(pixels), _COARSE**2), np.float32)


def _to_unit(vectors: Float32, least: float) -> Float32:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), least), np.float32)


def _make_blur(sigma: float) -> Float32:
    """Return the matrix, (32, 32), that blurs the columns of a thumbnail, which is reflected beyond its ends."""
    matrix, reach = np.zeros((SIDE, SIDE)), int(3 * sigma)
    for step in range(-reach, reach + 1):
        pixel = np.arange(SIDE) + step
        pixel = np.where(pixel < 0, -pixel - 1, np.where(pixel >= SIDE, 2 * SIDE - 1 - pixel, pixel))
        np.add.at(matrix, (np.arange(SIDE), pixel), np.exp(-(step**2) / (2 * sigma**2)))
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), np.float32)


_BLUR: Final = _make_blur(_SMOOTH)
