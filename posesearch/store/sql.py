"""Runs the user's own SQL. Its statements may only read, and have no access to other files."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import duckdb

from posesearch.errors import BadSQL
from posesearch.results.table import Table
from posesearch.store.connection import Connection
from posesearch.store.damage import is_damage
from posesearch.store.interruptible import DEFAULT_TIMEOUT

MAX_BYTES: Final = 2_000_000_000
"""About the largest result that is kept in memory. A query may have rows without end."""

_READING: Final = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)  # MULTI is PIVOT
_EXPLAIN: Final = re.compile(r"\A\s*EXPLAIN\s+(ANALYZE\s+)?", re.IGNORECASE)
_BLOCK_ROWS: Final = 2048
_BLOCK_BYTES: Final = 16_000_000


def run_sql(connection: Connection, sql: str, timeout: float = DEFAULT_TIMEOUT) -> Table:
    """Run one statement of the user's own SQL, and return its result.

    Raises:
        BadSQL: there is not one statement, or one that `run_statements` refuses.
        QueryTooSlow: it takes longer than `timeout` seconds.
    """
    statements = parse_reading(connection, sql)
    check_single(statements)
    return run_statements(connection, statements, timeout)[0]


def run_statements(
    connection: Connection, statements: Sequence[duckdb.Statement], timeout: float = DEFAULT_TIMEOUT
) -> tuple[Table, ...]:
    """Run statements of `parse_reading`, and return the result of each.

    The connection has no access to other files, and its configuration is locked. See connection.py.

    Raises:
        BadSQL: DuckDB refuses a statement, or a result is too large. The error has DuckDB's message.
        QueryTooSlow: they take longer than `timeout` seconds together.
    """
    with sql_errors(), connection.limit(timeout, "The query"):
        return tuple(_fetch(connection.execute(statement)) for statement in statements)


def read_ids(connection: Connection, sql: str, timeout: float = DEFAULT_TIMEOUT) -> list[int]:
    """Return the ids of poses in the first column of the user's own SQL.

    Raises:
        BadSQL: `run_sql` refuses it, there are no rows, or the column has no ids.
        QueryTooSlow: it takes longer than `timeout` seconds.
    """
    ids = [row[0] for row in run_sql(connection, sql, timeout).rows]
    if not ids:
        raise BadSQL("the query returns no rows, so there is no pose to search for")
    if not all(type(pose_id) is int for pose_id in ids):
        raise BadSQL("the first column must have the ids of poses, which are integers")
    return ids


def parse_reading(connection: Connection, sql: str) -> list[duckdb.Statement]:
    """Return the statements of a text, all of which only read.

    Raises:
        BadSQL: there is no statement, one does more than read, or DuckDB can't parse it.
    """
    with sql_errors():
        statements = connection.extract_statements(sql.encode("utf-8", "replace").decode())
        for statement in statements:
            _check_reading(connection, statement)
    if not statements:
        raise BadSQL("there is no statement")
    return statements


def check_single(statements: Sequence[duckdb.Statement]) -> None:
    """Raise BadSQL if there are several statements, and therefore several results."""
    if len(statements) > 1:
        raise BadSQL(f"there is room for one result here, but these are {len(statements)} statements")


@contextmanager
def sql_errors() -> Iterator[None]:
    """Raise BadSQL with DuckDB's message, on one line and without the excerpt of the statement."""
    try:
        yield
    except duckdb.Error as error:
        if is_damage(error):  # the statement is fine
            raise
        lines = [line.strip() for line in str(error).partition("\nLINE ")[0].splitlines()]
        raise BadSQL(" ".join(line for line in lines if line)) from error


def number_duplicates(names: Sequence[str]) -> tuple[str, ...]:
    """Append numbers to repeated names, so that each name is there once. The first of equal names stays as it is."""
    taken, seen = set(names), set[str]()
    numbers = {name: count(1) for name in taken}
    numbered = []
    for name in names:
        new = name
        if name in seen:
            new = next(other for number in numbers[name] if (other := f"{name}_{number}") not in taken)
            taken.add(new)
        seen.add(name)
        numbered.append(new)
    return tuple(numbered)


def _check_reading(connection: Connection, statement: duckdb.Statement) -> None:
    """Raise BadSQL for a statement that does more than read. A read-only database does not prevent writing files."""
    kind = statement.type
    if kind == duckdb.StatementType.EXPLAIN:  # with ANALYZE, it runs the statement that follows
        behind = connection.extract_statements(_EXPLAIN.sub("", statement.query, count=1))
        kind = behind[0].type if behind else kind
    if kind not in _READING:
        raise BadSQL(f"only statements that read, such as SELECT, are allowed, not {kind.name}")


def _fetch(cursor: Connection) -> Table:
    """Return the result of a statement. DuckDB computes it while its rows are fetched."""
    described = cursor.description or []
    rows: list[tuple[Any, ...]] = []
    size, block_rows = 0, 1
    while block := cursor.fetchmany(block_rows):
        row_size = _estimate_size(block[-1])  # the rows of a block are alike
        size += row_size * len(block)
        if size > MAX_BYTES:
            raise BadSQL(
                f"the result is larger than {MAX_BYTES / 1e9:g} GB; add a LIMIT, or write it to a Parquet file"
            )
        rows += block
        block_rows = min(_BLOCK_ROWS, _BLOCK_BYTES // row_size + 1)
    return Table(
        columns=number_duplicates([column[0] for column in described]),
        rows=tuple(rows),
        types=tuple(str(column[1]) for column in described),
    )


def _estimate_size(value: Any) -> int:
    """Return about how many bytes a value or a row takes. The items of a long list are alike."""
    size = sys.getsizeof(value)
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple) and value:
        sample = value[:100]
        size += sum(map(_estimate_size, sample)) * len(value) // len(sample)
    return size
