"""The attributes that an ingest writes: how they are called, and what the lists say in each collection."""

from collections.abc import Collection, Mapping, Sequence

from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.results.ingest import ListReport
from posesearch.sources import ListColumn, ListedPhotos
from posesearch.store import attributes
from posesearch.store.attribute_view import find_name, reserved_names
from posesearch.store.attributes import ListedValues, WrittenList


def name_attributes(columns: Sequence[ListColumn], reserved: Collection[str]) -> list[str]:
    """Return the name of the attribute of each column. No two of them are the same without their capitals.

    A column keeps its name, unless this is empty, reserved, or that of a column before it.

    Args:
        columns: the columns of a list.
        reserved: names that attributes can't have, in lower case.
    """
    taken = set(reserved)
    names = []
    for column in columns:
        name = find_name(column.name, taken, column.number)
        taken.add(name.lower())
        names.append(name)
    return names


def store_lists(
    database: WatchedDatabase, lists: Mapping[str, Sequence[ListedPhotos]], collection: str | None, *, dry_run: bool
) -> list[ListReport]:
    """Write what lists say about the photos that the database has, and return what was done, a report for each list.

    Args:
        database: the database of the run.
        lists: the lists by collection.
        collection: the collection of all photos. None if a column of the lists names it.
        dry_run: whether nothing is written.

    Raises:
        StoreError: the file can't be written.
    """
    parts: dict[str, list[tuple[str, ListedPhotos]]] = {}
    for name, some in lists.items():
        for one in some:
            parts.setdefault(one.path, []).append((name, one))
    if dry_run or not parts or not database.exists():
        return [_make_report(some, _count(some)) for some in parts.values()]
    with database.opening() as connection:
        return [
            _make_report(
                some,
                attributes.write_list(
                    connection,
                    path,
                    _name(some),
                    [ListedValues(name, one.rows) for name, one in some],
                    collection,
                ),
            )
            for path, some in parts.items()
        ]


def _name(parts: Sequence[tuple[str, ListedPhotos]]) -> list[str]:
    return name_attributes(parts[0][1].columns, reserved_names())


def _count(parts: Sequence[tuple[str, ListedPhotos]]) -> WrittenList:
    """Return what a list says, for a run that writes nothing."""
    values: dict[tuple[str, str], set[tuple[str | None, ...]]] = {}
    for name, listed in parts:
        for source, cells in listed.rows:
            values.setdefault((name, source), set()).add(cells)
    return WrittenList(len(values), sum(len(different) > 1 for different in values.values()), 0)


def _make_report(parts: Sequence[tuple[str, ListedPhotos]], written: WrittenList) -> ListReport:
    listed = parts[0][1]
    names = _name(parts)
    renamed = {name: column.name for column, name in zip(listed.columns, names, strict=True) if column.name != name}
    return ListReport(listed.path, tuple(names), *written, renamed)
