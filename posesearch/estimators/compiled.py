"""The cache of compiled networks. A network is checked by SHA-256 before it is used.

A flipped bit in a compiled network moves joints, and nothing else would notice. The hash does not protect against
forgery. Only the user can write to the cache folder, and the user could also replace posesearch itself.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final

_HASH_BYTES: Final = hashlib.sha256().digest_size


def compiled_prefix(sha256: str) -> str:
    """Return how the names of the networks begin that are compiled from the weights with this SHA-256."""
    return f"{sha256[:12]}-"


def read_compiled(path: Path) -> bytes | None:
    """Return a compiled network. Return None if there is no file, or if it was damaged, replaced or renamed."""
    with suppress(OSError), path.open("rb", buffering=0) as file:
        expected, network = file.read(_HASH_BYTES), file.readall()
        if expected == _hash(path, network):
            return network
    return None


def write_compiled(path: Path, network: memoryview) -> None:
    """Write a compiled network with its hash. Do nothing if the folder can't be written.

    An interruption leaves no partial file under this name. If two processes write at the same time, the worst result is
    a file with a wrong hash. The next process then writes the file again.
    """
    part = path.with_suffix(".part")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(_hash(path, network))
            file.write(network)
        part.replace(path)
        for unchecked in path.parent.glob("*.blob"):  # OpenVINO's own cache, without hashes
            unchecked.unlink()


def _hash(path: Path, network: bytes | memoryview) -> bytes:
    """Return the SHA-256 of the network and its file's name, so that a renamed file is rejected."""
    digest = hashlib.sha256(path.name.encode())
    digest.update(network)
    return digest.digest()
