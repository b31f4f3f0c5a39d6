"""Builds the ONNX graph of a sentence encoder from its weights: BERT and MPNet, mean of the tokens, length one.

Weights come as safetensors, and the runtime here reads ONNX only. Products run in 8 bits, the weights by column and the
input by its largest value, but for those layers whose inner values have outliers: there the second product of the
feed-forward net stays in 32 bits. Measured in docs/adr/0029-retrieval.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Array = NDArray[np.generic]
_OPSET, _IR = 20, 10
_BUCKETS, _FARTHEST = 32, 128
_MASKED = -10_000.0
INPUTS = ("input_ids", "attention_mask")
OUTPUT = "embedding"


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of an encoder.

    Attributes:
        family: "bert" or "mpnet".
        longest: Tokens that it reads at most.
        exact_layers: Layers whose second feed-forward product stays in 32 bits; from 0.
    """

    family: str
    layers: int
    heads: int
    longest: int
    epsilon: float
    exact_layers: Collection[int] = ()


def build_model(weights: Mapping[str, NDArray[np.float32]], shape: Shape) -> bytes:
    """Return the ONNX model as bytes: token ids and mask in, one vector of length one a text out."""
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    hidden = _mpnet_embeddings(graph) if shape.family == "mpnet" else _bert_embeddings(graph)
    hidden = graph.normalised(hidden, "embeddings.LayerNorm", shape.epsilon)
    bias = graph.mask_bias()
    if shape.family == "mpnet":
        bias = graph.add("Add", bias, _relative_bias(graph, shape.longest))
    for layer in range(shape.layers):
        hidden = _layer(graph, hidden, bias, layer, shape)
    _pooled(graph, hidden)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in INPUTS]
    output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "dimension"])
    made = helper.make_graph(graph.nodes, shape.family, inputs, [output], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants as they are added."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: int | float | list[int]) -> str:
        """Add a node and return the name of its first output; the others are name_1, name_2."""
        from onnx import helper

        name = f"n{len(self.nodes)}"
        names = [name, *(f"{name}_{number}" for number in range(1, outputs))]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name, None, None, None, **attributes))
        return name

    def constant(self, values: Array) -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def whole(self, *numbers: int) -> str:
        """Add a constant list of whole numbers."""
        return self.constant(np.array(numbers, np.int64))

    def weight(self, name: str) -> str:
        """Add a tensor of the weights as a constant."""
        return self.constant(self.weights[name])

    def normalised(self, value: str, name: str, epsilon: float) -> str:
        """Add a layer normalisation."""
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", value, scale, shift, axis=-1, epsilon=epsilon)

    def product(self, value: str, name: str, *, exact: bool = False) -> str:
        """Add a product with a matrix and its bias."""
        matrix, bias = self.weights[f"{name}.weight"].T, self.weight(f"{name}.bias")
        if exact:
            return self.add("Add", self.add("MatMul", value, self.constant(matrix)), bias)
        scales = np.maximum(np.abs(matrix).max(axis=0), 1e-9) / 127
        rounded = np.rint(matrix / scales).astype(np.int8)
        quantized = self.add("DynamicQuantizeLinear", value, outputs=3)
        zero = self.constant(np.zeros(rounded.shape[1], np.int8))
        whole = self.add("MatMulInteger", quantized, self.constant(rounded), f"{quantized}_2", zero)
        factor = self.add("Mul", f"{quantized}_1", self.constant(scales.astype(np.float32)))
        return self.add("Add", self.add("Mul", self.add("Cast", whole, to=1), factor), bias)

    def mask_bias(self) -> str:
        """Add what keeps attention from padding: 0 for a token, very little for none."""
        mask = self.add("Cast", "attention_mask", to=1)
        absent = self.add("Sub", self.constant(np.array(1, np.float32)), mask)
        return self.add(
            "Unsqueeze", self.add("Mul", absent, self.constant(np.array(_MASKED, np.float32))), self.whole(1, 2)
        )


def _bert_embeddings(graph: _Graph) -> str:
    tokens = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    kind = graph.constant(graph.weights["embeddings.token_type_embeddings.weight"][0])
    length = graph.add("Gather", graph.add("Shape", "input_ids"), graph.whole(1), axis=0)
    table = graph.weight("embeddings.position_embeddings.weight")
    places = graph.add("Slice", table, graph.whole(0), length, graph.whole(0))
    return graph.add("Add", graph.add("Add", tokens, places), kind)


def _mpnet_embeddings(graph: _Graph) -> str:
    tokens = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    counted = graph.add("CumSum", "attention_mask", graph.constant(np.array(1, np.int64)))
    # Places count from 2; padding stands at 1.
    places = graph.add("Add", graph.add("Mul", counted, "attention_mask"), graph.constant(np.array(1, np.int64)))
    return graph.add("Add", tokens, graph.add("Gather", graph.weight("embeddings.position_embeddings.weight"), places))


def _relative_bias(graph: _Graph, longest: int) -> str:
    places = np.arange(longest)
    buckets = _bucket(places[None, :] - places[:, None])
    table = graph.weights["encoder.relative_attention_bias.weight"][buckets].transpose(2, 0, 1)[None]
    length = graph.add("Gather", graph.add("Shape", "input_ids"), graph.whole(1), axis=0)
    ends = graph.add("Concat", length, length, axis=0)
    return graph.add("Slice", graph.constant(table.astype(np.float32)), graph.whole(0, 0), ends, graph.whole(2, 3))


def _bucket(distance: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bucket of each distance between two tokens, as MPNet (and T5 before it) learned them."""
    half = _BUCKETS // 2
    behind = (distance > 0).astype(np.int64) * half
    away = np.abs(distance)
    near = half // 2
    grown = near + (np.log(np.maximum(away, 1) / near) / np.log(_FARTHEST / near) * (half - near)).astype(np.int64)
    return behind + np.where(away < near, away, np.minimum(grown, half - 1))


def _layer(graph: _Graph, hidden: str, bias: str, layer: int, shape: Shape) -> str:
    prefix = f"encoder.layer.{layer}."
    names = _NAMES[shape.family]
    width = graph.weights[f"{prefix}{names['query']}.bias"].shape[0]
    size = width // shape.heads
    parts = graph.whole(0, 0, shape.heads, size)

    def split(name: str, order: list[int]) -> str:
        return graph.add(
            "Transpose", graph.add("Reshape", graph.product(hidden, prefix + names[name]), parts), perm=order
        )

    query, value = split("query", [0, 2, 1, 3]), split("value", [0, 2, 1, 3])
    key = split("key", [0, 2, 3, 1])
    scale = graph.constant(np.array(size**-0.5, np.float32))
    weights = graph.add(
        "Softmax", graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), bias), axis=-1
    )
    seen = graph.add("Transpose", graph.add("MatMul", weights, value), perm=[0, 2, 1, 3])
    seen = graph.product(graph.add("Reshape", seen, graph.whole(0, 0, width)), prefix + names["out"])
    hidden = graph.normalised(graph.add("Add", seen, hidden), prefix + names["norm"], shape.epsilon)
    inner = graph.add("Gelu", graph.product(hidden, f"{prefix}intermediate.dense"))
    outer = graph.product(inner, f"{prefix}output.dense", exact=layer in shape.exact_layers)
    return graph.normalised(graph.add("Add", outer, hidden), f"{prefix}output.LayerNorm", shape.epsilon)


def _pooled(graph: _Graph, hidden: str) -> None:
    """Add the mean over the tokens, brought to length one."""
    from onnx import helper

    mask = graph.add("Unsqueeze", graph.add("Cast", "attention_mask", to=1), graph.whole(2))
    total = graph.add("ReduceSum", graph.add("Mul", hidden, mask), graph.whole(1), keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [total], [OUTPUT], axis=-1, p=2))


_NAMES: Mapping[str, Mapping[str, str]] = {
    "bert": {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "out": "attention.output.dense",
        "norm": "attention.output.LayerNorm",
    },
    "mpnet": {
        "query": "attention.attn.q",
        "key": "attention.attn.k",
        "value": "attention.attn.v",
        "out": "attention.attn.o",
        "norm": "attention.LayerNorm",
    },
}
