"""Writes pictures to files. A file is written completely or not at all, and only pictures are replaced."""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from posesearch.errors import OutputFailed
from posesearch.files import open_regular

_SIGNATURES: Final = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}  # the first bytes of each format


def write_file(path: Path, data: bytes, keep: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Write a picture to a file, create missing folders, and return the path.

    The picture is written under another name first, so that a failure does not damage an older picture. If the path is
    a link, the file that it leads to is replaced. A pipe or device is written to directly.

    Args:
        path: the file.
        data: the bytes of a PNG or JPEG file.
        keep: files that must not be overwritten or created. URLs among them have no effect.

    Raises:
        OutputFailed: the file can't be written, is one of `keep`, or exists and is not a picture in the same format.
    """
    return write_files({path: data}, keep)[0]


def write_files(pictures: Mapping[Path, bytes], keep: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """Write pictures as `write_file` does. If one of them must not be written, none of them is written."""
    kept = list(keep)
    for path, data in pictures.items():
        with _output_errors(path):
            _check(path, data, kept)
    for path, data in pictures.items():
        with _output_errors(path):
            _write(path, data)
    return list(pictures)


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL character
        raise OutputFailed(str(path), getattr(error, "strerror", None) or str(error)) from error


def _check(path: Path, data: bytes, keep: Iterable[str | os.PathLike[str]]) -> None:
    """Raise OutputFailed if the path names a file that must not be overwritten."""
    if any(_is_same(path, kept) for kept in keep):
        raise OutputFailed(
            str(path), "it is the path of the database or of a photo, and a picture never replaces these"
        )
    info = _stat(path)
    if info is None or not stat.S_ISREG(info.st_mode) or info.st_size == 0:
        return
    with open(path, "rb", opener=open_regular) as file:
        begin = file.read(max(map(len, _SIGNATURES)))
    signature = next(known for known in _SIGNATURES if data.startswith(known))
    if not begin.startswith(signature):
        detail = f"a file that is not a {_SIGNATURES[signature]} picture is already there, and was not changed"
        raise OutputFailed(str(path), detail)


def _is_same(path: Path, other: str | os.PathLike[str]) -> bool:
    """Return whether two paths lead to the same file. The file need not exist."""
    with suppress(OSError, ValueError):
        return path.samefile(other)  # also detects links, and names that differ in case or Unicode form
    with suppress(OSError, ValueError):
        return os.path.realpath(path) == os.path.realpath(other)
    return False


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    info = _stat(path)
    if info is not None and not stat.S_ISREG(info.st_mode):
        _write_directly(path, data)
        return
    target = Path(os.path.realpath(path))
    if info is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".posesearch-{secrets.token_hex(8)}.tmp")
    try:
        with new.open("xb") as file:
            file.write(data)
        if info is not None:
            new.chmod(stat.S_IMODE(info.st_mode))
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _write_directly(path: Path, data: bytes) -> None:
    """Write to a pipe or device. A pipe that no program reads from raises an error, because a write would block."""
    try:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "no program reads from this pipe") from error
        raise
    with open(descriptor, "wb") as file:  # noqa: PTH123 (pathlib takes no descriptor)
        os.set_blocking(descriptor, True)
        file.write(data)
