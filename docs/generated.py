"""What the scripts share that write a part of a page: they keep the text above a marker, and write what follows it."""

import difflib
import sys
from pathlib import Path


def read_introduction(page: Path, marker: str) -> str:
    """Return the text of a page up to the line with the marker, with that line.

    Raises:
        ValueError: there is no such line.
    """
    introduction, found, _ = page.read_text(encoding="utf-8").partition(marker)
    if not found:
        raise ValueError(f"{page} has no line {marker.strip()}")
    return introduction + marker


def write_page(page: Path, new: str, *, check: bool) -> int:
    """Write a page, or only show on stderr how it differs from the new text. Return the exit code."""
    if not check:
        page.write_text(new, encoding="utf-8")
        return 0
    old = page.read_text(encoding="utf-8")
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"docs/{page.name}", "new", lineterm="")
    sys.stderr.writelines(f"{line}\n" for line in lines)
    return int(old != new)
