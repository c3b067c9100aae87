"""URLs as sources: tells URLs from paths and gives each a name without credentials, to store and to show."""

import hashlib
import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+:(//|(?<=file:))", re.IGNORECASE)
# Query parameters of signed URLs at Amazon, Google and Microsoft. They differ each time that a photo's URL is signed.
_SIGNATURE_PARAMETER: Final = re.compile(
    r"x-amz-|x-goog-|^(signature|expires|key-pair-id|policy|awsaccesskeyid|googleaccessid|sig|se|sp|sv|sr|st|spr)$",
    re.I,
)
_SIGNATURE: Final = re.compile(r"x-(amz|goog)-signature|^(signature|sig)$", re.IGNORECASE)  # each signed URL has one
_SECRET_PARAMETER: Final = re.compile(
    r"token|secret|credential|passw|key$|authori|bearer|jwt|^(auth|pass|pwd|session|sid|sas)$", re.IGNORECASE
)


def is_url(source: str) -> bool:
    """Return whether a source is a URL of any scheme. Reading a URL fails if the scheme is not http or https."""
    return _SCHEME.match(source) is not None


def public_name(url: str) -> str:
    """Return the name by which the database and messages identify a URL.

    The name has no user name, password or fragment. It has no signature parameters either, because a photo's URL gets
    new ones each time that it is signed. The values of parameters that look secret are replaced by a part of their
    hash, because they may also be what distinguishes two photos.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises if the port is not a number, for example if it is a part of a password)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        # The URL is malformed, so reading it will fail. It may still contain a password, which is removed here.
        return to_unicode(re.sub(r"(?<=://).*@", "", url, count=1, flags=re.DOTALL))
    is_signed = any(_SIGNATURE.search(name) for name, _ in parameters)
    public_parameters = [
        (name, _mask(value) if _SECRET_PARAMETER.search(name) else value)
        for name, value in parameters
        if not (is_signed and _SIGNATURE_PARAMETER.search(name))
    ]
    query = parts.query if public_parameters == parameters else urlencode(public_parameters)
    return to_unicode(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="")))


def to_unicode(name: str) -> str:
    """Return a name as valid Unicode, which the database can store. Undecodable bytes of file names become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _mask(value: str) -> str:
    return "~" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]
