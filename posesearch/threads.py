"""An ordered parallel map in threads, with a bounded look-ahead."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

DEFAULT_THREADS: Final = 2 + (os.cpu_count() or 1)
"""Photos that are decoded and estimated in parallel: two more than cores, because some wait for a decoding process."""

WINDOW: Final = 32
"""Items per thread that are in progress or wait for their turn. It bounds the memory of results that come early."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int = DEFAULT_THREADS,
    stop: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """Call `function` for each item in threads, and yield the results in the order of the items.

    Args:
        function: is called in several threads at once.
        items: are taken as needed.
        threads: how many.
        stop: is called if the iteration ends early. It should make running calls end soon, because they are waited for.
    """
    executor = ThreadPoolExecutor(threads, thread_name_prefix="posesearch")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(function, item))
            if len(waiting) >= WINDOW * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
