import numpy as np

from digit_infer.image.mnist_form import BOX, CENTRE, box_in_mnist_form, centred, fitted, in_mnist_form


def centre_of_mass(image):
    weights = image.astype(float)
    return [(weights.sum(axis=axis) * (np.arange(28) + 0.5)).sum() / weights.sum() for axis in (1, 0)]


def ink_box(image):
    rows, columns = np.nonzero(image)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def test_mnist_has_the_form_that_is_documented(mnist_test):
    sides = [max(ink_box(image)) for image in mnist_test.images]
    assert (sides.count(BOX), sides.count(BOX - 1)) == (9_997, 3)
    centres = np.array([centre_of_mass(image) for image in mnist_test.images])
    assert np.abs(centres - CENTRE).max() < 0.52


def test_mnists_own_images_have_its_form(mnist_test):
    assert all(box_in_mnist_form(image) for image in mnist_test.images)


def test_an_inverted_or_moved_digit_does_not_have_mnists_form(mnist_test):
    image = mnist_test.images[0]
    assert not box_in_mnist_form(255 - image)
    assert not box_in_mnist_form(np.roll(image, 3, axis=1))
    assert not box_in_mnist_form(np.zeros((28, 28), np.uint8))
    assert not box_in_mnist_form(np.zeros((29, 28), np.uint8))


def test_fitting_keeps_proportions_and_fills_twenty_pixels():
    assert fitted(np.full((100, 40), 90, np.uint8)).shape == (20, 8)
    assert fitted(np.full((7, 5), 90, np.uint8)).shape == (20, 14)
    assert fitted(np.full((1, 400), 90, np.uint8)).shape == (1, 20)
    assert fitted(np.full((100, 40), 90, np.uint8)).max() == 255


def test_centring_moves_by_whole_pixels_and_never_leaves_the_frame():
    ink = np.zeros((20, 20), np.uint8)
    ink[0, 0] = 255
    assert centred(ink)[14, 14] == 0
    assert centred(ink)[8, 8] == 255  # as far as the frame of 28 allows


def test_ink_comes_into_the_form_whatever_its_size(mnist_test):
    for index, scale in ((0, 1), (1, 3), (2, 9)):
        rows, columns = np.nonzero(mnist_test.images[index])
        ink = mnist_test.images[index][rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert box_in_mnist_form(in_mnist_form(np.kron(ink, np.ones((scale, scale), np.uint8))))
