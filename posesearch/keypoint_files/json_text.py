"""JSON as other programs write it: with a byte order mark, in UTF-16, or with a key twice."""

import json
from collections.abc import Hashable, Mapping
from typing import Any, Final, TypeVar

_MAX_QUOTED: Final = 40  # characters of a value that a message shows
_START_BYTES: Final = 1000  # enough for the blanks before the first value

Name = TypeVar("Name", bound=Hashable)


def begins_json(data: bytes) -> bool:
    """Return whether bytes begin as an object or a list of JSON does. No format of photos begins so."""
    start = data[:_START_BYTES].decode(json.detect_encoding(data), "replace")
    return start.lstrip()[:1] in ("{", "[")


def load_json(data: bytes) -> object:
    """Return the value of JSON in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        ValueError: it is not JSON, or an object in it has a key twice. The message is for the user.
        RecursionError: its values are nested too deeply.
    """
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        raise ValueError("not text in UTF-8, UTF-16 or UTF-32") from None
    if not text.strip():
        raise ValueError("it is empty")
    try:
        value: object = json.loads(text, parse_int=_parse_int, object_pairs_hook=_make_object)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise ValueError(f"it has more than one JSON value, from line {error.lineno}; give one") from None
        raise ValueError(f"not valid JSON in line {error.lineno}") from None
    return value


def _parse_int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python refuses integers of some thousand digits
        raise ValueError("it has a number with too many digits") from None


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raise ValueError if a key is there twice, of which Python would lose the first."""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"an object has the key {quote(twice)} twice")
    return made


def fold_name(text: str) -> str:
    """Return a name without what differs between its spellings, such as left_wrist, left-wrist and "Left Wrist"."""
    return "".join(character for character in text.lower() if character not in " -_")


def find_keys(value: Mapping[str, Any], names: Mapping[str, Name]) -> dict[Name, str]:
    """Return the key of an object for each name that it has, in whatever spelling.

    Args:
        value: the object.
        names: the names by their folded spelling.

    Raises:
        ValueError: the object has a name in two spellings.
    """
    found: dict[Name, str] = {}
    for key in value:
        name = names.get(fold_name(key))
        if name is None:
            continue
        if name in found:
            raise ValueError(f"it has both {quote(found[name])} and {quote(key)}, which mean the same")
        found[name] = key
    return found


def quote(value: object) -> str:
    """Return a value as JSON has it, cut to 40 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):  # made in Python: circular, or an integer of some thousand digits
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _MAX_QUOTED else text[: _MAX_QUOTED - 3] + "..."
