"""JSON lines as lists: one JSON object per line, each with a photo."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from posesearch.errors import SourceError


def read_records(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the objects of JSON lines, each with its line from 1. Their values are texts, and empty for null.

    A list or an object is its JSON. Blank lines are skipped.

    Raises:
        SourceError: a line is no JSON object.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            detail = str(error) if isinstance(error, json.JSONDecodeError) else "a number or the nesting is too long"
            raise SourceError(f"{path}, line {number}: the line can't be read as JSON: {detail}.") from error
        if not isinstance(record, dict):
            raise SourceError(f'{path}, line {number}: each line must be a JSON object, such as {{"path": "a.jpg"}}.')
        yield number, {name.strip(): _to_text(value) for name, value in record.items()}


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
