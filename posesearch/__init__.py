"""posesearch finds the poses in photos, and searches for similar ones.

import posesearch

with posesearch.open("poses.duckdb") as db:
    db.ingest("photos")
    db.cluster(k=3)
    report = db.similar("photo.jpg", n=10)
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from posesearch.address_space import READING, check_address_space
from posesearch.errors import PosesearchError

if TYPE_CHECKING:
    from posesearch.database import Database

__version__ = "0.1.0"

__all__ = ["Database", "PosesearchError", "__version__", "open"]


def open(  # noqa: A001 (reads as posesearch.open)
    path: str | os.PathLike[str] = "poses.duckdb", *, trust: Sequence[str | os.PathLike[str]] = ()
) -> "Database":
    """Return the database at `path`. The first ingest creates the file.

    Args:
        path: the file.
        trust: what may be opened of what the file names although another user has written that. See Database.

    Example:
        db = posesearch.open("poses.duckdb")

    Raises:
        NotEnoughMemory: the limit of this process's address space is too low.
    """
    check_address_space(READING)
    from posesearch.database import Database  # noqa: PLC0415 (keeps `import posesearch` light)

    return Database(path, trust=trust)


if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> Any:
        if name == "Database":
            check_address_space(READING)
            from posesearch.database import Database  # noqa: PLC0415 (likewise)

            return Database
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
