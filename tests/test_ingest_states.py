"""A photo library in many states: each ingest does what docs/ingest.md says.

`POSESEARCH_EXAMPLES=2000 pytest tests/test_ingest_states.py` searches longer.
"""

import functools
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from posesearch.database import Database
from posesearch.errors import QueryError, SourceError
from posesearch.photos.photo import Photo
from posesearch.photos.pool import DecoderPool
from posesearch.progress import IngestProgress
from posesearch.results.ingest import IngestReport, PhotoOutcome
from posesearch.types import Person
from tests.conftest import Toy, decode_here
from tests.ingest_model import Expected, Seen
from tests.ingest_rows import Model, Shelf, read_tables
from tests.photo_library import CONTENTS, KNOWN, NAMES, Content, Edit, Library, Rule, sha

EXAMPLES: Final = int(os.environ.get("POSESEARCH_EXAMPLES", "20"))

FOLDERS: Final = ("", "", "", "", "b", "y", "link")
RULES: Final = (Rule(),) * 6 + (Rule(strict=True), Rule(min_joints=12), Rule(min_joints=4))
COLLECTIONS: Final = ("default",) * 4 + ("others",)
EDITS: Final = (
    "write", "write", "write_new", "change", "change", "touch", "copy", "copy", "move", "move", "swap", "rotate",
    "delete", "delete", "delete", "delete", "restore", "restore", "restore", "make_pipe", "make_broken_link",
    "make_folder", "swap_folders", "remove_folder", "plug",
)  # fmt: skip


class Options(NamedTuple):
    """The options of an ingest."""

    rule: Rule = Rule()
    prune: bool = False
    gps: bool = False
    collection: str = "default"
    jobs: int = 1
    again: bool = False


paths = st.sampled_from(NAMES)
numbers = st.integers(0, 7)
contents = st.sampled_from(CONTENTS[:7] * 2 + CONTENTS[7:])
ingests: dict[str, Any] = {
    "edits": st.lists(st.builds(Edit, st.sampled_from(EDITS), numbers, paths, contents), max_size=4),
    "folder": st.sampled_from(FOLDERS),
    "options": st.builds(
        Options,
        st.sampled_from(RULES),
        st.sampled_from((False, False, False, True)),
        st.sampled_from((False, False, False, True)),
        st.sampled_from(COLLECTIONS),
        st.sampled_from((1, 3)),
        st.sampled_from((False, False, False, True)),
    ),
}


class Listener(IngestProgress):
    """Records the outcomes, and interrupts after some of them."""

    def __init__(self, interrupt: int | None = None) -> None:
        self.outcomes: list[PhotoOutcome] = []
        self.steps = 0
        self._interrupt = interrupt

    def step(self) -> None:
        self.steps += 1

    def photo(self, outcome: PhotoOutcome) -> None:
        super().photo(outcome)
        self.missing(outcome)

    def missing(self, outcome: PhotoOutcome) -> None:
        self.outcomes.append(outcome)
        if len(self.outcomes) == self._interrupt:
            raise KeyboardInterrupt


class InterruptedToy(Toy):
    """A toy during whose n-th estimate the user presses Ctrl-C."""

    interrupt: int | None = None

    def estimate(self, photo: Photo) -> list[Person]:
        people = super().estimate(photo)
        if self.calls == self.interrupt:
            raise KeyboardInterrupt
        return people


@functools.lru_cache
def decode(data: bytes, useful_side: int | None, gps: bool) -> Photo:
    return decode_here(data, "photo", useful_side, gps=gps)


class PhotoLibrary(RuleBasedStateMachine):
    """Photos come, change and go, and ingests follow them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="states-"))
        self.library = Library(self.folder)
        self.toy = InterruptedToy()
        self.db = Database(self.folder / "poses.duckdb", load_estimator=lambda _: self.toy)
        self.model = Model(dict.fromkeys(COLLECTIONS))
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(
            DecoderPool,
            "decode",
            lambda _pool, data, _source, useful_side=None, gps=False: decode(data, useful_side, gps),
        )

    def teardown(self) -> None:
        self.patch.undo()
        self.db.close()
        shutil.rmtree(self.folder)

    @initialize(photos=st.lists(contents, min_size=2, max_size=6))
    def fill(self, photos: list[Content]) -> None:
        """Begin with some photos. Their names are not in the order of the folder."""
        for name, content in zip(("m.png", "b/n.png", "a.png", "link/a.png", "y/a.png", "z.png"), photos, strict=False):
            self.library.apply(Edit("write", 0, name, content))
        self.run([""], Options())

    @rule(**ingests)
    def ingest(self, edits: list[Edit], folder: str, options: Options) -> None:
        self.edit(edits)
        self.run([folder], options)

    @rule(names=st.lists(paths, min_size=1, max_size=3, unique=True), **ingests)
    def ingest_files(self, names: list[str], edits: list[Edit], folder: str, options: Options) -> None:
        self.edit(edits)
        names = [name for name in names if not self.library.path(name).is_dir()]
        if names:
            self.run(names, options)

    @rule(**ingests)
    def ingest_after_dry_run(self, edits: list[Edit], folder: str, options: Options) -> None:
        self.edit(edits)
        self.run([folder], options, dry_run=True)

    @rule(**ingests)
    def ingest_by_another_name(self, edits: list[Edit], folder: str, options: Options) -> None:
        """The same photos through a link to the folder are no other photos."""
        self.edit(edits)
        self.run([folder], options)
        if not self.library.path(folder).is_dir():
            return
        before = read_tables(self.db)
        with tempfile.TemporaryDirectory() as place:
            link = Path(place, "link")
            link.symlink_to(self.library.path(folder))
            with suppress(SourceError):  # there is no photo
                self.db.ingest(
                    link, collection=options.collection, strict=options.rule.strict,
                    min_joints=options.rule.min_joints, gps=options.gps, jobs=options.jobs,
                )  # fmt: skip
        assert read_tables(self.db) == before

    @rule(name=paths, collection=st.sampled_from((None, None, *COLLECTIONS[-2:])))
    def forget(self, name: str, collection: str | None) -> None:
        """The user forgets the photo at a path, with its copies. It need not be there any more."""
        path = str(self.library.path(name))
        if not self.model.forget(path, collection):
            with pytest.raises(QueryError):
                self.db.forget(path, collection=collection, yes=True)
        else:
            self.db.forget(path, collection=collection, yes=True)
        self.model.check(read_tables(self.db))

    @rule(after=st.integers(1, 6), during=st.integers(0, 4), **ingests)
    def ingest_after_interruption(
        self, after: int, during: int, edits: list[Edit], folder: str, options: Options
    ) -> None:
        """The user presses Ctrl-C after some outcomes, or during an estimate."""
        self.edit(edits)
        self.toy.interrupt = self.toy.calls + during if during else None
        self.run([folder], options, interrupt=99 if during else after)

    def edit(self, edits: list[Edit]) -> None:
        for edit in edits:
            self.library.apply(edit)

    def run(
        self,
        named: Sequence[str],
        options: Options,
        *,
        dry_run: bool = False,
        interrupt: int | None = None,
    ) -> None:
        """Ingest, and compare the outcomes and the database with what the documentation says."""
        rule, prune, gps, collection, jobs, again = options
        self.toy.interrupt = self.toy.interrupt if interrupt else None
        if named == ["link"] and self.library.is_unplugged("link"):
            return
        shelf = self.model.shelves[collection]
        forgotten = set() if again else self.model.find_forgotten(collection)
        seen, is_error = self.look(named, shelf, prune=prune)

        def ingest(progress: Listener, *, is_dry: bool = False) -> IngestReport:
            return self.db.ingest(
                [self.library.path(name) for name in named], collection=collection, strict=rule.strict,
                min_joints=rule.min_joints, gps=gps, jobs=jobs, prune=prune, again=again, dry_run=is_dry,
                progress=progress,
            )  # fmt: skip

        if is_error:
            with pytest.raises(SourceError):
                ingest(Listener())
            self.model.update(read_tables(self.db), collection, shelf.sources, (), rule)
            return
        foretold = None
        if dry_run:
            before = Path(self.db.path).read_bytes() if Path(self.db.path).exists() else None
            foretold, calls = Listener(), self.toy.calls
            check_report(ingest(foretold, is_dry=True), foretold)
            Expected(shelf, seen, rule, forgotten=forgotten, dry_run=True).check_outcomes(
                foretold.outcomes, None, prune=prune
            )
            assert self.toy.calls == calls
            assert before == (Path(self.db.path).read_bytes() if Path(self.db.path).exists() else None)
        if interrupt is not None:
            ingest(Listener(interrupt))
            self.toy.interrupt = None
            read_tables(self.db)
        told, calls = Listener(), self.toy.calls
        report = ingest(told)
        expected, tables = Expected(shelf, seen, rule, forgotten=forgotten), read_tables(self.db)
        after = tables.sources.get(collection, {})
        if interrupt is None:
            check_report(report, told)
            expected.check_outcomes(told.outcomes, after, prune=prune)
            estimated = [photo for photo in expected.estimated if not KNOWN[photo].damage]
            others = [other.snapshots for name, other in self.model.shelves.items() if name != collection]
            elsewhere = [
                photo for photo in estimated if any(photo in one and one[photo].rule == rule for one in others)
            ]
            # Photos are copied from other collections. A run with `gps` can't copy those of runs without.
            least = len(estimated) - len(elsewhere)
            assert least <= self.toy.calls - calls <= (len(estimated) if gps else least)
        else:
            expected.skip_outcomes(after, prune=prune)
        if foretold is not None:
            check_foretold(foretold.outcomes, told.outcomes)
        self.model.update(tables, collection, expected.result(after, prune=prune), expected.estimated, rule)

    def look(self, named: Sequence[str], shelf: Shelf, *, prune: bool) -> tuple[Seen, bool]:
        """Return what a run over these files, or over this folder, finds, and whether it ends with an error."""
        library, is_folder = self.library, named[0] in FOLDERS
        files: dict[str, str | bool | None] = {}
        covered, gone, doubtful = set(), set(), set()
        for name in NAMES:
            path, is_named = library.path(name), name.startswith(named[0]) if is_folder else name in named
            is_link, is_behind = path.is_symlink(), library.is_unplugged(name)
            if is_named:
                if path.is_file():
                    files[str(path)] = sha(path.read_bytes())
                elif is_link or (path.exists() and not path.is_dir()) or (is_behind and not is_folder):
                    files[str(path)] = None
                elif not is_folder:
                    files[str(path)] = False
            if str(path) in shelf.sources:
                if is_named and not (is_behind and is_folder):
                    covered.add(str(path))
                elif not os.path.lexists(path) and not is_behind:
                    gone.add(str(path))
                elif not path.is_file() or shelf.sources[str(path)].missing:
                    doubtful.add(str(path))
        if is_folder:
            is_error = not library.path(named[0]).is_dir() or (not files and (prune or not covered))
        else:
            is_error = not any(os.path.lexists(library.path(name)) for name in named)
        return Seen(files, covered, gone, doubtful), is_error


def check_report(report: IngestReport, told: Listener) -> None:
    """Compare the counts of the report with the outcomes."""
    counts = Counter(outcome.status for outcome in told.outcomes)
    assert counts == +Counter({
        "ingested": report.ingested, "changed": report.changed, "moved": report.moved, "copy": report.copies,
        "unchanged": report.unchanged, "missing": report.missing, "pruned": report.pruned,
        "rejected": len(report.rejected), "forgotten": report.forgotten,
    })  # fmt: skip
    assert report.seen == counts.total() - report.missing - report.pruned == told.steps
    assert report.poses == sum(outcome.poses for outcome in told.outcomes)


def check_foretold(foretold: Sequence[PhotoOutcome], told: Sequence[PhotoOutcome]) -> None:
    """Compare a dry run with the run that follows. Only photos that the dry run did not estimate may be rejected."""
    real = {outcome.source: outcome for outcome in told}
    assert real.keys() == {outcome.source for outcome in foretold}
    for outcome in foretold:
        one, other = outcome, real[outcome.source]
        if other.status != "rejected":
            assert (one.status, one.same_as) == (other.status, other.same_as), (one, other)


TestPhotoLibrary = pytest.mark.slow(PhotoLibrary.TestCase)
TestPhotoLibrary.settings = settings(
    derandomize="POSESEARCH_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=12,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
