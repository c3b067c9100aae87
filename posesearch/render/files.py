"""Writes pictures to files. A picture is written completely or not at all, and replaces only a picture."""

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from posesearch.errors import OutputFailed
from posesearch.output_files import check_folder, check_output, output_errors, replace_file, stat_output
from posesearch.own_pictures import MARK
from posesearch.photos.extensions import EXTENSIONS

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
"""The first bytes of files of these formats."""


def write_file(path: Path, data: bytes, keep: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Write a picture to a file, create missing folders, and return the path.

    The picture is written under another name first, so that a failure does not damage an older picture. If the path is
    a link, the file that it leads to is replaced. A pipe or device is written to directly.

    Args:
        path: the file.
        data: the bytes of a PNG or JPEG file.
        keep: files that must not be overwritten or created. URLs among them have no effect.

    Raises:
        OutputFailed: the file can't be written, is one of `keep`, or exists and is not a picture in the same format. A
            PNG file must also be one that posesearch drew, and its name must not end as that of another format.
    """
    return write_files({path: data}, keep)[0]


def write_files(pictures: Mapping[Path, bytes], keep: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """Write pictures as `write_file` does. If one of them must not be written, none of them is written."""
    kept = list(keep)
    for path, data in pictures.items():
        if data.startswith(PNG):
            check_png(path, kept)
        else:
            with output_errors(path):
                check_output(path, JPEG, "JPEG picture", kept)
    for path, data in pictures.items():
        with output_errors(path):
            _write(path, data)
    return list(pictures)


def check_png(path: Path, keep: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Check that a PNG file may be written, before the work for it. The arguments and errors are as in `write_file`."""
    if path.suffix.lower() in EXTENSIONS - {".png", ".apng"}:
        raise OutputFailed(str(path), "a PNG picture needs a name that ends in .png")
    check_folder(path)
    with output_errors(path):
        check_output(path, PNG, "PNG picture", keep, MARK)


def _write(path: Path, data: bytes) -> None:
    info = stat_output(path)
    if info is not None and not stat.S_ISREG(info.st_mode):
        _write_directly(path, data)
        return
    Path(os.path.realpath(path)).parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as new:
        new.write_bytes(data)


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
