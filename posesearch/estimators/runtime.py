"""Runs neural networks on the CPU with OpenVINO, whose telemetry is disabled."""

import ctypes
import functools
import hashlib
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch.errors import ForkedProcess, WeightsUnusable
from posesearch.estimators.compiled import compiled_prefix, read_compiled, write_compiled
from posesearch.estimators.weights import sha256_of
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

# OpenVINO's Python binding initializes C++ statics on first use and releases the GIL meanwhile. Two threads that use it
# first at the same time would deadlock. This first use is safe, because only one thread runs a module's import.
_openvino.Tensor(np.zeros(1, np.float32)).data[:] = 0


@functools.cache
def _core() -> tuple[Any, int]:
    """Return OpenVINO's Core, which all networks share, and the id of the process that made it.

    The Core is never destroyed. In a forked process, its destruction would wait for threads of the first process, or
    abort.
    """
    core = _openvino.Core()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(core))
    return core, os.getpid()


def _check_process() -> None:
    """Raise ForkedProcess if this process was forked from one that has used OpenVINO.

    OpenVINO's threads exist only in that process.
    """
    if _core()[1] != os.getpid():
        raise ForkedProcess


class Network:
    """A compiled network with one input. Threads may share it."""

    def __init__(
        self, graph: Path, cache: Path, streams: int, example: tuple[int, ...], unwanted: Sequence[tuple[int, ...]] = ()
    ) -> None:
        """Compile the network, or load it from the cache.

        Args:
            graph: a file in any format that OpenVINO reads.
            cache: folder of compiled networks.
            streams: how many threads will run the network in parallel.
            example: shape of a small valid input.
            unwanted: shapes of outputs that the caller does not need.

        Raises:
            WeightsUnusable: OpenVINO can't read the file, or the network does not accept an input of this shape.
            ForkedProcess: this process was forked from one that has used OpenVINO.
        """
        _check_process()
        config = {
            # The default is bf16 on processors that support it. It moves the joints too far (see docs/estimators.md).
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
        }
        # Removing outputs speeds up each inference, but the graph must be read and edited first. That is worthwhile for
        # an ingest of many photos. A single search starts faster without it.
        removed = tuple(unwanted) if streams > 1 else ()
        try:
            self._network = _load_compiled(graph, cache, config, removed)
            if not self._network.input(0).partial_shape.compatible(_openvino.PartialShape(list(example))):
                raise WeightsUnusable(str(graph), f"it does not accept an input of the shape {example}")
        except RuntimeError as error:
            raise WeightsUnusable(str(graph), str(error).strip().splitlines()[-1]) from error
        self._thread_state = threading.local()
        if streams > 1:
            # The first inference initializes further statics. Running it in this one thread avoids the same deadlock.
            self(np.zeros(example, np.float32))

    def __call__(self, blob: NDArray[np.float32]) -> list[Float32]:
        """Run the network and return its outputs in the network's order.

        The outputs are views of memory that the next call in the same thread overwrites.

        Raises:
            ForkedProcess: this process was forked from the one that loaded the network.
        """
        _check_process()
        if not hasattr(self._thread_state, "request"):
            self._thread_state.request = self._network.create_infer_request()
        request = self._thread_state.request
        request.infer([blob], share_inputs=True)
        return [tensor.data for tensor in request.output_tensors]


def _load_compiled(graph: Path, cache: Path, config: dict[str, str], removed: tuple[tuple[int, ...], ...]) -> Any:
    """Return the compiled network from the cache, or compile it and store it there."""
    core, _ = _core()
    # The name of the file depends on everything that the compiled network depends on.
    sha256 = sha256_of(graph)
    depends_on = (
        sha256,
        _openvino.__version__,
        core.get_property("CPU", "FULL_DEVICE_NAME"),
        config,
        removed,
    )
    name = hashlib.sha256(repr(depends_on).encode()).hexdigest()[:32]
    path = cache / f"{compiled_prefix(sha256)}{name}.network"
    compiled = read_compiled(path)
    if compiled is not None:
        with suppress(RuntimeError):  # OpenVINO rejects the file, so the network is compiled again
            return core.import_model(compiled, "CPU", config)
    network = core.compile_model(_remove_outputs(core.read_model(graph), removed) if removed else graph, "CPU", config)
    with suppress(RuntimeError):  # the network can't be exported, so it is not cached
        write_compiled(path, network.export_model().getbuffer())
    return network


def _remove_outputs(model: Any, unwanted: Sequence[tuple[int, ...]]) -> Any:
    """Return the model without the outputs of these shapes."""
    wanted = [
        output
        for output in model.outputs
        if output.partial_shape.is_dynamic or tuple(output.partial_shape.to_shape()) not in unwanted
    ]
    return _openvino.Model(wanted, model.get_parameters())
