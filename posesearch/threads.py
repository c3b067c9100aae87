"""A parallel map in threads that yields results in order, and takes only a limited number of items in advance."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final, TypeVar

DEFAULT_THREADS: Final = 2 + (os.cpu_count() or 1)
"""Number of photos processed in parallel. It exceeds the cores by two, because some wait for a decoding process."""

WINDOW: Final = 32
"""Largest number of items per thread that are in progress, or finished but not yet yielded.

It limits the memory of results that wait for earlier ones.
"""

PATIENCE: Final = 4.0
"""Seconds that a finished result waits for earlier results. After that, it is yielded first."""

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

    If finished results have waited for an earlier result for PATIENCE seconds, they are yielded before it.

    Args:
        function: called in several threads in parallel.
        items: taken one by one, not all in advance.
        threads: number of threads.
        stop: called if the iteration ends early. It should make running calls end soon, because the iterator waits for
            them.
        idle: called in the caller's thread, about twice a second, while no result can be yielded.
    """
    executor = ThreadPoolExecutor(threads, thread_name_prefix="posesearch")
    left = iter(items)
    waiting: deque[Future[Result]] = deque()
    blocked_since: float | None = None  # when a finished result began to wait for the first one
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
