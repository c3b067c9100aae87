"""Runs neural networks on the CPU with OpenVINO, whose telemetry is disabled."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch.errors import WeightsUnusable
from posesearch.types import Float32


def _import_openvino() -> Any:
    """Import OpenVINO without its telemetry.

    A plain `import openvino` sends usage data to its developers through the package openvino_telemetry. If that package
    can't be imported, OpenVINO uses a stub of its own that does nothing. An entry of None in sys.modules makes the
    import of the package fail.
    """
    telemetry = sys.modules.get("openvino_telemetry")
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's documented way to block an import
    try:
        import openvino  # noqa: PLC0415 (must be imported while its telemetry is blocked)
    finally:
        del sys.modules["openvino_telemetry"]
        if telemetry is not None:
            sys.modules["openvino_telemetry"] = telemetry
    return openvino


_openvino = _import_openvino()

# OpenVINO's Python binding initialises C++ statics on first use and releases the GIL meanwhile. Two threads that use it
# first at the same time would deadlock. This first use is safe, because only one thread runs a module's import.
_openvino.Tensor(np.zeros(1, np.float32)).data[:] = 0


class Network:
    """A compiled network with one input. Threads may share it."""

    def __init__(
        self, graph: Path, cache: Path, streams: int, example: tuple[int, ...], unwanted: Sequence[tuple[int, ...]] = ()
    ) -> None:
        """Compile the network.

        Args:
            graph: a file in any format that OpenVINO reads.
            cache: folder in which OpenVINO caches compiled networks.
            streams: how many threads will run the network at once.
            example: shape of a small valid input.
            unwanted: shapes of outputs that the caller does not need.

        Raises:
            WeightsUnusable: OpenVINO can't read the file, or the network does not accept an input of this shape.
        """
        config = {
            "CACHE_DIR": str(cache),
            # The default is bf16 on processors that support it. It moves the joints too far (see docs/estimators.md).
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
        }
        try:
            core = _openvino.Core()
            # Removing outputs speeds up each inference, but the graph must then be read and edited first. That pays for
            # an ingest of many photos. A single search starts faster without it.
            model = _remove_outputs(core.read_model(graph), unwanted) if unwanted and streams > 1 else graph
            self._network = core.compile_model(model, "CPU", config)
            if not self._network.input(0).partial_shape.compatible(_openvino.PartialShape(list(example))):
                raise WeightsUnusable(str(graph), f"it does not take an input of {example}")
        except RuntimeError as error:
            raise WeightsUnusable(str(graph), str(error).strip().splitlines()[-1]) from error
        self._thread_state = threading.local()
        if streams > 1:
            # The first inference initialises further statics. Running it in this one thread avoids the same deadlock.
            self(np.zeros(example, np.float32))

    def __call__(self, blob: NDArray[np.float32]) -> list[Float32]:
        """Run the network and return its outputs in the network's order.

        The outputs are views of memory that the same thread's next call overwrites.
        """
        if not hasattr(self._thread_state, "request"):
            self._thread_state.request = self._network.create_infer_request()
        request = self._thread_state.request
        request.infer([blob], share_inputs=True)
        return [tensor.data for tensor in request.output_tensors]


def _remove_outputs(model: Any, unwanted: Sequence[tuple[int, ...]]) -> Any:
    """Return the model without the outputs of these shapes."""
    wanted = [
        output
        for output in model.outputs
        if output.partial_shape.is_dynamic or tuple(output.partial_shape.to_shape()) not in unwanted
    ]
    return _openvino.Model(wanted, model.get_parameters())
