"""Golden files: outputs compared to the last character."""

from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Fail where the text is not the file's, or where there is no file."""
    path = FOLDER / name
    assert path.is_file(), f"{path} is missing; read this and write it there:\n{text}"
    assert text == path.read_text(encoding="utf-8")
