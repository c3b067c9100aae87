"""Inputs that people and cameras really make, with the expected outcome of each, and one run over all of them."""

import functools
import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from posesearch.database import Database
from posesearch.demo import photos as demo
from posesearch.errors import SourceError

INGESTED = "ingested"


def mannequin() -> Image.Image:
    return Image.fromarray(cv2.cvtColor(demo.draw_query().pixels, cv2.COLOR_BGR2RGB))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


@functools.cache
def bad_inputs() -> dict[str, tuple[bytes, str]]:
    """Return the bytes and the expected outcome of each file, by its name."""
    photo = mannequin()
    jpeg = encoded(photo, "JPEG", quality=92)
    sideways = Image.Exif()
    sideways[0x0112] = 8
    transparent = photo.convert("RGBA")
    transparent.putpixel((0, 0), (1, 2, 3, 0))
    wide = np.asarray(photo.convert("L")).astype(np.uint16) * 257
    large = Image.new("RGB", (12000, 9000), (200, 200, 200))
    large.paste(photo.resize((6750, 9000)), (2000, 0))
    blank = Image.new("RGB", (400, 600), (120, 140, 160))
    return {
        "text.jpg": (b"this is a letter to my aunt\n" * 40, "not_an_image"),
        "page.png": (b"<!doctype html><html><body>404</body></html>", "not_an_image"),
        "postscript.jpg": (encoded(blank, "EPS"), "not_an_image"),
        "clip.jpg": (b"\x00\x00\x00\x18ftypmp42" + bytes(2000), "not_an_image"),
        "empty.jpg": (b"", "empty_file"),
        "header-only.jpg": (jpeg[:700], "truncated"),
        "less-than-a-header.jpg": (jpeg[:300], "truncated"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "no-end-marker.jpg": (jpeg[:-2], INGESTED),
        "half.png": (encoded(photo, "PNG")[:90000], "truncated"),
        "damaged.png": (encoded(photo, "PNG")[:60000] + bytes(30000) + encoded(photo, "PNG")[90000:], "truncated"),
        "nobody.jpg": (encoded(blank, "JPEG"), "no_person"),
        "one-pixel.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), "no_person"),
        "thin.png": (encoded(Image.new("RGB", (30000, 2)), "PNG"), "no_person"),
        "bomb.png": (encoded(Image.new("1", (60000, 60000)), "PNG"), "too_large"),
        "108-megapixels.jpg": (encoded(large, "JPEG", quality=80), INGESTED),
        "cmyk.jpg": (encoded(photo.convert("CMYK"), "JPEG"), INGESTED),
        "sixteen-bits.png": (encoded(Image.fromarray(wide), "PNG"), INGESTED),
        "grey.jpg": (encoded(photo.convert("L"), "JPEG"), INGESTED),
        "alpha.png": (encoded(transparent, "PNG"), INGESTED),
        "animated.gif": (encoded(photo, "GIF", save_all=True, append_images=[Image.new("RGB", photo.size)]), INGESTED),
        "sideways.jpg": (encoded(photo.rotate(-90, expand=True), "JPEG", exif=sideways), INGESTED),
        'it\'s a "photo"\nof mine; DROP TABLE poses.jpg': (jpeg, INGESTED),
    }


@pytest.mark.slow
def test_each_bad_input_has_its_outcome_and_the_run_goes_on(tmp_path: Path, real_db: Database) -> None:
    inputs = bad_inputs()
    assert len(inputs) >= 20
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, (data, _) in inputs.items():
        (folder / name).write_bytes(data)

    report = real_db.ingest(folder)

    rows = real_db.sql("SELECT source, coalesce(reason, 'ingested') FROM snapshots").rows
    assert {Path(source).name: outcome for source, outcome in rows} == {
        name: outcome for name, (_, outcome) in inputs.items()
    }
    assert report.seen == len(inputs)
    assert report.ingested + len(report.rejected) == len(inputs)
    for rejection in report.rejected:
        assert len(rejection.message) > 10
        assert "\n" not in rejection.message


@pytest.mark.slow
def test_the_sideways_photo_is_stored_upright(tmp_path: Path, real_db: Database) -> None:
    data, _ = bad_inputs()["sideways.jpg"]
    (tmp_path / "sideways.jpg").write_bytes(data)
    real_db.ingest(tmp_path / "sideways.jpg")
    assert real_db.sql("SELECT width, height FROM snapshots").rows == ((480, 640),)
    [(nose, ankle)] = real_db.sql("""
        SELECT any_value(y) FILTER (joint = 'nose'), any_value(y) FILTER (joint = 'left_ankle') FROM keypoints
    """).rows
    assert nose < ankle


def test_what_can_not_be_read_is_reported(tmp_path: Path, real_db: Database) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "folder.jpg" / "inside.jpg").write_bytes(b"x")
    locked = tmp_path / "locked.jpg"
    locked.write_bytes(b"x")
    locked.chmod(0)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    report = real_db.ingest([tmp_path, tmp_path / "missing.jpg", tmp_path / "nothing-*.jpg", tmp_path / ("x" * 300)])
    reasons = {Path(rejection.source).name: rejection.reason for rejection in report.rejected}
    expected = dict.fromkeys(("pipe.jpg", "loop.jpg", "missing.jpg", "nothing-*.jpg", "x" * 300), "unreadable")
    # The superuser can read every file.
    expected |= {"inside.jpg": "not_an_image", "locked.jpg": "not_an_image" if os.geteuid() == 0 else "unreadable"}
    assert reasons == expected


def test_a_file_name_that_is_no_unicode(tmp_path: Path, real_db: Database) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    try:
        with open(name, "wb") as file:  # noqa: PTH123 (pathlib takes no bytes)
            file.write(encoded(mannequin(), "JPEG"))
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert real_db.ingest(tmp_path).ingested == 1
    assert real_db.sql("SELECT source FROM snapshots").rows[0][0].endswith("caf\\udce9.jpg")


def test_nothing_to_ingest_is_one_sentence(tmp_path: Path, real_db: Database) -> None:
    (tmp_path / "notes.md").write_text("no photo", encoding="utf-8")
    with pytest.raises(SourceError, match="no photos here"):
        real_db.ingest(tmp_path)
    assert not Path(real_db.path).exists()
