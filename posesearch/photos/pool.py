"""A pool of decoding processes that can be killed. A malicious photo can crash only its process.

Threads share a pool. photos/worker.py is the inside of a process, photos/protocol.py the messages between the two.
"""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, cast

from posesearch import child_process, errors
from posesearch.errors import (
    DecoderKilled,
    DecoderUnavailable,
    PhotoError,
    PhotoTooLarge,
    PhotoTooSlow,
    TruncatedPhoto,
)
from posesearch.photos.decode import DecodedImage
from posesearch.photos.exif import CaptureInfo
from posesearch.photos.photo import Photo, make_photo
from posesearch.photos.protocol import ANSWER, MAX_NAME, READY, REQUEST, receive, send

MAX_SECONDS: Final = 60.0
"""Processor time that decoding a photo may take. 200 megapixels of PNG with transparency take four seconds."""

MAX_MEMORY: Final = 2_000_000_000
"""Bytes of address space of a process. 200 megapixels of PNG with transparency take nine tenths of it."""

_IS_LIMITED: Final = os.name == "posix"
"""Whether a process has a limit of its processor time. Elsewhere only the clock on the wall limits it."""

_MAX_WAIT: Final = 5.0 if _IS_LIMITED else 1.0
"""Wall-clock time that a photo may take, in multiples of its processor time. A stopped process takes longer, or one on
a machine that has no time for it. So the load of the machine does not decide what is too slow."""

_CHECK_SECONDS: Final = 0.25  # between two checks of the deadlines
_PIPE_BYTES: Final = 1 << 20  # capacity of a pipe on Linux: a street photo passes in one or two writes
_F_SETPIPE_SZ: Final = 1031  # Linux, fcntl.h
_CLOSED: Final = "the pool of decoding processes was closed"
_CRASHED: Final = "the image is damaged in a way that its decoder breaks down on; convert it to JPEG or PNG"
_STOPPED: Final = (
    "the process that decodes it was not done after {:g} seconds, as it was stopped or the machine was busy; "
    "run it again later"
)

# How a process ends that breaks down on its photo. Any other signal was sent to it.
_SIGNALS_OF_CRASHES: Final = frozenset(
    getattr(signal, name)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
    if hasattr(signal, name)
)


class _Killed(EOFError):
    """A process was ended by a signal that something else has sent."""


@dataclass(eq=False)
class _DecoderProcess:
    """One process, seen from the pool."""

    process: subprocess.Popen[bytes]
    deadline: float = field(default=float("inf"))
    is_overdue: bool = False
    is_ready: bool = False

    def decode(self, data: bytes, source: str, useful_side: int | None, *, gps: bool) -> DecodedImage:
        """Send a photo and return its pixels. Raises as decode.decode, and EOFError if the process dies."""
        requests, answers = _pipes(self.process)
        if not self.is_ready:
            try:
                receive(answers, len(READY))
            except EOFError as error:
                if self.was_killed():
                    raise
                raise DecoderUnavailable(
                    f"the decoding process ends at once, with exit code {self.process.wait()}"
                ) from error
            self.is_ready = True
        name = source.encode("utf-8", "surrogatepass")[:MAX_NAME]
        try:
            send(requests, REQUEST.pack(len(data), useful_side or 0, gps, len(name)) + name)
            send(requests, data)
        except OSError as error:
            raise EOFError from error
        text_size, pixel_size = ANSWER.unpack(receive(answers, ANSWER.size))
        header: dict[str, Any] = json.loads(receive(answers, text_size))
        if "error" in header:
            error_class: type[PhotoError] = getattr(errors, header["error"])
            raise error_class(source, header["detail"])
        return DecodedImage(receive(answers, pixel_size), capture=CaptureInfo(**header.pop("capture")), **header)

    def was_killed(self) -> bool:
        """Return whether a signal has ended it that says nothing about the photo. Waits for its end."""
        code = self.process.wait()
        return code < 0 and -code not in _SIGNALS_OF_CRASHES

    def was_too_slow(self) -> bool:
        """Return whether it has used up the processor time of the photo. Waits for its end."""
        return (self.is_overdue and not _IS_LIMITED) or (_IS_LIMITED and self.process.wait() == -signal.SIGXCPU)

    def forget(self) -> None:
        """Close the pipes that a forked process has inherited. The process goes on for the one that started it."""
        for pipe in _pipes(self.process):
            pipe.close()
        self.process.poll()  # notes that it is no child of this process; otherwise its destructor would warn

    def end(self) -> None:
        """Kill the process and close its pipes. Only the thread that uses the process may call this."""
        self.process.kill()
        for pipe in _pipes(self.process):
            pipe.close()
        self.process.wait()


class DecoderPool:
    """Decodes photos in processes of their own. Threads may share one.

    Example:
        with DecoderPool() as decoders:
            photo = decoders.decode(data, "photo.jpg")
    """

    def __init__(self, processes: int = 2, seconds: float = MAX_SECONDS, memory: int = MAX_MEMORY) -> None:
        """Start no process yet.

        Args:
            processes: the most processes at a time. Further threads wait for their turn.
            seconds: processor time that a photo may take. It may wait for the processor for four times as long.
            memory: bytes of address space that a process may use.
        """
        self._processes, self._seconds, self._memory = processes, seconds, memory
        self._start_empty()

    def _start_empty(self) -> None:
        self._slots = threading.BoundedSemaphore(self._processes)
        self._idle: list[_DecoderProcess] = []
        self._busy: set[_DecoderProcess] = set()
        self._lock = threading.RLock()  # a finalizer may call `close` in a thread that holds it
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self._owner = os.getpid()

    def _check_owner(self) -> None:
        """Start empty in a forked process: the processes, their pipes and the watcher belong to the first process."""
        if self._owner != os.getpid():
            inherited, was_closed = [*self._idle, *self._busy], self._closed.is_set()
            self._start_empty()
            for process in inherited:
                process.forget()
            if was_closed:
                self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start a process now, so that it is ready when the first photo is, unless one is idle or all are busy.

        Raises:
            DecoderUnavailable: it can't be started.
        """
        self._check_owner()
        if not self._slots.acquire(blocking=False):
            return
        try:
            with self._lock:
                if self._closed.is_set() or self._idle:
                    return
            self._release(_DecoderProcess(_spawn(self._memory, self._seconds)), is_usable=True)
        finally:
            self._slots.release()

    def close(self) -> None:
        """End the processes. Photos that are being decoded, or come later, fail with DecoderUnavailable."""
        self._check_owner()
        with self._lock:
            self._closed.set()
            idle = list(self._idle)
            self._idle.clear()
            for process in self._busy:
                process.process.kill()  # its thread notices, and closes the pipes
        for process in idle:
            process.end()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()

    def decode(self, data: bytes, source: str, useful_side: int | None = None, *, gps: bool = False) -> Photo:
        """Decode the bytes of a photo. The arguments are those of decode.decode.

        Raises:
            PhotoError: as decode.decode.
            PhotoTooSlow: it takes more processor time than a photo may.
            TruncatedPhoto, PhotoTooLarge: the process crashed or ran out of memory.
            DecoderKilled: something else ended or stopped the process.
            DecoderUnavailable: no process can be started, or the pool is closed.
        """
        return make_photo(self._decode_image(data, source, useful_side, gps=gps))

    def _decode_image(self, data: bytes, source: str, useful_side: int | None, *, gps: bool) -> DecodedImage:
        self._check_owner()
        with self._slots:
            was_killed = False
            for _ in range(2):  # the system may have killed the first process, when memory was short
                try:
                    return self._decode_once(data, source, useful_side, gps=gps)
                except EOFError as error:
                    was_killed = isinstance(error, _Killed)
        raise DecoderKilled(source) if was_killed else TruncatedPhoto(source, _CRASHED)

    def _decode_once(self, data: bytes, source: str, useful_side: int | None, *, gps: bool) -> DecodedImage:
        process = self._acquire()
        is_usable = False
        try:
            image = process.decode(data, source, useful_side, gps=gps)
            is_usable = True
        except PhotoError:
            is_usable = True
            raise
        except EOFError as error:
            if self._closed.is_set():
                raise DecoderUnavailable(_CLOSED) from None
            if process.was_too_slow():
                raise PhotoTooSlow(source, f"decoding it takes more than {self._seconds:g} seconds") from None
            if process.is_overdue:
                raise DecoderKilled(source, _STOPPED.format(_MAX_WAIT * self._seconds)) from None
            raise (_Killed if process.was_killed() else EOFError) from error
        except DecoderUnavailable:
            if self._closed.is_set():
                raise DecoderUnavailable(_CLOSED) from None
            raise
        except MemoryError:
            raise PhotoTooLarge(source) from None
        finally:
            self._release(process, is_usable=is_usable)
        return image

    def _acquire(self) -> _DecoderProcess:
        with self._lock:
            if self._closed.is_set():
                raise DecoderUnavailable(_CLOSED)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._kill_overdue, name="posesearch-decoders", daemon=True)
                self._watcher.start()
            process = self._idle.pop() if self._idle else None
        process = process or _DecoderProcess(_spawn(self._memory, self._seconds))
        process.deadline = time.monotonic() + _MAX_WAIT * self._seconds
        with self._lock:
            if not self._closed.is_set():
                self._busy.add(process)
                return process
        process.end()
        raise DecoderUnavailable(_CLOSED)

    def _release(self, process: _DecoderProcess, *, is_usable: bool) -> None:
        with self._lock:
            self._busy.discard(process)
            if is_usable and not process.is_overdue and not self._closed.is_set():
                self._idle.append(process)
                return
        process.end()

    def _kill_overdue(self) -> None:
        """Kill processes that are past their deadline, until the pool is closed. Runs in a thread of its own."""
        before = time.monotonic()
        while not self._closed.wait(min(_CHECK_SECONDS, self._seconds / 4)):
            now = time.monotonic()
            suspended = now - before - 1.0  # Ctrl-Z or a closed laptop also suspended the decoding processes
            before = now
            with self._lock:
                for process in self._busy if suspended > 0 else ():
                    process.deadline += suspended
                for process in self._busy:
                    if now > process.deadline and not process.is_overdue:
                        process.is_overdue = True
                        process.process.kill()


def _spawn(memory: int, seconds: float) -> subprocess.Popen[bytes]:
    """Start a decoding process. It does not wait until the process is ready."""
    # A process group of its own keeps Ctrl-C from it. C libraries write to stderr.
    program = f"from posesearch.photos.worker import serve; serve({memory!r}, {seconds!r})"
    try:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter)
            child_process.python_command(program),
            cwd=child_process.FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0 if os.name == "posix" else None,
        )
    except OSError as error:
        raise DecoderUnavailable(f"the decoding process can't be started ({error.strerror or error})") from error
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 (Windows does not have it)

        for pipe in _pipes(process):
            with suppress(OSError):  # the system's limit is lower
                fcntl.fcntl(pipe.fileno(), _F_SETPIPE_SZ, _PIPE_BYTES)
    return process


def _pipes(process: subprocess.Popen[bytes]) -> tuple[io.FileIO, io.FileIO]:
    """Return stdin and stdout of a process that was started with both as unbuffered pipes."""
    return cast("io.FileIO", process.stdin), cast("io.FileIO", process.stdout)
