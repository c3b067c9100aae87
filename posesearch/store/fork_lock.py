"""A lock that is free whenever a process is forked. DuckDB opens and closes files under it.

DuckDB has locks of its own for the files of a process. If a thread of the first process held one, a forked process
would wait for it forever.
"""

import threading
from typing import Final

OPENING: Final = threading.RLock()
"""Held while DuckDB opens or closes a file. shared_file.py acquires it before a fork."""
