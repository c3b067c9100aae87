"""How posesearch opens a database in DuckDB: the configuration, and where DuckDB looks for names."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb

from posesearch.store.fork_lock import OPENING
from posesearch.store.interruptible import Connection
from posesearch.store.schema import STORAGE_VERSION

_Config = dict[str, str | bool | int | float | list[str]]  # the type that duckdb.connect accepts

FILE_CONFIG: Final[_Config] = {
    # DuckDB must not download extensions, because the SQL or the database may come from a stranger.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    # Only a new file gets this format. An existing file keeps its own.
    "storage_compatibility_version": STORAGE_VERSION,
}
_NO_OTHER_FILES: Final[_Config] = {"enable_external_access": "false"}
LOCK_CONFIG: Final = "SET lock_configuration = true"

# Every search reads whole vectors. Compression would make them a sixth smaller, but decompressing takes longer than
# reading that sixth.
DISABLE_FLOAT_COMPRESSION: Final = "SET GLOBAL disabled_compression_methods = 'alp,alprd'"


def connect(
    path: Path, on_close: Callable[[], None] | None = None, *, read_only: bool, output: Path | None = None
) -> Connection:
    """Open a file with a configuration that no statement can change.

    Statements find functions in DuckDB before they look in the file, where a macro could have the same name.

    Args:
        path: the database.
        on_close: is called after the connection was closed.
        read_only: whether statements can't write to it.
        output: the absolute path of the only other file that statements may open. Other connections of this process
            must not have the same.

    Raises:
        duckdb.Error: DuckDB can't open the file.
    """
    config = {**FILE_CONFIG, **_NO_OTHER_FILES}
    if output is not None:
        # DuckDB accepts an allowed path only while all paths are allowed, and all connections of a process to one
        # database share their settings. The name of the agent is in no other settings, so these are not shared.
        config |= {"enable_external_access": "true", "custom_user_agent": output.name}
    with OPENING:
        opened = duckdb.connect(str(path.absolute()), read_only=read_only, config=config)
    connection = Connection(opened, on_close)
    if output is not None:
        allow_only(connection, output)
    with suppress(duckdb.InvalidInputException):  # another connection of this process has locked it already
        connection.execute(DISABLE_FLOAT_COMPRESSION)
        connection.execute(LOCK_CONFIG)
    search_functions_first(connection, read_name(connection))
    return connection


def allow_only(connection: Connection, *paths: Path) -> None:
    """Let statements open these files, and no others."""
    connection.execute(f"SET allowed_paths = [{', '.join(quote_text(str(path)) for path in paths)}]")
    connection.execute("SET enable_external_access = false")


def checkpoint(connection: Connection) -> None:
    """Move DuckDB's log into the file.

    Raises:
        duckdb.Error: the disk is full, for example.
    """
    connection.execute(f"CHECKPOINT {quote_name(read_name(connection))}")


def read_name(connection: Connection) -> str:
    """Return the name that DuckDB gives the file."""
    [(name,)] = connection.execute(
        "SELECT database_name FROM system.main.duckdb_databases() WHERE path IS NOT NULL LIMIT 1"
    ).fetchall()
    return str(name)


def search_other_schemas(connection: Connection) -> None:
    """Let the user's SQL name objects in all schemas of the file. DuckDB's functions still come first."""
    rows = connection.execute(
        "SELECT database_name, schema_name FROM system.main.duckdb_schemas() WHERE NOT internal"
    ).fetchall()
    if rows:
        search_functions_first(connection, rows[0][0], *(schema for _, schema in rows if schema != "main"))


def search_functions_first(connection: Connection, name: str, *schemas: str) -> None:
    """Let statements find functions in DuckDB before they look in the file, where a macro could have the same name."""
    path = ["system.main", *(f"{quote_name(name)}.{quote_name(schema)}" for schema in ("main", *schemas))]
    connection.execute(f"SET search_path = {quote_text(','.join(path))}")


def quote_name(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: Exception) -> str:
    """Return the first line of the message of DuckDB or of the system."""
    return str(error).strip().splitlines()[0]
