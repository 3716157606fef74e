"""A T5 as two ONNX graphs: one reads a prompt, one writes a token."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper

from benchmarks.peers.onnx_graph import POSITIONS, Graph, whole_model


class Seq2Seq:
    """The graph of one half of a T5: its sizes, its weights by their names, the nodes so far."""

    def __init__(self, config: dict[str, Any], weights: dict[str, np.ndarray]) -> None:
        self.heads, self.size = config["num_heads"], config["d_kv"]
        self.config, self.weights, self.graph = config, weights, Graph()

    def norm(self, x: str, name: str) -> str:
        scale = self.graph.weight(name, self.weights[name])
        epsilon = self.config["layer_norm_epsilon"]
        kind = "SimplifiedLayerNormalization"
        return self.graph.node(kind, [x, scale], epsilon=epsilon, axis=-1)[0]

    def linear(self, x: str, name: str) -> str:
        weight = self.graph.weight(name, self.weights[name].T)
        return self.graph.node("MatMul", [x, weight])[0]

    def constant(self, values: Any) -> str:
        return self.graph.weight(f"constant_{len(self.graph.weights)}", np.array(values, np.int64))

    def heads_of(self, x: str, name: str, order: tuple[int, ...] = (0, 2, 1, 3)) -> str:
        """A product with the weight `name`, by heads: (batch, heads, tokens, size)."""
        shape = self.constant([0, 0, self.heads, self.size])
        apart = self.graph.node("Reshape", [self.linear(x, name), shape])[0]
        return self.graph.node("Transpose", [apart], perm=order)[0]

    def attend(self, query: str, keys: str, values: str, name: str, bias: str | None) -> str:
        """keys: with their last two axes exchanged."""
        scores = self.graph.node("MatMul", [query, keys])[0]
        if bias is not None:
            scores = self.graph.node("Add", [scores, bias])[0]
        shares = self.graph.node("Softmax", [scores], axis=-1)[0]
        mixed = self.graph.node("MatMul", [shares, values])[0]
        mixed = self.graph.node("Transpose", [mixed], perm=(0, 2, 1, 3))[0]
        shape = self.constant([0, 0, self.heads * self.size])
        return self.linear(self.graph.node("Reshape", [mixed, shape])[0], name)

    def add(self, x: str, y: str) -> str:
        return self.graph.node("Add", [x, y])[0]

    def feed(self, x: str, own: str) -> str:
        y = self.linear(self.norm(x, f"{own}.layer_norm.weight"), f"{own}.DenseReluDense.wi.weight")
        y = self.graph.node("Relu", [y])[0]
        return self.add(x, self.linear(y, f"{own}.DenseReluDense.wo.weight"))

    def embed(self) -> str:
        table = self.graph.weight("embeddings", self.weights["shared.weight"])
        return self.graph.node("Gather", [table, "ids"])[0]

    def bias(self, half: str, apart: np.ndarray) -> np.ndarray:
        """What attention adds for key minus query position, `apart`: (1, heads, *apart's shape)."""
        name = f"{half}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        buckets = _buckets(apart, self.config, both_ways=half == "encoder")
        added: np.ndarray = np.moveaxis(self.weights[name][buckets], -1, 0)[None]
        return added.astype(np.float32)


def _buckets(apart: np.ndarray, config: dict[str, Any], both_ways: bool) -> np.ndarray:
    """T5's bucket of a relative position (Raffel et al., 2020; as in transformers)."""
    count, found = config["relative_attention_num_buckets"], np.zeros_like(apart)
    if both_ways:
        count //= 2
        found += (apart > 0) * count
        apart = np.abs(apart)
    else:
        apart = -np.minimum(apart, 0)
    exact = count // 2
    far = np.log(np.maximum(apart, 1) / exact) / np.log(
        config["relative_attention_max_distance"] / exact
    )
    large = np.minimum(exact + (far * (count - exact)).astype(np.int64), count - 1)
    inside: np.ndarray = found + np.where(apart < exact, apart, large)
    return inside


def build_reader(config: dict[str, Any], weights: dict[str, np.ndarray]) -> Any:
    """ids (1, source) -> for each layer that writes, the keys and values that it looks up."""
    it = Seq2Seq(config, weights)
    graph, x = it.graph, it.embed()
    steps = np.arange(POSITIONS)
    table = graph.weight("bias", it.bias("encoder", steps[None, :] - steps[:, None]))
    length = graph.node("Gather", [graph.node("Shape", ["ids"])[0], it.constant([1])])[0]
    ends = graph.node("Concat", [length, length], axis=0)[0]
    bias = graph.node("Slice", [table, it.constant([0, 0]), ends, it.constant([2, 3])])[0]
    for index in range(config["num_layers"]):
        own = f"encoder.block.{index}.layer"
        y = it.norm(x, f"{own}.0.layer_norm.weight")
        q, v = (it.heads_of(y, f"{own}.0.SelfAttention.{part}.weight") for part in "qv")
        k = it.heads_of(y, f"{own}.0.SelfAttention.k.weight", (0, 2, 3, 1))
        x = it.add(x, it.attend(q, k, v, f"{own}.0.SelfAttention.o.weight", bias))
        x = it.feed(x, f"{own}.1")
    x = it.norm(x, "encoder.final_layer_norm.weight")
    outputs = []
    for index in range(config["num_decoder_layers"]):
        own = f"decoder.block.{index}.layer.1.EncDecAttention"
        outputs += [it.heads_of(x, f"{own}.k.weight", (0, 2, 3, 1))]
        outputs += [it.heads_of(x, f"{own}.v.weight")]
    told, number = helper.make_tensor_value_info, TensorProto.FLOAT
    inputs = [told("ids", TensorProto.INT64, [1, "source"])]
    given = [told(name, number, None) for name in outputs]
    return whole_model(helper.make_graph(graph.nodes, "reader", inputs, given, graph.weights))


def build_writer(config: dict[str, Any], weights: dict[str, np.ndarray]) -> Any:
    """ids (batch, 1), each layer's cache, and what it looks up -> logits and the caches."""
    it = Seq2Seq(config, weights)
    graph, x = it.graph, it.embed()
    # From the farthest position to the token itself.
    far = it.bias("decoder", -np.arange(POSITIONS)[::-1])
    table = graph.weight("bias", far[:, :, None, :])
    inputs, outputs = ["ids"], []
    bias = None
    for index in range(config["num_decoder_layers"]):
        own = f"decoder.block.{index}.layer"
        y = it.norm(x, f"{own}.0.layer_norm.weight")
        q, v = (it.heads_of(y, f"{own}.0.SelfAttention.{part}.weight") for part in "qv")
        k = it.heads_of(y, f"{own}.0.SelfAttention.k.weight", (0, 2, 3, 1))
        k = graph.node("Concat", [f"past_key_{index}", k], axis=3)[0]
        v = graph.node("Concat", [f"past_value_{index}", v], axis=2)[0]
        if bias is None:
            length = graph.node("Gather", [graph.node("Shape", [v])[0], it.constant([2])])[0]
            start = graph.node("Neg", [length])[0]
            end = it.constant([np.iinfo(np.int64).max])
            bias = graph.node("Slice", [table, start, end, it.constant([3])])[0]
        x = it.add(x, it.attend(q, k, v, f"{own}.0.SelfAttention.o.weight", bias))
        y = it.norm(x, f"{own}.1.layer_norm.weight")
        q = it.heads_of(y, f"{own}.1.EncDecAttention.q.weight")
        looked = (f"read_key_{index}", f"read_value_{index}")
        x = it.add(x, it.attend(q, *looked, f"{own}.1.EncDecAttention.o.weight", None))
        x = it.feed(x, f"{own}.2")
        inputs += [f"past_key_{index}", f"past_value_{index}", *looked]
        outputs += [k, v]
    x = it.norm(x, "decoder.final_layer_norm.weight")
    scaled = weights["shared.weight"].T * config["d_model"] ** -0.5
    logits = graph.node("MatMul", [x, graph.weight("head", scaled)])[0]
    told, number = helper.make_tensor_value_info, TensorProto.FLOAT
    kinds = {"ids": (TensorProto.INT64, ["batch", 1])}
    given = [told(n, *kinds.get(n, (number, ["batch", it.heads, None, None]))) for n in inputs]
    found = [told(name, number, None) for name in [logits, *outputs]]
    return whole_model(helper.make_graph(graph.nodes, "writer", given, found, graph.weights))
