"""Child processes of our own interpreter that import nothing from the current folder.

The current folder is often a folder of photos from strangers. Python would run a json.py or a pip.py among them.
"""

import os
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = sys.prefix
"""Current folder for a child process that needs no other: strangers do not write to it, and it can't be unmounted."""


def python_command(program: str, *arguments: str) -> list[str]:
    """Return the command that runs a program in our own interpreter, with the folders of `import_path`.

    Start it with a current folder of your own, such as FOLDER: Python is not alone in looking for files there.

    Args:
        program: Python code.
        *arguments: the program's sys.argv[1:].
    """
    # The interpreter starts isolated (-I), so that it ignores PYTHONPATH. Its own folders come after ours.
    setup = (
        f"import sys; path = {import_path()!a}; sys.path[:] = path + [one for one in sys.path if one not in path]; "
        f"sys.dont_write_bytecode = {sys.dont_write_bytecode}; "
    )
    return [sys.executable, "-I", "-X", "utf8", "-c", setup + program, *arguments]


def import_path() -> list[str]:
    """Return this process's import path without relative entries and without the current folder.

    The folder that posesearch itself was imported from is always in it, also if it is the current folder.
    """
    home = Path(__file__).absolute().parents[1]
    folders = [entry for entry in sys.path if isinstance(entry, str) and Path(entry).is_absolute()]
    kept = [entry for entry in folders if _is_same_folder(entry, home) or not _is_same_folder(entry, os.curdir)]
    return kept if any(_is_same_folder(entry, home) for entry in kept) else [str(home), *kept]


def _is_same_folder(one: str, other: str | Path) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):  # one of them does not exist, or can't
        return False
