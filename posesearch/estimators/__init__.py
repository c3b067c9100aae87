"""Photos to people. `load` gives the estimator of a name; nothing else in posesearch knows a network."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from posesearch.errors import WeightsUnavailable, WeightsUnusable
from posesearch.estimators import weights
from posesearch.estimators.models import DEFAULT, MODELS, Model, Weights, model
from posesearch.estimators.weights import sha256_of
from posesearch.types import Person, Photo

__all__ = ["DEFAULT", "MODELS", "Estimator", "Model", "decoder", "listing", "load", "model", "pull", "sha256_of"]


class Estimator(Protocol):
    """What every estimator does.

    Attributes:
        model: its row in the table.
        enough: pixels of the photo's longer side that it can use; None where it needs the whole photo.
    """

    model: Model
    enough: int | None

    def estimate(self, photo: Photo) -> list[Person]:
        """Return the people in the photo, the most prominent first; an empty list where there is nobody."""
        ...


DECODERS: Final = {
    "blazepose": ("posesearch.estimators.blazepose", "BlazePose"),
    "paf": ("posesearch.estimators.tfpose", "TfPose"),
    "simcc": ("posesearch.estimators.rtmpose", "RTMPose"),
}
"""Module and class of each decoder; imported when it is used, because the runtime takes half a second to import."""


def load(name: str, streams: int = 1, own: Mapping[str, Path] | None = None) -> Estimator:
    """Return the estimator of that name, its weights fetched where they are missing.

    Args:
        name: a key of MODELS.
        streams: how many threads will estimate at once.
        own: files of the user's to use instead of the released ones, by the weights' name.

    Raises:
        UnknownEstimator: no such name.
        WeightsUnavailable: the weights can't be had.
        WeightsUnusable: a file of the user's is not there or is no such network.
    """
    row = model(name)
    files = {}
    for needed in row.weights:
        path = (own or {}).get(needed.name)
        if path is not None and not path.is_file():
            raise WeightsUnusable(str(path), "there is no such file")
        files[needed.name] = path or _ensured(needed, name)
    return decoder(row, files, streams)


def _ensured(needed: Weights, name: str) -> Path:
    try:
        return weights.ensure(needed)
    except WeightsUnavailable as error:
        raise WeightsUnavailable(error.model, error.detail, name) from error


def decoder(row: Model, files: Mapping[str, Path], streams: int = 1) -> Estimator:
    """Return the estimator of a row, which need not be in the table, from its weights' files by name.

    Raises:
        WeightsUnusable: a file is no network of that kind.
    """
    module, name = DECODERS[row.decoder]
    made: Estimator = getattr(import_module(module), name)(row, files, weights.cache_folder() / "compiled", streams)
    return made


def pull(names: Iterable[str]) -> list[Path]:
    """Fetch the weights of these estimators where they are missing; return their files, each once.

    Raises:
        UnknownEstimator: no such name.
        WeightsUnavailable: the weights can't be had.
    """
    return list(dict.fromkeys(_ensured(needed, name) for name in names for needed in model(name).weights))


def listing() -> list[dict[str, Any]]:
    """Return the table of estimators, as `posesearch models --json` prints it; a path is None before the fetch."""
    return [
        {
            "name": row.name,
            "default": row.name == DEFAULT,
            "version": row.version,
            "summary": row.summary,
            "joints": row.joints,
            "world": row.world,
            "decoder": row.decoder,
            "settings": row.settings_json(),
            "weights": [_file(needed) for needed in row.weights],
        }
        for row in MODELS.values()
    ]


def _file(needed: Weights) -> dict[str, Any]:
    path = weights.find(needed)
    return {
        "name": needed.name,
        "path": None if path is None else str(path),
        "bytes": needed.size,
        "sha256": needed.sha256,
        "licence": needed.licence,
        "origin": needed.origin,
    }
