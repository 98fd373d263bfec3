"""TensorFlow's functions and nodes as layers, computed by TensorFlow, the reference and the written file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format

from lstm_migrate.errors import PlanError
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.reference.scope import Array
from tests.unit.architecture.functional import (
    assert_same,
    computed,
    flat,
    input_entry,
    node_operation,
    operation,
    read,
    read_back,
    written,
)

FUNCTIONS, NODES = document("tfkeras").operations, document("tfkeras").node_operations

_random = np.random.default_rng(0)
A, B = (_random.normal(size=(2, 3, 4)).astype("float32") for _ in range(2))
POSITIVE = np.abs(A) + 0.5
TRUTHS, OTHERS = A > 0, B > 0
WHOLE = np.array([[0, 2, 1], [2, 2, 0]], "int32")
SPECIAL = np.array([[1.0, np.nan, np.inf], [-np.inf, 0.0, -1.0]], "float32")
LISTED = {name for name, entry in FUNCTIONS.items() if entry.get("args", [""])[0].startswith("*")}


class Case(NamedTuple):
    """TensorFlow's `name` of `first` (a list where it takes a list) and keywords."""

    name: str
    first: Any
    keywords: Mapping[str, Any] = {}


def each(names: str, first: Any, **keywords: Any) -> list[Case]:
    return [Case(name, first, keywords) for name in names.split()]


# How each function is called besides with a single tensor; arrays of `A`'s kind are tensors of the model,
# lists and numbers are constants.
CASES: list[Case] = [
    *each("math.add math.subtract math.multiply math.truediv math.divide math.maximum math.minimum", A, y=B),
    *each("__operators__.add math.floordiv compat.v1.floor_div math.floormod math.divide_no_nan", A, y=B),
    *each("math.add math.subtract math.multiply math.truediv math.floormod math.maximum", A, y=0.7),
    *each("math.add math.subtract math.multiply math.truediv math.pow math.minimum", 2.0, y=POSITIVE),
    *each("math.add math.subtract math.multiply", A, y=[0.1, -0.2, 0.3, 0.4]),
    *each("math.subtract math.truediv", [[1.0], [2.0], [3.0]], y=POSITIVE),
    *each("math.add math.multiply", WHOLE, y=3),
    *each("math.greater math.greater_equal math.less math.less_equal math.equal math.not_equal", A, y=B),
    *each("math.greater math.equal", A, y=0.5),
    *each("math.logical_and math.logical_or math.logical_xor", TRUTHS, y=OTHERS),
    *each("math.logical_not", TRUTHS),
    Case("math.pow", POSITIVE, {"y": B}),
    Case("math.pow", A, {"y": 2}),
    Case("math.divide_no_nan", A, {"y": [0.0, 1.0, 2.0, 0.0]}),
    Case("math.atan2", A, {"x": B}),
    Case("nn.bias_add", A, {"bias": [0.1, -0.2, 0.3, 0.4]}),
    Case("slice", A, {"begin": [0, 1, 0], "size": [-1, 2, 3]}),
    Case("linalg.matmul", A, {"b": B, "transpose_b": True}),
    Case("linalg.matmul", A, {"b": B, "transpose_a": True}),
    Case("linalg.matmul", A, {"b": np.swapaxes(B, 1, 2).copy()}),
    Case("linalg.matmul", A, {"b": B[:, :, :3].copy(), "transpose_a": True, "transpose_b": True}),
    Case("linalg.matmul", A, {"b": [[1.0, 2.0]] * 4}),
    Case("linalg.matmul", [[1.0, 2.0, 3.0]], {"b": A}),
    Case("tensordot", A, {"b": [[1.0, 2.0]] * 4, "axes": [[2], [0]]}),
    Case("tensordot", A, {"b": [[1.0, 2.0]] * 4, "axes": 1}),
    Case("tensordot", A, {"b": B[0], "axes": [[1, -1], [0, 1]]}),
    *each("math.reduce_mean math.reduce_sum math.reduce_max math.reduce_min math.reduce_prod", A, axis=1),
    *each("math.reduce_std math.reduce_variance math.reduce_logsumexp", A, axis=[1, 2]),
    *each("math.reduce_mean math.reduce_sum math.reduce_max", A, axis=[1, -1], keepdims=True),
    *each("math.reduce_std math.reduce_variance math.reduce_logsumexp math.reduce_mean", A),
    *each("math.reduce_any math.reduce_all", TRUTHS, axis=-1),
    *each("math.reduce_sum math.reduce_max", WHOLE, axis=1),
    *each("math.argmax math.argmin", A, axis=-1),
    *each("math.argmax math.argmin math.cumsum math.cumprod", A),
    *each("math.cumsum math.cumprod", A, axis=1),
    Case("math.top_k", A, {"k": 2}),
    Case("math.top_k", A),
    Case("sort", A, {"axis": 1}),
    Case("sort", A),
    *each("norm compat.v1.norm", A, axis=-1),
    Case("norm", A, {"ord": 1, "axis": 1, "keepdims": True}),
    Case("norm", A, {"ord": "euclidean", "axis": [1, 2]}),
    *each("concat stack", [A, B], axis=1),
    *each("concat stack", [A, B, A], axis=-1),
    Case("concat", [A], {"axis": 1}),
    Case("stack", [A], {"axis": 1}),
    Case("concat", [A, [[[1.0, 2.0, 3.0, 4.0]]] * 2], {"axis": 1}),
    Case("unstack", A, {"axis": 1}),
    Case("split", A, {"num_or_size_splits": 2, "axis": 2}),
    Case("split", A, {"num_or_size_splits": [1, 2, 1], "axis": -1}),
    Case("split", A, {"num_or_size_splits": [1, -1], "axis": 2}),
    *each("expand_dims", A, axis=1),
    *each("expand_dims", A, axis=-1),
    *each("squeeze compat.v1.squeeze", A[:, :1].copy(), axis=1),
    *each("squeeze", A[:, :1, :1].copy(), axis=[1, 2]),
    *each("squeeze", A[:, :1].copy()),
    Case("reshape", A, {"shape": [-1, 6, 2]}),
    Case("keras.backend.batch_flatten", A),
    *each("transpose compat.v1.transpose", A, perm=[0, 2, 1]),
    *each("transpose", A),
    Case("tile", A, {"multiples": [1, 2, 3]}),
    Case("repeat", A, {"repeats": 2, "axis": 1}),
    Case("repeat", A, {"repeats": [1, 0, 3], "axis": 1}),
    Case("reverse", A, {"axis": [1]}),
    Case("reverse", A, {"axis": [1, 2]}),
    Case("roll", A, {"shift": 2, "axis": 1}),
    *[Case("cast", A * 3, {"dtype": dtype}) for dtype in ("int32", "bool", "float16", "float64")],
    Case("cast", TRUTHS, {"dtype": "float32"}),
    *each("gather compat.v1.gather", A, indices=[2, 0], axis=1),
    *each("gather", A, indices=[1]),
    Case("gather", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], {"indices": WHOLE}),
    *each("pad compat.v1.pad", A, paddings=[[0, 0], [1, 2], [0, 1]]),
    Case("pad", A, {"paddings": [[0, 0], [1, 2], [0, 1]], "mode": "REFLECT", "constant_values": 0}),
    Case("pad", A, {"paddings": [[0, 0], [1, 2], [0, 1]], "mode": "SYMMETRIC"}),
    Case("pad", A, {"paddings": [[0, 0], [1, 2], [0, 1]], "constant_values": -1.5}),
    Case("where", TRUTHS, {"x": A, "y": B}),
    Case("where", TRUTHS, {"x": A, "y": float("-inf")}),
    Case("where", TRUTHS, {"x": 1.0, "y": [0.1, 0.2, 0.3, 0.4]}),
    Case("clip_by_value", A, {"clip_value_min": -0.5, "clip_value_max": 0.5}),
    Case("clip_by_value", A, {"clip_value_min": 0.0, "clip_value_max": float("inf")}),
    Case("one_hot", WHOLE, {"depth": 4}),
    Case("one_hot", WHOLE, {"depth": 3, "axis": 1, "dtype": "int32", "on_value": 1, "off_value": 0}),
    *each("zeros_like ones_like stop_gradient identity", A),
    *each("zeros_like ones_like", A, dtype="int32"),
    Case("ensure_shape", A, {"shape": [None, 3, 4]}),
    *each("math.abs math.negative math.square math.exp math.expm1 math.sin math.cos math.tan math.sinh", A),
    *each("math.cosh math.atan math.floor math.ceil math.round math.sign math.erf math.tanh math.sigmoid", A),
    *each(
        "math.log_sigmoid math.softplus nn.softsign nn.relu nn.relu6 nn.elu nn.selu nn.silu nn.swish", A * 3
    ),
    *each("nn.leaky_relu nn.gelu nn.softmax compat.v1.nn.softmax nn.log_softmax", A),
    *each("math.asin math.acos", A / 10),
    *each("math.sqrt math.rsqrt math.reciprocal math.log math.log1p", POSITIVE),
    *each("math.is_nan math.is_inf math.is_finite", SPECIAL),
    *each("math.round", np.array([[0.5, 1.5, 2.5, -0.5]], "float32")),
    *each("nn.softmax nn.log_softmax", A, axis=1),
    *each("nn.leaky_relu", A, alpha=0.4),
    *each("nn.gelu", A, approximate=True),
    *each("math.l2_normalize", A, axis=-1),
    *each("math.l2_normalize", A / 1e4, axis=[1, 2], epsilon=1e-3),
]

RENAMED = {"__operators__.add": "math.add", "compat.v1.floor_div": "math.floordiv", "math.truediv": "truediv"}


def of_tensorflow(name: str) -> Any:
    """The function of this name in the installed TensorFlow."""
    if name == "keras.backend.batch_flatten":
        return lambda x: tf.reshape(x, [len(x), -1])
    found: Any = tf
    for part in RENAMED.get(name, name).split("."):
        found = getattr(found, part)
    return found


def as_config(case: Case) -> tuple[list[dict[str, Any]], list[Array]]:
    """The entries of a model that holds only this operation, as TFOpLambda is written, and its inputs."""
    values: list[Array] = []

    def tensor(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            values.append(value)
            return [f"input_{len(values) - 1}", 0, 0]
        return value

    first = case.first if isinstance(case.first, list) and case.name in LISTED else [case.first]
    heads = [
        tensor(value) if isinstance(value, np.ndarray) else ["_CONSTANT_VALUE", -1, value] for value in first
    ]
    keywords = {key: tensor(value) for key, value in case.keywords.items()}
    node = [[*head, keywords] for head in heads]
    node = node if case.name in LISTED else node[0]
    inputs = [input_entry(f"input_{number}", value) for number, value in enumerate(values)]
    return [*inputs, operation(case.name, "op", node)], values


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.name}" for number, case in enumerate(CASES)])
def test_a_function_is_that_of_tensorflow(case: Case, tmp_path: Path) -> None:
    entries, values = as_config(case)
    expected = of_tensorflow(case.name)(case.first, **case.keywords)
    assert_as_expected(entries, values, flat(expected), tmp_path)


def assert_as_expected(
    entries: Sequence[Mapping[str, Any]], values: Sequence[Array], expected: Sequence[Any], folder: Path
) -> None:
    """The reference on the source's Graph, the written file, and the reference on what stands in the file."""
    name = entries[-1]["name"]
    graph = read(entries, [[name, 0, number] for number in range(len(expected))])
    assert_same(computed(graph, values), expected)
    file = written(graph, folder)
    assert_same(file.outputs(values), expected)
    assert_same(computed(read_back(file), values), expected)


def test_every_function_of_the_table_is_compared() -> None:
    declared = {name for name, entry in FUNCTIONS.items() if "refuse" not in entry}
    elsewhere = {"__operators__.getitem", "shape", "compat.v1.shape"}
    assert declared - {case.name for case in CASES} - elsewhere == set()


@pytest.mark.parametrize("table", [FUNCTIONS, NODES], ids=["functions", "nodes"])
def test_arguments_lead_a_call_in_the_order_of_keras(table: Mapping[str, Any]) -> None:
    for name, entry in table.items():
        if "op" in entry:
            leading = [part.lstrip("*") for part in entry.get("positional", entry["args"])]
            assert list(signature(getattr(keras.ops, entry["op"])).parameters)[: len(leading)] == leading, (
                name
            )


class Node(NamedTuple):
    """A node of TensorFlow's graph: its operation's arguments, arrays being tensors and others constants."""

    name: str
    arguments: Mapping[str, Any]


def nodes(names: str, **arguments: Any) -> list[Node]:
    return [Node(name, arguments) for name in names.split()]


NODE_CASES: list[Node] = [
    *nodes("Add AddV2 Sub Mul RealDiv DivNoNan FloorDiv FloorMod Maximum Minimum", x=A, y=B),
    *nodes("Add AddV2 Sub Mul RealDiv FloorMod Maximum Minimum", x=A, y=np.float32(0.7)),
    *nodes("Sub RealDiv Pow", x=np.float32(2.0), y=POSITIVE),
    *nodes("Mul Sub", x=A, y=np.float32([0.1, 0.2, 0.3, 0.4])),
    *nodes("Greater GreaterEqual Less LessEqual Equal NotEqual", x=A, y=B),
    *nodes("LogicalAnd LogicalOr", x=TRUTHS, y=OTHERS),
    *nodes("LogicalNot", x=TRUTHS),
    Node("Pow", {"x": POSITIVE, "y": B}),
    Node("Atan2", {"y": A, "x": B}),
    Node("BiasAdd", {"value": A, "bias": np.float32([0.1, 0.2, 0.3, 0.4])}),
    Node("MatMul", {"a": A[:, 0], "b": B[:, 0], "transpose_a": True}),
    Node("BatchMatMulV2", {"x": A, "y": B, "adj_y": True}),
    Node("BatchMatMulV2", {"x": A, "y": np.swapaxes(B, 1, 2).copy()}),
    *nodes("Mean Sum Max Min Prod", input=A, axis=1, keep_dims=True),
    *nodes("Mean Sum Max Min Prod", input=A, axis=[1, 2]),
    *nodes("Any All", input=TRUTHS, axis=[-1]),
    *nodes("ArgMax ArgMin", input=A, dimension=2),
    *nodes("Cumsum Cumprod", x=A, axis=1),
    Node("TopKV2", {"input": A, "k": 2}),
    Node("ConcatV2", {"values": [A, B], "axis": 2}),
    Node("Pack", {"values": [A, B], "axis": 1}),
    Node("Unpack", {"value": A, "num": 3, "axis": 1}),
    Node("Split", {"axis": 2, "value": A, "num_split": 2}),
    Node("SplitV", {"value": A, "size_splits": [1, 3], "axis": 2, "num_split": 2}),
    Node("ExpandDims", {"input": A, "axis": 1}),
    Node("Squeeze", {"input": A[:, :1].copy(), "axis": [1]}),
    Node("Squeeze", {"input": A[:, :1].copy()}),
    Node("Reshape", {"tensor": A, "shape": [-1, 12]}),
    Node("Transpose", {"x": A, "perm": [0, 2, 1]}),
    Node("Tile", {"input": A, "multiples": [1, 2, 1]}),
    Node("ReverseV2", {"tensor": A, "axis": [1]}),
    Node("GatherV2", {"params": A, "indices": [2, 0], "axis": 1}),
    Node("OneHot", {"indices": WHOLE, "depth": 4, "on_value": np.float32(1), "off_value": np.float32(0)}),
    Node("Pad", {"input": A, "paddings": [[0, 0], [1, 2], [0, 1]]}),
    Node("PadV2", {"input": A, "paddings": [[0, 0], [1, 2], [0, 1]], "constant_values": np.float32(2.5)}),
    Node("MirrorPad", {"input": A, "paddings": [[0, 0], [1, 2], [0, 1]], "mode": "REFLECT"}),
    Node("SelectV2", {"condition": TRUTHS, "t": A, "e": np.float32(0.5)}),
    Node("Cast", {"x": A * 3, "DstT": tf.int32}),
    Node("Cast", {"x": A, "DstT": tf.float16}),
    Node("Slice", {"input": A, "begin": [0, 1, 0], "size": [-1, 1, 2]}),
    *nodes("ZerosLike", x=A),
    *nodes("OnesLike", x=A),
    *nodes("StopGradient Identity", input=A),
    Node("EnsureShape", {"input": A, "shape": [None, 3, 4]}),
    *nodes("Abs Neg Square Exp Expm1 Sin Cos Tan Atan Sinh Cosh Floor Ceil Round Sign Erf Tanh Sigmoid", x=A),
    *nodes("Asin Acos", x=A / 10),
    *nodes("Sqrt Rsqrt Reciprocal Log Log1p", x=POSITIVE),
    *nodes("IsNan IsInf IsFinite", x=SPECIAL),
    *nodes("Softplus Softsign Relu Relu6 Elu Selu", features=A * 3),
    Node("LeakyRelu", {"features": A, "alpha": 0.3}),
    *nodes("Softmax LogSoftmax", logits=A),
]


def as_node(name: str, build: Any) -> tuple[list[dict[str, Any]], list[Array]]:
    """The entries of a model with this node alone, as TensorFlowOpLayer is written, and its inputs.

    `build(tensor)` makes the node in TensorFlow's graph; `tensor(array)` is a tensor of the model.
    """
    values: list[Array] = []
    with tf.Graph().as_default() as graph:

        def tensor(value: Array) -> Any:
            values.append(value)
            return tf.compat.v1.placeholder(value.dtype, [None, *value.shape[1:]], f"input_{len(values) - 1}")

        build(tensor)
        node = [item for item in graph.as_graph_def().node if item.op == name][-1]
        operations = [graph.get_operation_by_name(item.split(":")[0]) for item in node.input]
        constants, fed = {}, []
        for place, made in enumerate(operations):
            if made.type == "Const":
                constants[str(place)] = tf.make_ndarray(made.get_attr("value")).tolist()
            else:
                fed.append([made.name, 0, 0, {}])
    inputs = [input_entry(f"input_{number}", value) for number, value in enumerate(values)]
    return [*inputs, node_operation(json_format.MessageToDict(node), constants, fed)], values


@pytest.mark.parametrize("case", NODE_CASES, ids=[f"{i}-{case.name}" for i, case in enumerate(NODE_CASES)])
def test_a_node_is_that_of_tensorflow(case: Node, tmp_path: Path) -> None:
    function = getattr(tf.raw_ops, case.name)

    def build(tensor: Any) -> None:
        def given(value: Any) -> Any:
            if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
                return [given(item) for item in value]
            large = isinstance(value, np.ndarray) and value.ndim > 1
            return tensor(value) if large else value

        function(**{key: given(value) for key, value in case.arguments.items()})

    entries, values = as_node(case.name, build)
    assert_as_expected(entries, values, flat(function(**case.arguments)), tmp_path)


def test_every_node_of_the_table_is_compared() -> None:
    declared = {name for name, entry in NODES.items() if "refuse" not in entry}
    assert declared - {case.name for case in NODE_CASES} - {"StridedSlice", "Shape"} == set()


SLICES: list[tuple[Any, Any]] = [
    ((slice(None), -1), [[None, None, None], -1]),
    ((..., slice(None, None, -1)), ["...", [None, None, -1]]),
    ((slice(None), None, slice(None), 1), [[None, None, None], None, [None, None, None], 1]),
    ((slice(None), slice(1, None), slice(0, 3, 2)), [[None, None, None], [1, None, None], [0, 3, 2]]),
    ((slice(None), slice(2, 0, -1)), [[None, None, None], [2, 0, -1]]),
    ((0,), 0),
    ((slice(0, 1),), [0, 1, None]),
]


def as_spec(item: Any) -> Any:
    if item == "...":
        return {"class_name": "__ellipsis__"}
    return {"start": item[0], "stop": item[1], "step": item[2]} if isinstance(item, list) else item


@pytest.mark.parametrize(("key", "spec"), SLICES)
def test_a_slice_is_that_of_python(key: Any, spec: Any, tmp_path: Path) -> None:
    several = isinstance(spec, list) and any(item == "..." or isinstance(item, list) for item in spec)
    written_spec = [as_spec(item) for item in spec] if several else as_spec(spec)
    node = ["input_0", 0, 0, {"slice_spec": written_spec}]
    entries = [input_entry("input_0", A), operation("__operators__.getitem", "op", node)]
    assert_as_expected(entries, [A], [A[key]], tmp_path)


@pytest.mark.parametrize(("key", "spec"), SLICES)
def test_a_strided_slice_is_that_of_python(key: Any, spec: Any, tmp_path: Path) -> None:
    entries, values = as_node("StridedSlice", lambda tensor: tensor(A)[key])
    assert_as_expected(entries, values, [A[key]], tmp_path)


SUMS = [
    ((3, 3), (3, 1)),
    ((3, 1), (3, 3)),
    ((1, 5, 5), (1, 5, 1)),
    ((1, 5, 1), (1, 1, 5)),
    ((4, 4, 4), (4, 1)),
]


@pytest.mark.parametrize(("first", "second"), SUMS, ids=str)
def test_a_sum_is_right_where_a_batch_is_as_long_as_an_axis(
    first: tuple[int, ...], second: tuple[int, ...], tmp_path: Path
) -> None:
    """keras.ops.add takes (3, 1) for a bias of a (3, 3): the written file must not."""
    x, y = (_random.normal(size=shape).astype("float32") for shape in (first, second))
    node = ["input_0", 0, 0, {"y": ["input_1", 0, 0]}]
    entries = [input_entry("input_0", x), input_entry("input_1", y), operation("math.add", "op", node)]
    graph = read(entries, [["op", 0, 0]])
    assert_same(written(graph, tmp_path).outputs([x, y]), [x + y])


@pytest.mark.parametrize("constant", [(4, 1), (4,), (1, 4), (4, 4, 4)], ids=str)
def test_a_sum_with_an_array_is_right_where_all_axes_are_alike(
    constant: tuple[int, ...], tmp_path: Path
) -> None:
    x, y = (_random.normal(size=shape).astype("float32") for shape in ((4, 4, 4), constant))
    for node in (
        ["input_0", 0, 0, {"y": y.tolist()}],
        ["_CONSTANT_VALUE", -1, y.tolist(), {"y": ["input_0", 0, 0]}],
    ):
        graph = read([input_entry("input_0", x), operation("math.add", "op", node)], [["op", 0, 0]])
        assert_same(written(graph, tmp_path).outputs([x]), [x + y])


def test_no_operation_is_named_like_a_layer(tmp_path: Path) -> None:
    entries = [
        input_entry("input_0", A),
        operation("math.add", "multiply", ["input_0", 0, 0, {"y": 1.0}]),
        operation("math.multiply", "add", ["multiply", 0, 0, {"y": 2.0}]),
        operation("math.multiply", "multiply_1", ["add", 0, 0, {"y": ["input_0", 0, 0]}]),
    ]
    file = written(read(entries, [["multiply_1", 0, 0]]), tmp_path)
    assert {"multiply", "add", "multiply_1"} <= set(read_back(file).layers)
    assert_same(file.outputs([A]), [(A + 1) * 2 * A])


REFUSED = [
    Case("math.l2_normalize", A),
    Case("math.cumsum", A, {"axis": 1, "reverse": True}),
    Case("gather", A, {"indices": [[0], [1]], "batch_dims": 1}),
    Case("where", TRUTHS),
    Case("one_hot", WHOLE, {"depth": 3, "on_value": 2.0}),
    Case("split", A, {"num_or_size_splits": [-1, 1], "axis": 2}),
    Case("sort", A, {"direction": "DESCENDING"}),
    Case("tile", A, {"multiples": WHOLE}),
    Case("math.reduce_mean", WHOLE, {"axis": 1}),
    Case("nn.silu", A, {"beta": 2.0}),
    Case("linalg.matmul", A, {"b": B, "adjoint_b": True}),
    Case("einsum", "ij->ji"),
    Case("sequence_mask", WHOLE),
]


@pytest.mark.parametrize("case", REFUSED, ids=[case.name for case in REFUSED])
def test_what_has_no_counterpart_is_refused_by_name(case: Case) -> None:
    entries, _ = as_config(case)
    with pytest.raises(PlanError, match=case.name.rpartition(".")[2] if "mean" not in case.name else "whole"):
        read(entries, [["op", 0, 0]])


def test_a_list_of_tensors_for_one_tensor_is_refused() -> None:
    node = ["input_0", 0, 0, {"y": [["input_0", 0, 0], ["input_1", 0, 0]]}]
    entries = [input_entry("input_0", A), input_entry("input_1", B), operation("math.add", "op", node)]
    with pytest.raises(PlanError, match="list of tensors"):
        read(entries, [["op", 0, 0]])


def test_a_slice_bound_that_the_model_computes_is_refused() -> None:
    spec = {"slice_spec": [{"start": None, "stop": ["input_1", 0, 0], "step": None}]}
    entries = [
        input_entry("input_0", A),
        input_entry("input_1", WHOLE),
        operation("__operators__.getitem", "op", ["input_0", 0, 0, spec]),
    ]
    with pytest.raises(PlanError, match="key is computed by the model"):
        read(entries, [["op", 0, 0]])


def test_a_cast_to_the_same_dtype_keeps_the_mask() -> None:
    entries = [input_entry("input_0", A), operation("cast", "op", ["input_0", 0, 0, {"dtype": "float32"}])]
    assert read(entries, [["op", 0, 0]]).layers["op"].kind == "Activation"
