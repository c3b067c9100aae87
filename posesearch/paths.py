"""Paths as people type them: `~` is expanded, a file URL becomes its path, and what can't be a path is refused.

A path also opens a file whose name has the same characters in another Unicode normal form, or whose name is typed as
posesearch prints it, with escapes.
"""

import errno
import os
import re
import unicodedata
from typing import Final

from posesearch.errors import BadPath
from posesearch.names import to_path

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+:(//|(?<=file:))|data:[\w/+.-]*[;,]", re.IGNORECASE)
_FILE_URL: Final = re.compile(r"file:", re.IGNORECASE)
_SHORTENED_URL: Final = re.compile(r"(?:https?|ftps?|s3):/", re.IGNORECASE)  # pathlib leaves one of the slashes


def is_url(source: str) -> bool:
    """Return whether a source is a URL of any scheme. Reading a URL fails if the scheme is not http or https."""
    return _URL.match(source) is not None


def is_file_url(text: str) -> bool:
    """Return whether a text is a file URL, such as "file:///home/me/photo.jpg"."""
    return _FILE_URL.match(text) is not None


def expand_source(source: str) -> str:
    """Return a photo, folder, list or glob that a user has typed, as a path or a URL.

    `~` becomes the home folder, because a shell does not expand it in quotes. A file URL becomes its path. Other URLs
    stay as they are.

    Raises:
        BadPath: the text is empty, or it is a file URL of another computer. Or it is a relative path, and the current
            folder no longer exists.

    Example:
        expand_source("file:///home/me/my%20photo.jpg") == "/home/me/my photo.jpg"
    """
    if is_url(source) and not is_file_url(source):
        return source
    return _expand(source, "source").rstrip("/") or "/"  # a slash after the name of a file does no harm


def expand_folder_path(path: str | os.PathLike[str], what: str = "folder") -> str:
    """Return the path of a folder on this computer that a user has typed. It need not exist.

    Args:
        path: the text, with `~` or as a file URL, as in `expand_source`.
        what: what it is the name of, for the message.

    Raises:
        BadPath: as `expand_source`. Or it is a URL of another kind, is too long, or has a NUL character.
    """
    text = os.fspath(path)
    if _SHORTENED_URL.match(text) or (is_url(text) and not is_file_url(text)):
        raise BadPath(text, f"this is a URL, and the {what} must be on this computer")
    expanded = _expand(text, what)
    check_length(expanded)
    return expanded


def expand_file_path(path: str | os.PathLike[str], what: str = "file") -> str:
    """Return the path of a file on this computer that a user has typed. It need not exist.

    Args:
        path: as in `expand_folder_path`.
        what: likewise.

    Raises:
        BadPath: as `expand_folder_path`. Or the name ends in a slash, and it is not an existing folder.
    """
    expanded = expand_folder_path(path, what)
    if expanded.endswith("/") and not os.path.isdir(expanded):  # a folder has errors of its own
        raise BadPath(os.fspath(path), f"only the name of a folder ends in a slash, and the {what} is not a folder")
    return expanded


def check_length(path: str) -> None:
    """Raise BadPath if the system accepts no file with this name: it is too long, or has a NUL character."""
    try:
        os.lstat(path)
    except ValueError as error:
        raise BadPath(path, "no file can have a name with this character") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise BadPath(path, "the name is too long for a file") from error


def expand_file_url(url: str) -> str:
    """Return the path of a file URL: RFC 8089.

    Raises:
        BadPath: it is on another computer, or it is not an absolute path.
    """
    from urllib.parse import unquote  # noqa: PLC0415 (few commands need it)

    path = _FILE_URL.sub("", url, count=1)
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        path = slash + path
        if host.lower() not in ("", "localhost"):
            raise BadPath(url, f"this file is on the computer {host}; give the path of the folder where you mounted it")
    if not path.startswith("/"):
        raise BadPath(url, "a file URL needs the whole path, as in file:///home/me/photo.jpg")
    return unquote(path, errors="surrogateescape")


def find_existing_form(path: str) -> str:
    """Return a path in the form in which it exists on disk. Parts of it that do not exist stay as they are.

    Each folder, and the file, may have the other Unicode normal form there. It may also have bytes that are not UTF-8,
    for which the database and messages have escapes.
    """
    if (path.isascii() and "\\" not in path) or os.path.lexists(path):  # almost every path is like this
        return path
    existing = ""
    for part in path.split(os.sep):
        forms = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part), to_path(part))
        existing += next((form for form in forms if os.path.lexists(existing + form)), part) + os.sep
    return existing[: -len(os.sep)]


def _expand(text: str, what: str) -> str:
    if not text:
        raise BadPath(text, f"the name of the {what} is empty; perhaps a variable of your shell is not set")
    path = expand_file_url(text) if is_file_url(text) else os.path.expanduser(text)
    try:
        _ = os.path.isabs(path) or os.getcwd()
    except OSError as error:
        raise BadPath(text, "the current folder no longer exists; change to another folder") from error
    return find_existing_form(path)
