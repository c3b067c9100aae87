"""Reads Parquet files as lists of photos. It is here, and not in sources/, because it needs DuckDB."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from glob import escape
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import SourceError
from posesearch.files import open_regular
from posesearch.sources.list_values import MAX_VALUE, check_width
from posesearch.store.configuration import FILE_CONFIG, LOCK_CONFIG, allow_only, first_line, quote_name
from posesearch.store.interruptible import Connection

_BLOCK_ROWS: Final = 2048


def read_parquet(path: Path) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """Return the names of the columns of a Parquet file, and its rows as texts, which are empty for NULL.

    The rows are read while they are fetched. A text that is longer than the limit of a list is cut after it.

    Raises:
        SourceError: the file can't be read, or has too many columns. The rows raise it too.
    """
    try:
        with open(path, "rb", opener=open_regular):
            pass
    except OSError as error:
        raise SourceError(f"{path}: the list can't be read: {error.strerror}.") from error
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise SourceError(f"{path}: the list can't be read, because its name is not UTF-8; rename it.") from error
    rows = _read(path)
    return next(rows), rows


def _read(path: Path) -> Iterator[Sequence[str]]:
    """Yield the names of the columns, and then the rows."""
    try:
        with closing(Connection(duckdb.connect(config=dict(FILE_CONFIG)))) as connection:
            pattern = escape(str(path))  # DuckDB reads the files that match it
            allow_only(connection, path, Path(pattern))
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(LOCK_CONFIG)
            source = "FROM read_parquet(?, hive_partitioning := false)"  # a folder such as a=1 is no column
            described = connection.execute(f"SELECT * {source} LIMIT 0", [pattern]).description or ()
            names = [str(column[0]) for column in described]
            check_width(path, len(names))
            yield [name.strip() for name in names]
            texts = ", ".join(
                f"coalesce(trim(left({quote_name(name)}::VARCHAR, {MAX_VALUE + 1})), '')" for name in names
            )
            connection.execute(f"SELECT {texts} {source}", [pattern])
            while block := connection.fetchmany(_BLOCK_ROWS):
                yield from block
    except duckdb.Error as error:
        raise SourceError(f"{path}: the list can't be read as Parquet: {first_line(error)}") from error
