import os
import unicodedata
from pathlib import Path

import pytest

from posesearch import sources
from posesearch.errors import PhotoTooLarge, SourceError
from posesearch.sources import read


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "sub/c.webp", "sub/deep/d.jpeg", ".hidden.jpg", ".git/e.jpg", "notes.txt", "x.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(found: list[str], tree: Path) -> list[str]:
    return [Path(name).relative_to(tree).as_posix() for name in found]


def test_a_folder_gives_its_photos_sorted_and_its_sub_folders(tree: Path) -> None:
    assert names(sources.list_photos([tree]), tree) == ["a.PNG", "b.jpg", "sub/c.webp", "sub/deep/d.jpeg"]


def test_each_photo_comes_once(tree: Path) -> None:
    found = names(sources.list_photos([tree / "b.jpg", tree, tree / "sub"]), tree)
    assert found == ["b.jpg", "a.PNG", "sub/c.webp", "sub/deep/d.jpeg"]


def test_a_file_that_is_named_is_taken_whatever_its_ending(tree: Path) -> None:
    assert names(sources.list_photos([tree / "x.mp4", tree / "missing"]), tree) == ["x.mp4", "missing"]


def test_globs(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert names(sources.list_photos(["**/*.jpeg", "*.jpg"]), tree) == ["sub/deep/d.jpeg", "b.jpg"]
    (tree / "[1].jpg").write_bytes(b"x")
    assert names(sources.list_photos(["[1].jpg"]), tree) == ["[1].jpg"]


def test_lists_are_relative_to_their_own_folder(tree: Path) -> None:
    (tree / "sub" / "list.txt").write_text("# mine\n\nc.webp\n../b.jpg\nhttps://example.org/x.jpg\n", encoding="utf-8")
    found = sources.list_photos([tree / "sub" / "list.txt"])
    assert found == [str(tree / "sub/c.webp"), str(tree / "b.jpg"), "https://example.org/x.jpg"]


def test_csv_with_and_without_header(tree: Path) -> None:
    (tree / "with.csv").write_text('id,Path\n1,b.jpg\n2,"sub/c.webp"\n', encoding="utf-8-sig")
    (tree / "without.csv").write_text("b.jpg,red\nsub/c.webp,blue\n", encoding="utf-8")
    (tree / "tabs.tsv").write_text("note\turl\nhello\thttp://example.org/y.png\n", encoding="utf-8")
    assert names(sources.list_photos([tree / "with.csv"]), tree) == ["b.jpg", "sub/c.webp"]
    assert names(sources.list_photos([tree / "without.csv"]), tree) == ["b.jpg", "sub/c.webp"]
    assert sources.list_photos([tree / "tabs.tsv"]) == ["http://example.org/y.png"]


def test_a_list_that_names_itself_ends(tree: Path) -> None:
    (tree / "loop.txt").write_text("loop.txt\nb.jpg\n", encoding="utf-8")
    assert names(sources.list_photos([tree / "loop.txt"]), tree) == ["loop.txt", "b.jpg"]


def test_a_malformed_url_does_not_end_a_list(tree: Path) -> None:
    (tree / "odd.txt").write_text("http://[\nb.jpg\n", encoding="utf-8")
    assert sources.list_photos([tree / "odd.txt"]) == ["http://[", str(tree / "b.jpg")]


def test_a_list_that_is_no_csv(tree: Path) -> None:
    (tree / "quote.csv").write_text('path\n"' + "x" * 200_000, encoding="utf-8")
    with pytest.raises(SourceError, match=r"quote\.csv: the list can't be read as CSV"):
        sources.list_photos([tree / "quote.csv"])


def test_a_list_that_is_no_text(tree: Path) -> None:
    (tree / "list.csv").write_bytes(b"\xfe\x00\x80.jpg")
    with pytest.raises(SourceError, match=r"list\.csv: the list can't be read as UTF-8 text"):
        sources.list_photos([tree / "list.csv"])


def test_what_is_secret_in_an_address_is_not_in_its_name() -> None:
    named = "https://example.org:8080/a.jpg?b=c"
    assert sources.public_name("https://me:secret@example.org:8080/a.jpg?b=c#part") == named
    signed = "https://bucket.example.org/a.jpg?w=9&X-Amz-Signature=0f0f&X-Amz-Credential=AKIA&X-Amz-Expires=60"
    assert sources.public_name(signed) == "https://bucket.example.org/a.jpg?w=9"
    one, two = (sources.public_name(f"https://example.org/photo?key={key}") for key in ("alpha", "beta"))
    assert one != two
    assert "alpha" not in one
    assert sources.public_name("http://[") == "http://["
    for password in ("pa[ss", "pa/ss", "pa#ss", "p@ss", "pa?ss"):
        named = sources.public_name(f"http://user:{password}@example.org/x.jpg")
        assert named.endswith("example.org/x.jpg")
        assert "user" not in named
        assert "ss@" not in named


def test_a_header_of_a_csv_is_no_photo(tree: Path) -> None:
    (tree / "own.csv").write_text("number,where it is\n1,b.jpg\n2,sub/c.webp\n", encoding="utf-8")
    assert names(sources.list_photos([tree / "own.csv"]), tree) == ["b.jpg", "sub/c.webp"]


def test_folders_of_programs_are_skipped(tree: Path) -> None:
    for folder in ("@eaDir", "__MACOSX", ".thumbnails", "Mine.photoslibrary", "Catalog Previews.lrdata", "#recycle"):
        (tree / folder / "deep").mkdir(parents=True)
        (tree / folder / "deep" / "x.jpg").write_bytes(b"x")
    (tree / "._b.jpg").write_bytes(b"x")
    (tree / ".DS_Store").write_bytes(b"x")
    assert names(sources.list_photos([tree]), tree) == ["a.PNG", "b.jpg", "sub/c.webp", "sub/deep/d.jpeg"]
    package = tree / "Mine.photoslibrary"
    assert names(sources.list_photos([package]), tree) == ["Mine.photoslibrary/deep/x.jpg"]  # named by the user


def test_an_ignore_file_is_a_gitignore(tree: Path) -> None:
    for name in ("sub/keep.jpg", "sub/deep/e.jpg", "drafts/f.jpg"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(b"x")
    (tree / ".posesearchignore").write_text("# not these\ndrafts/\n*.webp\nsub/**/*.jp*g\n!e.jpg\n", encoding="utf-8")
    assert names(sources.list_photos([tree]), tree) == ["a.PNG", "b.jpg", "sub/deep/e.jpg"]
    (tree / "sub" / ".posesearchignore").write_text("!keep.jpg\ne.jpg\n", encoding="utf-8")
    assert names(sources.list_photos([tree]), tree) == ["a.PNG", "b.jpg", "sub/keep.jpg"]


def test_links_are_followed_and_no_folder_comes_twice(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = tmp_path_factory.mktemp("away")
    (away / "g.jpg").write_bytes(b"x")
    (tree / "linked").symlink_to(away)
    (tree / "again").symlink_to(away)
    (away / "back").symlink_to(tree)
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "nowhere.jpg").symlink_to(tree / "gone.jpg")
    found = names(sources.list_photos([tree]), tree)
    assert found == ["a.PNG", "b.jpg", "nowhere.jpg", "sub/c.webp", "sub/deep/d.jpeg", "again/g.jpg"]


def test_a_broken_link_may_be_a_missing_disk(tree: Path) -> None:
    (tree / "usb").symlink_to(tree / "not" / "connected")
    assert sources.scan([tree]).broken_links == [str(tree / "usb")]


def test_names_and_ignore_files_that_are_none(tree: Path) -> None:
    (tree / "odd.txt").write_text("x\0y/*.png\nb.jpg\n", encoding="utf-8")
    assert [one.exists for one in sources.scan([tree / "odd.txt"]).observed] == [False, True]
    os.mkfifo(tree / ".posesearchignore")
    with pytest.raises(SourceError, match="the ignore file can't be read: it is not a regular file"):
        sources.scan([tree])


def test_a_folder_that_can_not_be_read_is_told(tree: Path) -> None:
    (tree / "sub").chmod(0)
    scan = sources.scan([tree])
    (tree / "sub").chmod(0o755)
    if os.geteuid() == 0:
        pytest.skip("the superuser may read every folder")
    assert scan.unreadable == [(str(tree / "sub"), "Permission denied")]


def test_a_list_may_use_another_unicode_form(tree: Path) -> None:
    names_ = {form: unicodedata.normalize(form, "Zo\u00eb \u65e5\u672c.jpg") for form in ("NFC", "NFD")}
    (tree / names_["NFD"]).write_bytes(b"x")
    (tree / "list.txt").write_text(names_["NFC"] + "\n", encoding="utf-8")
    [found] = sources.scan([tree / "list.txt"]).observed
    assert found.exists
    assert Path(found.location).name == names_["NFD"]


def test_what_is_found_tells_size_and_time(tree: Path) -> None:
    os.utime(tree / "b.jpg", ns=(0, 1_600_000_000_123_456_789))
    found = {Path(one.source).name: one for one in sources.scan([tree]).observed}
    assert (found["b.jpg"].bytes, found["b.jpg"].modified_ns) == (1, 1_600_000_000_123_456_789)


def test_a_very_new_file_has_no_time(tree: Path) -> None:
    assert sources.SourceReader().read(str(tree / "b.jpg")).modified_ns is None
    os.utime(tree / "b.jpg", ns=(0, 5_000_000_000))
    assert sources.SourceReader().read(str(tree / "b.jpg")).modified_ns == 5_000_000_000


def test_a_file_larger_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_BYTES", 1000)
    (tmp_path / "large.jpg").write_bytes(bytes(5000))
    with pytest.raises(PhotoTooLarge):
        sources.read_source(str(tmp_path / "large.jpg"))
