"""Finds the peaks of heatmaps, which are the candidate joints of all people in a photo.

The steps and constants are those of tf-pose 0.11.0, except for the refinement between grid points.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch.types import Float32

UPSAMPLE: Final = 4  # factor by which the heatmaps are enlarged before peaks are searched


def _smoothing_kernel() -> Float32:
    """Return tf-pose's smoothing filter, (25,) float32: the normalized square root of a sampled Gaussian of sigma 3."""
    edges = np.linspace(-3 - 3.5 / 25, 3 + 3.5 / 25, 26)
    cumulative = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    taps = np.sqrt(np.diff(cumulative))
    return np.asarray(taps / taps.sum(), dtype=np.float32)


_SMOOTHING_KERNEL: Final = _smoothing_kernel()
_NEIGHBOURS: Final = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of the heatmaps: candidate joints of all people, (n,) arrays ordered by joint, row and column.

    Attributes:
        joint: int64, index in skeleton.JOINTS.
        x, y: float64, column and row in the enlarged heatmaps.
        score: float32, value of the enlarged heatmap before smoothing.
    """

    joint: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    score: Float32


def enlarge_and_smooth(heatmaps: Float32) -> tuple[Float32, Float32]:
    """Return the enlarged heatmaps with and without smoothing, (4h, 4w, 18) each.

    Enlarging repeats each value, as area interpolation by an integer factor does.
    """
    raw = np.repeat(np.repeat(heatmaps, UPSAMPLE, axis=0), UPSAMPLE, axis=1)
    smooth = cv2.sepFilter2D(raw, -1, _SMOOTHING_KERNEL, _SMOOTHING_KERNEL, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(smooth, dtype=np.float32), raw


def find_peaks(smooth: Float32, raw: Float32, threshold: float) -> Peaks:
    """Return the local maxima of the smoothed heatmaps above the threshold. Their scores are those before smoothing."""
    is_peak = (smooth == cv2.dilate(smooth, _NEIGHBOURS)) & (smooth > threshold)
    joint, y, x = np.nonzero(is_peak.transpose(2, 0, 1))
    return Peaks(joint, x.astype(np.float64), y.astype(np.float64), raw[y, x, joint])


def refine_peaks(peaks: Peaks, smooth: Float32) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of each peak, moved to the vertex of the parabola through the peak and its neighbours.

    The coordinates count from the edge of the heatmap, not from the centre of its first element.
    """
    column, row = peaks.x.astype(np.int64), peaks.y.astype(np.int64)
    padded = np.pad(smooth, ((1, 1), (1, 1), (0, 0)), mode="edge")

    def vertex_offset(before: Float32, after: Float32) -> NDArray[np.float64]:
        curvature = 2.0 * smooth[row, column, peaks.joint] - before - after
        offset = np.where(curvature > 1e-9, 0.5 * (after - before) / np.maximum(curvature, 1e-9), 0.0)
        return offset.clip(-0.5, 0.5)

    dx = vertex_offset(padded[row + 1, column, peaks.joint], padded[row + 1, column + 2, peaks.joint])
    dy = vertex_offset(padded[row, column + 1, peaks.joint], padded[row + 2, column + 1, peaks.joint])
    return peaks.x + dx + 0.5, peaks.y + dy + 0.5
