"""Writes output files. A file is written completely or not at all, and replaces only a file of its own kind."""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from posesearch.errors import OutputFailed
from posesearch.files import open_regular
from posesearch.own_pictures import MARKED_BYTES


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Raise OutputFailed if the block can't write this file."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL character
        raise OutputFailed(str(path), getattr(error, "strerror", None) or str(error)) from error


def check_output(
    path: Path, signature: bytes, kind: str, keep: Iterable[str | os.PathLike[str]] = (), mark: bytes = b""
) -> None:
    """Check that a file may be written.

    Args:
        path: the file. A pipe or device, and a file that does not exist, may be written.
        signature: the first bytes of the files that may be replaced. An empty file may be replaced too.
        kind: what such a file is called, as in "PNG picture".
        keep: files that must not be overwritten or created. URLs among them have no effect.
        mark: what a file that may be replaced has near its beginning, because posesearch wrote it.

    Raises:
        OutputFailed: the path is one of `keep`, or has a file of another kind.
    """
    if any(_is_same(path, kept) for kept in keep):
        detail = f"it is the path of the database or of a photo, and a {kind} never replaces these"
        raise OutputFailed(str(path), detail)
    info = stat_output(path)
    if info is None or not stat.S_ISREG(info.st_mode) or info.st_size == 0:
        return
    with open(path, "rb", opener=open_regular) as file:
        begin = file.read(max(len(signature), MARKED_BYTES))
    if not begin.startswith(signature):
        raise OutputFailed(str(path), f"a file that is not a {kind} is already there, and was not changed")
    if mark not in begin:
        raise OutputFailed(
            str(path), f"a {kind} that this posesearch did not write is already there, and was not changed"
        )


def check_folder(path: Path) -> None:
    """Check that the folder of a file exists or can be created.

    Raises:
        OutputFailed: there is a file in place of the folder or of one above it.
    """
    for folder in path.absolute().parents:
        if os.path.lexists(folder) and not folder.is_dir():
            raise OutputFailed(str(path), f"{folder} is a file, and not a folder")


def stat_output(path: Path) -> os.stat_result | None:
    """Return what is at the path. None if nothing is."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Return an empty file beside the path, which the block writes. It is renamed at the end of the block.

    If the block fails, an older file stays as it was. If the path is a link, the file that it leads to is replaced.

    Raises:
        OSError: the folder or the older file can't be written.
    """
    info = stat_output(path)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist")
    if info is not None and not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if info is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    new = target.with_name(f".posesearch-{secrets.token_hex(8)}.tmp")
    try:
        new.open("xb").close()
        yield new
        if info is not None:
            new.chmod(stat.S_IMODE(info.st_mode))
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _is_same(path: Path, other: str | os.PathLike[str]) -> bool:
    """Return whether two paths lead to the same file. The file need not exist."""
    with suppress(OSError, ValueError):
        return path.samefile(other)  # also detects links, and names that differ in case or Unicode form
    with suppress(OSError, ValueError):
        return os.path.realpath(path) == os.path.realpath(other)
    return False
