"""The messages between the decoder pool and its processes, over stdin and stdout.

A request is a header, the photo's name and its bytes. An answer is a header, JSON and the pixels. A process sends READY
first, and then one answer for each request.
"""

import io
import os
import struct
from typing import Final

REQUEST: Final = struct.Struct("<QI?H")  # bytes of the photo, useful_side (0 for None), gps, bytes of the name
ANSWER: Final = struct.Struct("<IQ")  # bytes of JSON, bytes of the pixels
READY: Final = b"!"
MAX_NAME: Final = 65535  # bytes


def send(pipe: io.FileIO, data: bytes | bytearray) -> None:
    """Write all bytes to an unbuffered pipe."""
    left = memoryview(data)
    while left:
        left = left[os.write(pipe.fileno(), left) :]


def receive(pipe: io.FileIO, size: int) -> bytearray:
    """Read exactly `size` bytes from an unbuffered pipe, without a copy.

    Raises:
        EOFError: the pipe ends first.
    """
    data = bytearray(size)
    left = memoryview(data)
    while left:
        count = pipe.readinto(left)
        if not count:
            raise EOFError
        left = left[count:]
    return data
