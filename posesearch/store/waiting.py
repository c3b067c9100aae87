"""Opens a database file that another program may have open, and waits for it."""

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from posesearch.errors import DatabaseBusy, DatabaseOpenHere, NotOurDatabase
from posesearch.store.damage import make_failure
from posesearch.store.interruptible import Connection
from posesearch.store.open_here import MESSAGES
from posesearch.store.shared_file import AttachedHere, ConnectedHere

BY_DUCKDB: Final = "this Python has it open by duckdb.connect(); close that connection"

_log: Final = logging.getLogger(__package__)

# DuckDB's messages if the file is open elsewhere: on Unix, on Windows, and in this process.
_OPEN_ELSEWHERE: Final = ("Could not set lock", "being used by another process", *MESSAGES)

# DuckDB's messages if the file is something else, such as a database of SQLite, which would need an extension.
_OTHER_FORMAT: Final = ("not a valid DuckDB database", "sqlite_scanner", "Loading external extensions")

# On Linux DuckDB names the program: "Conflicting lock is held in /usr/bin/python3 (PID 42)".
_HOLDER: Final = re.compile(r"held in (\S+) \(PID (\d+)\)")

_RETRY_SECONDS: Final = 0.05
_PATIENCE_HERE: Final = 10.0  # the user's connection may be in this thread, and then it never ends
_SILENT_SECONDS: Final = 1.0  # a shorter wait is not reported


def open_patiently(
    path: Path,
    connect: Callable[[], Connection],
    patience: float,
    waiting: Callable[[str], None] | None,
    *,
    is_lent: Callable[[], bool],
) -> Connection:
    """Return a connection to a file. While another program has the file open, try again.

    Args:
        path: the file, for the messages.
        connect: opens it.
        patience: seconds to wait for the other program.
        waiting: is called once with a sentence if the wait takes longer than a second.
        is_lent: returns whether this process has the file open by Database.connection.

    Raises:
        DatabaseOpenHere: this process has it open by Database.connection or duckdb.connect for longer.
        DatabaseBusy: the other program has the file open for longer.
        NotOurDatabase: the file is not a DuckDB database.
        DamagedDatabase: the file or its log is damaged.
        DatabaseFailed: DuckDB can't open it.
    """
    started = time.monotonic()
    is_reported = False
    while True:
        try:
            connection = connect()
        except (duckdb.Error, AttachedHere, ConnectedHere) as error:
            text = str(error)
            if any(words in text for words in _OTHER_FORMAT):
                raise NotOurDatabase(str(path)) from error
            if isinstance(error, duckdb.Error) and not any(words in text for words in _OPEN_ELSEWHERE):
                raise make_failure(path, error) from error
            busy, other = DatabaseBusy(str(path), _describe_holder(text)), _describe_holder(text) or "another program"
            if isinstance(error, ConnectedHere):
                busy, other = DatabaseOpenHere(str(path), BY_DUCKDB), "duckdb.connect() of this Python"
            elif is_lent() and any(words in text for words in MESSAGES):
                busy, other = DatabaseOpenHere(str(path)), "db.connection() of this Python"
            waited = time.monotonic() - started
            if waited > (min(patience, _PATIENCE_HERE) if isinstance(busy, DatabaseOpenHere) else patience):
                raise busy from error
            if waited > _SILENT_SECONDS and not is_reported:
                sentence = f"{path}: {other} has this database open. Waiting for it to finish."
                _log.info("%s", sentence)
                if waiting is not None:
                    waiting(sentence)
                is_reported = True
            time.sleep(_RETRY_SECONDS)
        else:
            if is_reported:
                _log.info("%s: waited %.1f seconds for the other program.", path, time.monotonic() - started)
            return connection


def _describe_holder(text: str) -> str:
    """Return the program that has the file open, from DuckDB's message. Empty if the message does not name it."""
    found = _HOLDER.search(text)
    return f"{Path(found[1]).name} (process {found[2]})" if found else ""
