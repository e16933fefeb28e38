import io
import multiprocessing
import pickle
import re
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digit_infer import Prediction, Predictor, Unanswered, zoo
from digit_infer.errors import (
    DamagedModelError,
    InferenceError,
    InvalidArrayError,
    MissingModelFileError,
    UnknownModelError,
    UnknownRuntimeError,
    UnreadablePictureError,
    UsageError,
)


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as predictor:
        yield predictor


@pytest.fixture(scope="module")
def small():
    with Predictor("softmax_regression") as predictor:
        yield predictor


def test_the_examples_are_read(predictor, examples, example_digits):
    assert len(example_digits) == 7
    assert {name: predictor.predict(examples / name).digit for name in example_digits} == example_digits


def test_a_prediction_holds_together(predictor, examples):
    prediction = predictor.predict(examples / "seven.png")
    assert prediction.probabilities.shape == (10,)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert prediction.confidence == prediction.probabilities[7] == max(prediction.probabilities)
    assert prediction.image.shape == (28, 28)
    np.testing.assert_array_equal(predictor.predict_array(prediction.image[None])[0], prediction.probabilities)
    assert [digit for digit, _ in prediction.top(10)] == list(np.argsort(-prediction.probabilities, kind="stable"))


def test_every_kind_of_picture(predictor, examples):
    path = examples / "seven.png"
    with Image.open(path) as image, path.open("rb") as file:
        pictures = [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), file, image, np.asarray(image)]
        assert {predictor.predict(picture).digit for picture in pictures} == {7}


def test_accuracy_is_what_the_manifest_says(predictor, mnist_test):
    answers = predictor.predict_array(mnist_test.images)
    assert int((answers.argmax(axis=1) == mnist_test.labels).sum()) == zoo.model_named(zoo.DEFAULT_MODEL).accuracy.correct


def test_a_stream_keeps_order_and_puts_errors_in_their_place(predictor, examples, bad_pictures):
    pictures = [
        examples / "seven.png",
        bad_pictures["text"],
        examples / "three_in_red_marker.png",
        bad_pictures["blank"],
        b"",
    ]
    for batch_size in (1, 2, 32):
        answers = list(predictor.predict_many(pictures, batch_size=batch_size))
        assert [type(answer) for answer in answers] == [Prediction, Unanswered, Prediction, Prediction, Unanswered]
        assert [answers[0].digit, answers[2].digit] == [7, 3]
        assert [answers[number].is_digit for number in (0, 2, 3)] == [True, True, False]
        assert isinstance(answers[1].error, UnreadablePictureError)


@pytest.mark.parametrize(("workers", "most_taken"), [(1, 10), (2, 30)])
def test_a_stream_is_lazy(small, mnist_test, workers, most_taken):
    taken = []

    def pictures():
        for image in mnist_test.images[:100]:
            taken.append(threading.get_ident())
            yield image

    stream = small.predict_many(pictures(), batch_size=10, workers=workers)
    assert taken == []
    next(stream)
    assert len(taken) == most_taken
    assert len(list(stream)) == 99
    assert set(taken) == {threading.get_ident()}


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_workers_change_nothing_but_the_time(small, mnist_test, batch_size, workers):
    pictures = [*mnist_test.images[:30], b"", *mnist_test.images[30:60]]
    answers = list(small.predict_many(iter(pictures), batch_size=batch_size, workers=workers))
    assert isinstance(answers.pop(30), Unanswered)
    found = np.stack([answer.probabilities for answer in answers])
    np.testing.assert_allclose(found, small.predict_array(mnist_test.images[:60]), atol=1e-6)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stream_that_fails_is_answered_up_to_there(small, mnist_test, workers):
    def pictures():
        yield from mnist_test.images[:20]
        raise LookupError("no more of them")

    stream = small.predict_many(pictures(), batch_size=5, workers=workers)
    assert [next(stream).digit for _ in range(20)] == list(small.predict_array(mnist_test.images[:20]).argmax(axis=1))
    with pytest.raises(LookupError, match="no more"):
        next(stream)


def test_no_thread_outlives_a_stream_that_is_left(small, mnist_test):
    stream = small.predict_many(iter(mnist_test.images[:500]), batch_size=5, workers=2)
    next(stream)
    assert [thread for thread in threading.enumerate() if thread.name.startswith("digit-infer")]
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("digit-infer")]


@pytest.mark.parametrize("workers", [0, 1.5, "2", 1_000])
def test_workers_are_a_number(small, workers):
    with pytest.raises(UsageError, match="it must be 1 to 256, or None"):
        small.predict_many([], workers=workers)


def test_a_stream_of_nothing_and_of_bad_pictures_alone(small):
    assert list(small.predict_many([])) == []
    assert [type(answer) for answer in small.predict_many([b"", b""])] == [Unanswered, Unanswered]
    with pytest.raises(UsageError, match="batch_size is 0; it must be a whole number of 1 or more"):
        small.predict_many([], batch_size=0)


def test_long_arrays_are_answered_in_parts(small, mnist_test):
    images = mnist_test.images[:2500]
    answers = small.predict_array(images)
    assert answers.shape == (2500, 10)
    np.testing.assert_allclose(answers[2000:2010], small.predict_array(images[2000:2010]), atol=1e-6)
    assert small.predict_array(images[:0]).shape == (0, 10)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 28, 28), np.float32),
        np.zeros((28, 28), np.uint8),
        np.zeros((1, 28, 28, 1), np.uint8),
        np.zeros((1, 27, 28), np.uint8),
        np.zeros((0, 0), np.uint8),
        [[0]],
    ],
)
def test_the_fast_path_takes_the_contract_alone(small, images):
    with pytest.raises(InvalidArrayError):
        small.predict_array(images)


def test_it_says_what_it_is(predictor):
    assert (predictor.model, predictor.runtime, predictor.precision, predictor.threads) == (
        "digitnet",
        "onnx-cpu",
        "float32",
        1,
    )
    assert predictor.provider == "CPUExecutionProvider"
    assert repr(predictor) == "Predictor('digitnet', runtime='onnx-cpu', precision='float32', threads=1)"


def test_it_can_be_closed_twice_and_says_that_it_is_closed(examples):
    with Predictor("softmax_regression") as predictor:
        pass
    predictor.close()
    assert repr(predictor) == "Predictor(closed)"
    for use in (
        lambda: predictor.predict(examples / "seven.png"),
        lambda: predictor.model,
        lambda: pickle.dumps(predictor),
    ):
        with pytest.raises(UsageError, match="closed"):
            use()


def test_pickling_keeps_what_was_chosen(mnist_test):
    with Predictor("softmax_regression", threads=2) as predictor:
        copy = pickle.loads(pickle.dumps(predictor))  # noqa: S301  # our own bytes
        assert repr(copy) == repr(predictor)
        np.testing.assert_array_equal(
            copy.predict_array(mnist_test.images[:9]), predictor.predict_array(mnist_test.images[:9])
        )


def test_it_goes_to_worker_processes(small, examples):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        answers = list(pool.map(small.predict, [str(examples / "seven.png")] * 4))
    assert [answer.digit for answer in answers] == [7] * 4


def test_threads_share_it(predictor, examples, example_digits):
    found = []

    def ask(name, digit):
        found.extend(predictor.predict(examples / name).digit == digit for _ in range(10))

    threads = [threading.Thread(target=ask, args=item) for item in example_digits.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 70


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": "lenet7"}, UnknownModelError, "no model 'lenet7'; choose from shallow_cnn, deep_cnn"),
        ({"model": "nosuch.onnx"}, MissingModelFileError, "nosuch.onnx does not exist"),
        ({"model": "folder/model.pb"}, UnknownModelError, "no suffix of a model"),
        ({"runtime": "cuda"}, UnknownRuntimeError, "no runtime 'cuda'"),
        ({"precision": "int4"}, UsageError, "no precision 'int4'"),
        ({"model": "lenet", "runtime": "onnx-cpu", "precision": "int8"}, UnknownModelError, "no int8 onnx file of lenet"),
        ({"threads": 0}, UsageError, "threads is 0"),
        ({"threads": 100_000}, UsageError, "must be 1 to 256"),
        ({"model": "nosuch.onnx", "precision": "int8"}, UsageError, "one precision"),
        ({"model": "nosuch.tflite", "runtime": "onnx-cpu"}, MissingModelFileError, "does not exist"),
    ],
)
def test_wrong_arguments(arguments, error, words):
    with pytest.raises(error, match=words):
        Predictor(**arguments)


def test_a_file_of_ones_own(tmp_path, mnist_test):
    path = tmp_path / "mine.onnx"
    path.write_bytes((zoo.FILES / "softmax_regression.float32.onnx").read_bytes())
    with Predictor(path) as mine, Predictor("softmax_regression") as listed:
        assert (mine.model, mine.precision) == (str(path), None)
        np.testing.assert_array_equal(
            mine.predict_array(mnist_test.images[:5]), listed.predict_array(mnist_test.images[:5])
        )
        copy = pickle.loads(pickle.dumps(mine))  # noqa: S301  # our own bytes
        assert copy.model == str(path)
    with pytest.raises(UsageError, match=r"tflite reads \.tflite files, not mine\.onnx; choose the runtime onnx-cpu"):
        Predictor(path, runtime="tflite")
    path.write_bytes(b"")
    with pytest.raises(DamagedModelError, match="is empty"):
        Predictor(path)


def test_a_source_may_fill_its_buffer_again(predictor, mnist_test):
    buffer = np.empty((28, 28), np.uint8)

    def pictures():
        for image in mnist_test.images[:5]:
            buffer[:] = image
            yield buffer

    answers = list(predictor.predict_many(pictures()))
    assert [answer.digit for answer in answers] == [7, 2, 1, 0, 4]
    assert not np.shares_memory(answers[-1].image, buffer)


def test_the_callers_image_stays_as_it_is(predictor, examples):
    with Image.open(examples / "zero_in_poor_light.jpg") as image:
        before = (image.mode, image.size)
        assert predictor.predict(image).digit == 0
        assert (image.mode, image.size) == before


@pytest.mark.parametrize("pictures", ["a.png", b"bytes", Path("a.png"), None, 7])
def test_one_picture_is_not_many(small, pictures):
    with pytest.raises(UsageError, match="is no list of pictures"):
        small.predict_many(pictures)


@pytest.mark.parametrize("arguments", [{"threads": "2"}, {"threads": 2.5}, {"model": None}, {"model": 7}])
def test_arguments_of_another_type(arguments):
    with pytest.raises(UsageError):
        Predictor(**arguments)


def test_a_model_that_answers_no_numbers_is_told():
    with pytest.raises(InferenceError, match="NaN or infinity"):
        Prediction.of(np.full(10, np.nan, np.float32), np.zeros((28, 28), np.uint8))


def test_less_confidence_than_asked_for_is_no_digit(examples):
    scribble = np.full((28, 28), 255, np.uint8)
    scribble[5:23:4, 4:24] = 0
    with Predictor("softmax_regression", reject_below=0.9999) as strict, Predictor("softmax_regression") as usual:
        assert (strict.reject_below, usual.reject_below) == (0.9999, zoo.model_named("softmax_regression").reject_below)
        doubtful, sure = strict.predict(scribble), usual.predict(scribble)
        assert not doubtful.is_digit
        assert sure.is_digit
        assert (doubtful.digit, doubtful.confidence) == (sure.digit, sure.confidence)
        assert [answer.is_digit for answer in strict.predict_many([scribble] * 2)] == [False, False]
        copy = pickle.loads(pickle.dumps(strict))  # noqa: S301  # our own
        assert not copy.predict(scribble).is_digit
        edge = usual.predict(examples / "seven.png").confidence
    with Predictor("softmax_regression", reject_below=edge) as predictor:
        assert predictor.predict(examples / "seven.png").is_digit


def test_read_keeps_what_is_less_sure_than_predict_asks_for_unless_a_threshold_is_given():
    with Predictor() as usual, Predictor(reject_below=0.7) as given, Predictor("lenet5_v2") as unmeasured:
        operating = zoo.model_named(zoo.DEFAULT_MODEL).operating
        assert (usual.reject_below, usual.read_below) == (operating.keeping(0.998), operating.keeping(zoo.READ_KEPT))
        assert usual.read_below < usual.reject_below
        assert given.reject_below == given.read_below == 0.7
        assert unmeasured.reject_below == unmeasured.read_below == 0
        for predictor in (usual, given):
            copy = pickle.loads(pickle.dumps(predictor))  # noqa: S301  # our own
            assert (copy.reject_below, copy.read_below) == (predictor.reject_below, predictor.read_below)
            copy.close()
    assert zoo.read_below("digitnet_nano") < zoo.reject_below("digitnet_nano")
    assert zoo.read_below("a/file.onnx") == 0


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_no_confidence_is_below_that(share):
    with pytest.raises(UsageError, match="reject_below"):
        Predictor("softmax_regression", reject_below=share)


def test_a_prediction_prints_in_a_line(predictor, examples):
    assert re.fullmatch(r"Prediction\(7, confidence=(0\.99\d\d|1\.0000)\)", repr(predictor.predict(examples / "seven.png")))
    assert repr(predictor.predict(np.zeros((30, 30)))).endswith(", is_digit=False)")
