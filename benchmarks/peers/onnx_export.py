"""A student as ONNX models in int8, for ONNX Runtime's own kernels.

Run in the environment `onnx-export`: `python -m benchmarks.peers.onnx_export STUDENT OUT`. A
student of Llama's architecture is one graph, which uses ONNX Runtime's fused attention with its
cache; a T5 is two, of which the reader also makes what the writer looks up at each step. Only the
last token's logits are made; dynamic int8 quantisation is ONNX Runtime's own.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from benchmarks.peers.onnx_graph import FUSED, POSITIONS, Graph, save, whole_model
from benchmarks.peers.onnx_seq2seq import build_reader, build_writer


class Student:
    """The graph of a student: its sizes, its weights by their names, and the nodes so far."""

    def __init__(self, config: dict[str, Any], weights: dict[str, np.ndarray]) -> None:
        self.heads, self.held = config["num_attention_heads"], config["num_key_value_heads"]
        self.size = config["hidden_size"] // self.heads
        self.layers = config["num_hidden_layers"]
        self._epsilon, self._weights = config["rms_norm_eps"], weights
        self.graph = Graph()
        base = config["rope_parameters"]["rope_theta"]
        angles = np.outer(np.arange(POSITIONS), base ** (-np.arange(0, self.size, 2) / self.size))
        self._turn = [
            self.graph.weight("cos", np.cos(angles).astype(np.float32)),
            self.graph.weight("sin", np.sin(angles).astype(np.float32)),
        ]

    def norm(self, x: str, name: str) -> str:
        """RMS norm with the weight `name`."""
        scale = self.graph.weight(name, self._weights[name])
        kind = "SimplifiedLayerNormalization"
        return self.graph.node(kind, [x, scale], epsilon=self._epsilon, axis=-1)[0]

    def linear(self, x: str, name: str) -> str:
        """A product with the weight `name`."""
        weight = self.graph.weight(name, self._weights[name].T)
        return self.graph.node("MatMul", [x, weight])[0]

    def layer(self, x: str, index: int) -> tuple[str, list[str]]:
        """What one layer makes of `x`, and its cache."""
        own = f"model.layers.{index}"
        y = self.norm(x, f"{own}.input_layernorm.weight")
        qkv = [self.linear(y, f"{own}.self_attn.{part}_proj.weight") for part in "qkv"]
        past = [f"past_key_{index}", f"past_value_{index}"]
        attended, *cache = self.graph.node(
            "GroupQueryAttention",
            [*qkv, *past, "last", "total", *self._turn],
            outputs=3,
            domain=FUSED,
            num_heads=self.heads,
            kv_num_heads=self.held,
            do_rotary=1,
        )
        more = self.linear(attended, f"{own}.self_attn.o_proj.weight")
        x = self.graph.node("Add", [x, more])[0]
        y = self.norm(x, f"{own}.post_attention_layernorm.weight")
        gate = self.linear(y, f"{own}.mlp.gate_proj.weight")
        gate = self.graph.node("QuickGelu", [gate], domain=FUSED, alpha=1.0)[0]
        y = self.graph.node("Mul", [gate, self.linear(y, f"{own}.mlp.up_proj.weight")])[0]
        more = self.linear(y, f"{own}.mlp.down_proj.weight")
        return self.graph.node("Add", [x, more])[0], cache

    def write(self) -> tuple[str, list[str]]:
        """The logits of the last token, and the caches."""
        embeddings = self._weights["model.embed_tokens.weight"]
        table = self.graph.weight("embeddings", embeddings)
        x = self.graph.node("Gather", [table, "ids"])[0]
        caches = []
        for index in range(self.layers):
            x, cache = self.layer(x, index)
            caches += cache
        x = self.norm(x, "model.norm.weight")
        x = self.graph.node("Gather", [x, self.graph.weight("end", np.array(-1))], axis=1)[0]
        head = self.graph.weight("head", embeddings.T)
        return self.graph.node("MatMul", [x, head])[0], caches


def build(config: dict[str, Any], weights: dict[str, np.ndarray]) -> Any:
    """The student in float32.

    Inputs: ids (batch, step), last (batch) and total: tokens behind the last and in all, and the
    cache of each layer. Outputs: logits (batch, vocabulary) and the caches.
    """
    student = Student(config, weights)
    logits, caches = student.write()
    told, number = helper.make_tensor_value_info, TensorProto.FLOAT
    past, after = (["batch", student.held, name, student.size] for name in ("past", "all"))
    inputs = [
        told("ids", TensorProto.INT64, ["batch", "step"]),
        told("last", TensorProto.INT32, ["batch"]),
        told("total", TensorProto.INT32, []),
        *(
            told(f"past_{part}_{index}", number, past)
            for index in range(student.layers)
            for part in ("key", "value")
        ),
    ]
    outputs = [told(logits, number, ["batch", "vocabulary"])]
    outputs += [told(cache, number, after) for cache in caches]
    graph = student.graph
    return whole_model(helper.make_graph(graph.nodes, "student", inputs, outputs, graph.weights))


def main(student: Path, out: Path) -> None:
    """Writes model.onnx into `out`, or of a T5 reader.onnx and writer.onnx."""
    config = json.loads((student / "config.json").read_text())
    weights = load_file(student / "model.safetensors")
    out.mkdir(parents=True, exist_ok=True)
    if config.get("is_encoder_decoder"):
        save(build_reader(config, weights), out / "reader.onnx")
        save(build_writer(config, weights), out / "writer.onnx")
    else:
        save(build(config, weights), out / "model.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
