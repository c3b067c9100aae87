"""What the user names to what is read: files, folders, globs, lists and addresses to bytes.

`scan` tells which photos there are, without opening one; an `Opener` reads them.
"""

from posesearch.sources.folders import in_empty_folders
from posesearch.sources.names import Found, Scan, expand, is_url, nothing_in, public_name, scan
from posesearch.sources.opener import Content, Opener, Validators, read

__all__ = [
    "Content",
    "Found",
    "Opener",
    "Scan",
    "Validators",
    "expand",
    "in_empty_folders",
    "is_url",
    "nothing_in",
    "public_name",
    "read",
    "scan",
]
