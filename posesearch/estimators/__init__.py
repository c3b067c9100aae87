"""Pose estimation: finds the people in a photo. `load` returns an estimator by its name.

No other package of posesearch runs a network.
"""

import os
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from posesearch.address_space import ESTIMATING, check_address_space
from posesearch.errors import ForkedProcess, WeightsUnavailable, WeightsUnusable
from posesearch.estimators import weights
from posesearch.estimators.cached_files import clear_cache, measure_cache, remove_weights
from posesearch.estimators.models import DEFAULT, MODELS, Model, adapt_model, find_model
from posesearch.estimators.networks import Weights
from posesearch.estimators.weights import sha256_of
from posesearch.photos.photo import Photo
from posesearch.types import Person

__all__ = [
    "DEFAULT",
    "MODELS",
    "Estimator",
    "Model",
    "adapt_model",
    "build",
    "clear_cache",
    "find_model",
    "list_models",
    "load",
    "measure_cache",
    "pull_weights",
    "remove_weights",
    "sha256_of",
]


class Estimator(Protocol):
    """The interface that every estimator implements.

    Attributes:
        model: the estimator's row in the table of models.
        useful_side: the largest useful length of the photo's longer side in pixels. A larger photo may be decoded at
            this size. None means that the estimator needs the photo at full size.
    """

    model: Model
    useful_side: int | None

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the main person first. The list is empty if there is nobody."""
        ...


ARCHITECTURES: Final = {
    "blazepose": ("posesearch.estimators.blazepose", "BlazePose"),
    "paf": ("posesearch.estimators.tfpose", "TfPose"),
    "simcc": ("posesearch.estimators.rtmpose", "RTMPose"),
}
"""Module and class of each architecture. They are imported on first use, because OpenVINO takes half a second."""


_builders: Final[dict[str, int]] = {}  # the process that has loaded the first network


def load(name: str, streams: int = 1, own: Mapping[str, Path] | None = None) -> Estimator:
    """Return the estimator with this name. Weights that are not on this machine are downloaded.

    Args:
        name: a key of MODELS.
        streams: how many threads will call the estimator in parallel.
        own: the user's own files, which replace the released ones. The keys are names of weights.

    Raises:
        UnknownEstimator: there is no estimator with this name.
        WeightsUnavailable: the weights can't be downloaded.
        WeightsUnusable: one of the user's files is missing, or it is not a network of the expected kind.
    """
    model = adapt_model(find_model(name), own or ())
    files = {}
    for required in model.weights:
        path = (own or {}).get(required.name)
        if path is not None and not path.is_file():
            raise WeightsUnusable(str(path), "there is no such file")
        files[required.name] = path or _ensure_weights_of(name, required)
    return build(model, files, streams)


def build(model: Model, files: Mapping[str, Path], streams: int = 1) -> Estimator:
    """Return an estimator built from a model, which need not be in the table.

    Args:
        model: the architecture, its weights and its settings.
        files: the path of each of the model's weights. The keys are names of weights.
        streams: how many threads will call the estimator in parallel.

    Raises:
        WeightsUnusable: a file is not a network of the expected kind.
        NotEnoughMemory: the limit of this process's address space is too low.
        ForkedProcess: this process was forked from one that had begun to load a network. A thread may have been in the
            middle of the import of OpenVINO, and Python would wait for it forever.
    """
    check_address_space(ESTIMATING)
    if _builders.setdefault("process", os.getpid()) != os.getpid():
        raise ForkedProcess
    module, class_name = ARCHITECTURES[model.architecture]
    architecture = getattr(import_module(module), class_name)
    estimator: Estimator = architecture(model, files, weights.cache_folder() / "compiled", streams)
    return estimator


def pull_weights(names: Iterable[str]) -> list[Path]:
    """Download the weights of these estimators unless they are on this machine. Return their paths, each path once.

    Raises:
        UnknownEstimator: there is no estimator with one of the names.
        WeightsUnavailable: the weights can't be downloaded.
    """
    paths = (_ensure_weights_of(name, required) for name in names for required in find_model(name).weights)
    return list(dict.fromkeys(paths))


def _ensure_weights_of(estimator: str, required: Weights) -> Path:
    """Return the path of the weights. An error names the estimator, so that its message can show the command."""
    try:
        return weights.ensure_weights(required)
    except WeightsUnavailable as error:
        advice = " ".join(filter(None, (error.by_hand, _advise_another(find_model(estimator)))))
        raise WeightsUnavailable(
            error.model, error.detail, estimator, is_download=error.is_download, by_hand=advice
        ) from error


def _advise_another(model: Model) -> str:
    """Return a sentence that names a similar estimator whose weights are on this machine, or ""."""
    similar = (other for other in MODELS.values() if other.architecture == model.architecture and other != model)
    found = next((other for other in similar if all(map(weights.find_weights, other.weights))), None)
    if found is None:
        return ""
    return f"The estimator {found.name} does not need these weights. `reestimate` changes the estimator of a database."


def list_models() -> list[dict[str, Any]]:
    """Return the table of models as `posesearch models --json` prints it.

    The path of weights that are not on this machine is None.
    """
    return [
        {
            "name": model.name,
            "default": model.name == DEFAULT,
            "version": model.version,
            "summary": model.summary,
            "joints": model.joints,
            "world": model.world,
            "decoder": model.architecture,  # docs/json.md publishes this key, so it keeps its name
            "settings": model.settings_json(),
            "weights": [_describe_weights(file) for file in model.weights],
        }
        for model in MODELS.values()
    ]


def _describe_weights(file: Weights) -> dict[str, Any]:
    path = weights.find_weights(file)
    return {
        "name": file.name,
        "path": None if path is None else str(path),
        "bytes": file.size,
        "sha256": file.sha256,
        "licence": file.licence,
        "origin": file.origin,
    }
