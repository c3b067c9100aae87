"""Decodes heatmaps and part affinity fields: connects the peaks of the heatmaps to people.

This is the decoding of tf-pose 0.11.0 (its pafprocess), vectorized over peaks and pairs of peaks. tf-pose follows
OpenPose (Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017). The constants
are tf-pose's, except for those of the search for faint joints.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.estimators.heatmaps import UPSAMPLE, Peaks, enlarge_and_smooth, find_peaks, refine_peaks
from posesearch.types import Float32, Keypoints

PEAK_THRESHOLD: Final = 0.05  # a maximum of the smoothed heatmap above this is a peak
N_SAMPLES: Final = 10  # points along a limb at which the part affinity field is sampled
SAMPLE_THRESHOLD: Final = 0.05  # a sample above this supports the limb
SUPPORT_THRESHOLD: Final = 6  # a limb needs more supporting samples than this

# Lower thresholds at which the missing joints of the main person are searched, starting from the joints found.
FAINT_PEAK_THRESHOLD: Final = 0.03
FAINT_SAMPLE_THRESHOLD: Final = 0.03
FAINT_SUPPORT_THRESHOLD: Final = 5

MIN_JOINTS: Final = 4  # people with fewer joints are dropped
MIN_SCORE_PER_JOINT: Final = 0.3  # people with a lower score per joint are dropped

HEATMAPS: Final = slice(0, skeleton.N_JOINTS)  # channels of the network's output (channel 18 is the background)
FIELDS: Final = slice(19, 57)

# Start joint, end joint, x channel and y channel of each limb, in the order in which people are assembled. The channels
# count from the first channel of FIELDS.
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
_N_STARTING_LIMBS: Final = 17  # the limbs that can start a person. The last two, shoulder to ear, only extend one.


@dataclass
class _PartialPerson:
    """A person who is being assembled.

    Attributes:
        peaks: index of the peak of each joint, -1 if the joint has none yet.
        score: sum of the scores of the peaks and of the limbs.
        n_joints: number of joints with a peak.
    """

    peaks: list[int]
    score: float
    n_joints: int


def decode(maps: Float32, *, subpixel: bool, complete: bool = False) -> list[tuple[Keypoints, float]]:
    """Return the people in the network's output.

    Args:
        maps: (h, w, 57) float32: 18 heatmaps, the background, 19 part affinity fields of x and y. h and w are 1/8 of
            the input's.
        subpixel: whether to refine the joints between grid points. tf-pose does not.
        complete: whether to search for the missing joints of the main person at lower thresholds. The main person is
            the one with the highest score.

    Returns:
        Keypoints as fractions of the input's width and height, and each person's score per joint.
    """
    smooth, raw = enlarge_and_smooth(maps[:, :, HEATMAPS])
    fields = maps[:, :, FIELDS]
    peaks = find_peaks(smooth, raw, PEAK_THRESHOLD)
    people = _assemble_people(peaks, _connect_peaks(peaks, fields, smooth.shape[0]))
    if complete and people:
        main = max(people, key=lambda person: person.score)
        if min(main.peaks[skeleton.BODY]) < 0:
            faint = find_peaks(smooth, raw, FAINT_PEAK_THRESHOLD)
            peaks = _complete_person(main, people, peaks, faint, fields, smooth.shape[0])
    x, y = refine_peaks(peaks, smooth) if subpixel else (peaks.x, peaks.y)
    height, width = smooth.shape[:2]
    return [_make_keypoints(person, x / width, y / height, peaks.score) for person in people]


def _make_keypoints(
    person: _PartialPerson, x: NDArray[np.float64], y: NDArray[np.float64], peak_scores: Float32
) -> tuple[Keypoints, float]:
    """Return the person's keypoints and score per joint.

    Args:
        person: the assembled person.
        x: (n,) x of each peak as a fraction of the width.
        y: (n,) y of each peak as a fraction of the height.
        peak_scores: (n,) score of each peak.
    """
    xy = np.full((skeleton.N_JOINTS, 2), np.nan, np.float32)
    score = np.zeros(skeleton.N_JOINTS, np.float32)
    for joint, peak in enumerate(person.peaks):
        if peak >= 0:
            xy[joint] = x[peak], y[peak]
            score[joint] = peak_scores[peak]
    return Keypoints(xy, score.clip(0, 1)), person.score / person.n_joints


def _complete_person(
    main: _PartialPerson, people: list[_PartialPerson], peaks: Peaks, faint: Peaks, fields: Float32, height: int
) -> Peaks:
    """Add faint peaks to the main person, if a part affinity field connects them to the person's joints.

    Args:
        main: the main person, who is changed.
        people: all people, including the main one. Their peaks are not used again.
        peaks: the peaks of which the people are made.
        faint: the peaks at the lower threshold.
        fields: part affinity fields.
        height: height of the enlarged heatmaps.

    Returns:
        All peaks, the faint ones last. The people's indices remain valid.
    """
    both = Peaks(
        *(np.concatenate([getattr(peaks, name), getattr(faint, name)]) for name in ("joint", "x", "y", "score"))
    )
    used = {(int(peaks.joint[n]), peaks.x[n], peaks.y[n]) for person in people for n in person.peaks if n >= 0}
    unused = [
        len(peaks.joint) + n
        for n in range(len(faint.joint))
        if (int(faint.joint[n]), faint.x[n], faint.y[n]) not in used
    ]
    for joint_a, joint_b, channel_x, channel_y in _LIMBS:
        peak_a, peak_b = main.peaks[joint_a], main.peaks[joint_b]
        if (peak_a >= 0) == (peak_b >= 0):
            continue
        missing = joint_b if peak_a >= 0 else joint_a
        candidates = np.array([n for n in unused if both.joint[n] == missing], np.int64)
        starts, ends = (np.array([peak_a]), candidates) if peak_a >= 0 else (candidates, np.array([peak_b]))
        start, end, score = _score_pairs(
            both,
            fields,
            height,
            starts,
            ends,
            channel_x,
            channel_y,
            sample_threshold=FAINT_SAMPLE_THRESHOLD,
            support_threshold=FAINT_SUPPORT_THRESHOLD,
        )
        if len(score):
            best = int(np.argmax(score))
            main.peaks[missing] = int(end[best] if peak_a >= 0 else start[best])
            main.score += float(both.score[main.peaks[missing]] + score[best])
            main.n_joints += 1
    return both


def _connect_peaks(peaks: Peaks, fields: Float32, height: int) -> list[list[tuple[int, int, float]]]:
    """Return the connections of each limb, the highest score first: (start peak, end peak, score).

    A limb's part affinity field supports each of its connections. A peak is in at most one connection of a limb.
    """
    of_joint = [np.flatnonzero(peaks.joint == joint) for joint in range(skeleton.N_JOINTS)]
    return [
        _match_greedily(*_score_pairs(peaks, fields, height, of_joint[start], of_joint[end], channel_x, channel_y))
        for start, end, channel_x, channel_y in _LIMBS
    ]


def _score_pairs(
    peaks: Peaks,
    fields: Float32,
    height: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    channel_x: int,
    channel_y: int,
    *,
    sample_threshold: float = SAMPLE_THRESHOLD,
    support_threshold: int = SUPPORT_THRESHOLD,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Score the pairs of start and end peaks of a limb by the mean of the limb's field along the line between them.

    Args:
        peaks: all peaks.
        fields: (h, w, 38) part affinity fields.
        height: height of the enlarged heatmaps.
        starts: indices of the peaks of the limb's start joint.
        ends: indices of the peaks of the limb's end joint.
        channel_x: channel of the field's x component.
        channel_y: channel of the field's y component.
        sample_threshold: a sample of the field above this supports the limb.
        support_threshold: a limb needs more supporting samples than this.

    Returns:
        Start peak, end peak and score of the pairs that the field supports.
    """
    start, end = (grid.ravel() for grid in np.meshgrid(starts, ends, indexing="ij"))  # (pairs,)
    is_apart = (peaks.x[start] != peaks.x[end]) | (peaks.y[start] != peaks.y[end])
    start, end = start[is_apart], end[is_apart]
    dx = (peaks.x[end] - peaks.x[start]).astype(np.float32)
    dy = (peaks.y[end] - peaks.y[start]).astype(np.float32)
    length = np.hypot(dx, dy)
    steps = np.arange(N_SAMPLES)
    x = (peaks.x[start][:, None] + steps * (dx / N_SAMPLES)[:, None] + 0.5).astype(np.int64) // UPSAMPLE  # (pairs, 10)
    y = (peaks.y[start][:, None] + steps * (dy / N_SAMPLES)[:, None] + 0.5).astype(np.int64) // UPSAMPLE
    # The component of the field in the direction of the limb.
    along = fields[y, x, channel_x] * (dx / length)[:, None] + fields[y, x, channel_y] * (dy / length)[:, None]
    # A limb longer than half the height of the photo is penalized.
    score = along.mean(axis=1) + np.minimum(0.0, 0.5 * height / length - 1.0)
    is_supported = ((along > sample_threshold).sum(axis=1) > support_threshold) & (score > 0)
    return start[is_supported], end[is_supported], score[is_supported]


def _match_greedily(
    start: NDArray[np.int64], end: NDArray[np.int64], score: NDArray[np.float32]
) -> list[tuple[int, int, float]]:
    """Choose pairs by descending score. A pair with a peak that is already in a chosen pair is skipped."""
    used: set[int] = set()  # one set is enough, because an index belongs to one joint
    matches = []
    for pair in np.argsort(-score, kind="stable"):
        a, b = int(start[pair]), int(end[pair])
        if a not in used and b not in used:
            used |= {a, b}
            matches.append((a, b, float(score[pair])))
    return matches


def _assemble_people(peaks: Peaks, connections: list[list[tuple[int, int, float]]]) -> list[_PartialPerson]:
    """Assemble people from the connections, limb by limb. Drop people with few joints or a low score.

    A connection extends the person who has one of its peaks, merges two such people, or starts a new person.
    """
    people: list[_PartialPerson] = []
    for number, (limb, pairs) in enumerate(zip(_LIMBS, connections, strict=True)):
        joint_a, joint_b = limb[:2]
        for a, b, score in pairs:
            connected = [person for person in people if person.peaks[joint_a] == a or person.peaks[joint_b] == b]
            if len(connected) >= 2 and not _has_common_joint(connected[0], connected[1]):
                _merge(connected[0], connected[1], score)
                people = [person for person in people if person is not connected[1]]
            elif connected:
                if len(connected) >= 2 or connected[0].peaks[joint_b] != b:
                    connected[0].peaks[joint_b] = b
                    connected[0].n_joints += 1
                    connected[0].score += float(peaks.score[b]) + score
            elif number < _N_STARTING_LIMBS:
                members = [-1] * skeleton.N_JOINTS
                members[joint_a], members[joint_b] = a, b
                people.append(_PartialPerson(members, float(peaks.score[a]) + float(peaks.score[b]) + score, 2))
    return [
        person
        for person in people
        if person.n_joints >= MIN_JOINTS and person.score / person.n_joints >= MIN_SCORE_PER_JOINT
    ]


def _has_common_joint(first: _PartialPerson, second: _PartialPerson) -> bool:
    """Return whether both people have a peak for the same joint."""
    return any(a >= 0 and b >= 0 for a, b in zip(first.peaks, second.peaks, strict=True))


def _merge(first: _PartialPerson, second: _PartialPerson, score: float) -> None:
    """Add the second person's joints to the first person. `score` is the score of the limb that connects them."""
    first.peaks = [max(a, b) for a, b in zip(first.peaks, second.peaks, strict=True)]
    first.n_joints += second.n_joints
    first.score += second.score + score
