import io
import re
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from posesearch.errors import NotAnImage, PhotoError, PhotoTooLarge, RawPhoto, TruncatedPhoto
from posesearch.photos.decode import convert
from posesearch.photos.photo import make_photo
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


# A photo that is large enough for one block of a decoder to be less than 1% of its rows.
TALL = cv2.resize(RGB, (96, 4800), interpolation=cv2.INTER_CUBIC)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size


def chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    checksum = zlib.crc32(name + body) if crc is None else crc
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png_with(*extra: bytes, crc: dict[bytes, int] | None = None) -> bytes:
    """Return the gradient as PNG, with further chunks after the header, and with wrong checksums of some chunks."""
    first, *others = (chunk(*one, (crc or {}).get(one[0])) for one in chunks(encoded(Image.fromarray(RGB), "PNG")))
    return b"\x89PNG\r\n\x1a\n" + b"".join((first, *extra, *others))


def jpeg_with(segment: bytes) -> bytes:
    jpeg = encoded(Image.fromarray(RGB), "JPEG", quality=95)
    return jpeg[:2] + segment + jpeg[2:]


@pytest.mark.parametrize(
    "data",
    [
        png_with(chunk(b"tEXt", b"a\0b", 1)), png_with(chunk(b"zTXt", b"a\0\0rubbish", 1)),
        png_with(chunk(b"iCCP", b"")), png_with(chunk(b"eXIf", b"rubbish", 1)), png_with(chunk(b"gAMA", b"")),
        png_with(chunk(b"acTL", b"")), png_with(crc={b"IEND": 1}), png_with()[:-12], png_with() + b"rubbish",
        jpeg_with(b"\xff\xee\0\7Adobe"), jpeg_with(b"\xff\xe0\0\6JFIF"), jpeg_with(b"\xff\xe2\0\x0eICC_PROFILE\0"),
        jpeg_with(b"\xff\xe2\0\6MPF\0"), jpeg_with(b"\xff\xe1\0\0"), jpeg_with(b"") + bytes(5000),
        b"\xef\xbb\xbf\r\n" + jpeg_with(b""), bytes(8) + png_with(), b"\xff\xff" + jpeg_with(b""),
    ],
)  # fmt: skip
def test_damage_outside_of_the_pixels_does_not_spoil_the_photo(data: bytes) -> None:
    assert difference(data) < 2


def test_a_jpeg_without_metadata_that_are_damaged_is_still_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    jpeg = encoded(Image.fromarray(RGB[::-1, ::-1].copy()), "JPEG", quality=95, exif=exif)
    assert difference(jpeg[:2] + b"\xff\xe0\0\6JFIF" + jpeg[2:]) < 2


@pytest.mark.parametrize("tag", [700, 0x0112])
def test_a_broken_tag_does_not_spoil_a_tiff(tag: int) -> None:
    image = Image.fromarray(RGB)
    data = encoded(image, "TIFF", tiffinfo={tag: 1})
    at = data.index(struct.pack("<H", tag), int.from_bytes(data[4:8], "little"))
    assert difference(data[: at + 2] + struct.pack("<HII", 5, 1, 2**31) + data[at + 12 :]) == 0


ENDS: dict[str, tuple[str, dict[str, object], int]] = {  # the format, its options, and bytes that can be lacking
    "baseline": ("JPEG", {"quality": 95}, 20),
    "restart markers": ("JPEG", {"quality": 95, "restart_marker_blocks": 3}, 20),
    "progressive": ("JPEG", {"quality": 95, "progressive": True}, 2),
    "png": ("PNG", {}, 100),
}
OTHER_ENDS: dict[str, tuple[str, dict[str, object], int]] = {
    "gif": ("GIF", {}, 100),
    "transparent gif": ("GIF", {"transparency": 3}, 100),
    "bmp": ("BMP", {}, 500),
    "tiff": ("TIFF", {}, 500),
    "webp": ("WEBP", {"lossless": True}, 2),
    "jpeg 2000": ("JPEG2000", {}, 2),
    "ppm": ("PPM", {}, 500),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_photo_may_lack_one_row_in_a_hundred(name: str) -> None:
    kind, options, cut = ENDS[name]
    data = encoded(Image.fromarray(TALL).quantize(64) if kind == "GIF" else Image.fromarray(TALL), kind, **options)
    whole, part = decode_here(data, "x"), decode_here(data[:-cut], "x")
    assert (part.width, part.height) == (whole.width, whole.height)
    wrong = (whole.pixels != part.pixels).any(axis=(1, 2)).sum()
    said = int(part.lacking.partition(" ")[0] or 0)
    assert said <= 48
    assert wrong <= said + 1
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("name", OTHER_ENDS)
@pytest.mark.parametrize("start", [0.4, 1.0])
def test_only_jpeg_and_png_may_lack_rows(name: str, start: float) -> None:
    kind, options, cut = OTHER_ENDS[name]
    data = encoded(Image.fromarray(TALL).quantize(64) if kind == "GIF" else Image.fromarray(TALL), kind, **options)
    at = min(int(start * len(data)), len(data) - cut)
    with pytest.raises(TruncatedPhoto):
        decode_here(data[:at] + data[at + cut :], "x")


@pytest.mark.parametrize("name", ENDS | OTHER_ENDS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_photo_that_lacks_more_is_rejected(name: str, part: float) -> None:
    kind, options, _ = (ENDS | OTHER_ENDS)[name]
    data = encoded(Image.fromarray(TALL).quantize(64) if kind == "GIF" else Image.fromarray(TALL), kind, **options)
    with pytest.raises(TruncatedPhoto, match="the image is incomplete"):
        decode_here(data[: int(part * len(data))], "x")
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_the_message_says_how_many_rows_are_lacking() -> None:
    data = encoded(Image.fromarray(TALL), "PNG", compress_level=0)
    with pytest.raises(TruncatedPhoto) as error:
        decode_here(data[: len(data) // 2], "half.png")
    says = r"half\.png: the image is incomplete: 240\d of 4800 rows are lacking; copy or download it again"
    assert re.fullmatch(says, str(error.value))


def test_a_progressive_jpeg_without_its_last_scan_is_rejected() -> None:
    data = encoded(Image.fromarray(TALL), "JPEG", quality=95, progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(TruncatedPhoto, match="its last scans are lacking"):
        decode_here(data[:last], "x")
    with pytest.raises(TruncatedPhoto, match="its last scans are lacking"):
        decode_here(data[:last] + b"\xff\xd9"[:1], "x")


def test_damaged_pixels_of_a_png_are_rejected() -> None:
    data = bytearray(encoded(Image.fromarray(TALL), "PNG"))
    data[-20] ^= 255
    with pytest.raises(TruncatedPhoto, match="incomplete or damaged"):
        decode_here(bytes(data), "x")


def test_a_photo_inside_of_another_file_is_not_taken_for_the_file() -> None:
    for prefix in (b"8BPS\0\1", b"ID3\3\0", b"%PDF-1.7\n"):
        with pytest.raises(NotAnImage):
            decode_here(prefix + bytes(100) + jpeg_with(b""), "x")


def test_a_photo_that_ends_within_its_headers_is_incomplete() -> None:
    for data in (
        jpeg_with(b"")[:100],
        png_with()[:20],
        encoded(Image.fromarray(RGB), "TIFF", compression="tiff_lzw")[:-60],
    ):
        with pytest.raises(PhotoError) as error:
            decode_here(data, "x")
        assert error.value.reason == "truncated"


def tiff_of(values: np.ndarray) -> bytes:
    return encoded(Image.fromarray(values), "TIFF")


GREY = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
GREY = ((GREY - GREY.min()) * (255.0 / np.ptp(GREY))).astype(np.uint8)  # from black to white


def hot() -> np.ndarray:
    values = GREY.astype(np.uint16) * 4
    values[7, 9] = 65535
    return values


def holey() -> np.ndarray:
    values = GREY.astype(np.float32) / 255 * 0.01 - 0.005
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -np.inf
    return values


@pytest.mark.parametrize(
    "values",
    [
        GREY.astype(np.uint16) * 4, GREY.astype(np.uint16) * 16, GREY.astype(np.uint16) * 64, hot(),
        GREY.astype(np.uint16) * 4 + 30000, GREY.astype(np.int32) * 4, GREY.astype(np.int32) * 1_000_000,
        GREY.astype(np.int32) * 4 - 500, GREY.astype(np.float32) / 255, GREY.astype(np.float32) * 1e30, holey(),
    ],
)  # fmt: skip
def test_values_in_a_narrow_range_are_as_bright_as_any(values: np.ndarray) -> None:
    pixels = decode_here(tiff_of(values), "x").pixels[..., 0].astype(int)
    difference = np.abs(pixels - GREY)
    difference[[0, 1, 2, 7], [0, 1, 2, 9]] = 0
    assert difference.max() <= 4
    assert np.array_equal(make_photo(convert(Image.fromarray(values), "x")).pixels[..., 0], pixels)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("kind", [".png", ".tiff"])
@pytest.mark.parametrize("alpha", [False, True])
def test_colours_of_few_bits_in_sixteen_are_stretched_together(bits: int, kind: str, alpha: bool) -> None:
    deep = RGB[:, :, ::-1].astype(np.uint16) * 257 >> (16 - bits)
    if alpha:
        deep = np.dstack([deep, np.full_like(deep[:, :, :1], 65535)])
    pixels = decode_here(cv2.imencode(kind, deep)[1].tobytes(), "x").pixels
    brightest = 255 if bits == 16 else np.percentile(RGB, 99.9)
    assert np.abs(pixels[:, :, ::-1] - (RGB * (255 / brightest)).clip(0, 255)).max() <= 4


def test_what_is_well_exposed_is_not_stretched() -> None:
    for values in (GREY // 3 + 20, GREY // 2, np.full_like(GREY, 100)):
        pixels = decode_here(tiff_of(values.astype(np.uint16) * 257), "x").pixels[..., 0]
        assert np.array_equal(pixels, values)


def test_a_stretched_photo_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    data = encoded(Image.fromarray((GREY[::-1, ::-1].astype(np.uint16) * 4).copy()), "PNG", exif=exif)
    assert np.abs(decode_here(data, "x").pixels[..., 0].astype(int) - GREY).max() <= 4
    deep = cv2.imencode(".png", RGB[::-1, ::-1, ::-1].astype(np.uint16) * 4)[1].tobytes()
    first, *others = chunks(deep)
    turned = b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(*first), chunk(b"eXIf", exif.tobytes()[6:]), *(chunk(*one) for one in others))
    )
    straight = decode_here(cv2.imencode(".png", RGB[:, :, ::-1].astype(np.uint16) * 4)[1].tobytes(), "x")
    assert np.array_equal(decode_here(turned, "x").pixels, straight.pixels)


def test_a_deep_photo_that_is_cut_off_is_incomplete() -> None:
    deep = cv2.imencode(".png", TALL.astype(np.uint16) * 4)[1].tobytes()
    with pytest.raises(TruncatedPhoto, match="rows are lacking"):
        decode_here(deep[: len(deep) // 2], "x")


def test_a_variant_that_is_not_read_is_named() -> None:
    jpeg = jpeg_with(b"")
    frame = jpeg.index(b"\xff\xc0")
    for data, name in {
        jpeg[: frame + 4] + b"\x0c" + jpeg[frame + 5 :]: "a JPEG with 12 bits per sample",
        jpeg[: frame + 1] + b"\xc3" + jpeg[frame + 2 :]: "a lossless JPEG",
        b"\xff\x0a" + bytes(99): "JPEG XL",
    }.items():
        with pytest.raises(NotAnImage, match=f"^x.jpg: this is {name}, which can't be read; convert it"):
            decode_here(data, "x.jpg")


def raw_tiff(order: str, tags: dict[int, int], sub_tags: dict[int, int], *, start: bytes = b"") -> bytes:
    """Return a TIFF of 64 x 48 pixels with further tags, and with a sub-table of these tags, as raw photos have it."""
    kinds = {50706: 1}
    pixels = RGB.tobytes()
    table = 8 + len(start)
    needed = {256: 64, 257: 48, 258: 8, 259: 1, 262: 2, 273: 0, 277: 3, 278: 48, 279: len(pixels), **tags}
    if sub_tags:
        needed[330] = 0
    end = table + 2 + 12 * len(needed) + 4
    needed[273] = end + 2 + 12 * len(sub_tags) + 4 if sub_tags else end
    if sub_tags:
        needed[330] = end

    def entries(values: dict[int, int]) -> bytes:
        one = b"".join(
            struct.pack(f"{order}HHII", tag, 4, 1, values[tag]) for tag in sorted(values) if tag not in kinds
        )
        others = (struct.pack(f"{order}HHIBBBB", tag, kinds[tag], 4, 1, 4, 0, 0) for tag in values if tag in kinds)
        return struct.pack(f"{order}H", len(values)) + one + b"".join(others) + bytes(4)

    magic = b"II*\0" if order == "<" else b"MM\0*"
    sub_table = entries(sub_tags) if sub_tags else b""
    return magic + struct.pack(f"{order}I", table) + start + entries(needed) + sub_table + pixels


RAW = {
    "a.dng": raw_tiff("<", {254: 1, 50706: 0}, {254: 0, 262: 32803}),
    "linear.dng": raw_tiff("<", {254: 1}, {262: 34892}),
    "a.nef": raw_tiff(">", {254: 1}, {259: 34713, 262: 32803}),
    "a.arw": raw_tiff("<", {254: 1}, {259: 32767, 262: 32803}),
    "a.pef": raw_tiff(">", {259: 65535}, {}),
    "a.srw": raw_tiff("<", {}, {259: 32770}),
    "a.cr2": raw_tiff("<", {}, {}, start=b"CR\2\0\0\0\0\0"),
    "a.cr3": b"\0\0\0\x18ftypcrx " + bytes(500),
    "a.orf": b"IIRO" + raw_tiff("<", {}, {})[4:],
    "a.rw2": b"IIU\0" + raw_tiff("<", {}, {})[4:],
    "a.raf": b"FUJIFILMCCD-RAW 0201" + bytes(500) + jpeg_with(b""),
    "a.x3f": b"FOVb" + bytes(500),
    "a.mrw": b"\0MRM" + bytes(500),
    "a.crw": b"II\x1a\0\0\0HEAPCCDR" + bytes(500),
}


@pytest.mark.parametrize("name", RAW)
def test_a_raw_photo_is_rejected_under_any_name(name: str) -> None:
    for renamed in (name, "photo.jpg", "photo.tif"):
        with pytest.raises(RawPhoto, match=f"^{renamed}: this is a raw photo; export it as JPEG"):
            decode_here(RAW[name], renamed)


def test_the_name_helps_to_recognize_a_raw_photo() -> None:
    with_preview = raw_tiff("<", {254: 1}, {})
    with pytest.raises(RawPhoto):
        decode_here(with_preview, "photo.DCR")
    with pytest.raises(RawPhoto):
        decode_here(b"unknown" + bytes(99), "photo.iiq")
    assert decode_here(jpeg_with(b""), "really a JPEG.nef").width == 64


def test_an_ordinary_tiff_is_no_raw_photo() -> None:
    camera = {271: "NIKON CORPORATION", 272: "NIKON D90", 305: "Ver.1.00", 33421: 2, 37399: 1}
    grey = np.frombuffer(b"CR\2\0" * 1024, np.uint8).reshape(64, 64)
    for data in (
        encoded(Image.fromarray(RGB), "TIFF", tiffinfo=camera), encoded(Image.fromarray(grey), "TIFF"),
        encoded(Image.fromarray(RGB), "TIFF", save_all=True, append_images=[Image.new("RGB", (8, 8))]),
        raw_tiff("<", {254: 1}, {254: 1, 259: 7, 262: 6}), raw_tiff(">", {}, {}),
    ):  # fmt: skip
        assert decode_here(data, "scan.tif").width == 64
