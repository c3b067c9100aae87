"""Processes that decode photos and can be killed: what a hostile file breaks is a process, never the run.

A process reads requests from its stdin and answers on its stdout, one at a time; both ends are here. It imports Pillow
and little else, and lives as long as its pool, or until a photo takes too long or too much.
"""

import io
import json
import os
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Final, Self, cast

from posesearch import errors
from posesearch.errors import DecoderUnavailable, PhotoError, PhotoTooLarge, PhotoTooSlow, TruncatedPhoto
from posesearch.rasters import Raster, raster
from posesearch.shots import Shot

SECONDS: Final = 60.0
"""Wall-clock time that a photo may take to decode; 200 megapixels of PNG with transparency take four."""

MAX_MEMORY: Final = 2_000_000_000
"""Bytes of address space of a process; 200 megapixels of PNG with transparency take nine tenths of it."""

_WATCH: Final = 0.25  # seconds between two looks at the clocks
_PIPE: Final = 1 << 20  # bytes that a pipe holds on Linux: a street photo in one or two goes
_REQUEST: Final = struct.Struct("<QI?H")  # bytes of data, enough (0: None), gps, bytes of the name
_ANSWER: Final = struct.Struct("<IQ")  # bytes of JSON, bytes of BGR
_READY: Final = b"!"  # what a process says first: that it could be started
_F_SETPIPE_SZ: Final = 1031  # Linux, fcntl.h
_M_TRIM_THRESHOLD: Final = -1  # glibc, malloc.h
_M_MMAP_THRESHOLD: Final = -3


@dataclass(eq=False)
class _Decoder:
    """One process, from the outside."""

    process: subprocess.Popen[bytes]
    deadline: float = field(default=float("inf"))
    overdue: bool = False
    ready: bool = False

    def ask(self, data: bytes, source: str, enough: int | None, gps: bool) -> Raster:
        """Have the bytes decoded; raises what raster() raises, and EOFError where the process dies of them."""
        requests, answers = _pipes(self.process)
        if not self.ready:
            try:
                _exactly(answers, len(_READY))
            except EOFError as error:
                raise DecoderUnavailable(f"it ends at once, with exit code {self.process.wait()}") from error
            self.ready = True
        name = source.encode("utf-8", "surrogatepass")[:65535]
        try:
            _send(requests, _REQUEST.pack(len(data), enough or 0, gps, len(name)) + name)
            _send(requests, data)
        except OSError as error:
            raise EOFError from error
        text, pixels = _ANSWER.unpack(_exactly(answers, _ANSWER.size))
        told: dict[str, Any] = json.loads(_exactly(answers, text))
        if "error" in told:
            kind: type[PhotoError] = getattr(errors, told["error"])
            raise kind(source, told["detail"])
        return Raster(_exactly(answers, pixels), shot=Shot(**told.pop("shot")), **told)

    def end(self) -> None:
        """Stop the process."""
        self.process.kill()
        for pipe in _pipes(self.process):
            pipe.close()
        self.process.wait()


class Decoders:
    """A pool of processes that decode. Threads may share one."""

    def __init__(self, processes: int = 2, seconds: float = SECONDS, memory: int = MAX_MEMORY) -> None:
        """Start no process yet.

        Args:
            processes: at most so many; threads beyond them wait their turn.
            seconds: that a photo may take.
            memory: bytes of address space that a process may use.
        """
        self._places = threading.BoundedSemaphore(processes)
        self._seconds, self._memory = seconds, memory
        self._idle: list[_Decoder] = []
        self._busy: set[_Decoder] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the processes; photos that are being decoded fail."""
        self._closed.set()
        with self._lock:
            decoders = [*self._idle, *self._busy]
            self._idle.clear()
        for decoder in decoders:
            decoder.end()
        if self._watch is not None:
            self._watch.join()

    def raster(self, data: bytes, source: str, enough: int | None = None, *, gps: bool = False) -> Raster:
        """Decode the bytes of a photo; arguments are those of rasters.raster.

        Raises:
            PhotoError: as rasters.raster.
            PhotoTooSlow: it takes longer than a photo may.
            TruncatedPhoto, PhotoTooLarge: the decoder broke down, or ran out of memory.
        """
        with self._places:
            for _ in range(2):  # again, for one that something else has killed: memory may be short for a moment
                with suppress(EOFError):
                    return self._asked(data, source, enough, gps=gps)
        raise TruncatedPhoto(source, _BROKE_DOWN)

    def _asked(self, data: bytes, source: str, enough: int | None, *, gps: bool) -> Raster:
        decoder = self._take()
        fine = False
        try:
            made = decoder.ask(data, source, enough, gps)
            fine = True
        except PhotoError:
            fine = True
            raise
        except EOFError:
            if decoder.overdue:
                raise PhotoTooSlow(source, f"decoding it takes more than {self._seconds:g} seconds") from None
            if self._closed.is_set():
                raise TruncatedPhoto(source) from None  # nobody will hear of it
            raise
        except MemoryError:
            raise PhotoTooLarge(source) from None
        finally:
            self._give(decoder, usable=fine)
        return made

    def _take(self) -> _Decoder:
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._watching, name="posesearch-decoders", daemon=True)
                self._watch.start()
            decoder = self._idle.pop() if self._idle else None
        decoder = decoder or _Decoder(_started(self._memory, self._seconds))
        decoder.deadline = time.monotonic() + self._seconds
        with self._lock:
            self._busy.add(decoder)
        return decoder

    def _give(self, decoder: _Decoder, *, usable: bool) -> None:
        with self._lock:
            self._busy.discard(decoder)
            if usable and not decoder.overdue and not self._closed.is_set():
                self._idle.append(decoder)
                return
        decoder.end()

    def _watching(self) -> None:
        before = time.monotonic()
        while not self._closed.wait(min(_WATCH, self._seconds / 4)):
            now = time.monotonic()
            asleep = now - before - 1.0
            before = now
            with self._lock:
                for decoder in self._busy if asleep > 0 else ():  # Ctrl-Z, or a laptop that was shut: they slept, too
                    decoder.deadline += asleep
                for decoder in self._busy:
                    if now > decoder.deadline and not decoder.overdue:
                        decoder.overdue = True
                        decoder.process.kill()


_BROKE_DOWN: Final = "the image is damaged in a way that its decoder breaks down on; convert it to JPEG or PNG"


def _started(memory: int, seconds: float) -> subprocess.Popen[bytes]:
    # The path is handed on, so that the process finds what this one does. A group of its own keeps Ctrl-C from it;
    # libraries in C write remarks to stderr that are nobody's.
    start = "import sys; sys.path[:] = {!r}; from posesearch.decoders import serve; serve({!r}, {!r})"
    try:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter)
            [sys.executable, "-X", "utf8", "-c", start.format(sys.path, memory, seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0 if os.name == "posix" else None,
        )
    except OSError as error:
        raise DecoderUnavailable(error.strerror or str(error)) from error
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 (Unix's)

        for pipe in _pipes(process):
            with suppress(OSError):  # the system's limit is lower
                fcntl.fcntl(pipe.fileno(), _F_SETPIPE_SZ, _PIPE)
    return process


def _pipes(process: subprocess.Popen[bytes]) -> tuple[io.FileIO, io.FileIO]:
    """Return stdin and stdout of a process that was started with both as unbuffered pipes."""
    return cast("io.FileIO", process.stdin), cast("io.FileIO", process.stdout)


def _send(pipe: io.FileIO, data: bytes | bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(pipe.fileno(), left) :]


def _exactly(pipe: io.FileIO, size: int) -> bytearray:
    """Return the next bytes of an unbuffered pipe: photos are large, and each copy of one would show."""
    data = bytearray(size)
    left = memoryview(data)
    while left:
        got = pipe.readinto(left)
        if not got:
            raise EOFError
        left = left[got:]
    return data


def serve(memory: int, seconds: float) -> None:
    """Answer requests from stdin until it ends: what a decoding process does.

    Args:
        memory: bytes of address space.
        seconds: of processor time for a photo: ends a decoder whose pool is not there any more to do so.
    """
    requests, answers = io.FileIO(0, closefd=False), io.FileIO(1, "w", closefd=False)
    try:
        import resource  # noqa: PLC0415 (Unix's)
    except ImportError:
        resource = None  # type: ignore[assignment]  # Windows: the pool's clock is what there is
    _keep_memory()
    if resource is not None:
        _limit(resource, resource.RLIMIT_AS, memory)
        _limit(resource, resource.RLIMIT_CORE, 0)
    with suppress(EOFError, OSError):  # the pool is done
        _send(answers, _READY)
        while True:
            _serve(requests, answers, resource, seconds)


def _keep_memory() -> None:
    """Have glibc keep what is freed for the next photo: asking for it again takes longer than decoding."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 (this alone)

        with suppress(AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 32 << 20)
            mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def _serve(requests: io.FileIO, answers: io.FileIO, resource: Any, seconds: float) -> None:
    size, enough, gps, letters = _REQUEST.unpack(_exactly(requests, _REQUEST.size))
    source = _exactly(requests, letters).decode("utf-8", "surrogatepass")
    if resource is not None:
        _limit(resource, resource.RLIMIT_CPU, int(time.process_time() + 2 * seconds) + 1)
    pixels: bytes | bytearray = b""
    try:
        made = raster(bytes(_exactly(requests, size)), source, enough or None, gps=gps)
        told: dict[str, Any] = {
            "columns": made.columns, "rows": made.rows, "width": made.width, "height": made.height,
            "shot": asdict(made.shot),
        }  # fmt: skip
        pixels = made.bgr
    except PhotoError as error:
        told = {"error": type(error).__name__, "detail": error.detail}
    text = json.dumps(told).encode()
    _send(answers, _ANSWER.pack(len(text), len(pixels)) + text)
    _send(answers, pixels)


def _limit(resource: Any, kind: int, most: int) -> None:
    with suppress(OSError, ValueError):  # a lower limit holds already, or the system knows none
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
