"""Trust: decide which of the photos and networks that a database names may be opened.

A database names photos by path or URL, and may name files of networks. A database from a stranger could name any file
or server. Therefore an ingest signs each name that it writes with a key of the user. A name is used only if its
signature is valid, or if the user allows it.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import platformdirs

from posesearch.paths import expand_folder_path
from posesearch.sources import to_location

ALL: Final = "all"
"""The value with which a user allows all names in a database."""

_KEY_BYTES: Final = 32
_KEY_ID_CHARACTERS: Final = 8
_SIGNATURE_CHARACTERS: Final = 16  # 64 bits are enough, because only this user's runs can test a guess


class Trust:
    """Decides which of the names in a database may be opened."""

    def __init__(self, allowed: Sequence[str | os.PathLike[str]] = ()) -> None:
        """Trust names with a valid signature, and those that the user allows.

        Args:
            allowed: folders below which photos may be opened, or "all" for everything.
        """
        names = [allowed] if isinstance(allowed, str | os.PathLike) else list(allowed)
        self._allows_all = ALL in names
        self._folders = [os.path.realpath(expand_folder_path(folder)) for folder in names if folder != ALL]

    def allows(self, name: str, signature: str | None) -> bool:
        """Return whether a name in a database may be used: a photo's path or URL, or a description of a network."""
        if self._allows_all or _is_valid(name, signature):
            return True
        location = Path(to_location(name))
        if not location.is_absolute():  # a URL is not in a folder
            return False
        return any(Path(os.path.realpath(location)).is_relative_to(folder) for folder in self._folders)


def sign(name: str) -> str | None:
    """Return the signature of a name. It is None if no key can be stored on this machine."""
    key = _load_key()
    return None if key is None else _key_id(key) + _digest(key, name)


def signature_prefix() -> str | None:
    """Return the start that all signatures of this user have in common. It is None if no key can be stored."""
    key = _load_key()
    return None if key is None else _key_id(key)


def key_path() -> Path:
    """Return the path of the user's key. The file may not exist yet."""
    return platformdirs.user_data_path("posesearch", appauthor=False) / "key"


def _is_valid(name: str, signature: str | None) -> bool:
    expected = sign(name)
    return expected is not None and signature is not None and hmac.compare_digest(expected.encode(), signature.encode())


def _digest(key: bytes, name: str) -> str:
    return hmac.digest(key, name.encode("utf-8", "surrogatepass"), "sha256").hex()[:_SIGNATURE_CHARACTERS]


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"posesearch key id" + key).hexdigest()[:_KEY_ID_CHARACTERS]


def _load_key() -> bytes | None:
    """Return the user's key. The first call makes it."""
    return _read_or_make_key(key_path())


def _place_key(new: Path, path: Path) -> None:
    """Give a new key its name, unless another process was first."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            new.replace(path)
            new.touch()  # the caller removes it


@cache
def _read_or_make_key(path: Path) -> bytes | None:
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size != _KEY_BYTES:  # a power failure interrupted the writing
            path.unlink()
        if not path.exists():
            # Written under another name and linked, so that two processes at the same time read the same key.
            new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            new.touch(mode=0o600, exist_ok=False)
            try:
                new.write_bytes(secrets.token_bytes(_KEY_BYTES))
                _place_key(new, path)
            finally:
                new.unlink()
        key = path.read_bytes()
        return key if len(key) == _KEY_BYTES else None
    return None
