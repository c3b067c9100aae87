"""Words that a shell completes: estimators, parts of the body, and collections, clusters and clusterings of a database.

A shell calls these functions at the Tab key. So they import little, and an error completes nothing.
"""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import typer

from posesearch.paths import expand_file_path

ESTIMATORS: Final = (
    "blazepose",
    "blazepose-full",
    "blazepose-heavy",
    "blazepose-original",
    "tf-pose",
    "tf-pose-original",
    "rtmpose",
    "rtmpose-m",
)
"""The names in posesearch.estimators.MODELS. Importing it would load NumPy and OpenCV. A test compares them."""

_NEEDS_NO_QUOTES: Final = re.compile(r"[\w@%+=:,./-]+")
"""A name that a shell takes as it is. Others are not offered, because a database may come from a stranger."""


def complete_estimator(incomplete: str) -> list[str]:
    """Return the estimators that begin so."""
    return [name for name in ESTIMATORS if name.startswith(incomplete)]


def complete_parts(incomplete: str) -> list[str]:
    """Return the text with its last part completed. Parts are separated by commas, and none is offered twice."""
    from posesearch.skeleton import PARTS  # noqa: PLC0415

    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    names = [name.replace("_", "-") for name in PARTS]
    return [f"{before}{comma}{name}" for name in names if name.startswith(last) and name not in given]


def complete_phrase(incomplete: str) -> list[str]:
    """Return the text with its last word completed by words of the vocabulary of `find`."""
    from posesearch.pose.traits.words import COMBINATIONS, ENTRIES, OfPart  # noqa: PLC0415

    texts = [say for entry in ENTRIES for say in entry.says] + [*COMBINATIONS, "both one either and or not"]
    texts += [f"{part} {part}s" for entry in ENTRIES if isinstance(entry, OfPart) for part in entry.parts]
    words = {word for text in texts for word in re.findall(r"[\w-]+", text.format("", s="left right"))}
    before, last = re.fullmatch(r"(.*?)([\w-]*)", incomplete, re.DOTALL).groups()  # type: ignore[union-attr]
    return [before + word for word in sorted(words) if word.startswith(last.lower())]


def complete_k(incomplete: str) -> list[str]:
    """Return `auto` if it begins so."""
    return [word for word in ("auto",) if word.startswith(incomplete)]


def complete_collection(context: typer.Context, incomplete: str) -> list[str]:
    """Return the collections of the database that begin so."""
    from posesearch.store.completion import list_collections  # noqa: PLC0415

    names = filter(_NEEDS_NO_QUOTES.fullmatch, _read(context, list_collections))
    return [name for name in names if name.startswith(incomplete)]


def complete_cluster(context: typer.Context, incomplete: str) -> list[str]:
    """Return the clusters of the database, or of `--clustering`, that begin so."""
    from posesearch.store.completion import list_clusters  # noqa: PLC0415

    labels = _read(context, partial(list_clusters, clustering=context.params.get("clustering")))
    return [label for label in map(str, labels) if label.startswith(incomplete)]


def complete_clustering(context: typer.Context, incomplete: str) -> list[str]:
    """Return the ids and names of clusterings of the database that begin so."""
    from posesearch.store.completion import list_clusterings  # noqa: PLC0415

    words = filter(_NEEDS_NO_QUOTES.fullmatch, _read(context, list_clusterings))
    return [word for word in words if word.startswith(incomplete)]


def _read(context: typer.Context, read: Callable[[Path], list[Any]]) -> list[Any]:
    """Return what a function reads from the database of the command. Empty if it can't be read."""
    try:
        source = getattr(context.get_parameter_source("db"), "name", "")
        given = context.params["db"] if source == "COMMANDLINE" else os.environ.get("POSESEARCH_DB")
        return read(Path(expand_file_path(given or "poses.duckdb")))
    except Exception:  # noqa: BLE001 (a message would appear in the middle of the command that is typed)
        return []
