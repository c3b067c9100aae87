"""HTML of pages, cards and tables with pictures, of a limited size."""

import base64
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any, Final

MAX_BYTES: Final = 200_000
"""The largest HTML of a result. Saved notebooks keep it."""

ROWS: Final = 100
"""The most rows of a table."""

_PICTURES: Final = 130_000  # bytes of MAX_BYTES that pictures may take
_TEXT: Final = 120  # characters of a cell
_LEFT: Final = ' style="text-align:left;overflow-wrap:anywhere"'  # notebooks align on the right

Picture = Callable[[], bytes]
"""Returns the bytes of a JPEG file."""

Cell = str | int | float | None | Picture


def make_page(title: str, body: str) -> str:
    """Return a title above other HTML."""
    return f"<div><p><b>{_text(title)}</b></p>{body}</div>"


def make_card(title: str, picture: Picture, facts: Sequence[tuple[str, Cell]]) -> str:
    """Return a picture beside facts. One without a value is left out."""
    rows = "".join(
        f"<tr><th{_LEFT}>{_text(name)}</th>{_cell(value)}</tr>" for name, value in facts if value not in {None, ""}
    )
    beside = "display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start"
    return make_page(title, f'<div style="{beside}">{_image(picture())}<table>{rows}</table></div>')


def make_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], number: int) -> str:
    """Return a table. Pictures and rows for which there is no room are left out, and the end says how many rows are.

    Args:
        title: the line above it.
        headings: the names of the columns. Empty for a table without a head.
        rows: the cells of each row.
        number: number of the rows.
    """
    head = "".join(f"<th{_LEFT}>{_text(name)}</th>" for name in headings)
    parts = [f"<thead><tr>{head}</tr></thead>"] if headings else []
    room, pictures, shown = MAX_BYTES - 2_000 - len(head) - len(title), _PICTURES, 0
    for row in rows:
        cells = []
        for value in row:
            image = _image(value()) if callable(value) and pictures > 0 else ""
            image = image if len(image) <= pictures else ""
            pictures -= len(image)
            cells.append(f"<td>{image}</td>" if callable(value) else _cell(value))
        line = f"<tr>{''.join(cells)}</tr>"
        room -= len(line.encode())
        if shown > ROWS or room < 0:
            break
        parts.append(line)
        shown += 1
    more = f"<p>… and {number - shown} more</p>" if number > shown else ""
    return make_page(title, f"<table>{''.join(parts)}</table>{more}")


def _cell(value: Any) -> str:
    text = f"{value:.7g}" if isinstance(value, float) else str(value)
    return f"<td{_LEFT}>{'' if value is None else _text(text)}</td>"


def _text(text: str) -> str:
    """Return a text for HTML. A long one is shortened at its start, because the end of a path tells most."""
    text = "".join(character if character.isprintable() else "?" for character in text[-10 * _TEXT :])
    return escape(text if len(text) <= _TEXT else f"…{text[1 - _TEXT :]}")


def _image(jpeg: bytes) -> str:
    data = base64.b64encode(jpeg).decode()
    return (
        f'<img alt="person" style="display:block;max-width:none;border-radius:4px" src="data:image/jpeg;base64,{data}">'
    )
