import pytest

from training.data import scaled
from training.layers import FLATTEN, POOL, classes, conv, dense, dropout
from training.recipe import Part, Published, Recipe

TINY = Recipe(
    name="tiny",
    group="test",
    network=(conv(4, 5), POOL, FLATTEN, dense(16), dropout(0.5), classes()),
    parameters=4 * 26 + 576 * 16 + 16 + 170,
    optimizer=Part("Adam", {"learning_rate": 1e-3}),
    batch_size=32,
    epochs=3,
    validation="first 5,000 of train",
    keeps="best validation loss",
    claim=Published(0.5, None, "nowhere"),
)


class Watcher:
    """Counts what a run reports."""

    def __init__(self):
        self.done = []
        self.epochs = []

    def started(self, recipe, state, steps):
        self.steps_an_epoch = steps

    def stepped(self, done):
        self.done.append(done)

    def ended(self, epoch):
        self.epochs.append(epoch)


@pytest.fixture(autouse=True)
def few_non_digits(monkeypatch):
    """Draw few pictures without a digit: 24,000, as a regime does, take longer than all that the tests train."""
    monkeypatch.setattr("training.regime._POOL", 500)


@pytest.fixture
def tiny():
    return TINY


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture(scope="session")
def little_data(mnist_test):
    """Test images in the place of training images: enough to see a trainer work, and here without a download."""
    images, labels = scaled(mnist_test.images[:1200]), mnist_test.labels[:1200]
    return (images[:1000], labels[:1000]), (images[1000:], labels[1000:])
