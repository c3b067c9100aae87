"""The options of searches, and their validation."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypedDict

import numpy as np

from posesearch import skeleton
from posesearch.errors import NoSuchPart, did_you_mean
from posesearch.pose.similarity import MIN_SHARED, Invariance
from posesearch.store.interruptible import DEFAULT_TIMEOUT, check_timeout
from posesearch.types import Float32

MIN_PERCENTILE: Final = 90.0
"""A match has at least this percentile among random pairs. docs/search.md explains the value."""


class CompareArguments(TypedDict, total=False):
    """The keyword arguments of all methods that compare poses.

    Attributes:
        collection: only poses of this collection. None, the default, means all.
        cluster: only poses with this label. None, the default, means all.
        where: only poses for which this SQL expression over the columns of labelled_poses is true.
        mirror: whether mirrored poses match as well. True by default.
        turn: whether rotations in the image plane are ignored.
        view: "any" compares world coordinates and ignores rotations about the vertical. "same" by default.
        min_shared: joints that two poses must share, 2 to 14, or all joints of a pose that has fewer. 6 by default.
        duplicates: whether each near-duplicate is listed separately.
        timeout: seconds that `where` may take. 60 by default, and 0 means no limit.
    """

    collection: str | None
    cluster: int | None
    where: str
    mirror: bool
    turn: bool
    view: Literal["same", "any"]
    min_shared: int
    duplicates: bool
    timeout: float


class SearchArguments(CompareArguments, total=False):
    """The keyword arguments of a search.

    Attributes:
        parts: only these parts of the body, such as "left-arm", or joints: one name, names with commas between them, or
            a list of names. Empty means the whole body.
        close: the lowest percentile of a match among random pairs, 0 to 100. 90 by default.
    """

    parts: str | Sequence[str]
    close: float


@dataclass(frozen=True)
class SearchOptions:
    """The valid options of a search."""

    n: int = 10
    collection: str | None = None
    cluster: int | None = None
    where: str = ""
    mirror: bool = True
    parts: tuple[str, ...] = ()
    invariance: Invariance = "none"
    min_shared: int = MIN_SHARED
    close: float = MIN_PERCENTILE
    duplicates: bool = False
    timeout: float = DEFAULT_TIMEOUT

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n must be 1 or more, not {self.n}")
        if not 2 <= self.min_shared <= skeleton.N_BODY:
            raise ValueError(f"min_shared must be 2 to {skeleton.N_BODY}, not {self.min_shared}")
        if not 0 <= self.close <= 100:
            raise ValueError(f"close must be 0 to 100, not {self.close}")
        check_timeout(self.timeout)

    @classmethod
    def from_arguments(
        cls,
        n: int,
        arguments: Mapping[str, Any],
        known: Any = SearchArguments,
    ) -> "SearchOptions":
        """Return the options for keyword arguments.

        Args:
            n: the largest number of results.
            arguments: the keyword arguments.
            known: the TypedDict of those that the method has.

        Raises:
            TypeError: there is no such option, or a value has another type.
            ValueError: a value is out of range, or two options exclude each other.
        """
        names = sorted(known.__optional_keys__)
        for name in arguments:
            if name not in names:
                raise TypeError(
                    f"there is no option {name!r}.{did_you_mean(name, names)} There are {', '.join(names)}."
                )
        others = dict(arguments)
        turn, view, parts = others.pop("turn", False), others.pop("view", "same"), others.pop("parts", ())
        if view not in ("same", "any"):
            raise ValueError(f"view must be 'same' or 'any', not {view!r}")
        if turn and view == "any":
            raise ValueError("turn and view='any' can't be combined; choose one")
        invariance: Invariance = "view" if view == "any" else "turn" if turn else "none"
        named = [part for part in parts.split(",") if part.strip()] if isinstance(parts, str) else parts
        for name in ("cluster", "min_shared"):
            if others.get(name) is not None:
                others[name] = operator.index(others[name])  # also an integer of NumPy
        return cls(n=operator.index(n), parts=tuple(named or ()), invariance=invariance, **others)

    @cached_property
    def weight(self) -> Float32:
        """The weight of each body joint, (14,) float32: 1 in the chosen parts, or everywhere without `parts`.

        Raises:
            NoSuchPart: there is no such part.
        """
        names = [part.strip().lower().replace("-", "_") for part in self.parts]
        for name in names:
            if name not in skeleton.PARTS:
                known = [part.replace("_", "-") for part in skeleton.PARTS]
                typed = name.replace("_", "-")
                suggestion = did_you_mean(typed, known)
                raise NoSuchPart(
                    typed, f"there is no such part of the body.{suggestion} The parts are {', '.join(known)}"
                )
        return np.array(skeleton.joints_of(names) if names else [True] * skeleton.N_BODY, np.float32)

    @property
    def uses_world(self) -> bool:
        """Whether world coordinates are compared."""
        return self.invariance == "view"
