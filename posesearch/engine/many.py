"""Many queries at once, in one pass over the poses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch.decoders import Decoders
from posesearch.engine import looking, pipeline, queries, search
from posesearch.engine.answers import Failure, Query, SimilarReport
from posesearch.engine.choice import Choice
from posesearch.engine.options import Options
from posesearch.errors import NoSuchPose, PhotoError, QueryError
from posesearch.estimators import Estimator
from posesearch.similarity import Double
from posesearch.store import search as stored_search
from posesearch.store.file import Connection, File
from posesearch.store.search import Asked, Found

QUERIES: Final = 256
POSES: Final = 8192
"""So many queries are compared with so many poses at once: some ten matrices of 16 MB."""


def similar_many(
    file: File,
    sources: Iterable[str | int],
    options: Options,
    load: Callable[[Choice], Estimator],
) -> Iterator[SimilarReport | Failure]:
    """Find the poses most like each of many. See Database.similar_many.

    The file is open while poses are compared and while answers are made, not while they are taken.
    """
    queries.weight_of(options.parts)
    wanted = list(sources)
    held, stored = search.opened(file, options, [one for one in wanted if isinstance(one, int)])

    def look(source: str | int) -> tuple[Query, Asked] | Failure:
        try:
            if not isinstance(source, int):
                query = queries.of_any(source, None, lambda: load(held), decode)
            elif source in stored:
                query = queries.of_stored(stored[source], None)
            else:
                raise NoSuchPose(source)
            return query, queries.asked(query, options.parts, options.freedom)
        except (PhotoError, QueryError) as error:
            return Failure(str(source), type(error).__name__, str(error))

    with Decoders() as decoders:
        decode = looking.decoded_by(decoders)
        looked = list(pipeline.in_order(look, wanted))
    asked = [one[1] for one in looked if not isinstance(one, Failure)]
    with file.reading() as connection:
        among = search.candidates(connection, options)
        scale = search.Scale(connection, options)
        best = _best_of_all(connection, asked, options, among)
    for start in range(0, len(looked), QUERIES):
        with file.reading() as connection:
            among = search.candidates(connection, options)
            answers = [
                one if isinstance(one, Failure) else _answer(connection, *one, next(best), among, scale, options)
                for one in looked[start : start + QUERIES]
            ]
        yield from answers


def _answer(
    connection: Connection,
    query: Query,
    asked: Asked,
    found: list[Found],
    among: str,
    scale: search.Scale,
    options: Options,
) -> SimilarReport:
    listed = search.Listed(connection, query, found, options)
    if len(listed.kept) < options.n and len(found) >= _most(options):  # near-duplicates took the places
        listed = search.listed(connection, query, asked, among, options, 4 * _most(options))
    return search.report_of(connection, query, asked, listed, scale, options)


def _most(options: Options) -> int:
    return options.n if options.duplicates else 2 * options.n + 10


@dataclass(frozen=True, eq=False)
class _Best:
    """The best poses so far for some queries, all (queries, at most so many), best first."""

    similarity: Double
    pose_id: NDArray[np.int64]
    mirrored: NDArray[np.bool_]

    def with_more(self, ids: NDArray[np.int64], plain: Double, mirrored: Double, most: int) -> "_Best":
        """Return the best of these and of more poses."""
        similarity = np.concatenate([self.similarity, np.maximum(plain, mirrored)], axis=1)
        numbers = np.concatenate([self.pose_id, np.broadcast_to(ids, plain.shape)], axis=1)
        flags = np.concatenate([self.mirrored, mirrored > plain], axis=1)
        order = np.lexsort((numbers, -similarity), axis=1)[:, :most]
        return _Best(*(np.take_along_axis(rows, order, axis=1) for rows in (similarity, numbers, flags)))

    def found(self) -> Iterator[list[Found]]:
        """Yield the matches of each query."""
        for rows in zip(self.similarity.tolist(), self.pose_id.tolist(), self.mirrored.tolist(), strict=True):
            yield [Found(pose_id, value, flag) for value, pose_id, flag in zip(*rows, strict=True) if value > -np.inf]


def _best_of_all(connection: Connection, asked: Sequence[Asked], options: Options, among: str) -> Iterator[list[Found]]:
    """Return the best matches of each query; every pose is read once, and compared with all."""
    chunks = [asked[start : start + QUERIES] for start in range(0, len(asked), QUERIES)]
    best = [
        _Best(np.zeros((len(chunk), 0)), np.zeros((len(chunk), 0), np.int64), np.zeros((len(chunk), 0), bool))
        for chunk in chunks
    ]
    for ids, stored in stored_search.blocks(connection, among, view=options.view, size=POSES):
        best = [
            kept.with_more(ids, *search.both_ways(stored, chunk, options), _most(options))
            for kept, chunk in zip(best, chunks, strict=True)
        ]
    return (found for kept in best for found in kept.found())
