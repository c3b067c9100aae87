"""The straight lines that docs/architecture.md lists are those of the code."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from hops import count  # noqa: E402 (benchmarks are no package)

LINES = {
    "An ingest, from the command to a row": ("an ingest of one photo", 20),
    "A query, from a photo to matches": ("a query photo", 15),
    "A clustering, from the command to the stored clusters": ("a clustering", 10),
}
"""The titles in the docs, what hops.py calls them, and the most functions in a line."""


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return count(tmp_path_factory.mktemp("hops"))


@pytest.mark.parametrize("title", LINES)
def test_the_listed_functions_are_called_in_their_order(called: dict[str, list[str]], title: str) -> None:
    what, most = LINES[title]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.partition(f"**{title}.**")[2].partition("\n\n**")[0]
    steps = re.findall(r"^ *\d+\. `([\w/]+\.py: [\w.]+)`", section, re.MULTILINE)
    assert len(steps) >= 5
    assert len(steps) <= most
    own = [step for step in steps if not step.startswith(("cli/", "estimators/"))]
    assert not set(own) - set(called[what])
    positions = [called[what].index(step) for step in own]
    assert positions == sorted(positions)
