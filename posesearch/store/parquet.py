"""Writes the result of the user's own SQL to a Parquet file."""

from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import BadSQL
from posesearch.store.configuration import quote_text
from posesearch.store.connection import Connection
from posesearch.store.interruptible import DEFAULT_TIMEOUT
from posesearch.store.sql import check_single, number_duplicates, parse_reading, sql_errors

SIGNATURE: Final = b"PAR1"
"""The first bytes of a Parquet file."""


def write_parquet(connection: Connection, sql: str, file: Path, timeout: float = DEFAULT_TIMEOUT) -> int:
    """Write the result of one statement to a file, and return the number of rows. DuckDB writes rows as it finds them.

    Args:
        connection: a database that was opened with `file` as its output.
        sql: a statement that reads.
        file: the absolute path of a file that exists.
        timeout: seconds that it may take. 0 means no limit.

    Raises:
        BadSQL: there is not one statement, or `run_sql` refuses it.
        QueryTooSlow: it takes longer than `timeout`.
        OSError: the file can't be written.
    """
    statements = parse_reading(connection, sql)
    check_single(statements)
    if statements[0].type == duckdb.StatementType.EXPLAIN:
        raise BadSQL("the plan of EXPLAIN can't be written to Parquet")
    query = _strip_end(statements[0].query)
    with sql_errors(), connection.limit(timeout, "The query"):
        names = number_duplicates([row[0] for row in connection.execute(f"DESCRIBE\n{query}").fetchall()])
        columns = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        # Without USE_TMP_FILE, DuckDB would write another file first, which is not allowed.
        copy = f"""
            COPY (SELECT * FROM (
            {query}
            ) AS result({columns})) TO {quote_text(str(file))} (FORMAT parquet, USE_TMP_FILE false, RETURN_STATS true)
        """  # noqa: S608 (a statement that reads, and one other file is allowed)
        try:
            [(_, rows, *_)] = connection.execute(copy).fetchall()
        except duckdb.IOException as error:
            raise OSError(str(error).partition("\n")[0]) from error
    return int(rows)


def _strip_end(query: str) -> str:
    """Return a statement without the semicolons and comments behind it."""
    data = query.encode()
    for start, kind in reversed(duckdb.tokenize(query)):  # positions are those of bytes
        if kind != duckdb.token_type.comment and data[start : start + 1] != b";":
            break
        data = data[:start]
    return data.decode()
