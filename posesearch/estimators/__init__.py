"""Photos to people. `load` gives the estimator of a name; nothing else in posesearch knows a network."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from posesearch.estimators import weights
from posesearch.estimators.models import DEFAULT, MODELS, Model, model
from posesearch.types import Person, Photo

__all__ = ["DEFAULT", "MODELS", "Estimator", "Model", "listing", "load", "model", "pull"]


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


def load(name: str, streams: int = 1) -> Estimator:
    """Return the estimator of that name, its weights fetched where they are missing.

    Args:
        name: a key of MODELS.
        streams: how many threads will estimate at once.

    Raises:
        UnknownEstimator: no such name.
        WeightsUnavailable: the weights can't be had.
    """
    from posesearch.estimators.tfpose import TfPose  # noqa: PLC0415 (the runtime takes half a second to import)

    row = model(name)
    return TfPose(row, weights.ensure(row.weights), weights.cache_folder() / "compiled", streams)


def pull(names: Iterable[str]) -> list[Path]:
    """Fetch the weights of these estimators where they are missing; return their files, each once.

    Raises:
        UnknownEstimator: no such name.
        WeightsUnavailable: the weights can't be had.
    """
    return list(dict.fromkeys(weights.ensure(model(name).weights) for name in names))


def listing() -> list[dict[str, Any]]:
    """Return the table of estimators, as `posesearch models --json` prints it; a path is None before the fetch."""
    rows = []
    for row in MODELS.values():
        path = weights.find(row.weights)
        rows.append({
            "name": row.name,
            "default": row.name == DEFAULT,
            "version": row.version,
            "summary": row.summary,
            "settings": row.settings.as_dict(),
            "weights": {
                "name": row.weights.name,
                "path": None if path is None else str(path),
                "bytes": row.weights.size,
                "sha256": row.weights.sha256,
                "licence": row.weights.licence,
                "origin": row.weights.origin,
            },
        })  # fmt: skip
    return rows
