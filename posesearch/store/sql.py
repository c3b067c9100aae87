"""Runs the user's own SQL. Its statements may only read, and have no access to other files."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from posesearch.errors import BadSQL
from posesearch.store.connection import Connection

_READING: Final = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)  # MULTI is PIVOT
_EXPLAIN: Final = re.compile(r"\A\s*EXPLAIN\s+(ANALYZE\s+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """The result of a query: column names and rows of Python values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def run_sql(connection: Connection, sql: str) -> Table:
    """Run the user's own SQL, and return the result of the last statement.

    The connection has no access to other files, and its configuration is locked. See connection.py.

    Raises:
        BadSQL: a statement does more than read, or DuckDB refuses it. The error has DuckDB's message.
    """
    table = Table((), ())
    try:
        for statement in connection.extract_statements(sql.encode("utf-8", "replace").decode()):
            _check_reading(connection, statement)
            cursor = connection.execute(statement)
            columns = _number_duplicates(column[0] for column in cursor.description or ())
            table = Table(columns, tuple(cursor.fetchall()) if columns else ())
    except duckdb.Error as error:
        raise BadSQL(_one_line(error)) from error
    return table


def _check_reading(connection: Connection, statement: duckdb.Statement) -> None:
    """Raise BadSQL for a statement that does more than read. A read-only database does not prevent writing files."""
    kind = statement.type
    if kind == duckdb.StatementType.EXPLAIN:  # with ANALYZE, it runs the statement that follows
        behind = connection.extract_statements(_EXPLAIN.sub("", statement.query, count=1))
        kind = behind[0].type if behind else kind
    if kind not in _READING:
        raise BadSQL(f"only statements that read, such as SELECT, are allowed, not {kind.name}")


def read_ids(connection: Connection, sql: str) -> list[int]:
    """Return the ids of poses in the first column of the user's own SQL.

    Raises:
        BadSQL: DuckDB refuses it, there are no rows, or the column has no ids.
    """
    ids = [row[0] for row in run_sql(connection, sql).rows]
    if not ids:
        raise BadSQL("the query returns no rows, so there is no pose to search for")
    if not all(type(pose_id) is int for pose_id in ids):
        raise BadSQL("the first column must have the ids of poses, which are integers")
    return ids


def _number_duplicates(names: Iterable[str]) -> tuple[str, ...]:
    """Append numbers to repeated names, as DuckDB does in its own tables."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbered.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return tuple(numbered)


def _one_line(error: duckdb.Error) -> str:
    """Return DuckDB's message on one line, without the excerpt of the statement."""
    lines = [line.strip() for line in str(error).partition("\nLINE ")[0].splitlines()]
    return " ".join(line for line in lines if line)
