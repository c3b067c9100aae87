"""Commands that the user can paste: quoted for people, and with the `--db` that was given."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Final

_WITHOUT_DATABASE: Final = frozenset(("models", "demo"))
_given: list[str] = []  # `--db FILE` of the command that runs. Empty if it came from the environment or the default.


def remember_database(context: Any, path: Path) -> Path:
    """Note where `--db` came from. A callback of the option."""
    source = context.get_parameter_source("db")
    _given[:] = ["--db", str(path)] if getattr(source, "name", "") == "COMMANDLINE" else []
    return path


def command(*arguments: str | Path) -> str:
    """Return a posesearch command to paste.

    `--db` is added if it was given on the command line and is not among the arguments.

    Args:
        *arguments: the subcommand and its arguments, such as "sql", "FROM labelled_poses". A word in capitals, such as
            FOLDER, stands for what the user fills in.
    """
    words = [str(argument) for argument in arguments]
    if words[0] not in _WITHOUT_DATABASE and "--db" not in words:
        words += _given
    return " ".join([_find_program(), *map(quote, words)])


def _find_program() -> str:
    """Return the program as it was called, if the shell does not find it by its name."""
    called = sys.argv[0] if Path(sys.argv[0]).name == "posesearch" else "posesearch"
    return "posesearch" if shutil.which("posesearch") else quote(called)


def quote(word: str) -> str:
    """Quote a word for a POSIX shell. Text with single quotes, such as SQL, stands in double quotes if it can."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)
