"""How to search: which poses are compared, what counts, and what is an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from posesearch import skeleton
from posesearch.similarity import MIN_SHARED, Freedom

CLOSE: Final = 90.0
"""Per cent of random pairs that a match must be closer than; what is farther is no answer. docs/search.md has why."""


class Comparing(TypedDict, total=False):
    """Which poses are compared, and how; the keyword arguments of all that compares.

    Attributes:
        collection: only its poses; None, the default, is all.
        cluster: only poses with this label; None is all.
        where: only poses for which this holds, an expression of SQL over the columns of labelled_poses.
        mirror: poses that are like the other in a mirror count as well; True by default.
        turn: a turn in the picture does not count.
        view: "any" compares joints in 3D, and a turn about the vertical does not count; "same" by default.
        min_shared: joints that two poses must share, 2 to 14, or all where one has fewer; 6 by default.
        duplicates: near-duplicates are listed on their own.
    """

    collection: str | None
    cluster: int | None
    where: str
    mirror: bool
    turn: bool
    view: Literal["same", "any"]
    min_shared: int
    duplicates: bool


class Searching(Comparing, total=False):
    """The keyword arguments of a search.

    Attributes:
        parts: only these parts of the body, as "left-arm", or joints; none is the whole body.
        close: per cent of random pairs that a match must be closer than, 0 to 100; 90 by default.
    """

    parts: Sequence[str]
    close: float


@dataclass(frozen=True)
class Options:
    """How to search, checked."""

    n: int = 10
    collection: str | None = None
    cluster: int | None = None
    where: str = ""
    mirror: bool = True
    parts: tuple[str, ...] = ()
    freedom: Freedom = "none"
    min_shared: int = MIN_SHARED
    close: float = CLOSE
    duplicates: bool = False

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n must be 1 or more, not {self.n}")
        if not 2 <= self.min_shared <= skeleton.N_BODY:
            raise ValueError(f"min_shared must be 2 to {skeleton.N_BODY}, not {self.min_shared}")
        if not 0 <= self.close <= 100:
            raise ValueError(f"close must be 0 to 100, not {self.close}")

    @classmethod
    def of(
        cls,
        n: int,
        *,
        turn: bool = False,
        view: Literal["same", "any"] = "same",
        parts: Sequence[str] = (),
        **others: Any,  # the fields of the same names
    ) -> "Options":
        """Return the options of keyword arguments.

        Raises:
            ValueError: one is out of range, or two exclude each other.
        """
        if view not in ("same", "any"):
            raise ValueError(f"view must be 'same' or 'any', not {view!r}")
        if turn and view == "any":
            raise ValueError("a turn in the picture and any view can't both be free; choose one")
        freedom: Freedom = "view" if view == "any" else "turn" if turn else "none"
        return cls(n=n, parts=tuple(parts), freedom=freedom, **others)

    @property
    def view(self) -> bool:
        """Whether joints in 3D are compared."""
        return self.freedom == "view"
