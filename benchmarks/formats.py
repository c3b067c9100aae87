"""Compare the joints of a photo in every format and every orientation with those of the original.

    python benchmarks/formats.py PHOTO

PHOTO is decoded and written in many ways: with and without loss, in other colour models, with 16 bits, with a palette,
with transparency, with an ICC profile, and in the eight EXIF orientations. Each file is ingested. The figures are the
largest and the median distance between a joint and the same joint of the original, in pixels, and the similarity of the
two poses. Only a format with loss may move joints.
"""

import argparse
import io
import tempfile
from pathlib import Path

import cv2
import machine
import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps

import posesearch
from posesearch.types import StoredPose


def variants(photo: Path) -> dict[str, bytes]:
    """Return the bytes of each file, by its description."""
    pillow_heif.register_heif_opener()
    with Image.open(photo) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    pixels = np.asarray(image)

    def saved(image: Image.Image, kind: str, **options: object) -> bytes:
        data = io.BytesIO()
        image.save(data, kind, **options)
        return data.getvalue()

    deep = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR).astype(np.uint16) * 257
    made = {
        "PNG": saved(image, "PNG"),
        "BMP": saved(image, "BMP"),
        "TIFF": saved(image, "TIFF"),
        "TIFF, LZW": saved(image, "TIFF", compression="tiff_lzw"),
        "WebP, lossless": saved(image, "WEBP", lossless=True),
        "JPEG 2000, lossless": saved(image, "JPEG2000"),
        "APNG, first frame": saved(image, "PNG", save_all=True, append_images=[image.rotate(180)]),
        "PNG of 16 bits": cv2.imencode(".png", deep)[1].tobytes(),
        "TIFF of 16 bits": cv2.imencode(".tiff", deep)[1].tobytes(),
        "PNG with alpha": saved(image.convert("RGBA"), "PNG"),
        "JPEG, 95": saved(image, "JPEG", quality=95),
        "JPEG, 75, progressive": saved(image, "JPEG", quality=75, progressive=True),
        "WebP, 90": saved(image, "WEBP", quality=90),
        "AVIF, 90": saved(image, "AVIF", quality=90),
        "HEIC, 90": saved(image, "HEIF", quality=90),
        "JPEG, CMYK": saved(image.convert("CMYK"), "JPEG", quality=95),
        "TIFF, CMYK": saved(image.convert("CMYK"), "TIFF"),
        "PNG, ICC profile": saved(Image.merge("RGB", image.split()[::-1]), "PNG", icc_profile=swapped_profile()),
        "JPEG, grey": saved(image.convert("L"), "JPEG", quality=95),
        "PNG, grey of 16 bits": cv2.imencode(".png", cv2.cvtColor(deep, cv2.COLOR_BGR2GRAY))[1].tobytes(),
        "PNG, palette of 256": saved(image.quantize(256), "PNG"),
        "GIF, first frame": saved(image, "GIF", save_all=True, append_images=[image.rotate(180)]),
    }
    for orientation, turned in held(pixels).items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        made[f"PNG, orientation {orientation}"] = saved(Image.fromarray(turned), "PNG", exif=exif)
    for kind in ("JPEG", "WEBP", "AVIF", "HEIF"):
        exif = Image.Exif()
        exif[0x0112] = 6
        made[f"{kind}, 90, orientation 6"] = saved(
            Image.fromarray(held(pixels)[6]), kind, quality=90, exif=exif.tobytes()
        )
    return made


def swapped_profile() -> bytes:
    """Return an ICC profile that exchanges red and blue. It is the profile of sRGB with two colorants exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ").replace(
        "sRGB".encode("utf-16-be"), "mine".encode("utf-16-be")
    )  # fmt: skip


def held(pixels: np.ndarray) -> dict[int, np.ndarray]:
    """Return the pixels that a camera stores in each EXIF orientation (EXIF 2.32, tag 0x0112)."""
    stored = {
        1: pixels, 2: pixels[:, ::-1], 3: pixels[::-1, ::-1], 4: pixels[::-1],
        5: pixels.transpose(1, 0, 2), 6: np.rot90(pixels, 1), 7: np.rot90(pixels, 2).transpose(1, 0, 2),
        8: np.rot90(pixels, -1),
    }  # fmt: skip
    return {number: np.ascontiguousarray(turned) for number, turned in stored.items()}


def joints(stored: StoredPose) -> np.ndarray:
    """Return the joints of a stored pose, (18, 2), in pixels."""
    return stored.pose.person.keypoints.xy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    options = parser.parse_args()
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = variants(options.photo)
        for number, data in enumerate(files.values()):
            (folder / f"{number:02d}.jpg").write_bytes(data)  # the content decides the format, not the extension
        with posesearch.open(folder / "poses.duckdb") as db:
            db.ingest(folder)
            rows = db.sql("SELECT source, min(pose_id) FROM labelled_poses GROUP BY 1 ORDER BY 1").rows
            found = {int(Path(source).stem): db.show(pose_id) for source, pose_id in rows}
            copies = dict(db.sql("SELECT source, snapshot_id FROM sources").rows)
        snapshots = {stored.snapshot_id: stored for stored in found.values()}
        original = found[0]
        height = original.pose.person.box[3]
        print(f"{options.photo.name}: {original.width} x {original.height}, the person is {height:.0f} pixels tall")
        print(f"{'':28s} {'largest':>7s} {'median':>7s}   similarity")
        for number, name in enumerate(files):
            stored = snapshots[copies[str(folder / f"{number:02d}.jpg")]]
            assert (stored.width, stored.height) == (original.width, original.height), name
            apart = np.linalg.norm(joints(stored) - joints(original), axis=1)
            alike = float(stored.pose.vector @ original.pose.vector)
            print(f"{name:28s} {np.nanmax(apart):7.3f} {np.nanmedian(apart):7.3f}   {alike:.6f}")
