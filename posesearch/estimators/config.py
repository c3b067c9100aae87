"""Chooses the estimator from the user's options and from what the database records."""

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from posesearch import estimators
from posesearch.errors import EstimatorMismatch, WeightsUnusable
from posesearch.paths import expand_file_path
from posesearch.trust import Trust, sign
from posesearch.types import CustomWeights, EstimatorConfig


def load_config(config: EstimatorConfig, streams: int, trust: Trust | None = None) -> estimators.Estimator:
    """Load the estimator of a configuration. See estimators.load.

    Raises:
        EstimatorError: the estimator can't be used, or a file of custom weights is missing, has changed, or is not
            trusted.
    """
    trust = trust or Trust()
    for weights in config.custom_weights.values():
        if not trust.allows(weights.name, weights.signature):
            detail = 'another user stored the name of this network in the database; `trust="all"` loads it'
            raise WeightsUnusable(weights.path, detail)
        if not Path(weights.path).is_file():
            raise WeightsUnusable(weights.path, "the database's poses were made with this file, and it is missing")
        if estimators.sha256_of(Path(weights.path)) != weights.sha256:
            raise WeightsUnusable(weights.path, "the database's poses were made with another version of this file")
    paths = {name: Path(weights.path) for name, weights in config.custom_weights.items()}
    return estimators.load(config.name, streams, paths)


def describe_config(config: EstimatorConfig) -> dict[str, Any]:
    """Return the version and the settings of the estimator, which are stored with each pose."""
    model = estimators.adapt_model(estimators.find_model(config.name), config.custom_weights)
    files = {"files": config.hashes} if config.custom_weights else {}
    return {"version": model.version, **model.settings_json(), **files}


def is_described(settings: str, config: EstimatorConfig) -> bool:
    """Return whether the JSON of a stored pose describes this estimator, in its current version and settings.

    An earlier posesearch did not write the settings that it did not have. They have their default values.
    """
    model = estimators.find_model(config.name)
    defaults = {field.name: field.default for field in fields(model.settings) if field.default is not MISSING}
    current = json.loads(json.dumps(describe_config(config)))
    stored = json.loads(settings)
    return bool({**defaults, **stored} == {**defaults, **current})


def parse_config(name: str, model_paths: Sequence[str]) -> EstimatorConfig:
    """Return the configuration for an estimator's name and files of custom weights.

    Args:
        name: a key of estimators.MODELS.
        model_paths: each FILE or NETWORK=FILE. FILE alone replaces the estimator's last network, which finds the
            joints.

    Raises:
        UnknownEstimator: no estimator has this name.
        BadPath: the name of a file is empty or too long.
        WeightsUnusable: a file does not exist, or the estimator has no network with this name.
    """
    model = estimators.find_model(name)
    networks = [weights.name for weights in model.weights]
    custom_weights = {}
    for model_path in model_paths:
        network, equals, path = model_path.partition("=")
        if not equals or Path(model_path).is_file():
            network, path = networks[-1], model_path
        if network not in networks:
            raise WeightsUnusable(path, f"{name} has no network {network!r}, only {', '.join(networks)}")
        path = expand_file_path(path, "network")
        if not Path(path).is_file():
            raise WeightsUnusable(path, "there is no such file")
        weights = CustomWeights(str(Path(path).absolute()), estimators.sha256_of(Path(path)))
        custom_weights[network] = replace(weights, signature=sign(weights.name))
    return EstimatorConfig(name, custom_weights)


def resolve_config(
    database: str, stored: EstimatorConfig | None, name: str | None, model_paths: Sequence[str], *, mix: bool
) -> EstimatorConfig:
    """Return the configuration for an ingest.

    Args:
        database: path of the database, for the error message.
        stored: the configuration that the database records. None if there is none yet.
        name: the estimator that the user asks for. None means the database's, or the default for a new database.
        model_paths: the custom weights that the user asks for, as in parse_config.
        mix: whether the database may have poses of two estimators.

    Raises:
        EstimatorMismatch: the user asks for another estimator than the database's, and `mix` is False.
        UnknownEstimator, WeightsUnusable: as parse_config.
    """
    if stored is not None and name in (None, stored.name) and not model_paths:
        return stored
    default = stored.name if stored else estimators.DEFAULT
    config = parse_config(default if name is None else name, model_paths)
    if stored is not None and config.key != stored.key and not mix:
        held = f"{stored.name} with other network files" if config.name == stored.name else stored.name
        raise EstimatorMismatch(database, held, config.name)
    return config
