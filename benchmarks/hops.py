"""Count the functions of posesearch that an ingest of one photo, a query photo and a clustering call.

    python benchmarks/hops.py [--list]

The photos are mannequins of the demo. Each of the three runs twice, and the second run is counted, when all modules are
imported and the network is loaded. A function counts once, in whatever thread it runs. Not counted are the functions of
posesearch.cli and posesearch.estimators, comprehensions and generator expressions, and what the decoding processes do.
--list prints the functions, in the order of their first calls.
"""

import argparse
import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import machine

import posesearch
from posesearch.demo.photos import write_photos

PACKAGE = Path(posesearch.__file__).parent
EXCLUDED = ("cli", "estimators")


@contextlib.contextmanager
def called() -> Iterator[dict[str, None]]:
    """Collect the functions of the package that are called, as "folder/module.py: Class.function", in their order."""
    found: dict[CodeType, None] = {}
    names: dict[str, None] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            found.setdefault(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        for code in found:
            path = Path(code.co_filename)
            is_function = code.co_name == "__init__" or not code.co_name.startswith("<")
            if path.is_relative_to(PACKAGE) and is_function:
                module = path.relative_to(PACKAGE)
                if module.parts[0] not in EXCLUDED:
                    names[f"{module.as_posix()}: {code.co_qualname.replace('<locals>.', '')}"] = None


def count(folder: Path) -> dict[str, list[str]]:
    """Return the functions that each of the three calls."""
    photos = write_photos(folder)
    first, *others = sorted(photos.glob("men/*.jpg"))[:3]
    counted: dict[str, list[str]] = {}
    with posesearch.open(folder / "poses.duckdb") as database:
        database.ingest(photos / "women")
        for photo in (first, others[0]):
            with called() as names:
                database.ingest(photo)
            counted["an ingest of one photo"] = list(names)
        for _ in range(2):
            with called() as names:
                database.cluster(3)
            counted["a clustering"] = list(names)
        for _ in range(2):
            with called() as names:
                database.similar(others[1])
            counted["a query photo"] = list(names)
    return counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        for what, names in count(Path(temporary)).items():
            print(f"{len(names):4d} functions in {what}")
            if options.list:
                print(*(f"       {name}" for name in names), sep="\n")
