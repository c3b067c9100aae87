"""Write the rows about the skeleton, the views of joints, the macros and the comments into schema.sql.

    python docs/schema/make_schema.py [--check]

With --check, it changes nothing, shows the difference, and exits with 1 if the file is out of date.

The views and macros come from joint_views.py and macros.py. The rows of the tables joints and body_parts come from
posesearch/skeleton.py. The comments in the database are those of the file.
"""

import difflib
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from joint_views import VIEWS
from macros import MACROS

from posesearch import skeleton
from posesearch.pose.traits.table import NAMES

SCHEMA: Final = Path(__file__).parents[2] / "schema.sql"
MARKER: Final = (
    "-- The rest is written by docs/schema/make_schema.py, from the files beside it and from the comments above.\n"
)

# What a comment describes: the lines before a table or view, and the lines of its columns.
_OBJECT: Final = re.compile(r"^CREATE (?:OR REPLACE )?(TABLE|VIEW) (\w+)", re.MULTILINE)
_TABLE_COLUMN: Final = re.compile(r"^    (\w+)\s+[A-Z]")
_VIEW_COLUMN: Final = re.compile(r"(?:AS )?(\w+),?\s*$")
_LAST: Final = re.compile(r"^(?:\)|FROM)", re.MULTILINE)


def main(*, check: bool) -> int:
    """Write or check the file, and return the exit code."""
    old, new = SCHEMA.read_text(encoding="utf-8"), make_schema()
    if not check:
        SCHEMA.write_text(new, encoding="utf-8")
        return 0
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True)))
    return int(old != new)


def make_schema() -> str:
    """Return schema.sql: the text above the marker as it is, and what follows from it."""
    written, marker, _ = SCHEMA.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        raise ValueError(f"{SCHEMA} has no line {MARKER.strip()}")
    for table, rows in (("joints", _list_joints()), ("body_parts", _list_parts())):
        statement = f"INSERT INTO {table}{rows};\n"
        written, count = re.subn(rf"^INSERT INTO {table}\b.*?;\n", statement, written, flags=re.MULTILINE | re.DOTALL)
        if count != 1:
            raise ValueError(f"{SCHEMA} has {count} statements that insert into {table}")
    written, count = re.subn(r"STRUCT\([^()]*\)", _list_traits(), written)
    if count != 1:
        raise ValueError(f"{SCHEMA} has {count} columns with a struct")
    views = "\n".join(_define(comment, f"VIEW {text}") for comment, text in VIEWS.items())
    macros = "\n".join(_define(comment, f"MACRO {text}") for comment, text in MACROS.items())
    comments = "".join(
        f"COMMENT ON {name} IS '{text.replace(chr(39), chr(39) * 2)}';\n"
        for name, text in (*_describe_relations(written + views), *_describe_macros())
    )
    return f"{written}{marker}\n{views}\n{macros}\n-- The comments of the database.\n{comments}"


def _list_joints() -> str:
    """Return the rows of the table joints: position, name and position of the opposite joint. A limb has a line."""
    text = " VALUES"
    for row, (joint, opposite) in enumerate(zip(skeleton.JOINTS, skeleton.MIRROR, strict=True), start=1):
        begins_line = joint in ("nose", "right_eye") or joint.endswith(("shoulder", "hip"))
        separator = "," * (row > 1) + ("\n    " if begins_line else " ")
        text += f"{separator}({row}, '{joint}', {opposite + 1})"
    return text


def _list_traits() -> str:
    """Return the type of the column clearness: a struct with a whole number for each trait."""
    fields = textwrap.wrap(", ".join(f"{name} TINYINT" for name in NAMES), 120)
    return "STRUCT(\n" + "".join(f"        {line}\n" for line in fields) + "    )"


def _list_parts() -> str:
    """Return the query for the rows of the table body_parts. Each body joint is a part of its own."""
    parts = {part: joints for part, joints in skeleton.PARTS.items() if part not in skeleton.JOINTS}
    rows = ",\n".join(f"    ('{part}', {list(joints)})" for part, joints in parts.items())
    return (
        f"\nSELECT part, unnest(joints) AS joint\nFROM (VALUES\n{rows}\n) AS named(part, joints)\n"
        f"UNION ALL SELECT joint, joint FROM joints WHERE position <= {skeleton.N_BODY}"
    )


def _define(comment: str, definition: str) -> str:
    lines = "".join(f"-- {line}\n" for line in comment.splitlines())
    return f"{lines}CREATE OR REPLACE {definition};\n"


def _describe_macros() -> Iterator[tuple[str, str]]:
    for comment, text in MACROS.items():
        name, kind = text.partition("(")[0], "MACRO TABLE" if "AS TABLE" in text else "MACRO"
        yield f"{kind} {name}", comment


def _describe_relations(schema: str) -> Iterator[tuple[str, str]]:
    """Yield the comments of tables, views and their columns.

    A column of a view without a comment has that of the first column with this name.

    Raises:
        ValueError: there is no comment.
    """
    known: dict[str, str] = {}
    for found in _OBJECT.finditer(schema):
        kind, relation = found.groups()
        before = schema[: found.start()].rpartition("\n\n")[2].splitlines()
        yield f"{kind} {relation}", _join([line.lstrip("- ") for line in before if line.startswith("--")], relation)
        body = schema[found.end() :]
        last = _LAST.search(body)
        lines = body[: last.start() if last else None].splitlines()[1:]
        for column, comment in _read_columns(lines, is_table=kind == "TABLE"):
            text = _join(comment, f"{relation}.{column}") if comment else known.get(column)
            if text is None:
                raise ValueError(f"{relation}.{column} has no comment")
            known.setdefault(column, text)
            yield f"COLUMN {relation}.{column}", text


def _read_columns(lines: list[str], *, is_table: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns with the lines of their comments: those behind the column, or else those before it."""
    columns: list[tuple[str, list[str]]] = []
    before: list[str] = []
    for line in (line for line in lines if line.startswith("    ")):
        code, _, comment = line.partition("-- ")
        if code.startswith("        ") and code.strip():  # within the expression of a column
            continue
        if not code.strip():
            if len(code) == 4:
                before.append(comment)
            elif columns:
                columns[-1][1].append(comment)
            continue
        if is_table:
            names = [name for name in _TABLE_COLUMN.findall(code) if name != "PRIMARY"]
        else:
            parts = [code] if comment or "(" in code else code.rstrip(", ").split(", ")
            names = [name for part in parts for name in _VIEW_COLUMN.findall(part)]
        columns += [(name, [comment] if comment else list(before)) for name in names]
        before = []
    yield from columns


def _join(lines: list[str], name: str) -> str:
    if not lines:
        raise ValueError(f"{name} has no comment")
    return " ".join(line.strip() for line in lines)


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv[1:]))
