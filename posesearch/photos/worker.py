"""Main loop of a decoding process: read a request from stdin, decode the photo, and answer on stdout.

It imports Pillow and little else. It limits its own memory and processor time, so that a hostile photo ends this
process and nothing else.
"""

import io
import json
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from posesearch.errors import PhotoError
from posesearch.photos.decode import configure_process, decode
from posesearch.photos.protocol import ANSWER, READY, REQUEST, receive, send

try:
    import resource
except ImportError:  # Windows: only the pool's clock limits a process
    resource = None  # type: ignore[assignment]

_M_TRIM_THRESHOLD: Final = -1  # glibc, malloc.h
_M_MMAP_THRESHOLD: Final = -3


def serve(memory: int, seconds: float) -> None:
    """Answer requests from stdin until it ends.

    Args:
        memory: bytes of address space that this process may use.
        seconds: processor time that a photo may take, rounded up to whole seconds. Then SIGXCPU ends the process.
    """
    requests, answers = io.FileIO(0, closefd=False), io.FileIO(1, "w", closefd=False)
    configure_process()
    _keep_freed_memory()
    if resource is not None:
        _set_limit(resource.RLIMIT_AS, memory)
        _set_limit(resource.RLIMIT_CORE, 0)
    with suppress(EOFError, OSError):  # the pool has closed the pipes
        send(answers, READY)
        while True:
            _answer_request(requests, answers, seconds)


def _answer_request(requests: io.FileIO, answers: io.FileIO, seconds: float) -> None:
    size, useful_side, gps, name_size = REQUEST.unpack(receive(requests, REQUEST.size))
    source = receive(requests, name_size).decode("utf-8", "surrogatepass")
    if resource is not None:
        _set_limit(resource.RLIMIT_CPU, int(time.process_time() + seconds) + 1)
    pixels: bytes | bytearray = b""
    try:
        image = decode(bytes(receive(requests, size)), source, useful_side or None, gps=gps)
        header: dict[str, Any] = {
            "columns": image.columns, "rows": image.rows, "width": image.width, "height": image.height,
            "lacking": image.lacking, "capture": asdict(image.capture),
        }  # fmt: skip
        pixels = image.bgr
    except PhotoError as error:
        header = {"error": type(error).__name__, "detail": error.detail}
    text = json.dumps(header).encode()
    send(answers, ANSWER.pack(len(text), len(pixels)) + text)
    send(answers, pixels)


def _keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next photo. To get it from the system again takes longer than decoding."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 (only Linux needs it)

        with suppress(AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 32 << 20)
            mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def _set_limit(kind: int, limit: int) -> None:
    with suppress(OSError, ValueError):  # a lower limit is already set, or the system does not have this limit
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
