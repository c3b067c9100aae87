import io

import cv2
import numpy as np
import pytest
from PIL import Image

from posesearch.errors import PhotoTooLarge
from tests.conftest import decode_here

# A gradient. Each rotation of it looks different, and it is smooth enough for lossy formats.
ROWS, COLUMNS = np.mgrid[0:48, 0:64]
RGB = np.stack([COLUMNS * 3, ROWS * 4, 255 - COLUMNS * 2 - ROWS], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def difference(data: bytes) -> float:
    photo = decode_here(data, "x")
    assert (photo.width, photo.height) == (64, 48)
    return float(np.abs(photo.pixels[:, :, ::-1].astype(int) - RGB).mean())


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "AVIF", "JPEG", "JPEG2000"])
def test_every_format_gives_the_same_picture(kind: str) -> None:
    options = {} if kind in ("GIF", "BMP", "TIFF", "PNG", "JPEG2000") else {"quality": 95}
    assert difference(encoded(Image.fromarray(RGB), kind, **options)) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int) -> None:
    # The pixels that a rotated camera stores: the inverse of the correction in EXIF 2.32, tag 0x0112.
    stored = {
        1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1],
        5: RGB.transpose(1, 0, 2), 6: np.rot90(RGB, 1), 7: np.rot90(RGB, 2).transpose(1, 0, 2), 8: np.rot90(RGB, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert difference(encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)) == 0


def test_a_broken_exif_block_does_not_spoil_the_photo() -> None:
    assert difference(encoded(Image.fromarray(RGB), "PNG", exif=b"Exif\x00\x00rubbish")) == 0


def test_sixteen_bits_grey_alpha_palette_and_cmyk() -> None:
    assert difference(cv2.imencode(".png", RGB[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()) == 0
    assert difference(cv2.imencode(".tiff", RGB[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()) == 0
    assert difference(encoded(Image.fromarray(RGB).convert("CMYK"), "TIFF")) < 1
    assert difference(encoded(Image.fromarray(RGB).quantize(256), "PNG")) < 6
    opaque = Image.fromarray(RGB).convert("RGBA")
    assert difference(encoded(opaque, "PNG")) == 0
    grey = (ROWS * 1300).astype(np.uint16)
    shades = decode_here(encoded(Image.fromarray(grey), "PNG"), "x").pixels
    assert np.abs(shades.astype(int) - (grey // 257)[..., None]).max() <= 1


def test_transparent_pixels_are_white() -> None:
    hidden = Image.new("RGBA", (8, 8), (200, 10, 10, 0))
    assert (decode_here(encoded(hidden, "PNG"), "x").pixels == 255).all()


def test_an_animation_is_its_first_frame() -> None:
    frames = [Image.fromarray(RGB), Image.new("RGB", (64, 48))]
    for kind in ("GIF", "WEBP", "PNG"):
        assert difference(encoded(frames[0], kind, save_all=True, append_images=frames[1:])) < 6


@pytest.mark.slow
def test_a_large_photo_comes_back_as_small_as_is_enough() -> None:
    large = Image.fromarray(cv2.resize(RGB, (3200, 2400)))
    for kind in ("JPEG", "PNG"):
        photo = decode_here(encoded(large, kind), "x", useful_side=700)
        assert (photo.width, photo.height) == (3200, 2400)
        assert 700 <= max(photo.pixels.shape) < 1400
        small = cv2.resize(photo.pixels, (64, 48), interpolation=cv2.INTER_AREA)
        assert np.abs(small[:, :, ::-1].astype(int) - RGB).mean() < 4


def test_more_pixels_than_the_limit_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(PhotoTooLarge, match="limit of 200 megapixels"):
        decode_here(encoded(Image.new("1", (20000, 10001)), "PNG"), "x")
