"""A compiled network in the cache is used only if its file was not damaged, replaced or renamed."""

from pathlib import Path

import numpy as np
import pytest

from posesearch import estimators
from posesearch.estimators import weights
from posesearch.estimators.compiled import read_compiled, write_compiled
from posesearch.estimators.models import DEFAULT
from posesearch.photos.photo import Photo
from posesearch.types import Float32
from tests.conftest import decode_here

NETWORK = bytes(range(256)) * 8


@pytest.fixture(scope="module")
def photo(demo_folder: Path) -> Photo:
    return decode_here((demo_folder / "query.jpg").read_bytes(), "query.jpg")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder without compiled networks, and with the weights that are on this machine."""
    for file in estimators.find_model(DEFAULT).weights:
        weights.ensure_weights(file)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "weights").symlink_to(weights.cache_folder() / "weights")
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def find_joints(photo: Photo, streams: int) -> Float32:
    [person] = estimators.load(DEFAULT, streams).estimate(photo)
    return person.keypoints.xy


def read_all(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.slow
def test_a_flipped_bit_changes_nothing(cache: Path, photo: Photo, streams: int) -> None:
    fresh = find_joints(photo, streams)
    whole = read_all(cache / "compiled")
    # A single query compiles the network of the second look only if it needs it.
    assert len(whole) == (2 if streams == 1 else 3)
    np.testing.assert_array_equal(find_joints(photo, streams), fresh)
    assert read_all(cache / "compiled") == whole
    for part in (0.3, 0.9):
        for path, data in whole.items():
            damaged = bytearray(data)
            damaged[int(part * len(data))] ^= 0x40
            path.write_bytes(damaged)
        np.testing.assert_array_equal(find_joints(photo, streams), fresh)
        assert all(read_compiled(path) is not None for path in whole)  # compiled again


@pytest.mark.slow
def test_a_wrong_missing_or_foreign_hash_is_compiled_again(cache: Path, photo: Photo) -> None:
    fresh = find_joints(photo, 1)
    whole = read_all(cache / "compiled")
    first, second = whole
    damages = (
        {first: bytes(32) + whole[first][32:], second: whole[second][32:]},  # a wrong hash, and no hash
        {first: whole[second], second: whole[first]},  # two files with exchanged names
        {first: b"", second: whole[second][:-1]},
        {first: whole[first][:20], second: b"\0" * len(whole[second])},
    )
    for damage in damages:
        for path, data in damage.items():
            path.write_bytes(data)
        np.testing.assert_array_equal(find_joints(photo, 1), fresh)
        assert all(read_compiled(path) is not None for path in whole)


def test_a_network_that_openvino_refuses_is_compiled_again(cache: Path, photo: Photo) -> None:
    fresh = find_joints(photo, 1)
    for path, data in read_all(cache / "compiled").items():
        write_compiled(path, memoryview(b"of another build" + data))
    np.testing.assert_array_equal(find_joints(photo, 1), fresh)
    assert all(path.stat().st_size > 1_000_000 for path in (cache / "compiled").iterdir())
    assert all(b"of another build" not in data[:100] for data in read_all(cache / "compiled").values())


def test_a_cache_that_can_not_be_written_does_no_harm(cache: Path, photo: Photo) -> None:
    (cache / "compiled").write_text("a file where the folder should be")
    joints = find_joints(photo, 1)
    (cache / "compiled").unlink()
    np.testing.assert_array_equal(find_joints(photo, 1), joints)


@pytest.mark.slow
def test_no_damage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "compiled" / "a.network"
    assert read_compiled(path) is None
    path.parent.mkdir()
    (path.parent / "123.blob").write_bytes(NETWORK)  # has no hash
    write_compiled(path, memoryview(NETWORK))
    assert read_compiled(path) == NETWORK
    assert list(path.parent.iterdir()) == [path]
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert read_compiled(path) is None, bit
    for size in range(len(data)):
        path.write_bytes(data[:size])
        assert read_compiled(path) is None, size
    path.write_bytes(data + b"\0")
    assert read_compiled(path) is None
