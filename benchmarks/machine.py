"""The line about the machine and the versions, which every benchmark prints first."""

import os
import platform
from importlib import metadata
from pathlib import Path


def line() -> str:
    """Return the processor, its cores, and the versions of Python and of the packages that matter."""
    names = ("posesearch", "duckdb", "numpy", "openvino", "opencv-python-headless", "scikit-learn")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
