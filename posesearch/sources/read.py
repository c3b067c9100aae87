"""Photo input: read the bytes of a photo from a file or a URL, with a size limit."""

import os
import threading
import time
from typing import TYPE_CHECKING, Final

from posesearch.errors import DownloadFailed, MissingPhoto, PhotoTooLarge, UnreadablePhoto, VideoFile
from posesearch.files import CLOCK_RESOLUTION_NS, NotRegularFile, open_regular
from posesearch.names import to_unicode
from posesearch.paths import is_url
from posesearch.photos.extensions import is_video
from posesearch.sources.content import Content, Validators
from posesearch.sources.urls import public_name
from posesearch.sources.walk import find_broken_link

if TYPE_CHECKING:
    from posesearch.sources.http import HttpReader

MAX_BYTES: Final = 256_000_000
"""Maximum size of a file. The limit for a URL is http_body.MAX_BYTES."""

_SIGNATURE_BYTES: Final = 64  # the first bytes, which are enough to recognize a video


class SourceReader:
    """Reads photos from files and URLs. It is thread-safe."""

    def __init__(self, *, allow_private: bool = False) -> None:
        """Make a reader, without opening a connection.

        Args:
            allow_private: also read URLs on this machine and in its private network.
        """
        self._allow_private = allow_private
        self._http: HttpReader | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def read(self, location: str, validators: Validators | None = None) -> Content:
        """Return the content of a photo.

        Args:
            location: a path or a URL, as in ObservedSource.location.
            validators: the validators from the last download of a URL. If the photo has not changed since, it is not
                downloaded again.

        Raises:
            UnreadablePhoto: the file can't be read.
            DownloadFailed: the URL can't be read, or returns something that is not a photo.
            PhotoTooLarge: the photo has more bytes than the limit.
            VideoFile: so does a video.
        """
        if not is_url(location):
            return _read_file(location)
        with self._lock:  # all threads share an HttpReader, because it limits the requests per host
            if self._is_closed:
                raise DownloadFailed(public_name(location), "the download was stopped")
            if self._http is None:
                from posesearch.sources.http import HttpReader  # noqa: PLC0415 (a tenth of a second)

                self._http = HttpReader(allow_private=self._allow_private)
        return self._http.read(location, public_name(location), validators)

    def close(self) -> None:
        """Abort the downloads in progress. Their `read` calls and later ones raise an error."""
        with self._lock:  # a thread may be about to make the HttpReader
            self._is_closed = True
        if self._http is not None:
            self._http.close()


def read_source(location: str, *, allow_private: bool = False) -> bytes:
    """Return the bytes of one photo.

    Args:
        location: a path or a URL.
        allow_private: as in SourceReader.

    Raises:
        UnreadablePhoto, DownloadFailed, PhotoTooLarge, VideoFile: as in SourceReader.read.
    """
    return SourceReader(allow_private=allow_private).read(location).data or b""


def _read_file(path: str) -> Content:
    name = to_unicode(path)
    try:
        with open(path, "rb", opener=open_regular) as file:
            info = os.fstat(file.fileno())
            if info.st_size > MAX_BYTES:
                if is_video(file.read(_SIGNATURE_BYTES), name):
                    raise VideoFile(name)
                raise PhotoTooLarge(name, f"the file is larger than {MAX_BYTES // 1_000_000} MB; scale the photo down")
            is_settled = time.time_ns() - info.st_mtime_ns > CLOCK_RESOLUTION_NS
            data = file.read(info.st_size)
            return Content(data, info.st_size, info.st_mtime_ns if is_settled else None)
    except FileNotFoundError as error:
        if find_broken_link(path):
            raise UnreadablePhoto(name, "a link leads to nothing; check whether the disk is connected") from error
        raise MissingPhoto(name) from error
    except NotRegularFile as error:
        what = "a folder; name a photo in it" if os.path.isdir(path) else "not a regular file, so it can't be a photo"
        raise UnreadablePhoto(name, what) from error
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL character
        detail = getattr(error, "strerror", None) or str(error)
        raise UnreadablePhoto(name, f"the file can't be read ({detail}); check its permissions") from error
