"""A parallel map in threads, in order, with a bounded look-ahead."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final, TypeVar

DEFAULT_THREADS: Final = 2 + (os.cpu_count() or 1)
"""Photos that are decoded and estimated in parallel: two more than cores, because some wait for a decoding process."""

WINDOW: Final = 32
"""Items per thread that are in progress or wait for their turn. It bounds the memory of results that come early."""

PATIENCE: Final = 4.0
"""Seconds that a finished result waits for those before it."""

_IDLE_SECONDS: Final = 0.5  # between two calls of `idle`

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int = DEFAULT_THREADS,
    stop: Callable[[], None] | None = None,
    idle: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """Call `function` for each item in threads, and yield the results in the order of the items.

    A result that is not there in time lets later ones go first: those that have waited for it for PATIENCE seconds.

    Args:
        function: is called in several threads in parallel.
        items: are taken as needed.
        threads: how many.
        stop: is called if the iteration ends early. It should make running calls end soon, because they are waited for.
        idle: is called in the caller's thread, about twice a second, while no result is there.
    """
    executor = ThreadPoolExecutor(threads, thread_name_prefix="posesearch")
    left = iter(items)
    waiting: deque[Future[Result]] = deque()
    blocked_since: float | None = None  # since when a finished result waits for the first
    try:
        while True:
            waiting.extend(executor.submit(function, item) for item in islice(left, WINDOW * threads - len(waiting)))
            if not waiting:
                return
            is_late = blocked_since is not None and time.monotonic() - blocked_since > PATIENCE
            if not waiting[0].done():
                wait(waiting if is_late else [waiting[0]], _IDLE_SECONDS, return_when=FIRST_COMPLETED)
            if waiting[0].done():
                blocked_since = None
                yield waiting.popleft().result()
            elif is_late and (finished := [future for future in waiting if future.done()]):
                for future in finished:
                    waiting.remove(future)
                    yield future.result()
            else:
                if blocked_since is None and any(future.done() for future in waiting):
                    blocked_since = time.monotonic()
                if idle is not None:
                    idle()
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
