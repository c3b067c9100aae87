"""Starts our own interpreter in child processes that import nothing from the current folder.

The current folder is often a folder of photos from strangers. Python would run a json.py or a pip.py in it.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Final, TypeGuard

FOLDER: Final = sys.prefix
"""Current folder for child processes that need no particular one.

Strangers can't write to it, and it can't be unmounted while Python runs.
"""


def python_command(program: str, *arguments: str) -> list[str]:
    """Return the command that runs a program in our own interpreter, with the folders of `import_path`.

    Start the command with a current folder that strangers can't write to, such as FOLDER. Libraries other than Python
    may look for files in the current folder too.

    Args:
        program: Python code.
        *arguments: the program's sys.argv[1:].

    Raises:
        OSError: Python does not know its interpreter, as in some programs that embed it, or the program is frozen.
    """
    if getattr(sys, "frozen", False):  # sys.executable would start the whole program once more
        raise OSError(errno.ENOEXEC, "a frozen program has no interpreter of Python")
    if not sys.executable:
        raise OSError(errno.ENOENT, "this Python does not know its interpreter; set sys.executable to its path")
    # The interpreter starts isolated (-I), so that it ignores PYTHONPATH. Its own folders come after ours.
    setup = (
        f"import sys; path = {import_path()!a}; sys.path[:] = path + [one for one in sys.path if one not in path]; "
        f"sys.dont_write_bytecode = {sys.dont_write_bytecode}; "
    )
    return [sys.executable, "-I", "-X", "utf8", "-c", setup + program, *arguments]


def import_path() -> list[str]:
    """Return this process's import path without relative entries and without the current folder.

    The folder that posesearch was imported from is always included, even if it is the current folder.
    """
    home = Path(__file__).absolute().parents[1]
    folders = [entry for entry in sys.path if _is_folder_name(entry)]
    kept = [entry for entry in folders if _is_same_folder(entry, home) or not _is_same_folder(entry, os.curdir)]
    return kept if any(_is_same_folder(entry, home) for entry in kept) else [str(home), *kept]


def _is_folder_name(entry: object) -> TypeGuard[str]:
    """Return whether an entry of sys.path may be handed on. Python ignores those that are not texts."""
    return isinstance(entry, str) and "\0" not in entry and Path(entry).is_absolute()


def _is_same_folder(one: str, other: str | Path) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):  # one of the paths does not exist, or is not valid
        return False
