"""List files: read the paths and URLs of photos, and what the list says about them."""

import codecs
import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Final, TypeAlias

from posesearch.errors import BadPath, SourceError
from posesearch.files import read_regular
from posesearch.paths import expand_file_url, find_existing_form, is_file_url, is_url
from posesearch.sources.list_columns import Row, choose_layout, choose_named_column, find_cell, find_named_columns
from posesearch.sources.list_records import read_records
from posesearch.sources.list_values import PhotoList, check_width, make_encoding_error, make_list

MAX_BYTES: Final = 256_000_000
"""Maximum size of a list. A few million paths fit."""

DELIMITERS: Final = {
    ".txt": ("", "\t", ";", "|", ","), ".csv": (",", ";", "\t", "|"), ".tsv": ("\t", ";", "|", ","),
}  # fmt: skip
"""What may separate the columns of a text, by its extension. Of equally good delimiters, the first is chosen."""

RECORDS: Final = (".jsonl", ".ndjson")
PARQUET: Final = ".parquet"
LIST_EXTENSIONS: Final = frozenset((*DELIMITERS, *RECORDS, PARQUET))

ParquetReader: TypeAlias = Callable[[Path], tuple[Sequence[str], Iterator[Sequence[str]]]]
"""Returns the names of the columns of a Parquet file, and its rows as texts, which are empty for NULL.

A list is read without a database, and only posesearch.store may use DuckDB. So whoever scans sources gives the reader.
"""

_SAMPLE_ROWS: Final = 200  # the rows that decide about the delimiter and the column
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_EXCEL_DELIMITER: Final = re.compile(r'"?sep=([,;|\t])"?', re.IGNORECASE)  # the first line, if Excel shall know it
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")  # a byte that is not UTF-8, as Python writes it in names of files


def read_list(path: Path, read_parquet: ParquetReader | None = None) -> PhotoList:
    """Return the entries of a list, each with its line and its values: paths, globs and URLs as the file has them.

    Args:
        path: a file with one of LIST_EXTENSIONS. A text is in UTF-8, or in UTF-16 with a byte order mark. A name may
            have bytes that are not UTF-8 if the name of a file on disk has them.
        read_parquet: reads a Parquet file.

    Raises:
        SourceError: the file can't be read, it is not in its format, or the column of the photos is empty.
    """
    exists = partial(_exists, os.path.dirname(path))
    kind = path.suffix.lower()
    if kind == PARQUET:
        if read_parquet is None:
            raise SourceError(f"{path}: a Parquet file can't be read here; name a list in another format.")
        names, rows = read_parquet(path)
        return _read_named(path, names, enumerate(rows, 1), exists)
    lines = _read_lines(path)
    if kind in RECORDS:
        records = list(read_records(path, lines))
        keys = list(dict.fromkeys(name for _, record in records for name in record))
        check_width(path, len(keys))
        return _read_named(
            path, keys, ((line, [record.get(key, "") for key in keys]) for line, record in records), exists
        )
    return _read_text(path, kind, lines, exists)


def _read_named(
    path: Path, names: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], exists: Callable[[str], bool]
) -> PhotoList:
    """Return the list of a table whose columns have names."""
    rows = iter(rows)
    sample = list(islice(rows, _SAMPLE_ROWS))
    column = choose_named_column(names, [cells for _, cells in sample], exists)
    if column is None:
        if not sample:
            return PhotoList((), [])
        raise _make_column_error(path)
    found = ((line, _find_entry(Row(line, cells), column, exists), cells) for line, cells in chain(sample, rows))
    return _keep_entries(path, names, column, found, exists)


def _read_text(path: Path, kind: str, lines: list[str], exists: Callable[[str], bool]) -> PhotoList:
    """Return the list of a text, which may have columns.

    The delimiter and the column are those with the most names of photos. A line that names something that exists is an
    entry, whatever it has in it. Other lines that begin with # are comments.
    """
    excel = None if exists(lines[0]) else _EXCEL_DELIMITER.fullmatch(lines[0])
    delimiters = (excel[1],) if excel else DELIMITERS[kind]
    if excel:
        lines[0] = ""

    def read_rows(delimiter: str) -> Iterator[Row]:
        records = _split_lines(lines, delimiter) if kind == ".txt" else _split_table(path, lines, delimiter)
        return _make_rows(records, exists)

    layout = choose_layout({delimiter: _sample(read_rows(delimiter)) for delimiter in delimiters}, exists)
    if not layout.has_photos:
        raise _make_column_error(path)
    rows = read_rows(layout.delimiter)
    names = [] if layout.header is None else [cell.strip() for cell in next(rows).cells]
    found = (
        (row.line, _find_entry(row, layout.column, exists), [] if row.is_whole or not names else row.cells)
        for row in rows
    )
    return _keep_entries(path, names, layout.column, found, exists)


def _make_column_error(path: Path) -> SourceError:
    return SourceError(f"{path}: no column of the list has photos; call the column of their paths or URLs `path`.")


def _keep_entries(
    path: Path,
    names: Sequence[str],
    column: int,
    rows: Iterable[tuple[int, str, Sequence[str]]],
    exists: Callable[[str], bool],
) -> PhotoList:
    """Return the list of the rows that have an entry.

    Raises:
        SourceError: no row has one.
    """
    has_entry = lacks_entry = False

    def keep() -> Iterator[tuple[int, str, Sequence[str]]]:
        nonlocal has_entry, lacks_entry
        for line, entry, cells in rows:
            if _NOT_UTF8.search(entry) and not exists(entry):
                raise make_encoding_error(path, line)
            if entry:
                has_entry = True
                # The name of a file may have bytes that are not UTF-8, and is no value.
                yield line, entry, [cell.strip() if number != column else "" for number, cell in enumerate(cells)]
            else:
                lacks_entry = True

    found = make_list(path, names, column, keep())
    if lacks_entry and not has_entry:
        name = f"column {names[column]}" if column < len(names) and names[column] else "first column"
        raise SourceError(f"{path}: the {name} of the list is empty, and should have the photos.")
    return found


def _read_lines(path: Path) -> list[str]:
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise SourceError(f"{path}: the list can't be read: {error.strerror}.") from error
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _LINE_END.split(data.decode("utf-8-sig", "surrogateescape"))
    try:
        return _LINE_END.split(data.decode("utf-16"))
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: the list can't be read as UTF-16 text; save the list as UTF-8.") from error


def _sample(rows: Iterator[Row]) -> list[Row]:
    """Return the first rows, up to an error. It is raised again if this delimiter is chosen."""
    sample = []
    with suppress(SourceError):
        for row in islice(rows, _SAMPLE_ROWS):
            sample.append(row)  # noqa: PERF402 (the rows before an error stay)
    return sample


def _split_lines(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield each line of a .txt file: its number, its text and its cells. Quotes end with the line."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not delimiter:
            is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
            yield number, line, [text[1:-1] if is_quoted else text]
        else:
            cells = [text]
            with suppress(csv.Error):  # the line is longer than any name of a file
                cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
            yield number, line, cells


def _split_table(path: Path, lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield each record of a table: the number of its last line, its text and its cells.

    Raises:
        SourceError: the text is not CSV.
    """
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
    end = 0
    failure = ""
    try:
        for cells in reader:
            begin, end = end, reader.line_num
            text = "\n".join(lines[begin:end])
            if end - begin > 1 and end == len(lines) and text.count('"') % 2:
                end, failure = begin, "a quotation mark is not closed"
                break
            yield end, text, cells
    except csv.Error as error:
        failure = str(error)
    if failure:
        raise SourceError(f"{path}: the list can't be read as CSV: {failure} (line {end + 1}).")


def _make_rows(records: Iterable[tuple[int, str, list[str]]], exists: Callable[[str], bool]) -> Iterator[Row]:
    """Yield the rows of the records that are not empty and no comments."""
    is_first = True
    for number, text, cells in records:
        stripped = text.strip()
        is_comment = stripped.startswith("#")
        if not stripped:
            continue
        if is_first or is_comment or cells != [text]:  # the line as a whole may name a file
            whole = text if text != stripped and exists(text) else stripped
            if exists(whole):
                yield Row(number, [whole], is_whole=True)
                is_first = False
                continue
        if is_comment and not (is_first and find_named_columns(cells)):
            continue
        if any(map(str.strip, cells)):
            yield Row(number, cells)
            is_first = False


def _find_entry(row: Row, column: int, exists: Callable[[str], bool]) -> str:
    """Return the entry of a row. It is empty if the row has none.

    A path of Windows gets slashes if there is a file with them, and none without.
    """
    entry = row.cells[0] if row.is_whole else find_cell(row.cells, column)
    slashed = entry.replace("\\", "/")
    return slashed if slashed != entry and not exists(entry) and exists(slashed) else entry


def _exists(folder: str, entry: str) -> bool:
    """Return whether there is something at a path that is relative to the folder, in some Unicode normal form."""
    if not entry or is_url(entry):
        if not is_file_url(entry):
            return False
        try:
            entry = expand_file_url(entry)
        except BadPath:
            return False
    return os.path.lexists(find_existing_form(os.path.join(folder, os.path.expanduser(entry))))
