"""`find`, `words`, `similar --with`, and the traits of `show`."""

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import BadPhrase, NoPoses, NoSuchCollection, UnknownWords
from posesearch.photos.pool import DecoderPool
from posesearch.pose.traits.table import NAMES, measure_traits
from posesearch.render.photos import PhotoOpener
from posesearch.render.pictures import make_sheet
from posesearch.sources import SourceReader
from posesearch.trust import Trust
from posesearch.types import Float64
from tests import golden
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, awkward, run

assert awkward, run  # fixtures of test_cli


def measure(db: Database) -> tuple[list[int], Float64]:
    """Return the ids of all poses, and how clearly each trait holds for each, by NumPy."""
    rows = db.sql("SELECT pose_id, x, y, world_x, world_y, world_z FROM poses ORDER BY pose_id").rows
    xy = np.array([[row[1], row[2]] for row in rows], float).transpose(0, 2, 1)
    world = np.array([[axis or [None] * 18 for axis in row[3:]] for row in rows], float).transpose(0, 2, 1)
    return [row[0] for row in rows], measure_traits(xy, world)


@pytest.mark.parametrize("trait", ["left_hand_raised", "left_knee_bent", "facing_front", "feet_apart"])
def test_find_lists_all_poses_for_which_a_trait_holds_the_clearest_first(trait: str, demo_db: Database) -> None:
    ids, clearness = measure(demo_db)
    expected = {
        pose_id: min(int(value * 10) / 10, 3)
        for pose_id, value in zip(ids, clearness[:, NAMES.index(trait)].tolist(), strict=True)
        if value >= 1
    }
    report = demo_db.find(trait, 1000, duplicates=True)
    assert len(expected) > 1
    assert {one.pose_id: one.clearness for one in report} == expected
    assert all(first.clearness >= second.clearness for first, second in pairwise(report))
    assert [one.rank for one in report] == list(range(1, 1 + len(report)))
    assert all(trait in one.traits for one in report)
    assert [one.pose_id for one in demo_db.find(trait, 2, duplicates=True)] == [one.pose_id for one in report[:2]]


def test_a_phrase_finds_what_both_parts_find(demo_db: Database) -> None:
    both, first, second = (
        {one.pose_id for one in demo_db.find(phrase, 1000, duplicates=True)}
        for phrase in ("left hand raised, not facing left", "left hand raised", "not facing left")
    )
    assert both == first & second
    assert both


def test_a_condition_needs_no_phrase(demo_db: Database) -> None:
    report = demo_db.find("", 1000, where="left_knee_bent", duplicates=True)
    assert {one.pose_id for one in report} == {
        row[0] for row in demo_db.sql("SELECT pose_id FROM pose_traits WHERE left_knee_bent").rows
    }
    assert len(report) > 1
    assert {one.clearness for one in report} == {3}
    with pytest.raises(BadPhrase, match="says nothing about a pose"):
        demo_db.find(" ")


def test_nothing_found_says_for_how_many_poses_nobody_can_tell(filled: Database) -> None:
    report = filled.find("facing front")  # these poses have no joints in space
    [(poses,)] = filled.sql("SELECT count(*) FROM poses").rows
    assert (len(report), report.unknown) == (0, poses)
    assert filled.find("left hand raised").unknown == 0


def test_near_duplicates_share_a_row(toy: Toy, db: Database, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(toy_photo(wrist=80, scene=1 + number // 2, shade=number))
    db.ingest([tmp_path / f"{number}.png" for number in range(3)])
    report = db.find("left hand raised")
    assert [(one.pose_id, one.duplicates) for one in report] == [(1, (2,)), (3, ())]
    assert report[0].remarks() == "+1 near-duplicate"
    assert [one.pose_id for one in db.find("left hand raised", 1)] == [1]
    assert len(db.find("left hand raised", duplicates=True)) == 3


def test_filters_are_those_of_similar(filled: Database) -> None:
    everything = [one.pose_id for one in filled.find("left hand raised", 100, duplicates=True)]
    some = [one.pose_id for one in filled.find("left hand raised", 100, duplicates=True, where="person = 2")]
    assert 0 < len(some) < len(everything)
    assert filled.find("left arm down", where="person = 2", collection="men").options == (
        "collection men",
        "where person = 2",
    )
    with pytest.raises(NoSuchCollection):
        filled.find("left arm down", collection="women")
    with pytest.raises(TypeError, match="there is no option 'mirror'"):
        filled.find("left arm down", mirror=False)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="phrase must be a text"):
        filled.find(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n must be 1 or more"):
        filled.find("left arm down", 0)


def test_if_no_pose_matches_the_parts_are_counted(filled: Database, run: Run) -> None:
    report = filled.find("left hand raised, right hand raised")
    raised = len(filled.find("left hand raised", 100, duplicates=True))
    assert not report
    assert report.parts == (("left hand raised", raised), ("right hand raised", 0))
    assert filled.find("right hand raised").parts == ()
    code, out, err = run("find", "left hand raised, right hand raised", "--db", filled.path, "--png", "a.png")
    assert (code, out) == (0, "phrase  left hand raised, right hand raised\n")
    assert f'No pose matches. Each part alone: {raised} poses for "left hand raised", 0 poses for "right' in err
    assert "No picture was written" in err


def test_similar_and_pairs_search_only_poses_that_match(filled: Database) -> None:
    raised = {one.pose_id for one in filled.find("left hand raised", 100, duplicates=True)}
    report = filled.similar(1, 100, with_traits="left hand raised", duplicates=True)
    assert {match.pose_id for match in report} == raised
    assert report.options == ("with left hand raised", "with near-duplicates")
    [of_many] = filled.similar_many([1], 100, with_traits="left hand raised", duplicates=True)
    assert isinstance(of_many, posesearch.SimilarReport)
    assert {match.pose_id for match in of_many} == raised
    assert filled.pairs(with_traits="left hand raised").compared == len(raised)
    with pytest.raises(UnknownWords):
        filled.similar(1, with_traits="left hand razed")


def test_words_have_the_counts_of_the_database(demo_db: Database) -> None:
    _, clearness = measure(demo_db)
    words = {word.name: word for word in demo_db.words()}
    for name, values in zip(NAMES, clearness.T, strict=True):
        counts = (values >= 1).sum(), (values <= -1).sum(), (abs(values) < 1).sum()
        assert (words[name].yes, words[name].no, words[name].unknown) == counts, name
    assert words["left_hand_on_hip"].group == "hands"
    assert "left hand on the hip" in words["left_hand_on_hip"].words
    assert all(bool(word.words) == word.is_certain for word in words.values())
    profile = demo_db.find("profile", 1000, duplicates=True)
    assert (words["profile"].yes, words["profile"].group) == (len(profile), "combinations")


def test_words_need_no_database(tmp_path: Path, run: Run) -> None:
    db = tmp_path / "none.duckdb"
    assert posesearch.open(db).words()[0].yes is None
    code, out, err = run("words", "--db", db)
    assert code == 0
    assert "left_hand_on_hip\n" in out.replace(" ", "")
    assert f"{db}: there is no database here yet, so nothing was counted." in err
    assert not db.exists()
    with pytest.raises(posesearch.NoDatabase):
        posesearch.open(db).find("sitting")


def test_a_database_without_poses_has_nothing_to_find(toy: Toy, db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo(people=0))
    db.ingest(tmp_path / "a.png")
    with pytest.raises(NoPoses):
        db.find("sitting")
    assert {word.yes for word in db.words()} == {0}


def test_show_has_traits_and_its_json_is_still_a_query(filled: Database, tmp_path: Path, run: Run) -> None:
    raised = filled.find("left hand raised")[0]
    stored = filled.show(raised.pose_id)
    assert stored.traits == raised.traits
    out = run("show", raised.pose_id, "--db", filled.path)[1]
    assert f"traits       {', '.join(raised.traits)}\n" in out
    text = run("show", raised.pose_id, "--db", filled.path, "--json")[1]
    assert json.loads(text)["traits"] == list(raised.traits)
    (tmp_path / "pose.json").write_text(text, encoding="utf-8")
    assert filled.similar(tmp_path / "pose.json", 1)[0].similarity > 0.999


def test_what_find_prints(awkward: Path, run: Run) -> None:
    code, out, err = run("find", "arms", "down", "--all", "--ascii", "--db", awkward)
    assert (code, err) == (0, "")
    lines = [line.rstrip() for line in out.replace(str(awkward.parent), "FOLDER").splitlines()]
    text = re.sub(r"\d\.\d\b", "N.N", "\n".join(lines))  # the clearness is compared elsewhere
    golden.check("find--ascii.txt", text + "\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["find", "armz up"],
            'Invalid value for PHRASE: There is no word "armz". Nearest: arm, arms. Try: posesearch words',
        ),
        (["find", ""], "Invalid value for PHRASE: The phrase says nothing about a pose."),
        (["similar", "1", "--with", "razed"], 'Invalid value for --with: There is no word "razed". Nearest: raised'),
        (["pairs", "--with", ""], "it is empty; leave the option out"),
        (["find"], "The phrase says nothing"),
    ],
)
def test_a_phrase_that_cannot_be_read_is_a_usage_error(arguments: list[str], says: str, run: Run) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in " ".join(err.split())


def test_the_sheet_says_what_was_searched(demo_db: Database) -> None:
    report = demo_db.find("left hand raised", 3, collection="men")
    opener = PhotoOpener(SourceReader(), DecoderPool(1), Trust())
    sheet = make_sheet(report, opener)
    opener.decoders.close()
    assert sheet.title == 'Poses that match "left hand raised" — collection men'
    assert len(sheet.tiles) == len(report)
    assert sheet.tiles[0].heading == f"1.  clearness {report[0].clearness:.1f}"
    assert report.sheet().width > 300
