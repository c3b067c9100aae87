"""Write the help of every command into docs/cli.md.

    python docs/make_cli.py [--check]

With --check, it changes nothing, shows the difference, and exits with 1 if the page is out of date.

posesearch/cli/help.py makes the usage lines and the descriptions, so that the text does not depend on the version of
Typer. Typer 0.15.4, 0.24.2 with Click 8.3, and 0.29.2 gave the same page.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer
from generated import read_introduction, write_page

from posesearch.cli.commands import app

PAGE: Final = Path(__file__).with_name("cli.md")
MARKER: Final = "<!-- The rest is written by docs/make_cli.py. -->\n"


def list_commands() -> list[str]:
    """Return the command lines that have a help, such as "posesearch models pull", in the order of the help."""
    return list(_walk("posesearch", typer.main.get_command(app)))


def _walk(name: str, command: Any) -> Iterator[str]:
    yield name
    for word, subcommand in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {word}", subcommand)


def read_help(command: str) -> str:
    """Return the help of a command, 80 columns wide."""
    arguments = [sys.executable, "-m", *command.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(  # noqa: S603 (our own command line)
        arguments, env=environment, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout


def make_page() -> str:
    """Return the page: the text above the marker as it is, and the help of every command."""
    introduction = read_introduction(PAGE, MARKER)
    blocks = [f"### {command}\n\n```\n{read_help(command)}```\n" for command in list_commands()]
    return introduction + "\n" + "\n".join(blocks)


if __name__ == "__main__":
    sys.exit(write_page(PAGE, make_page(), check=sys.argv[1:] == ["--check"]))
