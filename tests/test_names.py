"""The names of photos in the database and in messages. Names of URLs have no secrets."""

import json
import os
import string
import unicodedata
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import posesearch
from posesearch.database import Database
from posesearch.results.search import Failure
from posesearch.sources import public_name, to_path, to_unicode
from tests.conftest import Toy, toy_photo

SECRETS = st.text(string.ascii_letters + string.digits, min_size=10, max_size=20).map(lambda text: "zQ7" + text)
SECRET_NAMES = st.sampled_from((
    "token", "access_token", "id_token", "refresh_token", "code", "access_code", "authCode", "sessionid", "session_id",
    "PHPSESSID", "ASP.NET_SessionId", "JSESSIONID", "sid", "otp", "pin", "ticket", "sso", "SAMLRequest", "RelaySAML",
    "assertion", "client_assertion", "client_secret", "refresh", "nonce", "hmac", "sign", "apikey", "api_key", "key",
    "appid", "password", "passwd", "pwd", "auth", "Authorization", "bearer", "jwt", "oauth_signature", "cookie",
    "signature", "X-Amz-Security-Token", "sig",
))  # fmt: skip
TEXT = st.text(string.ascii_letters + string.digits + "-_.~/", max_size=12)
PLACES = {
    "user name": "{scheme}://{secret}@{host}/{path}?{query}",
    "password": "{scheme}://me:{secret}@{host}/{path}?{query}",
    "password that breaks the URL": "{scheme}://me:pa/{secret}@{host}/{path}?{query}",
    "encoded password": "{scheme}://me%3A{secret}%40{host}/{path}?{query}",
    "fragment": "{scheme}://{host}/{path}?{query}#{name}={secret}",
    "query": "{scheme}://{host}/{path}?{query}&{name}={secret}",
    "first in the query": "{scheme}://{host}/{path}?{name}={secret}&{query}",
    "query with semicolons": "{scheme}://{host}/{path}?{query};{name}={secret};x=1",
    "path parameter": "{scheme}://{host}/{path};{name}={secret}?{query}",
    "path parameter of a folder": "{scheme}://{host}/a;{name}={secret}/b.jpg",
    "encoded path parameter": "{scheme}://{host}/a%3B{name}={secret}/b.jpg",
    "broken path": "{scheme}://{host}/{path}&{name}={secret}",
    "no URL": "{scheme}://[{host}/{path}?{name}={secret}",
    "URL in a value": "{scheme}://{host}/{path}?url={nested}&{query}",
    "URL in a path": "{scheme}://{host}/fetch/{nested}",
    "plain URL in a path": "{scheme}://{host}/fetch/https://me:{secret}@{host}/a.jpg",
    "URL as a query": "{scheme}://{host}/{path}?https://me:{secret}@{host}/?{name}={secret}",
    "place after a login": "{scheme}://{host}/{path}?next=/in%3F{name}%3D{secret}",
}
REMOVED = {"user name", "password", "password that breaks the URL", "encoded password", "fragment"}


@st.composite
def addresses(draw: st.DrawFn, secret: str) -> tuple[str, str]:
    """Return a place in a URL, and a URL with a secret at this place."""
    place = draw(st.sampled_from(sorted(PLACES)))
    name = draw(SECRET_NAMES)
    name = draw(st.sampled_from([name, name.upper(), name.lower(), "".join(f"%{ord(letter):02x}" for letter in name)]))
    nested = f"https://me:{secret}@example.org/?{name}={secret}"
    for _ in range(draw(st.integers(1, 3))):
        nested = quote(nested, safe="")
    return place, PLACES[place].format(
        scheme=draw(st.sampled_from(("http", "https", "HTTP", "ftp"))),
        host=draw(st.sampled_from(("example.org", "[::1]:8000", "b\u00fccher.example", "127.0.0.1:80"))),
        path=draw(TEXT).lstrip("/"), query=f"w={draw(TEXT)}", name=name, secret=secret, nested=nested,
    )  # fmt: skip


@given(st.data(), SECRETS)
def test_no_secret_is_in_the_name_of_a_url(data: st.DataObject, secret: str) -> None:
    _, url = data.draw(addresses(secret))
    named = public_name(url)
    assert secret.lower() not in named.lower()
    assert public_name(named) == named


@given(st.data(), SECRETS, SECRETS)
def test_urls_with_different_secrets_have_different_names(data: st.DataObject, one: str, two: str) -> None:
    place, url = data.draw(addresses(one))
    is_signed = "sig=" in url.lower() or "signature=" in url.lower() or "%73" in url
    if one != two and place not in REMOVED and not is_signed:
        assert public_name(url) != public_name(url.replace(one, two))


@given(
    st.text()
    | st.text("[]@:;=?&#/%40 pin", max_size=20)
    | st.lists(st.sampled_from((*"[]@:;=?&#/", "key"))).map("".join)
)
@pytest.mark.slow
def test_every_url_has_a_name_that_is_its_own(rest: str) -> None:
    named = public_name(f"http://{rest}")
    assert public_name(named) == named
    named.encode()  # it is valid Unicode


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/photos/12345678@N00/5_b.jpg", "https://example.org/@me/a.jpg?zip_code=12345&id=5&page=2",
        "https://example.org/a%20b;v=2/c.jpg?w=9&h=10&q=a%20b+c&state=CA&hash=0f&email=", "http://example.org?a=1&&b",
        "https://example.org/thumb/https%3A%2F%2Fexample.org%2Fa.jpg%3Fw%3D1/9px.jpg", "https://example.org/Foo_(%3B).jpg",
    ],
)  # fmt: skip
def test_a_url_without_secrets_is_its_own_name(url: str) -> None:
    assert public_name(url) == url


@given(st.binary(max_size=12) | st.lists(st.sampled_from((b"\\", b"x5c", b"udc", b"ff", b"\xff", b"a"))).map(b"".join))
@example(b"k\xff.jpg")
@example(rb"k\udcff.jpg")
@example(rb"k\x5cudcff.jpg")
def test_a_name_tells_its_path(raw: bytes) -> None:
    path = os.fsdecode(raw)
    named = to_unicode(path)
    named.encode()  # it is valid Unicode
    assert to_path(named) == path


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("/a/b.jpg", "/a b/\u732b\u0301.jpg", r"C:\photos\x.jpg", r"\u0041\n\\.jpg"):
        assert to_unicode(name) == name


def test_files_whose_names_look_alike_are_two_photos(db: Database, toy: Toy, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    paths = [folder + b"/k\xff.png", folder + rb"/k\udcff.png"]
    for number, path in enumerate(paths):
        Path(os.fsdecode(path)).write_bytes(toy_photo(wrist=number))
    assert db.ingest(tmp_path).ingested == 2
    assert db.ingest(tmp_path).unchanged == 2
    rows = db.sql("SELECT source FROM snapshots ORDER BY source").rows
    assert sorted(os.fsencode(to_path(source)) for (source,) in rows) == sorted(paths)


def test_a_file_with_an_undecodable_name_is_known_to_be_gone(db: Database, toy: Toy, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    old = Path(os.fsdecode(os.fsencode(tmp_path) + b"/one/k\xff.png"))
    old.write_bytes(toy_photo())
    db.ingest(tmp_path / "one")
    old.rename(tmp_path / "two" / "k.png")
    assert db.ingest(tmp_path / "two").moved == 1


@pytest.fixture
def undecodable(db: Database, tmp_path: Path) -> Path:
    """A photo in a folder, with bytes in their names that are not UTF-8. The database has it."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xe9te"))
    folder.mkdir()
    photo = folder / os.fsdecode(b"caf\xe9.png")
    photo.write_bytes(toy_photo())
    assert db.ingest(folder).ingested == 1
    return photo


def test_a_photo_with_an_undecodable_name_is_opened_wherever_the_database_names_it(
    db: Database, undecodable: Path
) -> None:
    assert db.reestimate("tf-pose").redone == 1
    (pose_id,) = db.pose_ids("SELECT pose_id FROM poses")
    stored = db.show(pose_id)
    assert stored.exists
    assert stored.source == to_unicode(str(undecodable))
    assert stored.image().size == db.similar(str(undecodable))[0].image().size == (200, 200)  # the size of the photo
    with posesearch.open(db.path, trust=[undecodable.parent]) as trusting:
        assert trusting.show(pose_id).exists
    undecodable.unlink()
    (undecodable.parent / "other.png").write_bytes(toy_photo(wrist=9))
    assert db.show(pose_id).exists is False
    assert db.ingest(undecodable.parent, prune=True).pruned == 1


def test_a_query_has_the_name_that_the_database_has(db: Database, undecodable: Path) -> None:
    name = to_unicode(str(undecodable))
    report = db.similar(str(undecodable))
    assert (report.query.source, report[0].source) == (name, name)
    assert report.sheet().size[0] > 0
    failure, _ = db.similar_many([f"{undecodable}x", undecodable])
    assert isinstance(failure, Failure)
    assert failure.source == f"{name}x"
    json.dumps(failure.as_json(), ensure_ascii=False).encode()  # it is valid Unicode


def test_a_name_as_it_is_printed_opens_the_file(db: Database, undecodable: Path, tmp_path: Path) -> None:
    name = to_unicode(str(undecodable))
    assert db.similar(name).query.source == name
    assert db.photos(name) == db.photos(to_unicode(str(undecodable.parent))) == [str(undecodable)]
    (tmp_path / "list.csv").write_text(f"source\n{name}\n", encoding="utf-8")
    assert db.ingest(tmp_path / "list.csv").unchanged == 1


@pytest.mark.parametrize(("on_disk", "typed"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_path_in_another_unicode_form_opens_the_file(
    on_disk: Literal["NFC", "NFD"], typed: Literal["NFC", "NFD"], db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / unicodedata.normalize(typed, "\u00e9t\u00e9") / unicodedata.normalize(on_disk, "caf\u00e9")
    folder.mkdir(parents=True)  # each part of a path may have a form of its own
    (folder / unicodedata.normalize(on_disk, "\u00fc.png")).write_bytes(toy_photo())
    other = Path(unicodedata.normalize(typed, str(folder)))
    photo = other / unicodedata.normalize(typed, "\u00fc.png")
    with posesearch.open(other / unicodedata.normalize(typed, "\u00fc.duckdb")) as moved:
        assert Path(moved.path).parent.samefile(folder)
        assert moved.ingest(photo).ingested == 1
        assert moved.ingest(folder).unchanged == 1
        assert moved.ingest(str(other / "*.png")).unchanged == 1
        assert len(moved.similar(photo)) == 1
        (folder / unicodedata.normalize(on_disk, "\u00fc.json")).write_text(
            json.dumps(moved.similar(photo).as_json()), encoding="utf-8"
        )
        assert len(moved.similar(photo.with_suffix(".json"))) == 1
    assert [one.name for one in tmp_path.iterdir()] == [folder.parent.name]  # no second folder was made
