"""OpenVINO, without its telemetry, and networks compiled by it."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch.errors import WeightsUnusable
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
    """A compiled network of one input. Threads may share one."""

    def __init__(
        self, graph: Path, cache: Path, streams: int, example: tuple[int, ...], unwanted: Sequence[tuple[int, ...]] = ()
    ) -> None:
        """Compile the graph.

        Args:
            graph: a file in any format that OpenVINO reads.
            cache: folder for compiled networks; OpenVINO fills it.
            streams: how many inferences will run at once.
            example: shape of a small input.
            unwanted: shapes of outputs that nobody needs.

        Raises:
            WeightsUnusable: OpenVINO can't read the file, or it takes another input.
        """
        config = {
            "CACHE_DIR": str(cache),
            # bf16, the default where the processor has it, moves the joints; docs/estimators.md says how far.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
        }
        try:
            core = _openvino.Core()
            # What is computed for nobody costs an ingest more than the reading; a single search would pay more to read.
            model = _without(core.read_model(graph), unwanted) if unwanted and streams > 1 else graph
            self._network = core.compile_model(model, "CPU", config)
            if not self._network.input(0).partial_shape.compatible(_openvino.PartialShape(list(example))):
                raise WeightsUnusable(str(graph), f"it does not take an input of {example}")
        except RuntimeError as error:
            raise WeightsUnusable(str(graph), str(error).strip().splitlines()[-1]) from error
        self._threads = threading.local()
        if streams > 1:
            # As above, for what only an inference touches.
            self(np.zeros(example, np.float32))

    def __call__(self, blob: NDArray[np.float32]) -> list[Float]:
        """Return the network's outputs, in its order, for an input; they hold until the thread's next call."""
        if not hasattr(self._threads, "request"):
            self._threads.request = self._network.create_infer_request()
        request = self._threads.request
        request.infer([blob], share_inputs=True)
        return [tensor.data for tensor in request.output_tensors]


def _without(model: Any, unwanted: Sequence[tuple[int, ...]]) -> Any:
    wanted = [
        output
        for output in model.outputs
        if output.partial_shape.is_dynamic or tuple(output.partial_shape.to_shape()) not in unwanted
    ]
    return _openvino.Model(wanted, model.get_parameters())
