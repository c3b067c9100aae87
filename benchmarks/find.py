"""Time searches for traits in 100,000 and 1,000,000 poses.

    python benchmarks/find.py DATABASE [--sizes 100000 1000000] [--queries N] [--keep DIR]

DATABASE has real poses with world coordinates. For each size, a database is filled with copies of them whose joints are
displaced by up to 1% of the height of the person, each on its own. The times are in milliseconds, on an open, warm file
except for the last lines:

- the search of `similar` for a complete pose, which the other times are divided by
- the n clearest poses for rules of 1, 3 and 6 traits, which `find` searches for
- the same, if DuckDB computes the rules from the joints, and they are not stored
- the counts of all traits, which `words` shows
- the whole calls of Database.similar and Database.find, which also open the file
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import machine
import numpy as np
from search import Kind, prepare, summary, timed

import posesearch
from posesearch import skeleton
from posesearch.pose.traits.expressions import select
from posesearch.pose.traits.rules import all_of
from posesearch.pose.traits.table import OF, TRAITS
from posesearch.store import configuration, schema
from posesearch.store.clearness import compute_clearness
from posesearch.store.configuration import quote_text
from posesearch.store.connection import DatabaseFile
from posesearch.store.poses import read_poses
from posesearch.store.search import find_most_similar
from posesearch.store.traits import count_rules, find_clearest

N: Final = 10
PHRASES: Final = (
    ("left_hand_raised",),
    ("lunge",),
    ("sitting",),
    ("left_hand_raised", "left_arm_straight", "standing"),
    ("standing", "facing_front", "trunk_upright", "left_arm_hanging", "right_arm_hanging", "left_leg_straight"),
)


_RULES: Final = {trait.name: trait.rule for trait in TRAITS}


def build(path: Path, real: str, count: int) -> None:
    """Write a database of `count` poses like those of another one."""
    moved = ", ".join(
        f"{_displace(column, scale)} AS {column}"
        for column, scale in (("x", "box_height"), ("y", "box_height"), *((f"world_{axis}", "1.7") for axis in "xyz"))
    )
    with duckdb.connect(str(path), config=dict(configuration.FILE_CONFIG)) as connection:
        connection.execute(configuration.DISABLE_FLOAT_COMPRESSION)
        connection.execute(schema.read_schema())
        connection.execute("INSERT INTO about VALUES ('schema_version', ?)", [str(schema.SCHEMA_VERSION)])
        connection.execute("INSERT INTO about VALUES ('estimator', 'blazepose'), ('model_files', '{}')")
        connection.execute(f"ATTACH {quote_text(real)} AS given (READ_ONLY)")
        connection.execute("SELECT setseed(0.5)")
        query = "SELECT count(*) FROM given.main.poses WHERE world_x IS NOT NULL"
        [(total,)] = connection.execute(query).fetchall()
        connection.execute(f"""
            INSERT INTO poses BY NAME
            SELECT * EXCLUDE (number) REPLACE (number AS pose_id, number AS snapshot_id, {moved})
            FROM (
                SELECT p.*, row_number() OVER () AS number
                FROM given.main.poses AS p, range({count // total + 1}) WHERE world_x IS NOT NULL LIMIT {count}
            )
        """)
        connection.execute("""
            INSERT INTO snapshots BY NAME
            SELECT snapshot_id, '/photos/' || snapshot_id || '.jpg' AS source, snapshot_id::VARCHAR AS sha256,
                   600 AS width, 900 AS height, 'many' AS collection, 'ingested' AS status, '{}' AS settings,
                   hash(snapshot_id) AS dhash
            FROM poses
        """)
        connection.execute("DETACH given")
        computed = compute_clearness("poses")
        seconds = timed(lambda: connection.execute(f"CREATE TABLE new AS {computed}")) / 1000
        connection.execute("UPDATE poses SET clearness = new.clearness FROM new WHERE new.pose_id = poses.pose_id")
        connection.execute("DROP TABLE new")
        print(f"\n{count:,} poses: all {len(TRAITS)} traits computed in {seconds:.1f} s by SQL")
        connection.execute("CHECKPOINT")


def _displace(column: str, scale: str) -> str:
    elements = (f"{column}[{place}] + (random() - 0.5) * 0.02 * {scale}" for place in range(1, skeleton.N_JOINTS + 1))
    return f"array_value({', '.join(elements)})::FLOAT[{skeleton.N_JOINTS}]"


def measure(path: Path, count: int, repeats: int) -> None:
    """Print the times of a database of this size."""
    with DatabaseFile(path).reading() as connection:
        complete = connection.execute("SELECT pose_id FROM poses WHERE body_joints = 14 LIMIT 1").fetchall()[0][0]
        query = prepare(next(iter(read_poses(connection, [complete]))), Kind(""))

        def search(candidates: str) -> object:
            return find_most_similar(
                connection, query, N, mirror=False, exchange=False, min_shared=6, candidates=candidates
            )

        base = _print("search of similar", lambda: search("poses"), repeats)
        for names in PHRASES:
            rule = all_of(*(OF[name].rule for name in names))
            hits = len(find_clearest(connection, rule, count, "poses"))
            print(f"    {f'{len(names)} traits' if len(names) > 1 else names[0]}: {hits / count:.2%} of the poses")
            _print("  clearest", partial(find_clearest, connection, rule, N, "poses"), repeats, base)
            computed = select({"clearness": rule}, "poses")
            text = f"FROM ({computed}) WHERE clearness >= 1 ORDER BY clearness DESC, pose_id LIMIT {N}"
            _print("  clearest, not stored", partial(_fetch, connection, text), min(repeats, 3), base)
        _print("counts of all traits", partial(count_rules, connection, _RULES), repeats, base)
    with posesearch.open(path) as database:
        _print("Database.similar", lambda: database.similar(complete), repeats, base)
        _print("Database.find, 1 trait", lambda: database.find("left hand raised"), repeats, base)
        _print("Database.find, 2 phrases", lambda: database.find("left hand raised, arms straight"), repeats, base)


def _fetch(connection: Any, text: str) -> object:
    return connection.execute(text).fetchall()


def _print(text: str, work: Callable[[], object], repeats: int, base: float | None = None) -> float:
    work()  # the first call reads what later calls keep
    times = [timed(work) for _ in range(repeats)]
    median = float(np.median(times))
    print(f"    {text:30}{summary(times)} {median / (base or median):9.2f}", flush=True)
    return median


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=9)
    parser.add_argument("--keep", type=Path, help="folder in which the databases stay (default: they are deleted)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        away = options.keep or Path(temporary)
        away.mkdir(parents=True, exist_ok=True)
        print(machine.line())
        for size in options.sizes:
            database_file = away / f"{size}.duckdb"
            database_file.unlink(missing_ok=True)
            build(database_file, options.database, size)
            print(f"    {database_file.stat().st_size / 1e6:,.0f} MB")
            print(f"    {'milliseconds':30}{'median':>9} {'p99':>9} {'ratio':>9}")
            measure(database_file, size, options.queries)
