"""Check the database after commands were killed, found the disk full, or found the database locked.

    python benchmarks/crash.py FOLDER [-n KILLS] [--photos PHOTOS] [--seed N] [--only PART ...]

The first PHOTOS photos of FOLDER are ingested without interruption. This gives the expected rows. The parts are:

- random: The ingest is started again, and killed (SIGKILL) at a random moment. It is run again on the same file until
  it finishes. This is repeated with a new file until there were KILLS kills. After each kill, the file must open and
  have only whole photos. At each end, its rows and their ids must be the expected ones. Every second ingest writes a
  batch every fifth of a second, so that kills hit the writing.
- full: The ingest runs with a limit on the size of its files, which is raised from run to run. It also runs on a small
  tmpfs, if one can be mounted.
- held: Another process locks the database, at the start and in the middle of a run.
- calls: ingest, cluster, ingest --prune, reestimate and the upgrade of an old database are killed at chosen system
  calls, at KILLS of them each (kills.py). After each kill, the invariants of invariants.py must hold. The same command
  is run again, and must end as without a kill.
- beside: cluster runs at the same time as the commands that remove poses.
"""

import argparse
import contextlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import kills
import machine
from invariants import find_broken

RUN = """
import sys
from posesearch.ingest import batch
batch.BATCH_SECONDS = float(sys.argv.pop(1))
from posesearch.cli import main
main()
"""

PARTS = ("random", "full", "held", "calls", "beside")
TABLES = {"snapshots": "* EXCLUDE ingested_at", "poses": "*", "sources": "*", "about": "*"}


def command(photos: Path, db: Path, batch_seconds: float = 5.0) -> list[str]:
    """Return the command line of an ingest."""
    return [sys.executable, "-c", RUN, str(batch_seconds), "ingest", str(photos), "--db", str(db)]


def differences(db: Path, reference: Path) -> int:
    """Return the number of rows that only one of two databases has."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{db}' AS a (READ_ONLY); ATTACH '{reference}' AS b (READ_ONLY)")
        count = 0
        for table, columns in TABLES.items():
            for one, other in (("a", "b"), ("b", "a")):
                rows = f"SELECT {columns} FROM {one}.{table} EXCEPT ALL SELECT {columns} FROM {other}.{table}"
                count += connection.execute(f"SELECT count(*) FROM ({rows})").fetchall()[0][0]
        return count


def check(db: Path, context: str) -> int:
    """Check the invariants of a database. Return its number of photos, which is 0 if there is no database."""
    if not db.exists():
        return 0
    with duckdb.connect(str(db)) as connection:  # opened for writing, which replays the log
        if not connection.execute("FROM duckdb_tables()").fetchall():
            return 0
        broken = find_broken(connection, poses_stay=True)
        [(photos,)] = connection.execute("SELECT count(*) FROM snapshots").fetchall()
    assert not broken, (context, broken)
    return int(photos)


def run(arguments: list[str], limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. `limit` is the largest size, in bytes, of the files that it may write."""

    def limited() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(arguments, capture_output=True, text=True, check=False, preexec_fn=limited)


def killed(photos: Path, folder: Path, reference: Path, count: int, seconds: float) -> None:
    """Kill ingests at random moments."""
    done = ended = inside = 0
    rounds = 0
    while done < count:
        rounds += 1
        db = folder / f"killed-{rounds}.duckdb"
        batch_seconds = 5.0 if rounds % 2 else 0.2
        while True:
            before = check(db, "before")
            with subprocess.Popen(
                command(photos, db, batch_seconds), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                moment = random.uniform(0, seconds) if done < count else 600.0  # noqa: S311 (no secret)
                try:
                    process.wait(moment)
                    break
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
            done += 1
            after = check(db, f"kill {done}")
            assert after >= before, (before, after)
            inside += after > 0
        ended += 1
        assert differences(db, reference) == 0, f"round {rounds}"
    print(
        f"{done} kills in {ended} ingests, {inside} of them with photos in the file: 0 rows differ at each end",
        flush=True,
    )


def full(photos: Path, folder: Path, reference: Path) -> None:
    """Ingest with a limit on the size of files, which is raised until it is enough. Then ingest on a full disk."""
    db, said = folder / "full.duckdb", []
    for limit in (1_000, 1_600_000, 1_700_000, 2_000_000, 3_000_000, None):
        done = run(command(photos, db, 0.5), limit)
        held = check(db, f"limit {limit}")
        assert done.returncode == (1 if limit and "writing failed" in done.stderr else done.returncode), done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        last = done.stderr.strip().splitlines()[-1].replace(str(folder), "...") if done.returncode else ""
        said.append(f"  {limit or 'no':>9} bytes: exit {done.returncode}, {held:3} photos in the file. {last[:150]}")
    assert differences(db, reference) == 0
    print("a limit on the size of files, raised from run to run: 0 rows differ at the end", *said, sep="\n")
    small = folder / "tmpfs"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(small)], check=False)  # noqa: S607
    if mounted.returncode:
        print("no tmpfs can be mounted here")
        return
    try:
        done = run(command(photos, small / "poses.duckdb", 0.5))
        held = check(small / "poses.duckdb", "tmpfs")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        with contextlib.suppress(OSError):
            (folder / "moved.duckdb").write_bytes((small / "poses.duckdb").read_bytes())
    finally:
        subprocess.run(["umount", str(small)], check=True)  # noqa: S607
    last = done.stderr.strip().splitlines()[-1].replace(str(small), "...")[:150]
    assert run(command(photos, folder / "moved.duckdb")).returncode == 0
    differ = differences(folder / "moved.duckdb", reference)
    assert differ == 0
    print(
        f"a tmpfs of 3 MB: exit 1, {held} photos in the file. {last}\n"
        "  moved to a larger disk and run again: 0 rows differ"
    )


HOLD = """
import duckdb, sys, time
from pathlib import Path
while not Path(sys.argv[1]).exists() and sys.argv[3] == "later": time.sleep(0.01)
while True:
    try:
        held = duckdb.connect(sys.argv[1])
        break
    except duckdb.Error:
        time.sleep(0.01)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def held(photos: Path, folder: Path, reference: Path) -> None:
    """Ingest while another process locks the file: before the start, and for a while after the first batch."""
    db = folder / "held.duckdb"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(db), "30", "now"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        started = time.monotonic()
        done = run(command(photos, db))
        holder.wait()
    assert done.returncode == 0, done.stderr
    assert differences(db, reference) == 0
    says = done.stderr.strip().splitlines()[0].replace(str(folder), "...")
    print(f"locked for 30 s from before the start: exit 0 after {time.monotonic() - started:.0f} s\n  {says}")
    db = folder / "held-later.duckdb"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(db), "20", "later"], stdout=subprocess.PIPE) as holder:
        done = run(command(photos, db, 1.0))
        holder.wait()
    says = done.stderr.strip().splitlines()[0].replace(str(folder), "...")
    assert done.returncode == 0, done.stderr
    assert differences(db, reference) == 0
    print(f"locked for 20 s in the middle: exit 0, 0 rows differ\n  {says}")


def ingests(source: Path, folder: Path, number: int, count: int, parts: list[str]) -> None:
    """Run the parts that ingest many photos."""
    photos, reference = folder / "photos", folder / "reference.duckdb"
    photos.mkdir()
    for photo in sorted(source.iterdir())[:number]:
        (photos / photo.name).symlink_to(photo.resolve())
    started = time.monotonic()
    assert run(command(photos, reference)).returncode == 0
    seconds = time.monotonic() - started
    print(f"{check(reference, 'reference')} photos without interruption in {seconds:.1f} s")
    if "random" in parts:
        killed(photos, folder, reference, count, seconds)
    if "full" in parts:
        full(photos, folder, reference)
    if "held" in parts:
        held(photos, folder, reference)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", type=int, default=30, metavar="KILLS")
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    options = parser.parse_args()
    random.seed(options.seed)
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if {"random", "full", "held"} & set(options.only):
            ingests(options.folder, folder, options.photos, options.n, options.only)
        broken, cases = 0, kills.make_cases(options.folder, folder)
        if "calls" in options.only:
            broken += kills.kill_at_calls(cases, folder, options.n)
        if "beside" in options.only:
            broken += kills.run_beside(cases, folder)
    sys.exit(broken > 0)
