"""A photo of several people: which one is searched for, where they are, and how another one is chosen."""

import json
from pathlib import Path

import pytest

from posesearch.database import Database
from posesearch.errors import NoSuchPerson, TooFewJoints
from posesearch.photos.pool import DecoderPool
from posesearch.render.photos import PhotoOpener
from posesearch.render.pictures import make_sheet
from posesearch.render.tiles import Tile
from posesearch.sources import SourceReader
from posesearch.trust import Trust
from tests.conftest import Toy, decode_here, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.fixture
def photo(db: Database, tmp_path: Path) -> Path:
    """A photo of three people. The first one shows two joints."""
    (tmp_path / "one.png").write_bytes(toy_photo())
    db.ingest(tmp_path / "one.png")
    path = tmp_path / "three.png"
    path.write_bytes(toy_photo(people=3, missing=12))
    return path


def test_people_have_the_numbers_of_the_estimate(db: Database, toy: Toy, photo: Path) -> None:
    found = toy.estimate(decode_here(photo.read_bytes(), str(photo)))
    for person in (None, 2, 3):
        query = db.similar(photo, person=person).query
        assert (query.people, query.person) == (3, person or 2)  # the first one has too few joints
        assert query.boxes == tuple(one.box for one in found)
        assert query.pose.person.box == query.boxes[query.person - 1]
        assert query.as_json()["boxes"] == [list(map(float, box)) for box in query.boxes]
    with pytest.raises(TooFewJoints, match="person 1 has 2 of the 14 body joints, and a search needs 3"):
        db.similar(photo, person=1)
    for person in (0, 4):
        with pytest.raises(NoSuchPerson, match=f"there is no person {person}; it shows 3 people"):
            db.similar(photo, person=person)
    assert db.similar(1).query.boxes == (db.show(1).pose.person.box,)


def test_the_command_says_where_the_people_are(db: Database, photo: Path, run: Run) -> None:
    code, out, err = run("similar", photo, "--close", "0", "--db", db.path)
    assert code == 0
    assert "person 2 of 3" in out
    boxes = json.loads(run("similar", photo, "--json", "--db", db.path)[1])["query"]["boxes"]
    places = [f"person {number} (x {x:.0f} to {x + wide:.0f})" for number, (x, _, wide, _) in enumerate(boxes, 1)]
    assert err == (
        f"{photo} shows 3 people. This searches for person 2. From left to right: {', '.join(places)}. "
        f"--person 1 searches for another.\n"
    )
    assert run("similar", photo, "--person", "3", "--close", "0", "--db", db.path)[2] == ""


def test_the_sheet_numbers_the_people(db: Database, photo: Path) -> None:
    def draw(path: Path, number: int) -> Tile:
        """Return the query's tile without skeletons, with person `number` chosen."""
        with DecoderPool(1) as decoders:
            opener = PhotoOpener(SourceReader(), decoders, Trust())
            return make_sheet(db.similar(path, person=number, close=0), opener, plain=True).tiles[0]

    second, third = draw(photo, 2), draw(photo, 3)
    assert second.heading == "query, person 2 of 3"
    below = slice(-second.pictures[0].shape[0] * 2 // 5, None)  # the photo is black, and labels of others are white
    assert (second.pictures[0][below] == 255).all(axis=2).sum() > 100
    assert (second.pictures[0][below] != third.pictures[0][below]).any()
    one = draw(photo.parent / "one.png", 1)
    assert one.heading == "query"
    assert (one.pictures[0][below] != second.pictures[0][below]).any()
