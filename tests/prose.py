"""Counts what makes prose hard to read: semicolons, long sentences, and phrases that newcomers stumbled over.

    python -m tests.prose [FILE...]

Without files it reads the README, the docs, and every docstring and comment of the package.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_WORDS = 40
MAX_SEMICOLONS = 7
"""Largest number of semicolons per 100 sentences."""

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_]*[A-Z0-9])")

PHRASES = [
    "what one lacks",
    "held against",
    "let a turn",
    "at at once",
    "so many per cent",
    "come by",
    "comes by",
    "this is no ",
    "nobody is invented",
    "the difference is made up",
    "what is there is compared",
]
"""Phrases that people had to read twice."""


@dataclass
class Prose:
    """The sentences of one file.

    Attributes:
        name: the file.
        sentences: the text without code and tables. A heading or a list item is a sentence of its own.
        cells: the sentences in the cells of tables.
    """

    name: str
    sentences: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)

    def semicolons(self) -> int:
        """Return the number of semicolons, including those in tables."""
        return sum(text.count(";") for text in self.sentences + self.cells)

    def long(self) -> list[str]:
        """Return the sentences of more than `MAX_WORDS` words."""
        return [text for text in self.sentences + self.cells if len(text.split()) > MAX_WORDS]

    def stumbles(self) -> list[str]:
        """Return the sentences with one of the `PHRASES`."""
        return [text for text in self.sentences + self.cells if any(phrase in text.lower() for phrase in PHRASES)]


def read(path: Path) -> Prose:
    """Return the prose of a Markdown file, or the docstrings and comments of a Python file."""
    text = path.read_text(encoding="utf-8")
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    prose = Prose(name)
    for block in [*_docstrings(text), *_comments(text)] if path.suffix == ".py" else [text]:
        _add(prose, block)
    return prose


def _add(prose: Prose, markdown: str) -> None:
    """Add the sentences of a text, without its code blocks. A span of code counts as one word."""
    text = re.sub(r"^( *)```.*?^\1```", "\n", markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"``.+?``|`[^`\n]+(?:\n[^`\n]+)?`", "CODE", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    blocks = [""]
    for line in text.splitlines():
        if line.startswith(("    ", "│", "├", "└")):  # code, or a tree
            blocks.append("")
        elif line.lstrip().startswith("|"):
            cells = [part for cell in re.split(r"\||<br>", line) for part in _SENTENCE_END.split(cell.strip())]
            prose.cells += [cell for cell in cells if re.search(r"\w", cell)]
            blocks.append("")
        elif not line.strip():
            blocks.append("")
        elif re.match(r"\s*([-*+] |\d+\. |#)", line):
            blocks.append(line.lstrip("-*+# "))
        else:
            blocks[-1] += " " + line.strip()
    parts = [part.strip() for block in blocks for part in _SENTENCE_END.split(block.strip())]
    prose.sentences += [part for part in parts if re.search(r"\w", part)]


def _docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            text = node.value.value
            first, _, rest = text.partition("\n")
            lines = rest.splitlines()
            margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            yield "\n".join([first, *(line[margin:] for line in lines)])


def _comments(source: str) -> Iterator[str]:
    """Yield the comments. Comments on consecutive lines are joined."""
    block, last = "", -2
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
            text = token.string.lstrip("# ")
            alone = token.line.strip().startswith("#")
            if alone and token.start[0] == last + 1:
                block += " " + text
            else:
                yield block
                block = text
            last = token.start[0] if alone else -2
    yield block


def pages() -> list[Path]:
    """Return the README and the pages of the docs."""
    texts = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [*texts, *sorted((ROOT / "docs").glob("*.md"))]


def modules() -> list[Path]:
    """Return the modules of the package."""
    return sorted((ROOT / "posesearch").rglob("*.py"))


def main() -> None:
    """Print the counts and the findings of each file."""
    for path in [Path(name).resolve() for name in sys.argv[1:]] or [*pages(), *modules()]:
        prose = read(path)
        rate = 100 * prose.semicolons() / max(len(prose.sentences), 1)
        print(f"{prose.name}: {len(prose.sentences)} sentences, {rate:.0f} semicolons per 100")
        for kind, found in (("long", prose.long()), ("phrase", prose.stumbles())):
            for sentence in found:
                print(f"  {kind}: {sentence}")


if __name__ == "__main__":
    main()
