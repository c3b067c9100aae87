"""A DuckDB connection whose queries end on Ctrl-C."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Self, TypeVar

import duckdb

Result = TypeVar("Result")


class Connection:
    """A DuckDB connection with the methods that posesearch uses.

    DuckDB checks for signals only between two of its tasks, and a task can take forever. Only the main thread gets
    KeyboardInterrupt. Therefore its queries run in another thread while it waits.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take over the connection."""
        self._connection = connection
        self._executor: ThreadPoolExecutor | None = None

    def execute(self, sql: str | duckdb.Statement, parameters: Any = None) -> Self:
        """Run a statement. The result is fetched from this object."""
        self._run(self._connection.execute, sql, parameters)
        return self

    def extract_statements(self, sql: str) -> list[duckdb.Statement]:
        """Return the statements of a text. duckdb.extract_statements opens a database that is never closed."""
        return self._connection.extract_statements(sql)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the remaining rows of the result."""
        rows: list[tuple[Any, ...]] = self._run(self._connection.fetchall)
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the result. None after the last one."""
        row: tuple[Any, ...] | None = self._run(self._connection.fetchone)
        return row

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

    def begin(self) -> None:
        """Begin a transaction."""
        self._run(self._connection.begin)

    def commit(self) -> None:
        """Commit the transaction."""
        self._run(self._connection.commit)

    def rollback(self) -> None:
        """Roll the transaction back."""
        self._run(self._connection.rollback)

    def close(self) -> None:
        """Close the connection. A transaction that was not committed is rolled back."""
        if self._executor is not None:
            self._executor.shutdown()
        self._connection.close()

    def _run(self, function: Any, *arguments: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return function(*arguments)
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="posesearch-duckdb")
        future: Future[Any] = self._executor.submit(function, *arguments)
        try:
            return future.result()
        except KeyboardInterrupt:
            while not future.done():  # an interrupt before the query has begun has no effect
                self._connection.interrupt()
                wait([future], timeout=0.1)
            raise
