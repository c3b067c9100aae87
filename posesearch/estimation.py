"""Finds the people in photos without a database."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from posesearch import estimators
from posesearch.errors import PhotoError
from posesearch.estimators.cache import EstimatorCache
from posesearch.estimators.config import parse_config
from posesearch.paths import expand_source
from posesearch.photos.pool import DecoderPool
from posesearch.results.people import PhotoPeople
from posesearch.results.search import Failure
from posesearch.search.query import open_photo
from posesearch.search.query_values import InMemory, Source, to_source, to_sources
from posesearch.threads import DEFAULT_THREADS, map_in_order
from posesearch.trust import Trust

if TYPE_CHECKING:
    from posesearch.search.query_values import QueryValue


def estimate(
    photo: "QueryValue",
    *,
    estimator: str | None = None,
    model_paths: Sequence[str] = (),
    allow_private: bool = False,
) -> PhotoPeople:
    """Find the people in a photo, without a database.

    Each call loads the estimator's networks. For several photos, `estimate_many` loads them once.

    Args:
        photo: path or URL, or a photo in memory as in `Database.similar`.
        estimator: a name such as "tf-pose", or None for the default. docs/estimators.md lists them.
        model_paths: custom weights for the estimator's networks, each FILE or NETWORK=FILE.
        allow_private: whether to open a URL on this machine or in its network.

    Returns:
        All people that the estimator finds, the main person first. There may be none.

    Raises:
        TypeError: the photo is something else.
        PhotoError: the photo can't be read or decoded.
        EstimatorError: the estimator can't be used.

    Example:
        for person in posesearch.estimate("photo.jpg"):
            print(person.keypoints["left_wrist"])
    """
    with _Estimation(estimator, model_paths, streams=1, allow_private=allow_private) as estimation:
        return estimation.run(_check_photo(to_source(photo)))


def estimate_many(
    photos: "QueryValue | Iterable[QueryValue]",
    *,
    estimator: str | None = None,
    model_paths: Sequence[str] = (),
    allow_private: bool = False,
) -> Iterator[PhotoPeople | Failure]:
    """Find the people in many photos, without a database.

    Args:
        photos: photos as in `estimate`, or a single one. A folder stands for the photos in it.
        estimator: as in `estimate`.
        model_paths: as in `estimate`.
        allow_private: as in `estimate`.

    Yields:
        The people of each photo, in the order of the photos. A photo that can't be read gives a Failure.

    Raises:
        TypeError: a photo is something else.
        SourceError: a folder has no photos.
        EstimatorError: the estimator can't be used. It is raised for the first photo.

    Example:
        for found in posesearch.estimate_many("photos"):
            print(found)
    """
    wanted = list(map(_check_photo, to_sources(photos)))
    return _run_many(wanted, _Estimation(estimator, model_paths, streams=DEFAULT_THREADS, allow_private=allow_private))


def _check_photo(source: Source) -> str | InMemory:
    if isinstance(source, int):
        raise TypeError(f"a photo is a path, a URL, or an image or bytes in memory, not the number {source}")
    return source if isinstance(source, InMemory) else expand_source(source)


class _Estimation:
    """An estimator and the processes that decode its photos. Threads may share one."""

    def __init__(self, name: str | None, model_paths: Sequence[str], *, streams: int, allow_private: bool) -> None:
        self._config = parse_config(name or estimators.DEFAULT, model_paths)
        self._load = EstimatorCache(Trust()).make_loader(streams)
        self._allow_private = allow_private
        self.decoders = DecoderPool()

    def __enter__(self) -> "_Estimation":
        return self

    def __exit__(self, *_: object) -> None:
        self.decoders.close()

    def run(self, source: str | InMemory) -> PhotoPeople:
        """Return the people in a photo."""
        name, photo, estimator = open_photo(
            source,
            lambda: self._load(self._config),
            self.decoders,
            allow_private=self._allow_private,
        )
        pixels = photo.pixels if isinstance(source, InMemory) else None
        people = tuple(estimator.estimate(photo))
        return PhotoPeople(name, photo.width, photo.height, estimator.model.name, people, pixels)


def _run_many(wanted: Sequence[str | InMemory], estimation: _Estimation) -> Iterator[PhotoPeople | Failure]:
    def run(item: tuple[int, str | InMemory]) -> tuple[int, PhotoPeople | Failure]:
        position, source = item
        try:
            return position, estimation.run(source)
        except PhotoError as error:
            return position, Failure(str(source), type(error).__name__, str(error))

    with estimation:
        early: dict[int, PhotoPeople | Failure] = {}  # results that came before those of a slow photo
        due = 0
        for position, found in map_in_order(run, enumerate(wanted), stop=estimation.decoders.close):
            early[position] = found
            while due in early:
                yield early.pop(due)
                due += 1
