"""URLs as sources. Each has a name without credentials, which is stored and shown."""

import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from posesearch.names import replace_surrogates, to_path, to_unicode
from posesearch.paths import is_url
from posesearch.sources.secrets import mask_path, mask_query

_LONGEST_DATA: Final = 60  # characters of the name of a data URL, which has the whole photo in it
_AT: Final = re.compile("[@\ufe6b\uff20]|%40", re.IGNORECASE)  # the second and third stand for @ in a host name


def to_location(source: str) -> str:
    """Return what opens a source of the database: its path, or its URL without secrets."""
    return source if is_url(source) else to_path(source)


def to_name(location: str) -> str:
    """Return the name by which the database and messages identify a path or a URL."""
    return public_name(location) if is_url(location) else to_unicode(location)


def find_other_scheme(source: str) -> str:
    """Return the scheme of a URL that can't be opened, such as "ftp". Empty for http, https and a path."""
    scheme = source.partition(":")[0].lower() if is_url(source) else ""
    return "" if scheme in ("http", "https") else scheme


def public_name(url: str) -> str:
    """Return the name by which the database and messages identify a URL. A public name is its own public name.

    The name has no user name, password or fragment. It has no signature parameters either, because a photo's URL gets
    new ones each time that it is signed. The values of parameters that look secret are replaced by a part of their
    hash, because they may also be what distinguishes two photos.
    """
    if url[:5].lower() == "data:":
        return replace_surrogates(_shorten(url))
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises if the port is not a number, for example if it is a part of a password)
    except ValueError:
        return replace_surrogates(_name_malformed(url))
    query = mask_query(parts.query)
    masked = f"{parts.scheme}://{_AT.split(parts.netloc)[-1]}{mask_path(parts.path)}{'?' if query else ''}{query}"
    return replace_surrogates(masked)


def _shorten(url: str) -> str:
    if len(url) <= _LONGEST_DATA:
        return url
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{url[: _LONGEST_DATA - 15]}...{digest[:12]}"


def _name_malformed(url: str) -> str:
    """Return the name of a URL that can't be parsed. The URL may still have a password, up to its last @."""
    scheme, colon, rest = url.partition("://")
    *user, rest = _AT.split(rest)
    if user:
        return public_name(f"{scheme}{colon}{rest}")
    path, _, query = rest.partition("#")[0].partition("?")
    masked = mask_query(query)
    return f"{scheme}{colon}{mask_path(path)}{'?' if masked else ''}{masked}"
