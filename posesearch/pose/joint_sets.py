"""Sets of body joints as bits, which SQL compares faster than masks. The lowest bit is the nose."""

from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.types import Float32, Int64

ALL_JOINTS: Final = (1 << skeleton.N_BODY) - 1

_BITS: Final = 1 << np.arange(skeleton.N_BODY)


def to_joint_sets(masks: Float32) -> Int64:
    """Return the joints whose mask or weight is above 0 as bits: (..., 14) -> (...) int64."""
    return np.asarray((masks > 0) @ _BITS, np.int64)


def to_masks(joint_sets: Int64) -> Float32:
    """Return the masks of sets of joints, 0 or 1: (...) -> (..., 14) float32."""
    return np.asarray((joint_sets[..., None] & _BITS) > 0, np.float32)
