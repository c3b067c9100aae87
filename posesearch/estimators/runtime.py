"""OpenVINO, without its telemetry, and networks compiled by it."""

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch.types import Float


def _import_openvino() -> Any:
    """Import OpenVINO so that it sends nothing.

    `import openvino` alone reports to its makers' analytics. Without the package openvino_telemetry it uses a stub of
    its own that does nothing; None in sys.modules makes that import fail.
    """
    withheld = sys.modules.get("openvino_telemetry")
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's documented way to block an import
    try:
        import openvino  # noqa: PLC0415 (what this function is about)
    finally:
        del sys.modules["openvino_telemetry"]
        if withheld is not None:
            sys.modules["openvino_telemetry"] = withheld
    return openvino


_openvino = _import_openvino()

# OpenVINO's binding fills C++ statics when it is first used, and lets go of Python's lock meanwhile: two threads that
# come first together wait for each other for ever. An import is made by one thread.
_openvino.Tensor(np.zeros(1, np.float32)).data[:] = 0


class Network:
    """A compiled network of one input and one output. Threads may share one."""

    def __init__(self, graph: Path, cache: Path, streams: int, example: tuple[int, ...]) -> None:
        """Compile the graph.

        Args:
            graph: a file in any format that OpenVINO reads.
            cache: folder for compiled networks; OpenVINO fills it.
            streams: how many inferences will run at once.
            example: shape of a small input.
        """
        config = {
            "CACHE_DIR": str(cache),
            # bf16, the default where the processor has it, moves the peaks of heatmaps.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
        }
        self._network = _openvino.Core().compile_model(graph, "CPU", config)
        self._threads = threading.local()
        if streams > 1:
            # As above, for what only an inference touches.
            self(np.zeros(example, np.float32))

    def __call__(self, blob: NDArray[np.float32]) -> Float:
        """Return the network's output for an input; the array is the caller's own."""
        if not hasattr(self._threads, "request"):
            self._threads.request = self._network.create_infer_request()
        request = self._threads.request
        request.infer([blob])
        return np.array(request.get_output_tensor(0).data, dtype=np.float32)
