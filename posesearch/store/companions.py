"""The files of a database: the database itself, and what DuckDB and posesearch write beside it."""

import errno
import os
import shutil
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
    return [beside(path, ending) for ending in ("", ".wal", *locks, ".new", ".new.wal")]


def duckdb_files(path: Path) -> list[Path]:
    """Return the paths that DuckDB opens for a database: the file, and what DuckDB writes beside it."""
    return [beside(path, ending) for ending in ("", *_COMPANIONS)]


def follow_link(path: Path) -> Path:
    """Return where a database is: the target of the path if it is a link, and otherwise the path itself.

    The target need not exist.
    """
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def beside(path: Path, ending: str) -> Path:
    """Return a path beside a database: that of the file itself, with something at its end."""
    file = follow_link(path)
    return file.with_name(file.name + ending)


def check_creatable(path: Path) -> None:
    """Raise DatabaseFailed if a database can't be created at this path. An ingest checks this before its work.

    If the path is a link, its target is created.
    """
    file = follow_link(path)
    if file.is_symlink():
        raise DatabaseFailed(str(path), "this is a link that leads to itself; remove it")
    if not file.parent.is_dir():
        link = f"this is a link to {file}, and " if file != path else ""
        raise DatabaseFailed(str(path), f"{link}the folder does not exist; create it first")
    if not os.access(file.parent, os.W_OK):
        raise DatabaseFailed(str(path), "the folder is read-only; choose another folder for the database")


def check_writable(path: Path) -> None:
    """Raise DatabaseFailed if an existing database can't be written, because it or its folder is read-only."""
    file = follow_link(path)
    remedy = "make it writable, or copy the database to a folder where you can write"
    if not os.access(file, os.W_OK):
        raise DatabaseFailed(str(path), f"the file is read-only; {remedy}")
    if not os.access(file.parent, os.W_OK):
        raise DatabaseFailed(str(path), f"its folder is read-only, and DuckDB writes files beside it; {remedy}")


def check_files(path: Path) -> None:
    """Raise an error if the database is not a regular file, or if a file that DuckDB writes beside it is not.

    Opening a pipe would wait forever. Writing through a link would destroy its target.
    """
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DatabaseFailed(str(path), f"this is a folder; name the database file, such as {_guess_in(path)}")
        if not stat.S_ISREG(mode):
            raise NotOurDatabase(str(path))
    for companion in duckdb_files(path)[1:]:
        with suppress(FileNotFoundError):
            info = companion.lstat()
            is_own = stat.S_ISDIR(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_nlink == 1)
            if not is_own:
                detail = f"{companion.name} beside it is a link or not a regular file; replace it with a copy"
                raise DatabaseFailed(str(path), detail)


def exists(path: Path) -> bool:
    """Return whether there is a file that is not empty, or something else than a file.

    Raises:
        DatabaseFailed: the folder may not be searched, or DuckDB can't use the name.
    """
    if "?" in os.path.realpath(path):  # DuckDB would take the rest for parameters, and its log for "who.wal?/me.duckdb"
        detail = "DuckDB opens no database whose path has a question mark; rename it, or name another database"
        raise DatabaseFailed(str(path), detail)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            beside(path, max(_COMPANIONS, key=len)).lstat()
        with suppress(FileNotFoundError, NotADirectoryError):
            info = path.stat()
            return not stat.S_ISREG(info.st_mode) or info.st_size > 0
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        if error.errno == errno.ENAMETOOLONG:
            raise DatabaseFailed(str(path), "the name is too long, because DuckDB needs files beside it") from error
        raise DatabaseFailed(str(path), f"it can't be opened ({error.strerror}); check its permissions") from error
    return False


def read_state(path: Path) -> tuple[int, ...] | None:
    """Return what changes if something writes to the database: device, inode, size and time, and those of its log.

    None if the file is gone.
    """
    with suppress(OSError):
        info = path.stat()
        state = info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns
        with suppress(FileNotFoundError):
            log = beside(path, ".wal").stat()
            return *state, log.st_size, log.st_mtime_ns
        return state
    return None


def remove_temporary(path: Path) -> None:
    """Remove the folder of DuckDB's temporary files, which a killed process leaves. No process may have the file open.

    Such files can have rows of the database.
    """
    shutil.rmtree(beside(path, ".tmp"), ignore_errors=True)


def _guess_in(folder: Path) -> Path:
    """Return the only database in a folder, or the name that a new one would have."""
    found = sorted(folder.glob("*.duckdb"))
    return found[0] if len(found) == 1 else folder / "poses.duckdb"
