"""Make harmful photos: with false headers, with enormous sizes, and photos that keep decoders busy for ever."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image


def png(width: int, height: int, data: bytes, *chunks: tuple[bytes, bytes], depth: int = 8, kind: int = 0) -> bytes:
    """Return a PNG with these chunks and this image data. The data need not have the size that the header claims."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    body = b"".join(chunk(name, data) for name, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zeros(count: int, level: int = 9) -> bytes:
    """Return `count` zero bytes, compressed to about a thousandth."""
    packer = zlib.compressobj(level)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.compress(bytes(count & ((1 << 20) - 1))), packer.flush()])


def scans(side: int, count: int) -> bytes:
    """Return a grey progressive JPEG with `count` empty scans, each over every block.

    It follows ITU-T T.81. The first scan has DC differences of 0, one bit per block. The other scans have no AC
    coefficients, only runs of up to 32,767 empty blocks (G.1.2.2). Each scan makes the decoder process the whole image.
    """

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    blocks = (-(-side // 8)) ** 2
    tables = b"".join(
        segment(0xC4, bytes([kind]) + bytes([1, *[0] * 15]) + bytes([symbol]))
        for kind, symbol in ((0, 0), (0x10, 0xE0))
    )
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0]))
    first = segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0])) + bytes(-(-blocks // 8))
    runs = "0" + "1" * 14  # the code of the only symbol, and 14 bits: 2^14 + 2^14 - 1 blocks
    bits = (runs * (-(-blocks // 32767))) + "1" * 8
    packed = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)).replace(b"\xff", b"\xff\x00")
    later = segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0])) + packed
    quantisation = segment(0xDB, bytes([0]) + bytes([1] * 64))
    return b"\xff\xd8" + quantisation + frame + tables + first + later * count + b"\xff\xd9"


def tiff(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Return a little-endian TIFF with one directory of entries (tag, type, count, value)."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def _frames() -> bytes:
    frames = [Image.new("P", (4000, 4000), number % 2) for number in range(100)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


HOSTILE: dict[str, Callable[[], bytes]] = {
    "claims-4-gigabytes.png": lambda: png(65535, 65535, zeros(1000)),
    "claims-2-31-by-2-31.png": lambda: png(2**31 - 1, 2**31 - 1, zeros(1000)),
    "3600-megapixels-in-440-kb.png": lambda: png(60000, 60000, zeros(60000 * 7501), depth=1),
    "199-megapixels-in-200-kb.png": lambda: png(19900, 10000, zeros(19901 * 10000)),
    "199-megapixels-of-rgba.png": lambda: png(19900, 10000, zeros((19900 * 4 + 1) * 10000), kind=6),
    "199-megapixels-of-16-bits.png": lambda: png(19900, 10000, zeros((19900 * 2 + 1) * 10000), depth=16),
    "1-by-1000000.png": lambda: png(1, 1_000_000, zeros(2 * 1_000_000)),
    "1000000-by-1.png": lambda: png(1_000_000, 1, zeros(1_000_001)),
    "a-profile-of-a-gigabyte.png": lambda: png(64, 64, zeros(65 * 64), (b"iCCP", b"x\0\0" + zeros(1 << 30))),
    "a-text-of-a-gigabyte.png": lambda: png(64, 64, zeros(65 * 64), (b"zTXt", b"x\0\0" + zeros(1 << 30))),
    "8000-scans.jpg": lambda: scans(14000, 8000),
    "300-scans.jpg": lambda: scans(4000, 300),
    "100-frames-of-16-megapixels.gif": _frames,
    "huge-screen.gif": lambda: b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
    "a-directory-that-follows-itself.tif": lambda: tiff((256, 3, 1, 9), (257, 3, 1, 9), following=8),
    "four-billion-strips.tif": lambda: tiff(
        (256, 4, 1, 2**31), (257, 4, 1, 2**31), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 2**32 - 1, 8),
        (278, 4, 1, 1), (279, 4, 2**32 - 1, 8),
    ),
    "a-tag-beyond-the-end.tif": lambda: tiff((256, 4, 1, 64), (257, 4, 1, 64), (273, 4, 2**30, 2**31), (279, 4, 1, 99)),
    "largest-canvas.webp": lambda: b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\xff\xff\xff\xff\xff" + bytes(8),
    "a-box-without-an-end.heic": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x01meta" + b"\xff" * 8,
    "boxes-within-boxes.avif": lambda: b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + b"\0\0\x10\0meta\0\0\0\0" * 300,
    "nothing-but-zeros.jpg": lambda: bytes(50_000_000),
    "no-end-of-comments.jpg": lambda: b"\xff\xd8" + b"\xff\xfe\x00\x02" * 2_000_000,
}  # fmt: skip
"""The name of each file, and the function that makes its bytes."""
