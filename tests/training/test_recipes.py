import dataclasses

import keras
import numpy as np
import pytest

from training.errors import TrainingError
from training.layers import normal
from training.network import build
from training.recipe import Part
from training.recipes import RECIPES, SWEEPS

# name: parameters, optimiser, learning rate, batch, epochs, published accuracy; from the published table.
PUBLISHED = {
    "shallow_cnn": (167_114, "Adam", 1e-3, 32, 10, 0.9915),
    "deep_cnn": (829_354, "Adam", 1e-3, 32, 10, 0.9920),
    "shallow_cnn_aug": (167_114, "Adam", 1e-3, 32, 10, 0.9919),
    "deep_cnn_aug": (829_354, "Adam", 1e-3, 32, 10, 0.9924),
    "mlp_64_64_sgd": (55_050, "SGD", 0.1, 128, 10, 0.9720),
    "cnn_20_40_sigmoid": (85_670, "SGD", 0.1, 128, 60, 0.9913),
    "lenet5_v2": (276_438, "Adam", 1e-3, 64, 30, 0.9950),
    "softmax_regression": (7_850, "SGD", 0.5, 100, 18, 0.9194),
    "mlp_512": (407_050, "Adam", 1e-4, 50, 18, 0.9781),
    "lenet": (3_274_634, "Adam", 1e-4, 50, 18, 0.9910),
    "mlp_64_64_dropout": (55_050, "RMSprop", 1e-3, 128, 30, 0.9762),
    "mlp_400_300_dropout": (437_310, "RMSprop", 1e-3, 128, 20, 0.9836),
    "mlp_64_16_l2": (51_450, "RMSprop", 1e-3, 128, 30, 0.9678),
    "mlp_64_64_collapse": (55_050, "RMSprop", 1e-4, 128, 30, 0.0892),
    "cnn_arch1": (69_135, "Adam", 1e-3, 128, 12, 0.9903),
    "cnn_arch2": (10_075, "Adam", 1e-3, 200, 10, 0.9751),
    "cnn_arch3": (2_615, "Adam", 1e-3, 200, 15, 0.3115),
}


def test_every_recipe_is_in_the_table():
    assert set(RECIPES) == set(PUBLISHED)


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_recipe_is_what_was_published(name):
    recipe = RECIPES[name]
    parameters, optimizer, rate, batch, epochs, accuracy = PUBLISHED[name]
    model = build(recipe)
    assert model.count_params() == recipe.parameters == parameters
    assert type(model.optimizer).__name__ == recipe.optimizer.kind == optimizer
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    assert (recipe.batch_size, recipe.epochs, recipe.published.accuracy) == (batch, epochs, accuracy)
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(("name", "trainable"), [("cnn_arch1", 69_095), ("cnn_arch3", 2_595), ("cnn_arch2", 10_075)])
def test_trainable_parameters(name, trainable):
    assert sum(int(np.prod(weight.shape)) for weight in build(RECIPES[name]).trainable_weights) == trainable


def test_group_c_starts_as_published():
    softmax, mlp = build(RECIPES["softmax_regression"]), build(RECIPES["mlp_512"])
    assert not np.any(softmax.get_weights()[0])
    kernel, bias = mlp.get_weights()[:2]
    assert kernel.std() == pytest.approx(0.1, abs=0.002)
    assert kernel.mean() == pytest.approx(0, abs=0.002)
    assert (bias == np.float32(0.1)).all()
    assert [RECIPES[name].validation for name in ("softmax_regression", "mlp_512", "lenet")] == ["first 5,000 of train"] * 3


def test_a_wrong_number_of_parameters_is_refused(tiny):
    with pytest.raises(TrainingError, match="not the published 9"):
        build(dataclasses.replace(tiny, parameters=9))
    with pytest.raises(TrainingError, match="parameters are frozen, not 3"):
        build(dataclasses.replace(tiny, frozen_parameters=3))


def test_the_fingerprint_follows_what_changes_the_training_alone(tiny):
    same = dataclasses.replace(tiny, claim=dataclasses.replace(tiny.published, accuracy=0.1))
    assert same.fingerprint() == tiny.fingerprint()
    for change in ({"batch_size": 33}, {"epochs": 4}, {"optimizer": Part("SGD")}, {"network": tiny.network[1:]}):
        assert dataclasses.replace(tiny, **change).fingerprint() != tiny.fingerprint()


def test_parts_become_keras_objects(tiny):
    drawn = dataclasses.replace(
        tiny, network=(Part("Flatten"), Part("Dense", {"units": 10, "kernel_initializer": normal(2.0)})), parameters=7850
    )
    assert isinstance(build(drawn).layers[-1].kernel_initializer, keras.initializers.RandomNormal)
    assert build(drawn).get_weights()[0].std() == pytest.approx(2, abs=0.1)


def test_the_weight_decay_sweep_is_what_was_published():
    sweep = SWEEPS["mlp_500_300_l2"]
    assert [point.value for point in sweep.points] == pytest.approx(np.linspace(1e-6, 1e-3, 5).tolist())
    assert len(sweep.runs()) == len({(point.value, seed) for point, seed in sweep.runs()}) == 15
    assert max(accuracy for point in sweep.points for accuracy in point.published) == 0.9832
    for point in sweep.points:
        model = build(point.recipe)
        assert model.count_params() == 545_810
        factors = [getattr(layer.kernel_regularizer, "l2", None) for layer in model.layers[1:]]
        assert factors == [pytest.approx(point.value), pytest.approx(point.value), None]


def test_the_collapse_grid_changes_the_learning_rate_alone():
    base = RECIPES["mlp_64_64_dropout"]
    for point in SWEEPS["mlp_64_64_collapse"].points:
        assert point.recipe.optimizer == Part("RMSprop", {"learning_rate": point.value})
        assert (
            dataclasses.replace(point.recipe, name=base.name, optimizer=base.optimizer).fingerprint() == base.fingerprint()
        )
