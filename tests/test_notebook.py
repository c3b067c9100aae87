"""How results show themselves in notebooks. The HTML is read with a parser, and its pictures are decoded."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import posesearch
from posesearch import trust
from posesearch.database import Database
from posesearch.photos.pool import DecoderPool
from posesearch.render.html import MAX_BYTES
from posesearch.render.thumbnails import Thumbnails
from posesearch.results.search import SimilarReport
from posesearch.results.table import Table
from tests.conftest import Server, toy_photo
from tests.test_results import REPORTS

NO_END = {"img"}


class Page(HTMLParser):
    """The elements of a result's HTML. Parsing fails on an element that is not closed."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.source = result._repr_html_()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.pictures: list[np.ndarray[Any, Any]] = []
        self._open: list[str] = []
        self.feed(self.source)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open += [] if tag in NO_END else [tag]
        names = dict(attrs)
        assert not {name for name in names if name.startswith("on") or name == "href"}
        if tag == "img":
            kind, _, data = (names["src"] or "").partition(",")
            assert kind == "data:image/jpeg;base64"
            picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            self.pictures.append(picture)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def library(toy_database: Path, tmp_path: Path) -> Callable[..., SimilarReport]:
    """Return a function that makes a report of n matches with this photo."""
    with posesearch.open(toy_database) as db:
        report = db.similar(1, 1, close=0)

    def make(n: int, source: str, *, signed: bool = True) -> SimilarReport:
        signature = trust.sign(source) if signed else None
        photo = Path(source)
        sha256 = hashlib.sha256(photo.read_bytes() if photo.is_file() else b"").hexdigest()
        stored = replace(report[0].stored, source=source, signature=signature, sha256=sha256)
        matches = tuple(replace(report[0], rank=number + 1, stored=stored) for number in range(n))
        query = replace(report.query, source=source, signature=signature, sha256=sha256)
        return SimilarReport(query, None, matches)

    return make


def is_drawn_alone(picture: np.ndarray[Any, Any]) -> bool:
    """Return whether the corner of a picture is the background of a skeleton without a photo."""
    return bool((picture[0, 0] > 240).all())


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_report_is_a_table_with_its_people(name: str, filled: Database) -> None:
    report = REPORTS[name](filled)
    page = Page(report)
    assert page.tags.count("tr") >= len(report) + 1
    assert repr(report)[1:-1] == page.text[0]
    assert len(page.pictures) == {"similar": 5, "find": 4, "pairs": 8, "outliers": 4, "cluster": 2}.get(name, 0)
    if name in {"similar", "find", "pairs", "outliers"}:
        assert not any(is_drawn_alone(picture) for picture in page.pictures)


def test_people_are_drawn_as_they_were_compared(filled: Database) -> None:
    match, pair = filled.similar(1, 1, close=0)[0], filled.pairs(1)
    [upright], [lying] = Page(match).pictures, Page(replace(match, degrees=90.0, invariance="turn")).pictures
    assert upright.shape[0] > upright.shape[1]
    assert lying.shape[0] < lying.shape[1]
    (first, second), flipped = (
        Page(replace(pair, pairs=(replace(pair[0], mirrored=one),))).pictures for one in (False, True)
    )
    assert np.array_equal(first, flipped[0])
    assert not np.array_equal(second, flipped[1])


def test_single_results_and_runs_show_themselves(filled: Database, tmp_path: Path, toy: object) -> None:
    (tmp_path / "nobody.png").write_bytes(toy_photo(people=0))
    assert len(Page(filled.show(1)).pictures) == len(Page(filled.similar(1)[0]).pictures) == 1
    run = filled.ingest(tmp_path / "nobody.png", collection="men")
    for shown in (run, run.rejected):
        assert str(tmp_path / "nobody.png") in Page(shown).text
    assert Page(filled.reestimate()).text[0].startswith("ReestimateReport: 0 photos")
    assert Page(Table(("a",), ((None,), (1.5,)), ("DOUBLE",))).text[-2:] == ["a", "1.5"]


def test_a_database_shows_its_counts(filled: Database, tmp_path: Path) -> None:
    page = Page(filled)
    assert page.text[page.text.index("poses") + 1] == str(filled.stats()["poses"])
    assert "clusterings" in page.text
    (tmp_path / "text.duckdb").write_text("no database")
    (tmp_path / "folder.duckdb").mkdir()
    for name in ("missing.duckdb", "text.duckdb", "folder.duckdb", "missing/<b>.duckdb"):
        shown = Page(posesearch.open(tmp_path / name))
        assert shown.text == [f"posesearch.Database {tmp_path / name}", "There is no database that can be read now."]
    assert not (tmp_path / "missing.duckdb").exists()


def test_names_are_text(library: Callable[..., SimilarReport], tmp_path: Path) -> None:
    name = "<script>alert('1')</script>&amp;\"<img src=x onerror=y>\u202e\n.jpg"
    report = library(2, str(tmp_path / name))
    page = Page(report)
    assert "script" not in page.tags
    assert page.tags.count("img") == 3
    assert sum("<script>alert('1')</script>&amp;" in text for text in page.text) >= 3
    evil = "<b>x</b>"
    page = Page(Table((evil,), ((evil,),), ("VARCHAR",)))
    assert page.text.count(evil) == 2
    assert page.tags.count("b") == 1  # the title


@pytest.mark.slow
def test_many_matches_of_big_photos_stay_small(library: Callable[..., SimilarReport], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), np.uint8)
    path = tmp_path / f"{'very-long-name-' * 10}.jpg"
    cv2.imwrite(str(path), noise)
    page = Page(library(150, str(path)))
    assert len(page.source.encode()) <= MAX_BYTES
    assert page.pictures
    assert page.tags.count("tr") > 90
    assert page.text[-1].startswith("… and ")
    wide = Table(tuple(f"c{number}" for number in range(60)), (("&" * 500,) * 60,) * 300, ("VARCHAR",) * 60)
    assert len(Page(wide).source.encode()) <= MAX_BYTES


def test_photos_that_must_not_be_opened_are_drawn_alone(
    library: Callable[..., SimilarReport], tmp_path: Path, server: Server
) -> None:
    base, routes = server
    asked: list[str] = []
    routes["/a.png"] = lambda handler: asked.append(handler.path)
    Image.new("RGB", (200, 200), (90, 0, 0)).save(tmp_path / "real.png")
    (tmp_path / "text.png").write_text("no photo")
    opened = Page(library(1, str(tmp_path / "real.png")))
    assert [is_drawn_alone(picture) for picture in opened.pictures] == [False, False]
    for report in (
        library(1, str(tmp_path / "real.png"), signed=False),
        library(1, str(tmp_path / "missing.png")),
        library(1, str(tmp_path / "text.png")),
        library(1, f"{base}/a.png"),
        SimilarReport(replace(library(1, "x").query, source=f"{base}/a.png", pose_id=None), None, ()),
    ):
        page = Page(report)
        assert page.pictures
        assert all(is_drawn_alone(picture) for picture in page.pictures)
    assert asked == []


def test_photos_that_take_too_long_are_drawn_alone(library: Callable[..., SimilarReport], tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), (90, 0, 0)).save(tmp_path / "real.png")
    [match] = library(1, str(tmp_path / "real.png"))
    another = replace(match, stored=replace(match.stored, sha256="0" * 64))  # the photo has changed
    with Thumbnails(100, 60.0) as people:
        picture = cv2.imdecode(np.frombuffer(people.draw_match(another), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert is_drawn_alone(picture)
    for seconds, alone in ((60.0, False), (0.0, True)):
        with Thumbnails(100, seconds) as people:
            picture = cv2.imdecode(np.frombuffer(people.draw_match(match), np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert is_drawn_alone(picture) is alone


def test_what_fails_leaves_the_text(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    report = filled.similar(1)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("anything")

    monkeypatch.setattr(DecoderPool, "decode", fail)
    assert report._repr_html_() is None  # the notebook shows the repr
