"""A decoding process, as the pool uses it: start it, send photos to it, and find out how it ended."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from posesearch import child_process, errors
from posesearch.errors import DecoderUnavailable, PhotoError
from posesearch.photos.decoded import CaptureInfo, DecodedImage
from posesearch.photos.protocol import ANSWER, MAX_NAME, READY, REQUEST, receive, send

IS_LIMITED: Final = os.name == "posix"
"""Whether a process has a limit of its processor time. On other systems, only wall-clock time is limited."""

_PIPE_BYTES: Final = 1 << 20  # capacity of a pipe on Linux. A typical photo needs one or two writes
_F_SETPIPE_SZ: Final = 1031  # Linux, fcntl.h

# The signals that end a process which crashes on its photo. Something else sent any other signal.
_SIGNALS_OF_CRASHES: Final = frozenset(
    getattr(signal, name)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
    if hasattr(signal, name)
)


@dataclass(eq=False)
class DecoderProcess:
    """One process."""

    process: subprocess.Popen[bytes]
    deadline: float = field(default=float("inf"))
    is_overdue: bool = False
    is_ready: bool = False

    def decode(self, data: bytes, source: str, useful_side: int | None, *, gps: bool) -> DecodedImage:
        """Send a photo and return its pixels.

        Raises:
            PhotoError: as in decode.decode.
            EOFError: the process ended.
            DecoderUnavailable: the process ended before it was ready.
        """
        requests, answers = _pipes(self.process)
        if not self.is_ready:
            try:
                receive(answers, len(READY))
            except EOFError as error:
                if self.was_killed():
                    raise
                raise DecoderUnavailable(
                    f"the decoding process ended immediately, with exit code {self.process.wait()}"
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
        """Wait for the end of the process. Return whether a signal ended it that says nothing about the photo."""
        code = self.process.wait()
        return code < 0 and -code not in _SIGNALS_OF_CRASHES

    def was_too_slow(self) -> bool:
        """Wait for the end of the process. Return whether it has used up the processor time for the photo."""
        return (self.is_overdue and not IS_LIMITED) or (IS_LIMITED and self.process.wait() == -signal.SIGXCPU)

    def describe_end(self) -> str:
        """Wait for the end of the process. Return how it ended."""
        code = self.process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"the decoding process {self.process.pid} {how}"

    def forget(self) -> None:
        """Close the pipes that a forked process has inherited. The decoding process continues for its parent."""
        for pipe in _pipes(self.process):
            pipe.close()
        self.process.poll()  # records that this process is not the parent, because the destructor would warn

    def end(self) -> None:
        """Kill the process and close its pipes. Only the thread that uses the process may call this."""
        self.process.kill()
        for pipe in _pipes(self.process):
            pipe.close()
        self.process.wait()


def spawn(memory: int, seconds: float) -> subprocess.Popen[bytes]:
    """Start a decoding process. Do not wait until the process is ready."""
    # Its own process group protects it from Ctrl-C. C libraries write to stderr, which is discarded.
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
