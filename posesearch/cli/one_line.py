"""Writes values of DuckDB on one line, for the terminal."""

from typing import Any, Final

from rich.cells import cell_len, set_cell_size

from posesearch.cli import output

_MAX_ITEMS: Final = 4  # of a list that is shown in full
_SINGLE_DIGITS: Final = 7  # of a FLOAT. More digits are not in the data
_DOUBLE_DIGITS: Final = 10  # of a DOUBLE in the terminal
_LIST_DIGITS: Final = 4  # of a number in a list that is not shown in full


class OneLine:
    """Writes values on one line.

    Attributes:
        has_shortened: whether it has left anything out.
    """

    def __init__(self) -> None:
        """Start with nothing left out."""
        self.has_shortened = False
        self._ellipsis = "…" if output.encodes_unicode() else "..."

    def write(self, value: Any, kind: str) -> str:
        """Return a value as text. A long list becomes its first two items and its length.

        Args:
            value: the value. None is empty.
            kind: its type in DuckDB, such as FLOAT[18].
        """
        text = "" if value is None else self._write(value, _SINGLE_DIGITS if _is_single(kind) else _DOUBLE_DIGITS)
        return output.printable(text)

    def _write(self, value: Any, digits: int) -> str:
        """Return a value as text. `digits` are the significant digits of floats."""
        if value is None:
            return "NULL"
        if isinstance(value, float):
            return f"{value:.{digits}g}"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{name}: {self._write(item, digits)}' for name, item in value.items())}}}"
        if not isinstance(value, list | tuple):
            return str(value)
        if len(value) <= _MAX_ITEMS:
            return f"[{', '.join(self._write(item, digits) for item in value)}]"
        self.has_shortened = True
        first, second = (self._write(item, _LIST_DIGITS) for item in value[:2])
        are_numbers = all(isinstance(item, int | float | None) for item in value)
        return f"[{first}, {second}, {self._ellipsis} {len(value)} {'numbers' if are_numbers else 'values'}]"

    def shorten(self, text: str, width: int) -> str:
        """Return the text without its middle, if it is wider than this. The end of a path is its name."""
        if cell_len(text) <= width:
            return text
        self.has_shortened = True
        room = width - len(self._ellipsis)
        begin, end = set_cell_size(text, room // 2), set_cell_size(text[::-1], room - room // 2)[::-1]
        return f"{begin}{self._ellipsis}{end}"


def write_whole(value: Any, kind: str) -> Any:
    """Return a value for a program that reads text: lists and structs as DuckDB reads them, FLOATs with their digits.

    Args:
        value: the value.
        kind: its type in DuckDB.
    """
    if isinstance(value, float) and _is_single(kind):
        return float(f"{value:.{_SINGLE_DIGITS}g}")
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name!r}: {_write_item(item, kind)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_write_item(item, kind) for item in value)}]"
    return value


def _write_item(value: Any, kind: str) -> str:
    return "NULL" if value is None else str(write_whole(value, kind))


def _is_single(kind: str) -> bool:
    return "FLOAT" in kind and "DOUBLE" not in kind
