"""Decode photos in the benchmark's own process, so that it times only the estimator."""

from posesearch.photos.decode import configure_process, decode
from posesearch.photos.photo import Photo, make_photo

configure_process()


def decode_here(data: bytes, source: str, useful_side: int | None = None) -> Photo:
    """Decode the bytes of a photo. The arguments and errors are those of posesearch.photos.decode.decode."""
    return make_photo(decode(data, source, useful_side))
