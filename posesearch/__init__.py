"""posesearch finds the people in photos, stores their poses, and searches for similar poses.

Example:
    import posesearch

    with posesearch.open("poses.duckdb") as db:
        db.ingest("photos")
        db.cluster(k=3)
        for match in db.similar("photo.jpg", n=10).matches:
            print(match.rank, match.similarity, match.stored.source)
"""

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from posesearch.address_space import READING, check_address_space
from posesearch.errors import PosesearchError

if TYPE_CHECKING:
    from posesearch.database import Database

__version__ = "0.1.0"

__all__ = ["Database", "PosesearchError", "__version__", "open"]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # otherwise Python would print warnings to stderr


def open(  # noqa: A001 (reads as posesearch.open)
    path: str | os.PathLike[str] = "poses.duckdb", *, trust: Sequence[str | os.PathLike[str]] = ()
) -> "Database":
    """Return the database at `path`. The file need not exist yet, because the first ingest creates it.

    Args:
        path: path of the database file.
        trust: photos and networks to open although another user stored their names in the file. These are folders of
            photos, or "all" for all photos, URLs and networks.

    Returns:
        The database. The file is not opened yet.

    Raises:
        NotEnoughMemory: the limit of this process's address space is too low.

    Example:
        with posesearch.open("poses.duckdb") as db:
            db.ingest("photos")
    """
    check_address_space(READING)
    from posesearch.database import Database  # noqa: PLC0415 (keeps `import posesearch` light)

    return Database(path, trust=trust)


if not TYPE_CHECKING:  # a type checker would accept any attribute of a module that has __getattr__

    def __getattr__(name: str) -> Any:
        if name == "Database":
            check_address_space(READING)
            from posesearch.database import Database  # noqa: PLC0415 (keeps `import posesearch` light)

            return Database
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
