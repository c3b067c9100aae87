"""Ingest mutated and hostile photos, and print the outcome of each, the time and the memory.

    python benchmarks/fuzz.py PHOTO [-n MUTANTS] [--seed N]

PHOTO is scaled down and written in every format. MUTANTS mutants are made of each file. A mutant has inverted bits,
bytes with extreme values, parts that are zeroed, doubled or left out, or no end. The hostile files of
benchmarks/hostile.py are added. One ingest processes all of them. Each file must be ingested, or rejected with a
reason, and nothing else may be printed.
"""

import argparse
import contextlib
import io
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import machine
import pillow_heif
from hostile import HOSTILE
from PIL import Image

FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    "jpg": ("JPEG", {"quality": 85}),
    "progressive.jpg": ("JPEG", {"quality": 85, "progressive": True}),
    "cmyk.jpg": ("JPEG", {"quality": 85}),
    "png": ("PNG", {}),
    "apng": ("PNG", {"save_all": True}),
    "webp": ("WEBP", {"quality": 80}),
    "lossless.webp": ("WEBP", {"lossless": True}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "tif": ("TIFF", {}),
    "lzw.tif": ("TIFF", {"compression": "tiff_lzw"}),
    "jpeg.tif": ("TIFF", {"compression": "jpeg"}),
    "deflate.tif": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "avif": ("AVIF", {}),
    "heic": ("HEIF", {}),
    "jp2": ("JPEG2000", {}),
}


def mutant(data: bytes, draw: random.Random) -> bytes:
    """Return the bytes with one to ten random changes."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 3, 10))):
        # Half of the changes are in the headers, which have the sizes.
        at = draw.randrange(min(len(changed), 600)) if draw.random() < 0.5 else draw.randrange(len(changed))
        length = draw.choice((1, 2, 4, 4, 64, 4096))
        change = draw.randrange(6)
        if change == 0:
            changed[at] ^= 1 << draw.randrange(8)
        elif change == 1:
            changed[at : at + length] = draw.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * min(length, 8)
        elif change == 2:
            changed[at : at + length] = bytes(length)
        elif change == 3:
            changed[at:at] = changed[at : at + length]
        elif change == 4:
            del changed[at : at + length]
        elif len(changed) > 100:
            del changed[draw.randrange(50, len(changed)) :]
    return bytes(changed)


def write(photo: Path, folder: Path, mutants: int, draw: random.Random) -> None:
    """Write the files to ingest."""
    pillow_heif.register_heif_opener()
    with Image.open(photo) as opened:
        image = opened.convert("RGB")
    image.thumbnail((320, 320))
    for ending, (kind, options) in FORMATS.items():
        data = io.BytesIO()
        source = image.convert("CMYK") if ending.startswith("cmyk") else image
        more = {"append_images": [image.rotate(90)]} if ending == "apng" else {}
        source.save(data, kind, **options, **more)
        stem, _, last = ending.rpartition(".")
        for number in range(mutants):
            made = mutant(data.getvalue(), draw)
            (folder / f"{ending.replace('.', '-')}_{number:04d}.{last or stem}").write_bytes(made)
    for name, make in HOSTILE.items():
        (folder / f"hostile_{name}").write_bytes(make())


def watch(process: subprocess.Popen[str], peaks: dict[str, int], done: threading.Event) -> None:
    """Store the peak memory of a process and of its children in `peaks`, by process id, in KB."""
    while not done.wait(0.05):
        pids = [str(process.pid)]
        for path in Path(f"/proc/{process.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # the thread has just ended
                pids += path.read_text().split()
        for pid in pids:
            with contextlib.suppress(OSError):  # the process has just ended
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
                peaks[pid] = max(peak, peaks.get(pid, 0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("-n", type=int, default=140, metavar="MUTANTS", help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "corpus"
        folder.mkdir()
        write(options.photo, folder, options.n, random.Random(options.seed))  # noqa: S311 (no secret)
        files = {path.name for path in folder.iterdir()}
        print(f"{len(files)} files, {sum('hostile' in name for name in files)} of them hostile")
        db = str(Path(temporary) / "poses.duckdb")
        command = [sys.executable, "-m", "posesearch", "ingest", str(folder), "--db", db, "--json"]
        peaks: dict[str, int] = {}
        done = threading.Event()
        started = time.monotonic()
        outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        reported = set()
        hostile = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            threading.Thread(target=watch, args=(process, peaks, done), daemon=True).start()
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "summary":
                    continue
                name = Path(event["source"]).name
                reported.add(name)
                outcome = event.get("reason", event["status"])
                assert outcome in ("ingested", "copy") or event["message"], event
                outcomes[name.partition("_")[0]][outcome] += 1
                if name.startswith("hostile"):
                    detail = event.get("message", "").partition(";")[0]
                    hostile.append(f"  {name.partition('_')[2]:40s} {outcome}: {detail}".rstrip(": "))
            messages = process.stderr.read()
        done.set()
        seconds = time.monotonic() - started
        assert process.returncode == 0, messages
        assert reported == files, files - reported
        assert not messages, messages
        for kind in sorted(set(outcomes) - {"hostile"}):
            print(f"{kind:18s}", ", ".join(f"{outcome} {count}" for outcome, count in outcomes[kind].most_common()))
        print("hostile", *hostile, sep="\n")
        own = peaks.pop(str(process.pid))
        decoders = list(peaks.values())
        print(
            f"{seconds:.0f} s, peak memory {own / 1024:.0f} MB, of the largest of {len(decoders)} decoding processes "
            f"{max(decoders) / 1024:.0f} MB"
        )
