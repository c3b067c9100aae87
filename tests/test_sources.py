import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from posesearch import sources
from posesearch.errors import DownloadFailed, PhotoTooLarge, SourceError
from tests.conftest import answer

Routes = dict[str, Callable[[BaseHTTPRequestHandler], None]]
Server = tuple[str, Routes]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "sub/c.webp", "sub/deep/d.jpeg", ".hidden.jpg", ".git/e.jpg", "notes.txt", "x.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(found: list[str], tree: Path) -> list[str]:
    return [Path(name).relative_to(tree).as_posix() for name in found]


def test_a_folder_gives_its_photos_sorted_and_its_sub_folders(tree: Path) -> None:
    assert names(sources.expand([tree]), tree) == ["a.PNG", "b.jpg", "sub/c.webp", "sub/deep/d.jpeg"]


def test_each_photo_comes_once(tree: Path) -> None:
    assert names(sources.expand([tree / "b.jpg", tree, tree / "sub"]), tree)[0] == "b.jpg"
    assert len(sources.expand([tree / "b.jpg", tree, tree / "sub"])) == 4


def test_a_file_that_is_named_is_taken_whatever_its_ending(tree: Path) -> None:
    assert names(sources.expand([tree / "x.mp4", tree / "missing"]), tree) == ["x.mp4", "missing"]


def test_globs(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert names(sources.expand(["**/*.jpeg", "*.jpg"]), tree) == ["sub/deep/d.jpeg", "b.jpg"]
    (tree / "[1].jpg").write_bytes(b"x")
    assert names(sources.expand(["[1].jpg"]), tree) == ["[1].jpg"]


def test_lists_are_relative_to_their_own_folder(tree: Path) -> None:
    (tree / "sub" / "list.txt").write_text("# mine\n\nc.webp\n../b.jpg\nhttps://example.org/x.jpg\n", encoding="utf-8")
    found = sources.expand([tree / "sub" / "list.txt"])
    assert found == [str(tree / "sub/c.webp"), str(tree / "b.jpg"), "https://example.org/x.jpg"]


def test_csv_with_and_without_header(tree: Path) -> None:
    (tree / "with.csv").write_text('id,Path\n1,b.jpg\n2,"sub/c.webp"\n', encoding="utf-8-sig")
    (tree / "without.csv").write_text("b.jpg,red\nsub/c.webp,blue\n", encoding="utf-8")
    (tree / "tabs.tsv").write_text("note\turl\nhello\thttp://example.org/y.png\n", encoding="utf-8")
    assert names(sources.expand([tree / "with.csv"]), tree) == ["b.jpg", "sub/c.webp"]
    assert names(sources.expand([tree / "without.csv"]), tree) == ["b.jpg", "sub/c.webp"]
    assert sources.expand([tree / "tabs.tsv"]) == ["http://example.org/y.png"]


def test_a_list_that_names_itself_ends(tree: Path) -> None:
    (tree / "loop.txt").write_text("loop.txt\nb.jpg\n", encoding="utf-8")
    assert names(sources.expand([tree / "loop.txt"]), tree) == ["loop.txt", "b.jpg"]


def test_a_list_with_an_address_that_is_none_goes_on(tree: Path) -> None:
    (tree / "odd.txt").write_text("http://[\nb.jpg\n", encoding="utf-8")
    assert sources.expand([tree / "odd.txt"]) == ["http://[", str(tree / "b.jpg")]


def test_a_list_that_is_no_csv(tree: Path) -> None:
    (tree / "quote.csv").write_text('path\n"' + "x" * 200_000, encoding="utf-8")
    with pytest.raises(SourceError, match=r"quote\.csv: the list can't be read as CSV"):
        sources.expand([tree / "quote.csv"])


def test_a_list_that_is_no_text(tree: Path) -> None:
    (tree / "list.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(SourceError, match=r"list\.csv: the list can't be read as UTF-8 text"):
        sources.expand([tree / "list.csv"])


def test_credentials_are_dropped() -> None:
    assert sources.expand(["https://me:secret@example.org:8080/a.jpg?b=c"]) == ["https://example.org:8080/a.jpg?b=c"]


def test_an_address_gives_its_bytes_also_after_a_redirect(server: Server) -> None:
    address, routes = server
    routes["/photo"] = answer(b"bytes")
    routes["/moved"] = answer(b"", 302, Location="/photo")
    assert sources.read(f"{address}/photo") == b"bytes"
    assert sources.read(f"{address}/moved") == b"bytes"


def test_an_address_that_is_not_there(server: Server) -> None:
    address, routes = server
    routes["/gone"] = answer(b"no", 404)
    with pytest.raises(DownloadFailed, match=r"/gone: the address answers 404 Not Found"):
        sources.read(f"{address}/gone")
    with pytest.raises(DownloadFailed, match="can't be reached"):
        sources.read("http://127.0.0.1:1/x.jpg")
    with pytest.raises(DownloadFailed, match="can't be reached"):
        sources.read("http://[bad/x.jpg")


def test_an_address_that_breaks_off(server: Server) -> None:
    address, routes = server
    routes["/short"] = answer(b"only this", Content_Length="1000")
    with pytest.raises(DownloadFailed, match="can't be reached"):
        sources.read(f"{address}/short")


def test_an_address_that_hangs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address, routes = server
    routes["/hangs"] = lambda _: time.sleep(30)
    monkeypatch.setattr(sources, "READ_SECONDS", 0.2)
    with pytest.raises(DownloadFailed, match="does not answer in time"):
        sources.read(f"{address}/hangs")


def test_an_address_that_trickles(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address, routes = server

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(600):
            handler.wfile.write(b".")
            handler.wfile.flush()
            time.sleep(0.05)

    routes["/trickle"] = trickle
    monkeypatch.setattr(sources, "DOWNLOAD_SECONDS", 0.5)
    with pytest.raises(DownloadFailed, match="took more than"):
        sources.read(f"{address}/trickle")


def test_a_file_larger_than_the_limit(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, routes = server
    monkeypatch.setattr(sources, "MAX_BYTES", 1000)
    routes["/large"] = answer(bytes(5000))
    (tmp_path / "large.jpg").write_bytes(bytes(5000))
    for source in (f"{address}/large", str(tmp_path / "large.jpg")):
        with pytest.raises(PhotoTooLarge):
            sources.read(source)
