"""Plain words for what is wrong with a command line. Typer's own words differ between its versions."""

import re
from typing import Final

from posesearch.errors import did_you_mean

_WORDS: Final = (
    (re.compile(r"(?:Input should be|\S+ is not) a valid integer\b.*"), "it must be a whole number"),
    (re.compile(r"(?:Input should be|\S+ is not) a (?:valid|finite) (?:number|float)\b.*"), "it must be a number"),
    (re.compile(r"\S+ is not in the range (\S+)<=x<=(\S+)\."), r"it must be \1 to \2"),
    (re.compile(r"\S+ is not in the range x>=(\S+)\."), r"it must be \1 or more"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"it must be \1 or more"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"it must be \1 or less"),
    (re.compile(r"\bValue error, "), ""),
)
_NO_OPTION: Final = re.compile(r"No such option: (\S+) (?:\(')?\(Possible options: ([^)]*)\)(?:',\))?")


def clarify(text: str) -> str:
    """Return the text of an error of Typer in plain words."""
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return _NO_OPTION.sub(_suggest_option, text)


def _suggest_option(found: re.Match[str]) -> str:
    suggestion = did_you_mean(found[1], found[2].split(", "))
    return f"No such option: {found[1]}.{suggestion}" if suggestion else f"No such option: {found[1]}."
