import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from export.onnx_canonical import canonical
from export.onnx_lean import lean

from .onnx_graphs import answers, assert_same, graph_of, operators

SEEDS = st.integers(0, 2**32 - 1)
FACTORS = st.sampled_from([-3.0, -0.5, 0.25, 1.0, 7.0])


def batch_norm(draw, factors, shape):
    """The factor and the shift of a batch norm at inference, which multiply and add by channel."""
    spread = (1, len(factors), *(1 for _ in shape))
    return {
        "factor": np.array(factors, np.float32).reshape(spread),
        "shift": draw.normal(size=len(factors)).astype(np.float32).reshape(spread),
    }


@settings(deadline=None, max_examples=60)
@given(
    factors=st.lists(FACTORS, min_size=2, max_size=2) | st.lists(FACTORS, min_size=4, max_size=4),
    pool=st.sampled_from([None, "MaxPool", "AveragePool", "bordered AveragePool"]),
    pads=st.sampled_from([0, 1]),
    grouped=st.booleans(),
    biased=st.booleans(),
    seed=SEEDS,
)
def test_a_batch_norm_behind_a_relu_goes_into_the_next_convolution_as_far_as_that_is_exact(
    factors, pool, pads, grouped, biased, seed
):
    draw = np.random.default_rng(seed)
    channels = len(factors)
    groups = 2 if grouped else 1
    nodes = [
        ("Relu", "x", "positive", {}),
        ("Mul", "positive factor", "scaled", {}),
        ("Add", "scaled shift", "shifted", {}),
    ]
    value, size = "shifted", 8
    if pool:
        border = {"pads": [1, 1, 1, 1], "count_include_pad": 1} if pool.startswith("bordered") else {}
        nodes.append((pool.split()[-1], value, "pooled", {"kernel_shape": [2, 2], "strides": [2, 2], **border}))
        value, size = "pooled", 5 if border else 4
    nodes.append(("Conv", f"{value} weights{' bias' if biased else ''}", "y", {"group": groups, "pads": [pads] * 4}))
    constants = {
        **batch_norm(draw, factors, (8, 8)),
        "weights": draw.normal(size=(6, channels // groups, 3, 3)).astype(np.float32),
        **({"bias": draw.normal(size=6).astype(np.float32)} if biased else {}),
    }
    before = graph_of(nodes, constants, (channels, 8, 8), (6, size + 2 * pads - 2, size + 2 * pads - 2))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(3, channels, 8, 8)).astype(np.float32))
    left = {"Mul", "Add"} & set(operators(after))
    if pool == "MaxPool" and min(factors) < 0:
        assert {"Add"} <= left  # the smallest of a window would become the largest; nothing is folded
        assert operators(after).index("Add") < operators(after).index("MaxPool")
    elif pool and pool.startswith("bordered"):
        assert "Add" in left
    elif pads:
        assert left == {"Add"}  # the border's zeros are not shifted
    else:
        assert left == set()


@settings(deadline=None, max_examples=30)
@given(
    factors=st.lists(FACTORS, min_size=3, max_size=3),
    pool=st.sampled_from([None, "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]),
    transposed=st.booleans(),
    seed=SEEDS,
)
def test_a_batch_norm_goes_into_the_next_dense_layer_through_pool_transposition_and_flattening(
    factors, pool, transposed, seed
):
    draw = np.random.default_rng(seed)
    nodes = [("Relu", "x", "positive", {}), ("Mul", "positive factor", "scaled", {}), ("Add", "scaled shift", "v", {})]
    value, size = "v", 4
    if pool:
        nodes.append((pool, value, "p", {"kernel_shape": [2, 2], "strides": [2, 2]} if "Global" not in pool else {}))
        value, size = "p", 1 if "Global" in pool else 2
    if transposed:
        nodes.append(("Transpose", value, "t", {"perm": [0, 2, 3, 1]}))
        value = "t"
    features = 3 * size * size
    nodes += [
        ("Reshape", f"{value} flat", "rows", {}),
        ("MatMul", "rows weights", "m", {}),
        ("Add", "m bias", "y", {}),
    ]
    constants = {
        **batch_norm(draw, factors, (4, 4)),
        "flat": np.array([-1, features]),
        "weights": draw.normal(size=(features, 5)).astype(np.float32),
        "bias": draw.normal(size=5).astype(np.float32),
    }
    before = graph_of(nodes, constants, (3, 4, 4), (5,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(3, 3, 4, 4)).astype(np.float32))
    kept = [] if pool is None else [pool]
    if pool and "Max" in pool and min(factors) < 0:
        kept = ["Mul", "Add", pool] if {1.0} != set(factors) else ["Add", pool]
    assert operators(after) == ["Relu", *kept, "Reshape", "Gemm"]


@settings(deadline=None, max_examples=30)
@given(perm=st.permutations([1, 2, 3]), shape=st.tuples(*[st.integers(1, 4)] * 3), biased=st.booleans(), seed=SEEDS)
def test_rows_of_a_dense_layer_take_the_order_of_any_transposition(perm, shape, biased, seed):
    draw = np.random.default_rng(seed)
    features = int(np.prod(shape))
    nodes = [
        ("Relu", "x", "r", {}),
        ("Transpose", "r", "t", {"perm": [0, *perm]}),
        ("Flatten", "t", "f", {"axis": 1}),
        *([("Gemm", "f weights bias", "y", {"transB": 1})] if biased else [("MatMul", "f weights", "y", {})]),
    ]
    weights = draw.normal(size=(features, 3)).astype(np.float32)
    constants = {"weights": weights.T.copy() if biased else weights, "bias": draw.normal(size=3).astype(np.float32)}
    if not biased:
        del constants["bias"]
    before = graph_of(nodes, constants, shape, (3,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(2, *shape)).astype(np.float32))
    assert "Transpose" not in operators(after)


@pytest.mark.parametrize("offset", [0.0, -0.5])
@pytest.mark.parametrize("pads", [0, 1])
def test_the_scaling_of_pixels_goes_into_the_first_convolution_and_an_offset_only_without_a_border(offset, pads):
    draw = np.random.default_rng(0)
    nodes = [
        ("Cast", "x", "floats", {"to": TensorProto.FLOAT}),
        ("Mul", "floats scale", "unit", {}),
        ("Add", "unit offset", "moved", {}),
        ("Reshape", "moved shape", "image", {}),
        ("Conv", "image weights", "y", {"pads": [pads] * 4}),
    ]
    constants = {
        "scale": np.float32(1 / 255),
        "offset": np.float32(offset),
        "shape": np.array([-1, 1, 28, 28]),
        "weights": draw.normal(size=(2, 1, 3, 3)).astype(np.float32),
    }
    side = 26 + 2 * pads
    before = graph_of(nodes, constants, (28, 28), (2, side, side), TensorProto.UINT8)
    after = lean(before)
    assert_same(before, after, draw.integers(0, 256, (3, 28, 28), np.uint8))
    assert operators(after) == ["Cast", "Reshape", *(["Add"] if offset and pads else []), "Conv"]


def test_what_stands_behind_a_dense_layer_goes_into_it():
    draw = np.random.default_rng(1)
    nodes = [
        ("MatMul", "x weights", "m", {}),
        ("Add", "m bias", "b", {}),
        ("Sub", "b mean", "c", {}),
        ("Div", "c deviation", "d", {}),
        ("Mul", "factor d", "y", {}),
    ]
    constants = {"weights": draw.normal(size=(4, 3)).astype(np.float32)}
    constants |= {name: draw.uniform(1, 2, 3).astype(np.float32) for name in ("bias", "mean", "deviation", "factor")}
    before = graph_of(nodes, constants, (4,), (3,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(5, 4)).astype(np.float32))
    assert operators(after) == ["Gemm"]


def test_a_value_that_something_else_reads_keeps_its_batch_norm():
    draw = np.random.default_rng(2)
    nodes = [
        ("Mul", "x factor", "scaled", {}),
        ("MatMul", "scaled weights", "m", {}),
        ("Add", "m scaled", "y", {}),
    ]
    constants = {
        "factor": draw.uniform(1, 2, 4).astype(np.float32),
        "weights": draw.normal(size=(4, 4)).astype(np.float32),
    }
    before = graph_of(nodes, constants, (4,), (4,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(5, 4)).astype(np.float32))
    assert operators(after) == ["Mul", "MatMul", "Add"]


def test_a_dead_channel_does_not_become_infinite():
    """Its factor is zero, so its shift cannot be divided by it."""
    draw = np.random.default_rng(3)
    nodes = [
        ("Mul", "x factor", "scaled", {}),
        ("Add", "scaled shift", "shifted", {}),
        ("Conv", "shifted weights", "y", {"pads": [1] * 4}),
    ]
    constants = {**batch_norm(draw, [0.0, 2.0], (4, 4)), "weights": draw.normal(size=(2, 2, 3, 3)).astype(np.float32)}
    before = graph_of(nodes, constants, (2, 4, 4), (2, 4, 4))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(2, 2, 4, 4)).astype(np.float32))
    assert operators(after) == ["Mul", "Add", "Conv"]


def test_what_a_border_keeps_from_the_convolution_waits_until_the_pool_has_left_less():
    draw = np.random.default_rng(4)
    nodes = [
        ("Mul", "x factor", "scaled", {}),
        ("Add", "scaled shift", "shifted", {}),
        ("MaxPool", "shifted", "pooled", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", "pooled weights", "y", {"pads": [1] * 4}),
    ]
    constants = {**batch_norm(draw, [0.5, 2.0], (8, 8)), "weights": draw.normal(size=(2, 2, 3, 3)).astype(np.float32)}
    before = graph_of(nodes, constants, (2, 8, 8), (2, 4, 4))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(2, 2, 8, 8)).astype(np.float32))
    assert operators(after) == ["MaxPool", "Add", "Conv"]


def test_idle_nodes_go():
    draw = np.random.default_rng(5)
    nodes = [
        ("Identity", "x", "a", {}),
        ("Dropout", "a", "b", {}),
        ("Cast", "b", "c", {"to": TensorProto.FLOAT}),
        ("Relu", "c", "r", {}),
        ("MaxPool", "r", "d", {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
        ("Transpose", "d", "e", {"perm": [0, 1, 2, 3]}),
        ("Reshape", "e same", "f", {}),
        ("Reshape", "f other", "g", {}),
        ("Reshape", "g flat", "h", {}),
        ("Mul", "h one", "i", {}),
        ("Softmax", "i", "y", {}),
    ]
    constants = {
        "same": np.array([-1, 6, 1, 1]),
        "other": np.array([-1, 2, 3]),
        "flat": np.array([-1, 6]),
        "one": np.float32(1),
    }
    before = graph_of(nodes, constants, (6, 1, 1), (6,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(4, 6, 1, 1)).astype(np.float32))
    assert operators(after) == ["Relu", "Reshape", "Softmax"]


def test_a_pool_that_averages_zeros_in_is_not_idle():
    bordered = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1], "count_include_pad": 1}
    before = graph_of([("Relu", "x", "r", {}), ("AveragePool", "r", "y", bordered)], {}, (3, 1, 1), (3, 1, 1))
    assert operators(lean(before)) == ["Relu", "AveragePool"]


def test_shapes_and_constants_are_computed_once():
    """What Keras' Flatten and arithmetic of constants become: a chain that runs again for every call."""
    draw = np.random.default_rng(6)
    nodes = [
        ("Relu", "x", "r", {}),
        ("Shape", "r", "s", {}),
        ("Slice", "s zero one zero", "n", {}),
        ("Concat", "n twelve", "shape", {"axis": 0}),
        ("Reshape", "r shape", "f", {}),
        ("Sqrt", "variance", "deviation", {}),
        ("Div", "f deviation", "d", {}),
        ("Tanh", "d", "y", {}),
    ]
    constants = {
        "zero": np.array([0]),
        "one": np.array([1]),
        "twelve": np.array([12]),
        "variance": draw.uniform(1, 2, 12).astype(np.float32),
    }
    before = graph_of(nodes, constants, (3, 4), (12,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(4, 3, 4)).astype(np.float32))
    assert operators(after) == ["Relu", "Reshape", "Mul", "Tanh"]


def test_the_model_given_stays_as_it_is_and_a_lean_one_too():
    draw = np.random.default_rng(7)
    nodes = [
        ("Relu", "x", "r", {}),
        ("Mul", "r factor", "s", {}),
        ("MatMul", "s weights", "m", {}),
        ("Add", "m bias", "y", {}),
    ]
    constants = {
        "factor": draw.uniform(1, 2, 4).astype(np.float32),
        "weights": draw.normal(size=(4, 3)).astype(np.float32),
        "bias": draw.normal(size=3).astype(np.float32),
    }
    before = graph_of(nodes, constants, (4,), (3,))
    content = before.SerializeToString()
    after = canonical(lean(before))
    assert before.SerializeToString() == content
    assert canonical(lean(after)).SerializeToString() == after.SerializeToString()


def test_control_flow_is_left_alone():
    constant = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("c", TensorProto.FLOAT, [3], [1, 2, 3]))
    branch = helper.make_graph([constant], "branch", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, [3])])
    nodes = [
        ("Identity", "x", "same", {}),
        ("If", "yes", "c2", {"then_branch": branch, "else_branch": branch}),
        ("Add", "same c2", "y", {}),
    ]
    before = graph_of(nodes, {"yes": np.array(True)}, (3,), (3,))
    after = canonical(lean(before))
    assert operators(after) == ["Identity", "If", "Add"]
    np.testing.assert_array_equal(answers(after, np.zeros((1, 3), np.float32)), [[1, 2, 3]])


def test_reshapings_that_meet_once_the_arithmetic_between_them_is_gone_become_one():
    draw = np.random.default_rng(9)
    nodes = [
        ("Relu", "x", "r", {}),
        ("Reshape", "r first", "a", {}),
        ("Mul", "a factor", "b", {}),
        ("Reshape", "b second", "c", {}),
        ("MatMul", "c weights", "y", {}),
    ]
    constants = {
        "first": np.array([-1, 2, 3]),
        "second": np.array([-1, 6]),
        "factor": draw.normal(size=3).astype(np.float32),
        "weights": draw.normal(size=(6, 2)).astype(np.float32),
    }
    before = graph_of(nodes, constants, (3, 2), (2,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(4, 3, 2)).astype(np.float32))
    assert operators(after) == ["Relu", "Reshape", "MatMul"]


def test_weights_that_two_layers_share_are_changed_for_one():
    draw = np.random.default_rng(8)
    nodes = [
        ("MatMul", "x weights", "a", {}),
        ("Mul", "a factor", "b", {}),
        ("Relu", "b", "c", {}),
        ("MatMul", "c weights", "y", {}),
    ]
    constants = {"weights": draw.normal(size=(4, 4)).astype(np.float32), "factor": np.float32(2)}
    before = graph_of(nodes, constants, (4,), (4,))
    after = lean(before)
    assert_same(before, after, draw.normal(size=(3, 4)).astype(np.float32))
    assert operators(after) == ["MatMul", "Relu", "MatMul"]
    assert len(after.graph.initializer) == 2
    assert isinstance(after, onnx.ModelProto)
