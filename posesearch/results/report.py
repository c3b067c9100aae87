"""The base of the reports that are sequences of their elements."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

Element_co = TypeVar("Element_co", covariant=True)


class Report(Sequence[Element_co]):
    """A report that is a sequence of its elements.

    A report without elements is false, as an empty list is. A slice is a tuple of elements. Two reports, and two
    elements with arrays, are equal only if they are the same object.

    Example:
        report = db.similar("photo.jpg")
        if report:
            best, others = report[0], report[1:]
    """

    __slots__ = ()

    @property
    @abstractmethod
    def _elements(self) -> tuple[Element_co, ...]:
        """The elements, in the order in which they are shown."""

    def __len__(self) -> int:
        return len(self._elements)

    def __iter__(self) -> Iterator[Element_co]:
        return iter(self._elements)

    @overload
    def __getitem__(self, index: int) -> Element_co: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Element_co, ...]: ...

    def __getitem__(self, index: int | slice) -> Element_co | tuple[Element_co, ...]:
        return self._elements[index]
