"""Reading a photo's bytes, from a file or from an address, with limits on what it may take."""

import os
import stat
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from posesearch.errors import MissingPhoto, PhotoTooLarge, UnreadablePhoto
from posesearch.sources.names import is_url, public_name, storable

if TYPE_CHECKING:
    from posesearch.sources.addresses import Addresses

MAX_BYTES: Final = 256_000_000
"""A photo's file with more bytes is refused."""

_FRESH: Final = 2_000_000_000  # nanoseconds: the coarsest clock of a file system in use, FAT's


@dataclass(frozen=True, slots=True)
class Validators:
    """What an address said of the photo that it gave, to be asked whether it is still the same: RFC 9110, 8.8."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """What was read.

    Attributes:
        data: the bytes; None where an address says that they are what they were.
        size: bytes.
        modified: of a file, nanoseconds since 1970; None where it is so new that it could change and keep its time.
        validators: of an address.
    """

    data: bytes | None
    size: int | None = None
    modified: int | None = None
    validators: Validators = Validators()


class Opener:
    """Reads photos. Threads may share one."""

    def __init__(self, *, allow_private: bool = False) -> None:
        """Read files and addresses.

        Args:
            allow_private: open addresses on this machine and in its network, too.
        """
        self._allow_private = allow_private
        self._addresses: Addresses | None = None
        self._lock = threading.Lock()

    def read(self, place: str, before: Validators | None = None) -> Content:
        """Return the bytes of a photo.

        Args:
            place: a path, or an address, as names.Found has it.
            before: what the address said last time; if the photo is still the same, it is not sent again.

        Raises:
            UnreadablePhoto, PhotoTooLarge: of a file.
            DownloadFailed, NotAnImage, PhotoTooLarge: of an address.
        """
        if not is_url(place):
            return _read_file(place)
        with self._lock:  # hosts are counted in one place
            if self._addresses is None:
                from posesearch.sources.addresses import Addresses  # noqa: PLC0415 (a tenth of a second)

                self._addresses = Addresses(allow_private=self._allow_private)
        return self._addresses.read(place, public_name(place), before)

    def close(self) -> None:
        """Break off what is being downloaded; it fails."""
        if self._addresses is not None:
            self._addresses.close()


def read(place: str, *, allow_private: bool = False) -> bytes:
    """Return the bytes of one photo; errors are those of Opener.read."""
    return Opener(allow_private=allow_private).read(place).data or b""


def _read_file(path: str) -> Content:
    name = storable(path)
    try:
        with open(path, "rb", opener=_open_regular) as file:
            info = os.fstat(file.fileno())
            if info.st_size > MAX_BYTES:
                raise PhotoTooLarge(name, f"the file has more than {MAX_BYTES // 1_000_000} MB; scale the photo down")
            settled = time.time_ns() - info.st_mtime_ns > _FRESH
            data = file.read(info.st_size)
            return Content(data, info.st_size, info.st_mtime_ns if settled else None)
    except FileNotFoundError as error:
        raise MissingPhoto(name) from error
    except IsADirectoryError as error:
        raise UnreadablePhoto(name, "this is no file, so it can't be a photo") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        detail = getattr(error, "strerror", None) or str(error)
        raise UnreadablePhoto(name, f"the file can't be read ({detail}); check its permissions") from error


def _open_regular(path: str, flags: int) -> int:
    # A pipe or a device would block for ever; O_NONBLOCK lets it open, to be refused.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(path)
    return descriptor
