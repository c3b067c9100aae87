"""The grades of matches: how alike two poses are, in words."""

from collections.abc import Mapping
from typing import Final, Literal

Grade = Literal["same", "alike", "loosely alike", "not alike"]
"""How alike two poses are, in words."""

LOWEST: Final[Mapping[Grade, float]] = {"same": 0.985, "alike": 0.97, "loosely alike": 0.955}
"""The lowest similarity of each grade, the best grade first.

benchmarks/calibration.py fits the values, and measures how often a match of each grade is right. schema.sql has them
too.
"""

NOT_ALIKE: Final[Grade] = "not alike"
"""The grade of all lower similarities."""


def find_grade(similarity: float) -> Grade:
    """Return the grade of a similarity.

    It does not depend on the percentile. Among matches of equal similarity, those of a higher percentile are not more
    often right. See docs/search.md.
    """
    return next((grade for grade, lowest in LOWEST.items() if similarity >= lowest), NOT_ALIKE)
