"""What users may give as a query, and what a search makes of it: an id, a path or URL, or something in memory."""

import operator
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton, sources
from posesearch.errors import BadKeypoints, BadPath, PhotoTooLarge, UnreadablePhoto
from posesearch.keypoint_files import (
    KeypointFile,
    begins_json,
    frame_people,
    make_person,
    parse_keypoints,
    parse_value,
)
from posesearch.paths import expand_source, is_url
from posesearch.sources.read import MAX_BYTES
from posesearch.types import Float32, Keypoints, Person

if TYPE_CHECKING:
    from PIL.Image import Image
    from typing_extensions import TypeIs

    QueryValue: TypeAlias = (
        str
        | os.PathLike[str]
        | SupportsIndex
        | bytes
        | Image
        | NDArray[Any]
        | Keypoints
        | Person
        | Mapping[str, Any]
        | "SupportsRead"
    )
    """A query: see Database.similar."""

_KEYPOINT_SHAPES: Final = ((skeleton.N_JOINTS, 2), (skeleton.N_JOINTS, 3))
_KEYPOINTS: Final = "<keypoints>"
_IMAGE: Final = "<image>"
_BYTES: Final = "<bytes>"
_ALLOWED: Final = (
    "a path, a URL, the id of a stored pose, an image of Pillow, an array (H, W, 3), the bytes of a photo, or keypoints"
)


class SupportsRead(Protocol):
    """A file that is open for reading."""

    def read(self, size: int, /) -> bytes | str:
        """Return the next bytes, `size` of them at most."""
        ...


@dataclass(frozen=True, eq=False)
class InMemory:
    """A query that is not a file.

    Attributes:
        name: what messages and results call it, such as "<image>". They do not name a file.
        content: the bytes of a photo, an image, or keypoints.
    """

    name: str
    content: "bytes | Image | KeypointFile"

    def __str__(self) -> str:
        return self.name


Source: TypeAlias = int | str | InMemory
"""A query as a search needs it: the id of a stored pose, a path or URL, or a value in memory."""


def to_source(query: "QueryValue") -> Source:
    """Return a query as a search needs it.

    Raises:
        TypeError: it is none of the values that Database.similar names.
        BadKeypoints: it has the type of keypoints, but not their form.
        PhotoTooLarge: an open file has more bytes than the limit.
        UnreadablePhoto: an open file can't be read.
    """
    if isinstance(query, str | os.PathLike):
        return os.fspath(query)
    in_memory = _to_memory(query)
    if in_memory is not None:
        return in_memory
    if not isinstance(query, bool | np.bool_):
        with suppress(TypeError):
            return operator.index(query)  # type: ignore[arg-type]  # raises what is caught here
    raise TypeError(f"a query is {_ALLOWED}, not {_describe(query)}")


def _to_memory(query: object) -> InMemory | None:
    """Return a query that is not a file and not an id. None if it is something else."""
    if isinstance(query, Mapping):
        try:
            return InMemory(_KEYPOINTS, parse_value(_to_plain(query), _KEYPOINTS))
        except RecursionError as error:
            raise BadKeypoints(_KEYPOINTS, "it is nested too deeply, or contains itself") from error
    if isinstance(query, Person | Keypoints):
        person = query if isinstance(query, Person) else make_person(query.xy, query.score, makes_neck=False)
        return InMemory(_KEYPOINTS, frame_people([person]))
    if isinstance(query, np.ndarray) and query.ndim:
        return _from_array(query)
    if isinstance(query, bytes | bytearray | memoryview):
        return _from_bytes(bytes(query), _BYTES)
    if callable(getattr(query, "read", None)):
        return _from_file(query)
    return InMemory(_IMAGE, query) if _is_image(query) else None


def to_sources(queries: "QueryValue | Iterable[QueryValue]") -> list[Source]:
    """Return queries as a search needs them. One query is a list of one. A folder stands for what it has.

    Raises:
        TypeError, BadKeypoints, PhotoTooLarge, UnreadablePhoto: as `to_source`.
        SourceError: a folder has neither photos nor .json files.
    """
    wanted = [queries] if _is_single(queries) else list(queries)
    found: list[Source] = []
    for query in wanted:
        source = to_source(query)
        folder = _find_folder(source)
        found += [source] if folder is None else sources.list_queries(folder)
    return found


def _find_folder(source: Source) -> str | None:
    """Return the path of a folder. None if the source is something else, or names nothing."""
    if not isinstance(source, str) or is_url(source):
        return None
    with suppress(BadPath):  # the search reports it
        path = expand_source(source)
        return path if os.path.isdir(path) else None  # noqa: PTH112 (pathlib raises for long names)
    return None


def _is_single(queries: "QueryValue | Iterable[QueryValue]") -> "TypeIs[QueryValue]":
    """Return whether this is one query, although Python could iterate over it."""
    if isinstance(queries, np.ndarray):
        return queries.ndim == 0 or _has_pixels(queries) or (queries.ndim == 2 and queries.dtype.kind == "f")
    singles = (str, os.PathLike, bytes, bytearray, memoryview, Keypoints, Mapping)
    return isinstance(queries, singles) or hasattr(queries, "read") or not isinstance(queries, Iterable)


def _is_image(query: object) -> "TypeIs[Image]":
    """Return whether this is an image of Pillow, without importing Pillow. The caller has imported it, if so."""
    return hasattr(query, "getexif") and hasattr(query, "tobytes")


def _has_pixels(array: NDArray[Any]) -> bool:
    """Return whether an array is a photo, in colour or grey."""
    is_grey = array.ndim == 2 and array.shape not in _KEYPOINT_SHAPES
    return array.dtype == np.uint8 and (array.ndim == 3 or is_grey)


def _from_file(file: Any) -> InMemory:
    name = getattr(file, "name", None)
    name = name if isinstance(name, str) else "<file>"
    try:
        data = file.read(MAX_BYTES + 1)
    except UnicodeDecodeError as error:
        raise TypeError(f"{name}: a file with a photo must be open for reading bytes, with the mode 'rb'") from error
    except OSError as error:
        raise UnreadablePhoto(name, f"it can't be read ({error.strerror or error})") from error
    if not isinstance(data, bytes | str):
        raise TypeError(f"{name}: its method `read` must return bytes, not {_describe(data)}")
    if len(data) > MAX_BYTES:
        raise PhotoTooLarge(name)
    return _from_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data, name)


def _from_bytes(data: bytes, name: str) -> InMemory:
    """Return keypoints if the bytes begin as JSON does, and otherwise a photo."""
    return InMemory(name, parse_keypoints(data, name) if begins_json(data) else data)


def _from_array(array: NDArray[Any]) -> InMemory:
    """Return the photo or the keypoints of an array."""
    if array.ndim == 2 and not _has_pixels(array):
        return InMemory(_KEYPOINTS, frame_people([make_person(*_split_keypoints(array))]))
    if not _has_pixels(array) or array.shape[2:] not in ((), (3,), (4,)) or not array.size:
        form = "(H, W, 3) uint8 in the order red, green, blue"
        scaled = "; scale them by (255 * pixels).astype(np.uint8)" if array.dtype.kind == "f" else ""
        raise TypeError(f"the pixels of a photo are {form}, not {_describe(array)}{scaled}")
    from PIL import Image  # noqa: PLC0415 (only arrays need it in this process)

    return InMemory(_IMAGE, Image.fromarray(np.ascontiguousarray(array)))


def _split_keypoints(array: NDArray[Any]) -> tuple[Float32, Float32]:
    """Return the xy and the score of an array (18, 2) or (18, 3)."""
    if array.shape not in _KEYPOINT_SHAPES or array.dtype.kind not in "fiu":
        detail = f"an array of keypoints is (18, 2) or (18, 3), not {_describe(array)}"
        advice = "for other joints, give a dict such as dict(zip(names, array))"
        raise BadKeypoints(_KEYPOINTS, f"{detail}; {advice}", shows_example=False)
    with np.errstate(over="ignore"):  # infinite numbers are reported below
        values = np.ma.filled(array.astype(np.float32), np.nan)
    score = values[:, 2] if values.shape[1] == 3 else np.ones(skeleton.N_JOINTS, np.float32)
    is_missing = np.isnan(values).any(axis=1) | ~(score > 0)
    if np.isinf(values[~is_missing]).any():
        raise BadKeypoints(_KEYPOINTS, "a coordinate or a score is infinite", shows_example=False)
    return np.where(is_missing[:, None], np.float32(np.nan), values[:, :2]), np.where(is_missing, np.float32(0), score)


def _to_plain(value: Any) -> Any:
    """Return a value with dicts, lists and Python's numbers in place of other mappings, tuples and NumPy's values."""
    if isinstance(value, Mapping | Keypoints):
        return {str(key): _to_plain(value[key]) for key in value}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [_to_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    return f"{type(value).__name__} {value!r:.40}"
