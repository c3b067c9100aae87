"""Keeps loaded estimators, so that threads and later calls share them."""

import os
import threading
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import NamedTuple

from posesearch.errors import EstimatorError
from posesearch.estimators import Estimator
from posesearch.estimators.config import load_config
from posesearch.trust import Trust
from posesearch.types import EstimatorConfig


class _Failure(NamedTuple):
    """Why an estimator can't be used, and the number of this failure."""

    number: int
    error: EstimatorError


class EstimatorCache:
    """Loads each estimator once. Threads may share one."""

    def __init__(self, trust: Trust, load_estimator: Callable[[EstimatorConfig], Estimator] | None = None) -> None:
        """Load nothing yet.

        Args:
            trust: which networks that a database names may be loaded.
            load_estimator: loads an estimator in place of `load_config`.
        """
        self._trust = trust
        self._load_estimator = load_estimator
        self._failure_count = 0
        self._start_empty()

    def _start_empty(self) -> None:
        self._estimators: dict[tuple[tuple[str, str], int | None], Estimator] = {}
        self._failures: dict[tuple[str, str], _Failure] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()

    def _check_process(self) -> None:
        """Start empty in a forked process, because a thread of the first process may have held the lock."""
        if self._process != os.getpid():
            self._start_empty()

    def make_loader(self, streams: int) -> Callable[[EstimatorConfig], Estimator]:
        """Return a function that returns the estimator of a configuration. Each call of a method makes one.

        If the estimator can't be used, the function raises an EstimatorError. Other threads may fail after the function
        was made. Then it raises the error of the last one, so that threads do not repeat a download that has failed.
        What failed earlier is tried again.

        Args:
            streams: how many threads will call the estimator in parallel.
        """
        return partial(self._load, streams=streams, known_failures=self._failure_count)

    def _load(self, config: EstimatorConfig, streams: int, known_failures: int) -> Estimator:
        self._check_process()
        with self._lock:
            key = config.key, None if self._load_estimator else streams
            if key not in self._estimators:
                failure = self._failures.get(config.key)
                if failure is not None and failure.number > known_failures:
                    raise copy(failure.error)
                try:
                    self._estimators[key] = self._load_new(config, streams)
                except EstimatorError as error:
                    self._failure_count += 1
                    self._failures[config.key] = _Failure(self._failure_count, copy(error))  # without its traceback
                    raise
            return self._estimators[key]

    def _load_new(self, config: EstimatorConfig, streams: int) -> Estimator:
        if self._load_estimator:
            return self._load_estimator(config)
        return load_config(config, streams, self._trust)

    def clear(self) -> None:
        """Release all estimators."""
        self._check_process()
        with self._lock:
            self._estimators.clear()
            self._failures.clear()
