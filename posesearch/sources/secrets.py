"""Secrets in the paths and queries of URLs: find parameters that look like credentials, and mask their values."""

import hashlib
import re
from typing import Final
from urllib.parse import unquote, unquote_plus

# Query parameters of signed URLs at Amazon, Google and Microsoft. They differ each time a photo's URL is signed.
_SIGNATURE_PARAMETER: Final = re.compile(
    r"x-amz-|x-goog-|^(signature|expires|key-pair-id|policy|awsaccesskeyid|googleaccessid|sig|se|sp|sv|sr|st|spr)$",
    re.I,
)
_SIGNATURE: Final = re.compile(r"x-(amz|goog)-signature|^(signature|sig)$", re.IGNORECASE)  # each signed URL has one

# Names of parameters whose values give access. The values of other parameters distinguish photos and stay readable.
_SECRET: Final = re.compile(
    r"token|secret|credential|passw|passphrase|passcode|authori|bearer|jwt|oauth|saml|assertion|cookie|hmac"
    r"|signature|session[-_.]?id|sess[-_.]?id|(key|otp|ticket)$"
    r"|(access|auth|authori[sz]ation|invite|login|share|verification)[-_.]?code$"
    r"|^(auth|pass|pwd|pw|session|sess|sid|sas|code|pin|sso|nonce|refresh|sig|sign|appid)$",
    re.IGNORECASE,
)
_MASKED: Final = re.compile(r"~[0-9a-f]{12}")
_PARAMETER: Final = re.compile(r"(?:^|[?&;#/])([^?&;#/=]+)=")
_USER_INFO: Final = re.compile(r"//[^/?#]*@|^[^/?#@:]+:[^/?#@]*@")
_MAX_ENCODINGS: Final = 5  # how often a URL may be percent-encoded inside another one


def mask_query(query: str) -> str:
    """Return the query of a URL without signatures, and with masks for the values of secret parameters."""
    pieces = re.split(r"([&;])", query)
    parameters, separators = pieces[::2], ["", *pieces[1::2]]
    names = [unquote_plus(parameter.partition("=")[0]) for parameter in parameters]
    is_signed = any(map(_SIGNATURE.search, names))
    kept = [
        separator + _mask_parameter(parameter)
        for separator, parameter, name in zip(separators, parameters, names, strict=True)
        if not (is_signed and _SIGNATURE_PARAMETER.search(name))
    ]
    return "".join(kept).lstrip("&;") if is_signed else "".join(kept)


def mask_path(path: str) -> str:
    """Return the path of a URL with masks for secrets.

    They can be parameters of its segments, such as `;jsessionid=`, or URLs in the path.
    """
    return "".join(_mask_parameter(piece) for piece in re.split(r"([/;])", path))


def _mask_parameter(parameter: str) -> str:
    """Return `name=value`, or any text, with a mask for what is secret in it."""
    name, equals, value = parameter.partition("=")
    if _holds_secret(name):
        return _mask(parameter)
    if equals and (_is_secret(name) or _holds_secret(value)):
        return f"{name}={_mask(value)}"
    return parameter


def _is_secret(name: str) -> bool:
    return any(_SECRET.search(re.split(r"[?&;#/]", decoded)[-1]) for decoded in _decodings(name))


def _holds_secret(text: str) -> bool:
    """Return whether a text has a URL, or a part of one, with a secret."""
    return any(
        _USER_INFO.search(decoded) or any(map(_SECRET.search, _PARAMETER.findall(decoded)))
        for decoded in _decodings(text)
    )


def _decodings(text: str) -> list[str]:
    """Return the text, and its decoded forms if it is percent-encoded once or several times."""
    decodings = [text]
    while (decoded := unquote_plus(decodings[-1])) != decodings[-1] and len(decodings) <= _MAX_ENCODINGS:
        decodings.append(decoded)
    return decodings


def _mask(value: str) -> str:
    """Return a part of the value's hash, because two photos may differ only in this value."""
    if _MASKED.fullmatch(value):
        return value
    decoded = unquote(value.replace("+", " "), errors="surrogateescape")
    return "~" + hashlib.sha256(decoded.encode("utf-8", "surrogatepass")).hexdigest()[:12]
