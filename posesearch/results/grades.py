"""The grades of matches: how alike two poses are, in words."""

from collections.abc import Mapping
from typing import Final, Literal

from posesearch.skeleton import Exchange, Invariance

Grade = Literal["same", "alike", "loosely alike", "not alike"]
"""How alike two poses are, in words."""

LOWEST: Final[Mapping[Grade, float]] = {"same": 0.985, "alike": 0.97, "loosely alike": 0.955}
"""The lowest similarity of each grade, the best grade first.

benchmarks/calibration.py fits the values, and measures how often a match of each grade is right. schema.sql has them
too.
"""

LOWEST_VIEW: Final[Mapping[Grade, float]] = {"same": 0.996, "alike": 0.994, "loosely alike": 0.985}
"""The same for a comparison from any side, whose similarities are higher.

They were chosen on half of the poses of benchmarks/views.py, which measures the grades on the other half.
"""

NOT_ALIKE: Final[Grade] = "not alike"
"""The grade of all lower similarities."""


EXCHANGE_BONUS: Final = 0.015
"""What the grade adds to the similarity if left and right are exchanged: half of what an exchange subtracts.

Such matches are more often right than others of the same similarity. benchmarks/calibration.py measures it. schema.sql
has the number too.
"""


EXCHANGE_BONUS_VIEW: Final = 0.03
"""The same for comparisons from any side: all of what an exchange subtracts, because their grades lie closer together.

schema.sql has the number too.
"""


def find_grade(similarity: float, exchanged: Exchange = "none", invariance: Invariance = "none") -> Grade:
    """Return the grade of a similarity, which is rounded to three digits.

    It does not depend on the percentile. Among matches of equal similarity, those of a higher percentile are not more
    often right. See docs/search.md.

    Args:
        similarity: of two poses.
        exchanged: the joints whose left and right were exchanged.
        invariance: what the comparison ignored.
    """
    limits, bonus = (LOWEST_VIEW, EXCHANGE_BONUS_VIEW) if invariance == "view" else (LOWEST, EXCHANGE_BONUS)
    value = round(similarity + (0.0 if exchanged == "none" else bonus), 3)  # as users see it
    return next((grade for grade, lowest in limits.items() if value >= lowest), NOT_ALIKE)
