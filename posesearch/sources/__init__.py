"""Sources: find the photos that files, folders, globs, lists and URLs name, and read their bytes.

`scan` finds photos without opening them. A `SourceReader` reads them.
"""

from posesearch.names import to_path, to_unicode
from posesearch.own_pictures import is_own_picture
from posesearch.paths import is_url
from posesearch.sources.content import Content, Validators
from posesearch.sources.list_values import ListColumn
from posesearch.sources.lists import ParquetReader
from posesearch.sources.observed import ListedPhotos, ObservedSource, Scan
from posesearch.sources.read import SourceReader, read_source
from posesearch.sources.resolve import (
    DEFAULT_COLLECTION,
    count_unused_keypoints,
    explain_absence,
    list_photos,
    list_queries,
    no_photos_error,
    scan,
    scan_collections,
)
from posesearch.sources.spellings import Spellings, list_alike
from posesearch.sources.urls import public_name, to_location, to_name
from posesearch.sources.walk import paths_in_empty_folders

__all__ = [
    "DEFAULT_COLLECTION",
    "Content",
    "ListColumn",
    "ListedPhotos",
    "ObservedSource",
    "ParquetReader",
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
    "scan_collections",
    "to_location",
    "to_name",
    "to_path",
    "to_unicode",
]
