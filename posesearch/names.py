r"""Names of files as valid Unicode, which the database can store, and back to the paths that open them.

A path may have bytes that are not UTF-8. Python reads each of them as a lone surrogate, such as U+DCFF. The name has an
escape in its place, such as \udcff. A backslash that would make the name look escaped is itself escaped, as \x5c.
Therefore two paths never get the same name. Almost every path is its own name.
"""

import re
from typing import Final

_AMBIGUOUS: Final = re.compile(r"\\(?=udc[89a-f][0-9a-f]|x5c)")
_ESCAPE: Final = re.compile(r"\\x5c|\\u(dc[89a-f][0-9a-f])")


def to_unicode(path: str) -> str:
    r"""Return the name of a path, which is valid Unicode.

    Example:
        to_unicode(os.fsdecode(b"k\xff.jpg")) == "k\\udcff.jpg"
    """
    if path.isascii() and "\\" not in path:  # saves time, because almost every path is like this
        return path
    return replace_surrogates(_AMBIGUOUS.sub(lambda _: r"\x5c", path))


def to_path(name: str) -> str:
    """Return the path of a name: the inverse of `to_unicode`."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else "\\", name)


def replace_surrogates(text: str) -> str:
    """Return the text with an escape in place of each lone surrogate. Different texts may become the same."""
    return text.encode("utf-8", "backslashreplace").decode()
