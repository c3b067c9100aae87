"""Opens the photos that are drawn."""

import hashlib
from typing import NamedTuple

from posesearch.errors import PhotoError
from posesearch.photos.pool import DecoderPool
from posesearch.render.skeletons import Pixels
from posesearch.results.duplicates import DuplicatePhoto
from posesearch.results.query import Query
from posesearch.sources import SourceReader, to_location
from posesearch.trust import Trust
from posesearch.types import StoredPose


class Photo(NamedTuple):
    """A photo that was read to be drawn.

    Attributes:
        pixels: the photo. None if it can't be read or decoded, or if it has changed.
        has_changed: whether it has other bytes than the stored photo.
    """

    pixels: Pixels | None
    has_changed: bool = False


class PhotoOpener(NamedTuple):
    """Opens the photos of results, if they may be opened.

    Attributes:
        reader: reads their bytes.
        decoders: decode them.
        trust: decides which photos that a database names may be opened.
    """

    reader: SourceReader
    decoders: DecoderPool
    trust: Trust

    def open_stored(self, stored: StoredPose | DuplicatePhoto, useful_side: int | None) -> Photo:
        """Return the photo of a stored pose, or another stored photo, with enough pixels for this longer side.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.
        """
        if not self.trust.allows(stored.source, stored.signature):
            return Photo(None)
        return read_photo(to_location(stored.source), self.reader, self.decoders, useful_side, stored.sha256)

    def open_query(self, query: Query, useful_side: int | None) -> Photo:
        """Return the photo of a query. The arguments and errors are as in `open_stored`."""
        if query.pixels is not None:
            return Photo(query.pixels)
        if query.pose_id is not None and not self.trust.allows(query.source, query.signature):
            return Photo(None)
        return read_photo(to_location(query.source), self.reader, self.decoders, useful_side, query.sha256)


def read_photo(
    location: str, reader: SourceReader, decoders: DecoderPool, useful_side: int | None, sha256: str | None = None
) -> Photo:
    """Read a photo. With `sha256`, it is decoded only if this is the SHA-256 of its bytes."""
    try:
        data = reader.read(location).data or b""
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            return Photo(None, has_changed=True)
        return Photo(decoders.decode(data, location, useful_side).pixels)
    except PhotoError:
        return Photo(None)
