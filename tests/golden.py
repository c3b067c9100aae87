"""Golden files: expected outputs that are compared character by character."""

from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Fail if the text differs from the golden file, or if there is no such file."""
    path = FOLDER / name
    assert path.is_file(), f"{path} is missing; read this and write it there:\n{text}"
    assert text == path.read_text(encoding="utf-8")
