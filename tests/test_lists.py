"""Lists of photos, as people and programs write them."""

import os
from pathlib import Path

import duckdb
import pytest

from posesearch import sources
from posesearch.errors import SourceError
from posesearch.sources.lists import read_list
from posesearch.store.parquet_lists import read_parquet


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jpg", "sub/c.webp", "sub/deep/d.jpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def entries(folder: Path, name: str, content: str | bytes) -> list[tuple[int, str]]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(row.line, row.entry) for row in read_list(path).rows]


TWO = [(1, "b.jpg"), (2, "sub/c.webp")]
AFTER_A_HEADER = [(2, "b.jpg"), (3, "sub/c.webp")]
LISTS: dict[str, tuple[str, str | bytes, list[tuple[int, str]]]] = {
    "semicolons": ("x.csv", "id;Path;size\n1;b.jpg;2,5\n2;sub/c.webp;3,5\n", AFTER_A_HEADER),
    "tabs in a csv": ("x.csv", "path\tsize\nb.jpg\t2,5\nsub/c.webp\t3,5\n", AFTER_A_HEADER),
    "bars": ("x.csv", "b.jpg|2,5\nsub/c.webp|3,5\n", TWO),
    "commas in a tsv": ("x.tsv", "b.jpg,1\nsub/c.webp,2\n", TWO),
    "columns in a txt": ("x.txt", "1;b.jpg\n2;sub/c.webp\n", TWO),
    "a header in a txt": ("x.txt", "nr\tphoto\n1\tb.jpg\n2\tsub/c.webp\n", AFTER_A_HEADER),
    "a header of one column": ("x.txt", "Photo\nb.jpg\nsub/c.webp\n", AFTER_A_HEADER),
    "a header of exiftool": ("x.csv", "SourceFile,FileName\nb.jpg,x.jpg\nsub/c.webp,y.jpg\n", AFTER_A_HEADER),
    "a header with a blank": ("x.csv", "nr,Image-Path\n1,b.jpg\n2,sub/c.webp\n", AFTER_A_HEADER),
    "a header that begins with #": ("x.csv", "#;path\n1;b.jpg\n2;sub/c.webp\n", AFTER_A_HEADER),
    "no header, not the first column": ("x.csv", "1,red,b.jpg\n2,blue,sub/c.webp\n", TWO),
    "the line of Excel": ("x.csv", "sep=;\nb.jpg;x,y.jpg\n", [(2, "b.jpg")]),
    "trailing delimiters": ("x.txt", "b.jpg;\nsub/c.webp;\n", TWO),
    "trailing commas": ("x.csv", "b.jpg,,\nsub/c.webp,,\n", TWO),
    "quotes": ("x.txt", "\"b.jpg\"\n'sub/c.webp'\n", TWO),
    "quotes after a blank": ("x.csv", 'red, "b.jpg"\nblue, "sub/c.webp"\n', TWO),
    "blanks": ("x.txt", "  b.jpg \t\n\tsub/c.webp\n", TWO),
    "blank lines and comments": ("x.csv", "# mine, all\n\npath,n\n#TYPE x\nb.jpg,1\n , \n", [(5, "b.jpg")]),
    "a mark of UTF-8": ("x.txt", b"\xef\xbb\xbfb.jpg\nsub/c.webp\n", TWO),
    "UTF-16, as PowerShell writes it": ("x.txt", "\ufeffb.jpg\r\nsub/c.webp\r\n".encode("utf-16-le"), TWO),
    "UTF-16, the other way round": ("x.csv", "\ufeffpath\nb.jpg\nsub/c.webp\n".encode("utf-16-be"), AFTER_A_HEADER),
    "line ends of old Macs": ("x.csv", "path,n\rb.jpg,1\rsub/c.webp,2\r", AFTER_A_HEADER),
    "line ends of Windows": ("x.txt", "b.jpg\r\nsub/c.webp\r\n", TWO),
    "paths of Windows": ("x.txt", "b.jpg\nsub\\c.webp\n", TWO),
    "another encoding beside the names": ("x.csv", "b.jpg;Größe\nsub/c.webp;\xfcber\n".encode("latin-1"), TWO),
    "several lines": ("x.csv", 'path,a\nb.jpg,"one\n# two"\nsub/c.webp,x\n', [(3, "b.jpg"), (4, "sub/c.webp")]),
    "names that do not exist": ("x.csv", "a;gone.jpg\nb;also gone.jpg\n", [(1, "gone.jpg"), (2, "also gone.jpg")]),
    "folders": ("x.csv", "sub\nsub/deep\n", [(1, "sub"), (2, "sub/deep")]),
    "URLs": ("x.txt", "https://a.org/w_1,h_2/a.jpg\nhttps://a.org/?a=1;b=2\n", [(1, "https://a.org/w_1,h_2/a.jpg"), (2, "https://a.org/?a=1;b=2")]),
    "URLs with commas": ("x.csv", "https://a.org/w_1,h_2/a.jpg\n", [(1, "https://a.org/w_1,h_2/a.jpg")]),
    "URLs beside a text": ("x.txt", "https://a.org/1;a red one\nhttps://a.org/2;b\n", [(1, "https://a.org/1"), (2, "https://a.org/2")]),
    "one cell in a table": ("x.txt", "1;b.jpg\nsub/c.webp\n(2 rows)\n", TWO),
    "nothing but a header": ("x.csv", "path,size\n", []),
    "nothing": ("x.txt", "", []),
}  # fmt: skip


RECORDS: dict[str, tuple[str, list[tuple[int, str, tuple[str | None, ...]]], tuple[str, ...]]] = {
    "objects": ('{"path": "b.jpg", "n": 1}\n\n{"n": 2.50, "path": "sub/c.webp"}\n',
                [(1, "b.jpg", ("1",)), (3, "sub/c.webp", ("2.5",))], ("n",)),
    "other keys in each": ('{"file": "b.jpg", "a": "x"}\n{"file": "sub/c.webp", "b": true}\n',
                           [(1, "b.jpg", ("x", None)), (2, "sub/c.webp", (None, "true"))], ("a", "b")),
    "no known key": ('{"a": "x", "b": "b.jpg"}\n', [(1, "b.jpg", ("x",))], ("a",)),
    "values that are no text": ('{"path": "b.jpg", "a": null, "b": ["x", 1], "c": {"d": 12345678901234567890}}\n',
                                [(1, "b.jpg", (None, '["x", 1]', '{"d": 12345678901234567890}'))], ("a", "b", "c")),
    "an object without a photo": ('{"path": "b.jpg"}\n{"path": null}\n{}\n', [(1, "b.jpg", ())], ()),
    "a URL": ('{"url": "https://a.org/1", "path": ""}\n', [(1, "https://a.org/1", (None,))], ("path",)),
    "a mark of UTF-8 and line ends of Windows": ('\ufeff{"path": "b.jpg"}\r\n', [(1, "b.jpg", ())], ()),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("file", ["x.jsonl", "x.NDJSON"])
def test_json_lines(name: str, file: str, tree: Path) -> None:
    content, rows, columns = RECORDS[name]
    (tree / file).write_text(content, encoding="utf-8")
    found = read_list(tree / file)
    assert [tuple(row) for row in found.rows] == rows
    assert tuple(column.name for column in found.columns) == columns


VALUES: dict[str, tuple[str, tuple[str, ...], list[tuple[str | None, ...]]]] = {
    "a header": ("id,path,a b\n1, b.jpg , x \n2,sub/c.webp,\n", ("id", "a b"), [("1", "x"), ("2", None)]),
    "no header": ("b.jpg,x\nsub/c.webp,y\n", (), [(), ()]),
    "short and long rows": ("path,a,b\nb.jpg,1\nsub/c.webp,1,2,3,,4\n", ("a", "b", "", ""),
                            [("1", None, None, None), ("1", "2", "3", "4")]),
    "columns without names": (",path,,a,\n0,b.jpg,,x,\n", ("", "a"), [("0", "x")]),
    "quotes": ('path,a\nb.jpg,"one, ""two""\nthree"\n', ("a",), [('one, "two"\nthree',)]),
    "a line that is a file": ("path,a\nb.jpg,x\n#1, y.jpg\n", ("a",), [("x",), ()]),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_the_values_of_further_columns(name: str, tree: Path) -> None:
    content, columns, values = VALUES[name]
    (tree / "#1, y.jpg").write_bytes(b"x")
    (tree / "x.csv").write_text(content, encoding="utf-8")
    found = read_list(tree / "x.csv")
    assert tuple(column.name for column in found.columns) == columns
    assert [row.values for row in found.rows] == values


def write_parquet(path: Path, query: str) -> Path:
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def test_a_parquet_file(tree: Path) -> None:
    folder = tree / "year=1957" / "[a] *"  # neither a column nor a glob
    folder.mkdir(parents=True)
    path = write_parquet(folder / "x.parquet", """
        SELECT * FROM (VALUES
            ('../../b.jpg', 1::TINYINT, TIMESTAMPTZ '2020-01-01 10:00+02', ['x']), ('../../gone.jpg', NULL, NULL, NULL)
        ) AS v(photo, n, day, tags)
    """)  # fmt: skip
    found = read_list(path, read_parquet)
    assert [column.name for column in found.columns] == ["n", "day", "tags"]
    assert [tuple(row) for row in found.rows] == [
        (1, "../../b.jpg", ("1", "2020-01-01 08:00:00+00", "[x]")), (2, "../../gone.jpg", (None, None, None)),
    ]  # fmt: skip
    [photo, gone] = sources.scan([path], read_parquet).observed
    assert (photo.source, photo.exists, gone.exists) == (str(tree / "b.jpg"), True, False)
    assert gone.listed == f"{path}, row 2"
    assert sources.scan([path], read_parquet).lists[0].path == str(path)


@pytest.mark.parametrize(("content", "says"), [
    (b"PAR1", "can't be read as Parquet"),
    (b"", "can't be read as Parquet"),
    ("SELECT 1 AS n", "no column of the list"),
    ("SELECT 'b.jpg' AS path, repeat('x', 10001) AS a", "a value has 10,001 characters, and 10,000 are the most"),
    (f"SELECT 'b.jpg' AS path, {', '.join(f'{n} AS c{n}' for n in range(1000))}", "has 1,001 columns, and 1,000"),
])  # fmt: skip
def test_a_parquet_file_that_is_no_list(content: bytes | str, says: str, tree: Path) -> None:
    path = tree / "x.parquet"
    path.write_bytes(content) if isinstance(content, bytes) else write_parquet(path, content)
    with pytest.raises(SourceError, match=rf"x\.parquet.*{says}"):
        sources.scan([path], read_parquet)


@pytest.mark.parametrize(("name", "content", "says"), [
    ("x.jsonl", b'{"path": "b.jpg"}\n["b.jpg"]\n', "line 2: each line must be a JSON object"),
    ("x.jsonl", b'{"path": "b.jpg"\n', "line 1: the line can't be read as JSON"),
    ("x.jsonl", b'{"path": ' + b"[" * 100_000 + b"\n", "line 1: the line can't be read as JSON"),
    ("x.jsonl", b"".join(b'{"path": "b.jpg", "%d": 1}\n' % n for n in range(20_000)), "the list has 20,001 columns"),
    ("x.jsonl", b'{"name": "x"}\n', "no column of the list has photos"),
    ("x.jsonl", b'{"path": "b.jpg", "a": "\\ud800"}\n', "line 1 is in another encoding"),
    ("x.csv", b"path,a\nb.jpg,\xfc\n", "line 2 is in another encoding"),
    ("x.csv", b"path,a\nb.jpg,x\0y\n", "line 2: a value has a NUL character"),
    ("x.csv", b"path," + b"a" * 201 + b"\nb.jpg,x\n", "line 1: a name of a column has 201 characters, and 200"),
    ("x.csv", b"path,a\nb.jpg," + b"x" * 10_001 + b"\n", "line 2: a value has 10,001 characters, and 10,000"),
    ("x.csv", b"path,a\nb.jpg" + b",x" * 1_000_000 + b"\n", "line 2: the list has 1,000,001 columns, and 1,000"),
])  # fmt: skip
def test_what_a_list_can_not_have(name: str, content: bytes, says: str, tree: Path) -> None:
    (tree / name).write_bytes(content)
    with pytest.raises(SourceError, match=says):
        sources.scan([tree / name])


@pytest.mark.parametrize("name", LISTS)
def test_lists_as_people_write_them(name: str, tree: Path) -> None:
    file, content, expected = LISTS[name]
    assert entries(tree, file, content) == expected


@pytest.mark.parametrize("name", [
    "Smith, John.jpg", "a;b.jpg", "#1.jpg", "# one.jpg", '"quoted".jpg', '"quoted.jpg"', "'a'", "a|b\tc.jpg",
    " blank .jpg ", "photo", "Zoe\u0308, 2.jpg", "back\\slash.jpg", "sep=;",
])  # fmt: skip
def test_a_line_that_is_a_file_wins(name: str, tree: Path) -> None:
    (tree / name).write_bytes(b"x")
    for file in ("x.txt", "x.csv", "x.tsv"):
        for before in ("", "b.jpg;red\nsub/c.webp;blue\n", "b.jpg\n"):
            found = [entry for _, entry in entries(tree, file, f"{before}{name}\n")]
            assert found == [*(["b.jpg", "sub/c.webp"] if ";" in before else ["b.jpg"] if before else []), name]


def test_the_bytes_of_a_name_that_is_no_unicode(tree: Path) -> None:
    try:
        (tree / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    (tree / "x.txt").write_bytes(b"caf\xe9.jpg\n")
    assert [one.exists for one in sources.scan([tree / "x.txt"]).observed] == [True]
    with pytest.raises(SourceError, match=r"x\.txt: the list can't be read as UTF-8 text: line 2 is in another encod"):
        entries(tree, "x.txt", b"caf\xe9.jpg\nM\xfcller.jpg\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nr,path\n1,\n2, \n", "the column path of the list is empty"),
        ("path,n\n", "the list is empty; write one photo per line"),
        (
            "path,n\n/gone/a.jpg,1\n/gone/b.jpg,1\n",
            r"x\.csv, line 2: /gone/a\.jpg: there is no such file \(and 1 more\)",
        ),
        ('path,n\n/gone/a.jpg,1\n"b.jpg,1\nc.jpg,3\n', r"a quotation mark is not closed \(line 3\)"),
        (b"\xff\xfea", "the list can't be read as UTF-16 text"),
    ],
)
def test_a_list_without_a_usable_entry(content: str | bytes, says: str, tree: Path) -> None:
    (tree / "x.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SourceError, match=says):
        sources.list_photos([tree / "x.csv"])
