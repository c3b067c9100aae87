"""Databases that something else than posesearch has changed, and the commands that must survive them.

A command survives if it ends with its answer or with one line that says what is wrong. Tests and benchmarks/tamper.py
use this module.
"""

import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

import posesearch.database  # noqa: F401 (so that each forked process need not import it)
from posesearch.cli import main
from posesearch.store import schema

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("stats",), ("show", "1", "--json"), ("show", "2", "--ascii"),
    ("similar", "1", "--close", "0", "--png", "{folder}/similar.png"), ("similar", "1", "--view", "any", "--json"),
    ("similar", "1", "--where", "left_wrist.y < nose.y OR angles.left_elbow > 1", "--parts", "arms", "--turn"),
    ("similar", "--from-sql", "SELECT pose_id FROM poses LIMIT 3", "--json", "--collection", "men"),
    ("pairs", "--json"), ("outliers", "--view", "any", "--clustering", "1"), ("clusterings",),
    ("find", "not", "lying,", "arms", "down"), ("words",),
    ("clusterings", "--json"), ("clusterings", "use", "1"),
    ("sql", "FROM similar_poses(1), labelled_poses", "--timeout", "5"), ("ingest", "{photos}", "--dry-run"),
    ("cluster", "-k", "2"), ("ingest", "{photos}"), ("reestimate",), ("stats", "--json"),
)  # fmt: skip
"""They write last."""


def tamperings() -> dict[str, tuple[str, ...]]:
    """Return statements by what they do to a database."""
    found: dict[str, tuple[str, ...]] = {}
    for value in ("-5", "0", "x", "", "1e3", "٣", "99999999999999999999", "7.0"):
        found[f"schema_version {value!r}"] = (f"UPDATE about SET value = '{value}' WHERE key = 'schema_version'",)
    for key, values in {
        "estimator": ("", "nobody", "tf-pose"),
        "model_files": ("", "{{", "null", "[]", "7", '{"a": 1}', '{"a": {}}', '{"a": {"path": 1, "sha256": 2}}', "NaN"),
    }.items():
        for value in values:
            found[f"{key} {value!r}"] = (f"UPDATE about SET value = '{value}' WHERE key = '{key}'",)
    found["no estimator"] = ("DELETE FROM about WHERE key = 'estimator'",)
    found["about twice"] = (*loosen("about"), "INSERT INTO about FROM about")
    for table, columns in schema.table_columns().items():
        found[f"no table {table}"] = (f"DROP TABLE {table}",)
        found[f"no rows in {table}"] = (f"DELETE FROM {table}",)
        found[f"rows of {table} twice"] = (*loosen(table), f"INSERT INTO {table} FROM {table}")
        texts = ", ".join(f"{column}::VARCHAR AS {column}" for column in columns)
        found[f"text in {table}"] = loosen(table, texts)
        for column, kind in columns.items():
            for value in values_of(kind):
                name = f"{table}.{column} = {value}"
                found[name] = (*loosen(table), f"UPDATE {table} SET {column} = {value} WHERE rowid <= 1")
        last = list(columns)[-1]
        found[f"no column {table}.{last}"] = (*loosen(table), f"ALTER TABLE {table} DROP COLUMN {last}")
    for name, view in (("labelled_poses", ENDLESS), ("keypoints", ENDLESS), ("angles", "SELECT 1 AS pose_id")):
        found[f"another view {name}"] = (f"CREATE OR REPLACE VIEW {name} AS {view}",)
    found["a view instead of poses"] = ("ALTER TABLE poses RENAME TO p", f"CREATE VIEW poses AS {ENDLESS}")
    found["other settings"] = (*loosen("snapshots"), "UPDATE snapshots SET settings = '{\"estimator\": [1]}'")
    found["dangling ids"] = (
        "UPDATE labels SET pose_id = pose_id + 1000", "UPDATE centroids SET medoid_pose_id = -1",
        "UPDATE sources SET snapshot_id = snapshot_id + 1000",
    )  # fmt: skip
    found["huge ids"] = ("UPDATE poses SET pose_id = pose_id + 9000000000000000000 WHERE pose_id > 3",)
    found["all vectors NaN"] = ("UPDATE poses SET vector = [x * 'nan'::FLOAT for x in vector]::FLOAT[28]",)
    found["a default that fails"] = ("ALTER TABLE poses ALTER pose_id SET DEFAULT error('no')",)
    found["a sequence that ends"] = (
        *loosen("clusterings"), "DROP SEQUENCE clustering_ids", "CREATE SEQUENCE clustering_ids MAXVALUE 1",
    )  # fmt: skip
    return found


def values_of(kind: str) -> tuple[str, ...]:
    """Return values that a column of this type should not have."""
    if kind.startswith("FLOAT["):
        size = kind[6:-1]
        return (
            "NULL", f"repeat(['nan'::FLOAT], {size})::FLOAT[{size}]", f"repeat(['inf'::FLOAT], {size})::FLOAT[{size}]",
            f"repeat([NULL::FLOAT], {size})::FLOAT[{size}]", f"repeat([1e30::FLOAT], {size})::FLOAT[{size}]",
        )  # fmt: skip
    if kind.startswith("STRUCT("):
        names = [field.split()[0] for field in kind[7:-1].split(", ")]
        return "NULL", *(
            f"{{{', '.join(f'{name!r}: {value}' for name in names)}}}" for value in ("NULL", "-128", "127")
        )
    if kind in ("FLOAT", "DOUBLE"):
        return "NULL", "'nan'", "'-inf'", "-1e30"
    if kind == "VARCHAR":
        return "NULL", "''", "chr(27) || '[2J' || chr(10)", "repeat('x', 100000)"
    if kind == "TIMESTAMP":
        return "NULL", "'infinity'", "'290000-01-01'"
    largest = {"UTINYINT": "255", "USMALLINT": "65535"}.get(kind)
    return ("NULL", largest) if largest else ("NULL", "0", "1" if kind.startswith("U") else "-1")


def loosen(table: str, columns: str = "*") -> tuple[str, ...]:
    """Return statements that remove the constraints of a table."""
    return f"CREATE TABLE t AS SELECT {columns} FROM {table}", f"DROP TABLE {table}", f"ALTER TABLE t RENAME TO {table}"


def tamper(path: Path, statements: Sequence[str]) -> None:
    """Change a database as the duckdb shell does."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def damage(data: bytes, count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged copies of a file: with a bit inverted, without its end, or with a part zeroed."""
    draw = random.Random(seed)  # noqa: S311 (the same damages each time)
    for number in range(count):
        at = draw.randrange(len(data))
        changed = bytearray(data)
        match number % 10:
            case 8:
                yield f"only {at} bytes", data[:at]
            case 9:
                changed[at : at + 4096] = bytes(len(changed[at : at + 4096]))
                yield f"zeroes at {at}", bytes(changed)
            case _:
                bit = draw.randrange(8)
                changed[at] ^= 1 << bit
                yield f"bit {bit} of byte {at}", bytes(changed)


def run_commands(
    path: Path, photos: Path, commands: Sequence[Sequence[str]] = COMMANDS, limit: float = 60
) -> list[str]:
    """Run commands on a database of some photos, one after the other, and return what is wrong with the way they end.

    Each command runs in a process that is forked from this one, which must not have loaded a network.
    """
    problems = []
    for command in commands:
        words = [word.format(folder=path.parent, photos=photos) for word in command]
        if problem := _run([*words, "--db", str(path)], limit):
            problems.append(f"{' '.join(command)}: {problem}")
    return problems


def _run(arguments: list[str], limit: float) -> str:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = os.fork()
        if process == 0:
            os.setsid()  # so that its decoding processes end with it
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115 (until the end)
            sys.argv = ["posesearch", *arguments]
            status = 99
            try:
                main()
            except SystemExit as end:
                status = int(end.code or 0)
            except BaseException:  # noqa: BLE001 (it is printed)
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        code = _wait(process, limit)
        if code is None:
            return f"runs for more than {limit:g} seconds"
        err.seek(0)
        text = err.read().decode(errors="replace")
        if "Traceback" in text or "Warning:" in text or code not in (0, 1, 2):
            return f"exit code {code}, {text.strip().splitlines()[-1:]}"
        lines = [line for line in text.splitlines() if line.startswith("posesearch: ")]
        return f"no single line: {text!r}" if code == 1 and len(lines) != 1 else ""


def _wait(process: int, limit: float) -> int | None:
    """Return the exit code of a process. None if it runs longer than the limit, and is killed."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None
