"""Checks the limit of this process's address space before libraries are loaded that need more.

NumPy, DuckDB, scikit-learn and OpenVINO abort, hang or print a traceback if a thread's stack or a library's memory
can't be mapped. The figures are about the smallest with which the commands work, measured on one core and on two.
"""

import os
import sys
from typing import Final

from posesearch.errors import NotEnoughMemory

READING: Final = 1000
"""Megabytes for the database and for searches by stored poses. The megabytes for each core are added to all figures."""

CLUSTERING: Final = 1200
"""Megabytes for k-means and plots."""

ESTIMATING: Final = 1600
"""Megabytes for finding people in photos."""

_PER_CORE: Final = 230
"""Megabytes for each core. The libraries start threads for each core, which need stacks and buffers."""

_MAX_CORES: Final = 8
"""Further cores do not count. The libraries share them, and refusing a run that would work is the worse mistake."""


def check_address_space(megabytes: int) -> None:
    """Raise NotEnoughMemory if the limit is below this number of megabytes plus the megabytes for each core."""
    if sys.platform != "linux":  # other systems do not enforce the limit, or have none
        return
    import resource  # noqa: PLC0415 (Windows does not have it)

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    needed = megabytes + _PER_CORE * min(len(os.sched_getaffinity(0)), _MAX_CORES)
    if limit != resource.RLIM_INFINITY and limit < needed * 1_000_000:
        raise NotEnoughMemory(needed, limit // 1_000_000)
