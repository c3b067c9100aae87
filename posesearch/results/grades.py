"""The grades of matches: how alike two poses are, in words."""

from typing import Literal

Grade = Literal["same", "alike", "loosely alike", "not alike"]
"""How alike two poses are, in words."""


def find_grade(similarity: float, percentile: float | None) -> Grade:
    """Return the grade of a similarity and its percentile."""
    if similarity >= 0.98:
        return "same"
    if similarity >= 0.95:
        return "alike"
    return "loosely alike" if similarity >= 0.9 else "not alike"
