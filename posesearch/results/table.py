"""The result of the user's own SQL."""

from dataclasses import dataclass
from typing import Any

from posesearch import display
from posesearch.results.frames import Column
from posesearch.results.report import Report


@dataclass(frozen=True)
class Table(Report[tuple[Any, ...]]):
    """The result of a query: a sequence of its rows.

    Attributes:
        columns: the names of the columns, each of them once.
        rows: a tuple of Python values for each row.
        types: the DuckDB type of each column, such as FLOAT[18].

    Example:
        for collection, photos in db.sql("SELECT collection, count(*) FROM snapshots GROUP BY 1"):
            print(collection, photos)
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    types: tuple[str, ...]

    def __repr__(self) -> str:
        shown = ", ".join(map(display.short_name, self.columns[:6])) + ", …" * (len(self.columns) > 6)
        return (
            f"<Table: {display.count(len(self.rows), 'row')} of {display.count(len(self.columns), 'column')}: {shown}>"
        )

    @property
    def _elements(self) -> tuple[tuple[Any, ...], ...]:
        return self.rows

    @property
    def _columns(self) -> list[Column]:
        values = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        return [Column(*column) for column in zip(self.columns, self.types, values, strict=True)]
