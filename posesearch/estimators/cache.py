"""Keeps loaded estimators, so that threads and later calls share them."""

import os
import threading
from collections.abc import Callable

from posesearch.errors import EstimatorError
from posesearch.estimators import Estimator
from posesearch.estimators.config import load_config
from posesearch.trust import Trust
from posesearch.types import EstimatorConfig


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
        self._start_empty()

    def _start_empty(self) -> None:
        self._estimators: dict[tuple[tuple[str, str], int | None], Estimator] = {}
        self._error: EstimatorError | None = None
        self._lock = threading.Lock()
        self._process = os.getpid()

    def _check_process(self) -> None:
        """Start empty in a forked process, because a thread of the first process may have held the lock."""
        if self._process != os.getpid():
            self._start_empty()

    def load(self, config: EstimatorConfig, streams: int) -> Estimator:
        """Return the estimator of a configuration, for this number of threads.

        Raises:
            EstimatorError: the estimator can't be used. The same error is raised again until `forget_error` is called,
                so that other threads do not repeat the download.
        """
        self._check_process()
        with self._lock:
            if self._error is not None:
                raise self._error
            key = config.key, None if self._load_estimator else streams
            if key not in self._estimators:
                try:
                    self._estimators[key] = self._load(config, streams)
                except EstimatorError as error:
                    self._error = error
                    raise
            return self._estimators[key]

    def _load(self, config: EstimatorConfig, streams: int) -> Estimator:
        if self._load_estimator:
            return self._load_estimator(config)
        return load_config(config, streams, self._trust)

    def forget_error(self) -> None:
        """Let the next `load` try again."""
        self._error = None

    def clear(self) -> None:
        """Release all estimators."""
        self._check_process()
        with self._lock:
            self._estimators.clear()
            self._error = None
