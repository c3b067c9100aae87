"""Write the help of every command into docs/cli.md.

    python docs/make_cli.py [--check]

With --check, it changes nothing, and exits with 1 if the page is out of date.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).with_name("cli.md")
MARKER: Final = "<!-- The rest is written by docs/make_cli.py. -->\n"
COMMANDS: Final = (
    "", "ingest", "reestimate", "similar", "show", "pairs", "outliers", "cluster", "stats", "sql", "demo", "models",
    "models pull",
)  # fmt: skip


def read_help(command: str) -> str:
    """Return the help of a command, 80 columns wide."""
    arguments = [sys.executable, "-m", "posesearch", *command.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(  # noqa: S603 (our own command line)
        arguments, env=environment, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout


def make_page() -> str:
    """Return the page: the text above the marker as it is, and the help of every command."""
    introduction = PAGE.read_text(encoding="utf-8").partition(MARKER)[0]
    blocks = [f"### {f'posesearch {command}'.strip()}\n\n```\n{read_help(command)}```\n" for command in COMMANDS]
    return introduction + MARKER + "\n" + "\n".join(blocks)


if __name__ == "__main__":
    page = make_page()
    if sys.argv[1:] == ["--check"]:
        sys.exit(page != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page, encoding="utf-8")
