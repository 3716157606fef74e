"""An ONNX graph as it is made: its nodes and weights, and the int8 model that is saved of it."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

FUSED = "com.microsoft"
"""ONNX Runtime's own operators."""
POSITIONS = 512


class Graph:
    """Nodes and weights so far, and names for what they make."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._count = 0

    def weight(self, name: str, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(values.copy("C"), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: int = 1, **more: Any) -> list[str]:
        self._count += 1
        names = [f"{kind}_{self._count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **more))
        return names


def whole_model(graph: Any) -> Any:
    """A graph with the operators that it may use."""
    domains = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=8)


def save(model: Any, path: Path) -> None:
    """Writes a model in int8, with one scale for each column of its weights."""
    whole = path.with_suffix(".float32.onnx")
    onnx.save(model, str(whole))
    quantize_dynamic(
        whole,
        path,
        per_channel=True,
        weight_type=QuantType.QInt8,
        # ONNX cannot infer what ONNX Runtime's own operators give.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
    whole.unlink()
