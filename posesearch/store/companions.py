"""The files of a database: the database itself, and what DuckDB and posesearch write beside it."""

import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from posesearch.errors import DatabaseFailed, NotOurDatabase

_COMPANIONS: Final = (".wal", ".wal.checkpoint", ".wal.recovery", ".tmp")
"""The endings of what DuckDB writes beside a database."""


def database_files(path: Path) -> list[Path]:
    """Return the paths of a database: the file, DuckDB's log, the lock files, and a new file that is being created."""
    locks = (".lock", ".lock.holder", ".gate", ".gate.holder")
    endings = ("", ".wal", *locks, ".new", ".new.wal")
    return [path.with_name(path.name + ending) for ending in endings]


def duckdb_files(path: Path) -> list[Path]:
    """Return the paths that DuckDB opens for a database: the file, and what DuckDB writes beside it."""
    return [path.with_name(path.name + ending) for ending in ("", *_COMPANIONS)]


def check_link(path: Path) -> None:
    """Raise DatabaseFailed if the path is a link whose target does not exist. A new file would replace the link."""
    if path.is_symlink() and not path.exists():
        detail = f"this is a link to {path.readlink()}, which does not exist; remove the link, or restore its target"
        raise DatabaseFailed(str(path), detail)


def check_files(path: Path) -> None:
    """Raise an error if the database is not a regular file, or if a file that DuckDB writes beside it is not.

    Opening a pipe would wait forever. Writing through a link would destroy its target.
    """
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # DuckDB refuses a folder
            raise NotOurDatabase(str(path))
    for companion in duckdb_files(path)[1:]:
        with suppress(FileNotFoundError):
            info = companion.lstat()
            is_own = stat.S_ISDIR(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_nlink == 1)
            if not is_own:
                detail = f"{companion.name} beside it is a link or not a regular file; replace it with a copy"
                raise DatabaseFailed(str(path), detail)
