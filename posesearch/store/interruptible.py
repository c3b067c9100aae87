"""A DuckDB connection whose queries end on Ctrl-C, and when their time is over."""

import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final, Self, TypeVar

import duckdb

from posesearch.errors import QueryTooSlow
from posesearch.store.fork_lock import OPENING

Value = TypeVar("Value")

DEFAULT_TIMEOUT: Final = 60.0
"""Seconds that the user's own SQL may take."""

_REPEAT_SECONDS: Final = 0.1  # an interrupt while no query runs has no effect, so interrupts are repeated


def check_timeout(seconds: float) -> None:
    """Raise ValueError for a negative time."""
    if seconds < 0:
        raise ValueError(f"timeout must be 0 or more, not {seconds}")


class Connection:
    """A DuckDB connection with the methods that posesearch uses.

    DuckDB checks for signals only between two of its tasks, and a task can take forever. Only the main thread gets
    KeyboardInterrupt. Therefore its queries run in another thread while it waits.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, on_close: Callable[[], None] | None = None) -> None:
        """Take over the connection. `on_close` is called after it was closed."""
        self._connection, self._on_close = connection, on_close
        self._kept: dict[Hashable, Any] = {}
        self._executor: ThreadPoolExecutor | None = None

    @property
    def raw(self) -> duckdb.DuckDBPyConnection:
        """The connection of DuckDB. It is closed with this one."""
        return self._connection

    def keep_in(self, kept: dict[Hashable, Any]) -> None:
        """Let `compute_once` keep its values in this dict. Connections to the same state of the file share it."""
        self._kept = kept

    def compute_once(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """Return the value of `compute`. It is kept as long as the file stays as it is.

        Args:
            key: identifies the value.
            compute: reads the value. It depends on nothing but the key and the file.
        """
        if key not in self._kept:
            self._kept[key] = compute()
        value: Value = self._kept[key]
        return value

    def execute(self, sql: str | duckdb.Statement, parameters: Any = None) -> Self:
        """Run a statement. The result is fetched from this object."""
        self._run(self._connection.execute, sql, parameters)
        return self

    @contextmanager
    def limit(self, seconds: float, what: str) -> Iterator[None]:
        """Interrupt the queries of the block when its time is over.

        Args:
            seconds: the time. 0 means no limit.
            what: what takes the time, to begin the error's sentence with.

        Raises:
            QueryTooSlow: a query was interrupted.
            ValueError: `seconds` is negative.
        """
        check_timeout(seconds)
        is_over, is_done = threading.Event(), threading.Event()

        def interrupt() -> None:
            if is_done.wait(min(seconds, threading.TIMEOUT_MAX) or None):
                return
            is_over.set()
            while not is_done.wait(_REPEAT_SECONDS):
                self._connection.interrupt()

        thread = threading.Thread(target=interrupt, name="posesearch-timeout", daemon=True)
        thread.start()
        try:
            yield
        except duckdb.Error as error:
            if is_over.is_set():
                raise QueryTooSlow(what, seconds) from error
            raise
        finally:
            is_done.set()
            thread.join()

    def extract_statements(self, sql: str) -> list[duckdb.Statement]:
        """Return the statements of a text. duckdb.extract_statements opens a database that is never closed."""
        return self._connection.extract_statements(sql)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the remaining rows of the result."""
        rows: list[tuple[Any, ...]] = self._run(self._connection.fetchall)
        return rows

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows of the result, at most `size`. Empty after the last one."""
        rows: list[tuple[Any, ...]] = self._run(self._connection.fetchmany, size)
        return rows

    def fetchnumpy(self) -> dict[str, Any]:
        """Return the result as arrays by column."""
        columns: dict[str, Any] = self._run(self._connection.fetchnumpy)
        return columns

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """The columns of the result. The first element of each is its name."""
        return self._connection.description

    def register(self, name: str, columns: Any) -> None:
        """Make arrays available as a view."""
        self._connection.register(name, columns)

    def unregister(self, name: str) -> None:
        """Remove a view that `register` made."""
        self._connection.unregister(name)

    def close(self) -> None:
        """Close the connection. A transaction that was not committed is rolled back."""
        if self._executor is not None:
            self._executor.shutdown()
        try:
            with OPENING:
                self._connection.close()
        finally:
            on_close, self._on_close = self._on_close, None
            if on_close is not None:
                on_close()

    def _run(self, function: Any, *arguments: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return function(*arguments)
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="posesearch-duckdb")
        future: Future[Any] = self._executor.submit(function, *arguments)
        try:
            return future.result()
        except KeyboardInterrupt:
            while not future.done():
                self._connection.interrupt()
                wait([future], timeout=_REPEAT_SECONDS)
            raise
