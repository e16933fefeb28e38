"""Small ONNX graphs made by hand, and their answers from ONNX Runtime with nothing optimised."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def graph_of(nodes, constants, shape, out_shape, dtype=TensorProto.FLOAT):
    """A checked model from ``x`` [N, *shape] to ``y`` [N, *out_shape]; nodes as (operator, inputs, output, attributes)."""
    made = [
        helper.make_node(operator, inputs.split(), [output], **attributes) for operator, inputs, output, attributes in nodes
    ]
    graph = helper.make_graph(
        made,
        "small",
        [helper.make_tensor_value_info("x", dtype, ["N", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", *out_shape])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def operators(model):
    return [node.op_type for node in model.graph.node]


def answers(model, values):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: values})[0]


def assert_same(before, after, values):
    """The rewritten model is valid and answers the same, but for rounding."""
    onnx.checker.check_model(after, full_check=True)
    expected = answers(before, values)
    np.testing.assert_allclose(
        answers(after, values), expected, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(expected).max()))
    )
