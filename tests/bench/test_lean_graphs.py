import numpy as np
import onnx
import pytest

from bench.bare import bare_onnx, some_images
from bench.lean_graphs import OURS, as_entry, comparisons, plain_model
from digit_infer import zoo
from export.source import load_source


def test_the_record_compares_every_network_with_every_optimiser():
    found = comparisons()
    assert [(entry.model, entry.by) for entry in found] == [
        (model, by) for model in zoo.models() for by in ("onnxslim", "ONNX Runtime, basic", "ONNX Runtime, extended", OURS)
    ]
    for entry in found:
        assert 0 < entry.nodes <= entry.plain_nodes
        assert set(as_entry(entry)) >= {"plain_nodes", "bytes", "pairs", "ratio_high"}


def test_ours_is_at_least_as_fast_as_what_tf2onnx_writes_for_every_network():
    """A recorded fact, not a timing of this machine."""
    assert [entry.model for entry in comparisons() if entry.by == OURS and entry.times.ratio_high > 1] == []


def test_ours_has_the_fewest_nodes_but_for_what_only_onnx_runtime_can_name():
    """Its extended level writes operators of its own, as FusedGemm."""
    for model in zoo.models():
        nodes = {entry.by: entry.nodes for entry in comparisons() if entry.model == model}
        assert nodes[OURS] < min(nodes["onnxslim"], nodes["ONNX Runtime, basic"])


@pytest.mark.parametrize("name", ["softmax_regression", "cnn_arch2"])
def test_what_tf2onnx_writes_by_itself_answers_the_same(name, tmp_path):
    path = tmp_path / "plain.onnx"
    onnx.save(plain_model(load_source(name).network), path)
    images = some_images(50)
    np.testing.assert_allclose(bare_onnx(path)(images), bare_onnx(zoo.FILES / f"{name}.float32.onnx")(images), atol=1e-5)
    operators = [node.op_type for node in onnx.load(path).graph.node]
    assert {"Cast", "Mul", "MatMul", "Add"} <= set(operators)
    assert ("Transpose" in operators) == (name == "cnn_arch2")
