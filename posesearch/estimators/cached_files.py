"""The files of the cache folder: their sizes, and how they are removed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from posesearch.errors import CacheFailed
from posesearch.estimators import weights
from posesearch.estimators.compiled import compiled_prefix
from posesearch.estimators.fetch_folder import is_in_fetch_folder, remove_stale
from posesearch.estimators.models import MODELS, find_model
from posesearch.estimators.networks import Weights
from posesearch.results.cache import CacheSizes, RemovedFiles


class _Files(NamedTuple):
    """The files of the cache folder with their sizes."""

    weights: dict[Path, int]
    compiled: dict[Path, int]
    other: dict[Path, int]


def measure_cache() -> CacheSizes:
    """Return the sizes of what the cache folder has.

    Raises:
        EstimatorError: there is no such folder, because the user has no home folder.
    """
    used, compiled, other = (sum(files.values()) for files in _list_files())
    return CacheSizes(str(weights.cache_folder()), used, compiled, other)


def clear_cache(*, with_weights: bool = False) -> RemovedFiles:
    """Remove the compiled networks, and everything else that the cache folder has besides the weights.

    Downloads that run stay.

    Args:
        with_weights: whether to remove the weights as well.

    Raises:
        EstimatorError: there is no such folder, or a file can't be removed.
    """
    files = _list_files()
    remove_stale(weights.cache_folder() / "weights")
    return _remove({**files.compiled, **files.other, **(files.weights if with_weights else {})})


def remove_weights(name: str) -> RemovedFiles:
    """Remove the weights of an estimator from the cache folder, with the networks compiled from them.

    Weights that another estimator on this computer needs stay. An estimator that needs no other weights than this one
    does not count, because it came with them.

    Raises:
        UnknownEstimator: no estimator has this name.
        EstimatorError: there is no such folder, or a file can't be removed.
    """
    own = find_model(name).weights
    others = [model for model in MODELS.values() if not set(model.weights) <= set(own)]
    present = [model for model in others if all(map(weights.find_weights, model.weights))]
    needed = {one: tuple(model.name for model in present if one in model.weights) for one in own}
    files = _list_files()
    removed = [path for one in own if not needed[one] for path in _list_files_of(one, files)]
    sizes = {**files.weights, **files.compiled}
    return _remove(
        {path: sizes[path] for path in removed},
        {one.name: estimators for one, estimators in needed.items() if estimators},
    )


def _list_files() -> _Files:
    folder = weights.cache_folder()
    known = {path for model in MODELS.values() for one in model.weights for path in weights.cache_paths(one)}
    files = _Files({}, {}, {})
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            kind = files.compiled if path.parent == folder / "compiled" else files.other
            (files.weights if path in known else kind)[path] = path.stat().st_size
    return files


def _list_files_of(one: Weights, files: _Files) -> Sequence[Path]:
    """Return the files of weights, and the networks compiled from them."""
    own = [path for path in weights.cache_paths(one) if path in files.weights]
    prefixes = tuple({compiled_prefix(sha256) for sha256 in (one.sha256, *map(weights.sha256_of, own))})
    return [*own, *(path for path in files.compiled if path.name.startswith(prefixes))]


def _remove(sizes: Mapping[Path, int], kept: Mapping[str, tuple[str, ...]] | None = None) -> RemovedFiles:
    """Remove files that are not of a download, and return which are gone."""
    try:
        for path in sizes:
            if not is_in_fetch_folder(path):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise CacheFailed(str(error.filename), error.strerror or str(error)) from error
    removed = [path for path in sizes if not path.exists()]
    return RemovedFiles(tuple(map(str, removed)), sum(sizes[path] for path in removed), kept or {})
