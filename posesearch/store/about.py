"""The table `about`: facts about the whole database, such as the estimator of its poses."""

import json
from typing import Final

from posesearch.store.connection import Connection
from posesearch.store.values import BadValue, parse_object
from posesearch.types import CustomWeights, EstimatorConfig

_ESTIMATOR: Final = "estimator"
_MODEL_FILES: Final = "model_files"


def write_value(connection: Connection, key: str, value: str) -> None:
    """Insert or replace the value of a key."""
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", [key, value])


def read_estimator(connection: Connection) -> EstimatorConfig | None:
    """Return the estimator of the database's poses. None before the first ingest."""
    return connection.compute_once("estimator", lambda: _read_estimator(connection))


def _read_estimator(connection: Connection) -> EstimatorConfig | None:
    facts = dict(connection.execute("SELECT key, value FROM about").fetchall())
    name = facts.get(_ESTIMATOR)
    if name is None:
        return None
    row = f"key '{_MODEL_FILES}'"
    files = parse_object("about", row, "value", facts.get(_MODEL_FILES) or "{}")
    try:
        custom = {network: CustomWeights(**weights) for network, weights in files.items()}
    except TypeError as error:
        raise BadValue("about", row, "a value that describes no network files") from error
    for weights in custom.values():
        if not all(isinstance(text, str | None) for text in vars(weights).values()) or not weights.path:
            raise BadValue("about", row, "a value that describes no network files")
    return EstimatorConfig(name, custom)


def write_estimator(connection: Connection, config: EstimatorConfig) -> None:
    """Record the estimator of the database's poses."""
    write_value(connection, _ESTIMATOR, config.name)
    files = {network: vars(weights) for network, weights in config.custom_weights.items()}
    write_value(connection, _MODEL_FILES, json.dumps(files))
