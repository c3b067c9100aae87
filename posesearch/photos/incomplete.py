"""The second try for a photo that Pillow refuses: repair it, decode what is there, and count the lacking rows.

A row is lacking if the file does not determine it. To find out, the photo is decoded twice, with different bytes in
place of those that it lacks, and over different colours. Rows that differ are lacking.

Only JPEG and PNG may lack rows. In other formats, a gap in the middle can't be told from a lacking end, and would move
all rows after it.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from PIL import Image, ImageFile

from posesearch.photos import repair

MAX_LACKING: Final = 0.01
"""Part of the rows that may be lacking. It is too little to hide a joint."""


class IncompleteImage(Exception):
    """Too much of the image is lacking. The text says what, if it is known."""


def open_incomplete(data: bytes, formats: tuple[str, ...]) -> tuple[Image.Image, str]:
    """Return the loaded image of a damaged photo, and what it lacks, in words.

    Lacking rows have any colours. The text is empty if nothing is lacking, for example if only metadata are damaged.
    A setting of Pillow is changed meanwhile, so only decoding processes may call this.

    Raises:
        IncompleteImage: more of the rows are lacking than MAX_LACKING, or it is not known which ones are damaged.
        Exception: Pillow can't open it.
    """
    data = repair.remove_junk(data)
    if repair.has_damaged_pixels(data):  # an error in compressed data spreads over the rows that follow
        raise IncompleteImage
    if repair.lacks_scans(data):
        # A progressive JPEG then shows all rows, but coarsely. Joints would be found less precisely, and a server that
        # stops early would never be asked for the rest.
        raise IncompleteImage("its last scans are lacking, so all rows are coarse")
    try:
        return _decode(data, formats)
    except (IncompleteImage, MemoryError):
        raise
    except Exception:
        without = repair.remove_metadata(data)
        if without == data:
            raise
        return _decode(without, formats)


def _decode(data: bytes, formats: tuple[str, ...]) -> tuple[Image.Image, str]:
    if repair.may_lack_rows(data):
        with _loading_truncated_images():
            return _decode_twice(data, formats)
    if repair.ends_early(data):
        raise IncompleteImage
    image = Image.open(io.BytesIO(repair.correct_length(data)), formats=formats)
    image.load()
    return image, ""


def _decode_twice(data: bytes, formats: tuple[str, ...]) -> tuple[Image.Image, str]:
    rows = _hash_rows(_load(repair.complete_jpeg(data, noise=True), 255, formats))
    image = _load(repair.complete_jpeg(data, noise=False), 0, formats)
    differs = [one != other for one, other in zip(rows, _hash_rows(image), strict=True)]
    lacking = sum(differs)
    if lacking and image.format in ("JPEG", "MPO"):  # it is stored from top to bottom, and the noise may be too short
        lacking = len(differs) - differs.index(True)
    described = f"{lacking} of {image.height} rows are lacking" if 0 < lacking < image.height else ""
    if lacking > MAX_LACKING * image.height:
        raise IncompleteImage(described)
    return image, described


def _load(data: bytes, colour: int, formats: tuple[str, ...]) -> Image.Image:
    """Decode an image over a colour, which stays where the decoder writes nothing."""
    image: Any = Image.open(io.BytesIO(data), formats=formats)
    if Image.MAX_IMAGE_PIXELS is not None and image.width * image.height > Image.MAX_IMAGE_PIXELS:
        raise Image.DecompressionBombError  # Pillow itself would only warn
    prepare = image.load_prepare

    def prepare_over_colour() -> None:
        prepare()
        bands = Image.getmodebands(image.im.mode)
        image.im.paste(colour if bands == 1 else (colour,) * bands, (0, 0, *image.size))

    image.load_prepare = prepare_over_colour
    image.load()
    loaded: Image.Image = image
    return loaded


def _hash_rows(image: Image.Image) -> list[int]:
    return [hash(image.crop((0, row, image.width, row + 1)).tobytes()) for row in range(image.height)]


@contextmanager
def _loading_truncated_images() -> Iterator[None]:
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
