"""The options of searches, and their validation."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, TypeVar

import numpy as np

from posesearch import skeleton
from posesearch.arguments import to_count, to_flag, to_id_or_name, to_number, to_text
from posesearch.errors import NoSuchPart, did_you_mean
from posesearch.pose.similarity import ANCHOR_WEIGHT, MIN_SHARED, Invariance
from posesearch.results.find import NEAR_DUPLICATES
from posesearch.store.interruptible import DEFAULT_TIMEOUT, check_timeout
from posesearch.types import Float32

if TYPE_CHECKING:
    from posesearch.pose.traits.expressions import Expression

_CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "collection": to_text, "cluster": to_count, "clustering": to_id_or_name, "where": to_text, "with_traits": to_text,
    "mirror": to_flag, "turn": to_flag, "min_shared": to_count, "anchored": to_flag, "duplicates": to_flag,
    "timeout": to_number, "close": to_number,
}  # fmt: skip


class FilterArguments(TypedDict, total=False):
    """The keyword arguments of all methods that choose among the stored poses.

    Attributes:
        collection: only poses of this collection. None, the default, means all.
        cluster: only poses with this label. None, the default, means all.
        clustering: id or name of the clustering from which all labels come. Only poses with a label in it are compared.
            None, the default, means the clustering of each collection.
        where: only poses for which this SQL expression is true. It can name the columns of labelled_poses, skeletons
            and pose_traits, angles such as angles.trunk, and attributes of photos.
        duplicates: whether each near-duplicate is listed separately.
        timeout: seconds that `where` may take. 60 by default, and 0 means no limit.
    """

    collection: str | None
    cluster: int | None
    clustering: int | str | None
    where: str
    duplicates: bool
    timeout: float


class CompareArguments(FilterArguments, total=False):
    """The keyword arguments of all methods that compare poses.

    Attributes:
        with_traits: only poses that match this phrase, as in `find`, such as "arms raised".
        mirror: whether mirrored poses match as well. True by default.
        sides: "any" also finds poses whose left and right are exchanged: in the arms, in the legs, or everywhere, as
            from behind. "same" does not. "any" by default.
        turn: whether rotations in the image plane are ignored.
        view: "any" compares limbs in 3D and ignores rotations about the vertical. "same" by default.
        min_shared: joints that two poses must share, 2 to 14, or all joints of a pose that has fewer. 6 by default.
    """

    with_traits: str
    mirror: bool
    sides: Literal["same", "any"]
    turn: bool
    view: Literal["same", "any"]
    min_shared: int


class SearchArguments(CompareArguments, total=False):
    """The keyword arguments of a search.

    Attributes:
        parts: only these parts of the body, such as "left-arm", or joints: one name, names with commas between them, or
            a list of names. Empty means the whole body.
        anchored: whether the parts are compared relative to the torso, whichever way up it is.
        close: the lowest percentile of a match among random pairs, 0 to 100. 0 by default, which leaves out nothing.
    """

    parts: str | Sequence[str]
    anchored: bool
    close: float


Method = TypeVar("Method", bound=Callable[..., Any])


def show_options(known: Any) -> Callable[[Method], Method]:
    """Return a decorator that shows the options of a method in its signature, for `help` and for completion.

    Args:
        known: the TypedDict of the options that the method accepts as `**options`.
    """

    def decorate(method: Method) -> Method:
        signature = inspect.signature(method)
        plain = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        defaults = {one.name: one.default for one in fields(SearchOptions)} | {"turn": False, "view": "same"}
        options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, default in defaults.items()
            if name in known.__optional_keys__
        ]
        method.__signature__ = signature.replace(parameters=[*plain, *options])  # type: ignore[attr-defined]
        return method

    return decorate


@dataclass(frozen=True)
class SearchOptions:
    """The valid options of a search."""

    n: int = 10
    collection: str | None = None
    cluster: int | None = None
    clustering: int | str | None = None
    where: str = ""
    with_traits: str = ""
    mirror: bool = True
    sides: Literal["same", "any"] = "any"
    parts: tuple[str, ...] = ()
    anchored: bool = False
    invariance: Invariance = "none"
    min_shared: int = MIN_SHARED
    close: float = 0.0
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
        names = sorted([*known.__optional_keys__, "n"])
        for name in arguments:
            if name not in names:
                raise TypeError(
                    f"there is no option {name!r}.{did_you_mean(name, names)} There are {', '.join(names)}."
                )
        others = dict(arguments)
        for name, check in _CHECKS.items():
            is_none = others.get(name) is None and name in ("collection", "cluster", "clustering")
            if name in others and not is_none:
                others[name] = check(name, others[name])
        turn, view, parts = others.pop("turn", False), others.pop("view", "same"), others.pop("parts", ())
        if others.get("sides", "any") not in ("same", "any"):
            raise ValueError(f"sides must be 'same' or 'any', not {others['sides']!r}")
        if view not in ("same", "any"):
            raise ValueError(f"view must be 'same' or 'any', not {view!r}")
        if turn and view == "any":
            raise ValueError("turn and view='any' can't be combined; choose one")
        anchored = bool(others.get("anchored"))
        if anchored and view == "any":
            raise ValueError("anchored and view='any' can't be combined; choose one")
        if anchored and not parts:
            raise ValueError("anchored needs parts, which it compares relative to the torso")
        invariance: Invariance = "view" if view == "any" else "turn" if turn or anchored else "none"
        if not isinstance(parts, str | Iterable | None):
            raise TypeError(f"parts must be a name or a list of names, not {parts!r}")
        named = [part for part in parts.split(",") if part.strip()] if isinstance(parts, str) else parts
        return cls(n=to_count("n", n), parts=tuple(named or ()), invariance=invariance, **others)

    @cached_property
    def weight(self) -> Float32:
        """The weight of each body joint, (14,) float32: 1 in the chosen parts, or everywhere without `parts`.

        With `anchored`, the other joints of the torso have ANCHOR_WEIGHT.

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
        weight = np.array(skeleton.joints_of(names) if names else [True] * skeleton.N_BODY, np.float32)
        if self.anchored:
            weight = np.maximum(weight, np.array(skeleton.joints_of(["torso"]), np.float32) * ANCHOR_WEIGHT)
        return np.asarray(weight, np.float32)

    @cached_property
    def rule(self) -> "Expression | None":
        """The rule of `with_traits`. None if it is empty.

        Raises:
            BadPhrase: the phrase can't be read.
        """
        if not self.with_traits:
            return None
        from posesearch.pose.traits.phrases import parse_phrase  # noqa: PLC0415 (searches without a phrase start sooner)

        return parse_phrase(self.with_traits).rule

    def describe(self) -> tuple[str, ...]:
        """Return the options that are not the defaults, in words, for titles."""
        parts = ", ".join(part.strip().replace("_", "-") for part in self.parts)
        frame = " relative to the torso" if self.anchored else ""
        rotations = "rotations ignored" if self.invariance == "turn" and not self.anchored else ""
        words = (
            f"only {parts}{frame}" if parts else "",
            "seen from any side" if self.invariance == "view" else rotations,
            "" if self.mirror else "not mirrored",
            "" if self.exchange else "sides not exchanged",
            "" if self.min_shared == MIN_SHARED else f"{self.min_shared} joints or more",
            "" if self.collection is None else f"collection {self.collection}",
            "" if self.cluster is None else f"cluster {self.cluster}",
            "" if self.clustering is None else f"clustering {self.clustering}",
            f"where {self.where}" if self.where else "",
            f"with {self.with_traits}" if self.with_traits else "",
            f"percentile {self.close:g} or more" if self.close else "",
            NEAR_DUPLICATES if self.duplicates else "",
        )
        return tuple(filter(None, words))

    @property
    def exchange(self) -> bool:
        """Whether left and right may be exchanged."""
        return self.sides == "any"

    @property
    def uses_world(self) -> bool:
        """Whether limbs in 3D are compared."""
        return self.invariance == "view"
