"""Sources: find the photos that files, folders, globs, lists and URLs name, and read their bytes.

`scan` finds photos without opening them. A `SourceReader` reads them.
"""

from posesearch.names import to_path, to_unicode
from posesearch.own_pictures import is_own_picture
from posesearch.paths import is_url
from posesearch.sources.content import Content, Validators
from posesearch.sources.read import SourceReader, read_source
from posesearch.sources.resolve import (
    ObservedSource,
    Scan,
    count_unused_keypoints,
    explain_absence,
    list_photos,
    list_queries,
    no_photos_error,
    scan,
)
from posesearch.sources.spellings import Spellings, list_alike
from posesearch.sources.urls import public_name, to_location, to_name
from posesearch.sources.walk import paths_in_empty_folders

__all__ = [
    "Content",
    "ObservedSource",
    "Scan",
    "SourceReader",
    "Spellings",
    "Validators",
    "count_unused_keypoints",
    "explain_absence",
    "is_own_picture",
    "is_url",
    "list_alike",
    "list_photos",
    "list_queries",
    "no_photos_error",
    "paths_in_empty_folders",
    "public_name",
    "read_source",
    "scan",
    "to_location",
    "to_name",
    "to_path",
    "to_unicode",
]
