"""Commands that the user can paste: quoted for people, and with the `--db` that was given."""

import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Final

_WITHOUT_DATABASE: Final = frozenset(("models", "cache", "demo"))
_SPECIAL: Final = re.compile(r'["$`\\]')  # what a shell replaces inside double quotes
_ARGUMENT: Final = re.compile(  # as the errors of the library write it
    r"`(again|allow_private|anchored|close|collection|min_joints|min_shared|missing|mix|parts|person|prune|sides|strict|timeout|trust|turn|view|where)"
    r"(?:=\"([^\"`]+)\")?`"
)
_given: list[str] = []  # `--db FILE` of the command that runs. Empty if it came from the environment or the default.


def remember_database(context: Any, path: Path) -> Path:
    """Note where `--db` came from. A callback of the option."""
    source = context.get_parameter_source("db")
    _given[:] = ["--db", str(path)] if getattr(source, "name", "") == "COMMANDLINE" else []
    return path


def name_options(sentence: str) -> str:
    """Return the sentence of an error with options in place of the arguments of Python, which are in backticks.

    Example:
        name_options('`view="any"` needs joints in 3D') == "--view any needs joints in 3D"
    """

    def name_option(found: re.Match[str]) -> str:
        value = found[2] or ""
        quoted = f' "{value}"' if " " in value else f" {value}" if value else ""
        return f"--{found[1].replace('_', '-')}{quoted}"

    return _ARGUMENT.sub(name_option, sentence)


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
    """Return the program as the user called it. This is its name if the shell finds the same program by it."""
    called = Path(sys.argv[0])
    if called.parts[-2:] == ("posesearch", "__main__.py"):
        return f"{quote(sys.orig_argv[0])} -m posesearch"
    found = shutil.which("posesearch")
    is_another = called.stem == "posesearch" and called.exists() and not (found and called.samefile(found))
    return quote(str(called)) if is_another else "posesearch"


def quote(word: str) -> str:
    """Quote a word for a POSIX shell.

    Double quotes are easier to read around SQL and names with apostrophes. Single quotes are used where double quotes
    would need escapes that single quotes do not. They are also used around an exclamation mark, because an interactive
    shell would replace it in double quotes.
    """
    if shlex.quote(word) == word:
        return word
    if "!" in word or ("'" not in word and _SPECIAL.search(word)):
        return shlex.quote(word)
    return '"' + _SPECIAL.sub(r"\\\g<0>", word) + '"'
