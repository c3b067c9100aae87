"""Maps samples of more than 8 bits to 8 bits.

The rule: values keep their scale, unless 99.8% of them lie within a quarter of it. Then these are stretched to the
whole range, because nobody is found in a picture that is nearly black. Cameras and scanners write 12 bits as 16.
"""

from typing import Any, Final

from PIL import Image

_NARROW: Final = 0.25  # part of the scale
_TAIL: Final = 0.1  # percent of the darkest, and of the brightest values, that do not count: dead and hot pixels
_SAMPLES: Final = 1_000_000  # values that are looked at. All of them would take several times the memory of the photo
_BLOCK: Final = 256  # rows that are mapped at a time, likewise
_BIT_DEPTH_OF_PNG: Final = 24  # offset
_BITS_PER_SAMPLE: Final = 258  # tag of TIFF
_DEEP: Final = 16


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Return an image of 16-bit, 32-bit or floating-point samples as grey of 8 bits.

    16-bit samples have the scale of their type. Others have the first of these scales that is large enough: 1 if they
    are floating-point, 255, 65,535, their own maximum.
    """
    import numpy as np  # noqa: PLC0415 (few photos have such samples)

    return Image.fromarray(_map(np.asarray(image)))


def stretch_colours(data: bytes, image: Image.Image) -> Image.Image:
    """Return a colour image again from its samples of 16 bits, if it is narrow. Otherwise, return the same image.

    Pillow cuts these samples to 8 bits. What is left of a narrow image has a few shades only.

    Args:
        data: the bytes of the image.
        image: the image that Pillow has opened.

    Raises:
        Exception: it can't be loaded.
    """
    if not _is_deep(data, image):
        return image
    image.load()
    if not _is_narrow(image):
        return image
    import cv2  # noqa: PLC0415 (few photos need it)
    import numpy as np  # noqa: PLC0415 (likewise)

    try:
        deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # it needs more memory than Pillow
        return image
    if deep is None or deep.dtype != np.uint16 or deep.ndim != 3 or deep.shape[:2] != image.size[::-1]:
        return image
    stretched = Image.fromarray(np.ascontiguousarray(_map(deep[:, :, :3])[:, :, ::-1]))
    if "A" in image.mode:
        stretched.putalpha(image.getchannel("A"))
    stretched.info = {**image.info, "exif": image.getexif().tobytes()}
    return stretched


def _is_deep(data: bytes, image: Image.Image) -> bool:
    if image.mode not in ("RGB", "RGBA", "LA"):
        return False
    if image.format == "PNG":
        return data[_BIT_DEPTH_OF_PNG : _BIT_DEPTH_OF_PNG + 1] == bytes([_DEEP])
    tags: Any = getattr(image, "tag_v2", {})
    return image.format == "TIFF" and _DEEP in tags.get(_BITS_PER_SAMPLE, ())


def _is_narrow(image: Image.Image) -> bool:
    colours = image.getchannel("L") if image.mode == "LA" else image.convert("RGB")
    counts = colours.histogram()
    totals = [sum(counts[shade::256]) for shade in range(256)]
    left = sum(totals) * _TAIL / 100
    ends = []
    for shades in (range(256), range(255, -1, -1)):
        seen = 0
        for shade in shades:
            seen += totals[shade]
            if seen > left:
                ends.append(shade)
                break
    return ends[1] - ends[0] < _NARROW * 256


def _map(values: Any) -> Any:
    import numpy as np  # noqa: PLC0415 (as above)

    flat = values.reshape(-1)
    seen = flat[:: max(1, flat.size // _SAMPLES)].astype(np.float64)
    seen = seen[np.isfinite(seen)]
    low, high = np.percentile(seen, (_TAIL, 100 - _TAIL)) if seen.size else (0.0, 0.0)
    scale = 65535.0
    if values.dtype != np.uint16:
        scales = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255.0, 65535.0)
        scale = next((one for one in scales if high <= one), max(float(high), 1.0))
    if low >= 0 and (high - low >= _NARROW * scale or high == low):
        low, high = 0.0, scale
    mapped = np.empty(values.shape, np.uint8)
    for row in range(0, len(values), _BLOCK):
        block = values[row : row + _BLOCK]
        if values.dtype == np.uint16 and (low, high) == (0, scale):
            mapped[row : row + _BLOCK] = block >> 8
        else:
            block = np.nan_to_num(block.astype(np.float64), nan=low, posinf=high, neginf=low)
            mapped[row : row + _BLOCK] = (block.clip(low, high) - low) * (255 / max(high - low, 1e-300))
    return mapped
