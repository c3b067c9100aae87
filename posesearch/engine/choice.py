"""Which estimator a database's poses are from: recorded at the first ingest, used for every query."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from posesearch import estimators
from posesearch.errors import EstimatorMismatch, WeightsUnusable
from posesearch.store import snapshots
from posesearch.store.file import Connection

_NAME: Final = "estimator"
_FILES: Final = "model_files"


@dataclass(frozen=True)
class Own:
    """A network's file of the user's, used instead of the released one."""

    path: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Choice:
    """An estimator by name, and the files of the user's that it uses, by the weights' name."""

    name: str
    own: Mapping[str, Own]

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the user's own files by the weights' name: poses of other files do not compare."""
        return {name: own.sha256 for name, own in sorted(self.own.items())}

    @property
    def key(self) -> tuple[str, str]:
        """What tells two choices apart."""
        return self.name, json.dumps(self.hashes)

    def load(self, streams: int) -> estimators.Estimator:
        """Return the estimator; see estimators.load.

        Raises:
            EstimatorError: it can't be used, or a file of the user's is gone or has changed.
        """
        for own in self.own.values():
            if not Path(own.path).is_file():
                raise WeightsUnusable(own.path, "the file with which the poses were made is not there any more")
            if estimators.sha256_of(Path(own.path)) != own.sha256:
                raise WeightsUnusable(own.path, "the file has changed since the poses were made with it")
        return estimators.load(self.name, streams, {name: Path(own.path) for name, own in self.own.items()})

    def settings(self) -> dict[str, Any]:
        """Return version and settings, as they are stored with each pose."""
        model = estimators.find_model(self.name)
        files = {"files": self.hashes} if self.own else {}
        return {"version": model.version, **model.settings_json(), **files}


def chosen(name: str, model_paths: Sequence[str]) -> Choice:
    """Return the choice of a name and of files, each FILE or NAME=FILE.

    A file without a name takes the place of the estimator's last network, the one that finds the joints.

    Raises:
        UnknownEstimator: no such name.
        WeightsUnusable: a file is not there, or the estimator has no network of that name.
    """
    model = estimators.find_model(name)
    names = [weights.name for weights in model.weights]
    own = {}
    for named in model_paths:
        network, equals, path = named.partition("=")
        if not equals or Path(named).is_file():
            network, path = names[-1], named
        if network not in names:
            raise WeightsUnusable(path, f"{name} has no network {network!r}, only {', '.join(names)}")
        if not Path(path).is_file():
            raise WeightsUnusable(path, "there is no such file")
        own[network] = Own(str(Path(path).absolute()), estimators.sha256_of(Path(path)))
    return Choice(name, own)


def held(connection: Connection) -> Choice | None:
    """Return the database's own choice; None before the first ingest."""
    name = snapshots.about(connection, _NAME)
    if name is None:
        return None
    files = json.loads(snapshots.about(connection, _FILES) or "{}")
    return Choice(name, {network: Own(**own) for network, own in files.items()})


def record(connection: Connection, choice: Choice) -> None:
    """Make this the database's own choice."""
    snapshots.record(connection, _NAME, choice.name)
    files = {name: vars(own) for name, own in choice.own.items()}
    snapshots.record(connection, _FILES, json.dumps(files))


def agreed(path: str, ours: Choice | None, name: str | None, model_paths: Sequence[str], *, mix: bool) -> Choice:
    """Return the choice for an ingest.

    Args:
        path: the database's, for the error.
        ours: the database's own, if it has one.
        name: what was asked for; None takes the database's own, or the default.
        model_paths: files that were asked for.
        mix: whether poses of two estimators may be in one database.

    Raises:
        EstimatorMismatch: another one was asked for than the database's own.
        UnknownEstimator, WeightsUnusable: as `chosen`.
    """
    if ours is not None and name in (None, ours.name) and not model_paths:
        return ours
    asked = chosen(name or (ours.name if ours else estimators.DEFAULT), model_paths)
    if ours is not None and asked.key != ours.key and not mix:
        differ = f"{ours.name} with other files" if asked.name == ours.name else ours.name
        raise EstimatorMismatch(path, differ, asked.name)
    return asked
