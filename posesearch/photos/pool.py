"""A pool of decoding processes that can be killed. A malicious photo can crash only its process.

Threads share a pool. photos/decoder_process.py starts a process and sends photos to it. photos/worker.py runs in the
process. photos/protocol.py has the messages between the two.
"""

import logging
import os
import threading
import time
from types import TracebackType
from typing import Final, Self

from posesearch.errors import (
    DecoderKilled,
    DecoderUnavailable,
    PhotoError,
    PhotoTooLarge,
    PhotoTooSlow,
    TruncatedPhoto,
)
from posesearch.photos.decoded import DecodedImage
from posesearch.photos.decoder_process import IS_LIMITED, DecoderProcess, spawn
from posesearch.photos.photo import Photo, make_photo

_log: Final = logging.getLogger(__package__)

MAX_SECONDS: Final = 60.0
"""Processor time that decoding a photo may take. 200 megapixels of PNG with transparency take 4 seconds."""

MAX_MEMORY: Final = 2_000_000_000
"""Bytes of address space of a process. 200 megapixels of PNG with transparency need 90% of it."""

_MAX_WAIT: Final = 5.0 if IS_LIMITED else 1.0
"""Wall-clock time that a photo may take, in multiples of its processor time.

On POSIX systems it is longer, because a busy machine must not decide which photos are too slow. Only a process that was
stopped, or that gets almost no processor time, takes longer.
"""

_CHECK_SECONDS: Final = 0.25  # between two checks of the deadlines
_CLOSED: Final = "the pool of decoding processes was closed"
_CONVERT: Final = "convert it to JPEG or PNG"
_CRASHED: Final = f"the image is damaged, and its decoder crashed; {_CONVERT}"
_STOPPED: Final = (
    "the decoding process did not finish in {:g} seconds, because it was stopped or the computer was busy; "
    "run the command again later"
)


class _Killed(EOFError):
    """A signal from something else ended the process."""


class DecoderPool:
    """Decodes photos in separate processes. Threads may share a pool.

    Example:
        with DecoderPool() as decoders:
            photo = decoders.decode(data, "photo.jpg")
    """

    def __init__(self, processes: int = 2, seconds: float = MAX_SECONDS, memory: int = MAX_MEMORY) -> None:
        """Start no process yet.

        Args:
            processes: maximum number of processes. Further threads wait for their turn.
            seconds: processor time that a photo may take. On POSIX systems, the wall-clock time may be 5 times as long.
            memory: bytes of address space that a process may use.
        """
        self._processes, self._seconds, self._memory = processes, seconds, memory
        self._start_empty()

    def _start_empty(self) -> None:
        self._slots = threading.BoundedSemaphore(self._processes)
        self._idle: list[DecoderProcess] = []
        self._busy: set[DecoderProcess] = set()
        self._lock = threading.RLock()  # a finalizer may call `close` in a thread that has acquired it
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self._owner = os.getpid()

    def _check_owner(self) -> None:
        """Start empty in a forked process, because the processes, pipes and watcher belong to the parent."""
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
        """Start a process before the first photo, to save time. Do nothing if one is idle or all are busy.

        Raises:
            DecoderUnavailable: the process can't be started.
        """
        self._check_owner()
        if not self._slots.acquire(blocking=False):
            return
        try:
            with self._lock:
                if self._closed.is_set() or self._idle:
                    return
            self._release(DecoderProcess(spawn(self._memory, self._seconds)), is_usable=True)
        finally:
            self._slots.release()

    def close(self) -> None:
        """End the processes. Current and later calls of `decode` raise DecoderUnavailable."""
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
            PhotoError: as in decode.decode.
            PhotoTooSlow: decoding takes more processor time than the limit.
            TruncatedPhoto, PhotoTooLarge: the process crashed or ran out of memory.
            DecoderKilled: something else ended or stopped the process.
            DecoderUnavailable: no process can be started, or the pool is closed.
        """
        self._check_owner()
        with self._slots:
            was_killed = False
            for _ in range(2):  # the system may have killed the first process because memory was short
                try:
                    image = self._decode_once(data, source, useful_side, gps=gps)
                    break
                except EOFError as error:
                    was_killed = isinstance(error, _Killed)
            else:
                raise DecoderKilled(source) if was_killed else TruncatedPhoto(source, _CRASHED)
        return make_photo(image)  # after the process was released for the next photo

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
            reason = ", because it was past its deadline" if process.is_overdue else ""
            _log.warning("%s: %s while it decoded this photo%s", source, process.describe_end(), reason)
            if process.was_too_slow():
                raise PhotoTooSlow(source, f"decoding takes more than {self._seconds:g} seconds; {_CONVERT}") from None
            if process.is_overdue:
                raise DecoderKilled(source, _STOPPED.format(_MAX_WAIT * self._seconds)) from None
            raise (_Killed if process.was_killed() else EOFError) from error
        except DecoderUnavailable:
            if self._closed.is_set():
                raise DecoderUnavailable(_CLOSED) from None
            raise
        except MemoryError:
            raise PhotoTooLarge(source, "there is not enough memory for the photo; scale it down") from None
        finally:
            self._release(process, is_usable=is_usable)
        return image

    def _acquire(self) -> DecoderProcess:
        with self._lock:
            if self._closed.is_set():
                raise DecoderUnavailable(_CLOSED)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._kill_overdue, name="posesearch-decoders", daemon=True)
                self._watcher.start()
            process = self._idle.pop() if self._idle else None
        process = process or DecoderProcess(spawn(self._memory, self._seconds))
        process.deadline = time.monotonic() + _MAX_WAIT * self._seconds
        with self._lock:
            if not self._closed.is_set():
                self._busy.add(process)
                return process
        process.end()
        raise DecoderUnavailable(_CLOSED)

    def _release(self, process: DecoderProcess, *, is_usable: bool) -> None:
        with self._lock:
            self._busy.discard(process)
            if is_usable and not process.is_overdue and not self._closed.is_set():
                self._idle.append(process)
                return
        process.end()

    def _kill_overdue(self) -> None:
        """Kill processes that are past their deadline, until the pool is closed. Run in a separate thread."""
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
