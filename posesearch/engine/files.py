"""Files that posesearch writes for people: pictures and the demo's photos."""

from pathlib import Path

from posesearch.errors import OutputFailed


def write(path: Path, data: bytes) -> Path:
    """Write the bytes, folders made as needed, and return the path.

    Raises:
        OutputFailed: the file can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise OutputFailed(str(path), error.strerror or str(error)) from error
    return path
