"""The bases of results that are tables, and of reports that are sequences of their elements."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar, overload

from posesearch import display
from posesearch.results import frames
from posesearch.results.frames import Column

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Element_co = TypeVar("Element_co", covariant=True)


class Tabular(display.Shown):
    """A result that is a table with one row for each element. docs/python.md lists the columns."""

    __slots__ = ()

    @property
    def _columns(self) -> list[Column]:
        """The columns of the table."""
        raise NotImplementedError

    def to_arrow(self) -> "pa.Table":
        """Return the result as a table of pyarrow.

        Raises:
            MissingLibrary: pyarrow is not installed.

        Example:
            pyarrow.parquet.write_table(db.similar("photo.jpg").to_arrow(), "matches.parquet")
        """
        return frames.to_arrow(self._columns)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the result as a DataFrame of pandas. Lists of numbers, such as keypoints, are NumPy arrays.

        Raises:
            MissingLibrary: pandas is not installed.

        Example:
            frame = db.similar("photo.jpg").to_pandas()
            xy = np.stack(frame["keypoints"])[:, :, :2]
        """
        return frames.to_pandas(self._columns)

    def to_polars(self) -> "pl.DataFrame":
        """Return the result as a DataFrame of polars.

        Raises:
            MissingLibrary: polars is not installed.

        Example:
            db.similar("photo.jpg").to_polars().filter(polars.col("mirrored"))
        """
        return frames.to_polars(self._columns)


class Report(Tabular, Sequence[Element_co]):
    """A report that is a sequence of its elements, and a table with a row for each.

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
