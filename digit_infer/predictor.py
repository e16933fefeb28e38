"""Picture in, digit out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy import ndarray

from digit_infer import image, zoo
from digit_infer.contract import SIDE, UINT8, Precision, check_images
from digit_infer.errors import InferenceError, PictureError, UsageError
from digit_infer.image import PictureSource, Seen
from digit_infer.parallel import in_batches, in_order, tell_after_fork, usable_cpus
from digit_infer.prediction import Explanation, Prediction, Unanswered
from digit_infer.recognition.ink import InkNetwork
from digit_infer.recognition.judge import Judged, judged
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.protocol import RuntimeName, answer_in_parts
from digit_infer.zoo.resolve import Chosen, plan

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.image.arrays import Scale
    from digit_infer.image.one_digit import By
    from digit_infer.reading import Reading
    from digit_infer.runtimes.adapter import Adapter

_LARGEST_CALL = 1_024
"""The most images of one call of the runtime. Longer arrays are split, so that memory does not grow with their length."""

_WORK_AFTER_FORK: tuple[RuntimeName, ...] = ("onnx-cpu", "tflite", "tflm", "null")

MAX_WORKERS = 256
_DEFAULT_WORKERS = 4
"""Decoding a picture of 28 x 28 takes about a third as long as lenet5_v2, so more threads would wait for the decoding one.

Decoding in several threads, too, took 1.9 times as long as in one for a small network (softmax_regression, two processors):
the threads compete for Python's global lock."""


class Predictor:
    """A model on a runtime.

    Safe to use from several threads, and in a forked process, where the model is loaded again (Keras and GPUs refuse).
    Picklable: a copy in another process loads the same model on the same runtime there.
    """

    def __init__(
        self,
        model: str | Path = zoo.DEFAULT_MODEL,
        *,
        runtime: RuntimeName | Literal["auto"] = "auto",
        precision: Precision | None = None,
        threads: int | None = None,
        reject_below: float | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        """Load a model.

        Args:
            model: the name of a model of the zoo, or the path of a .onnx, .tflite, .keras or .h5 file or of a SavedModel: a
                classifier of digits on square pictures of 8 to 64 pixels a side.
            runtime: where to run it. ``auto`` takes the available runtime that answers a single picture fastest;
                ``.runtime`` names it.
            precision: which of the zoo's files to take; None takes the most exact one that the runtime reads.
            threads: threads of one inference call; None means 1, for latency (the backend's own number on ``keras``).
            reject_below: confidence, 0 to 1, below which ``is_digit`` of a prediction is false. None takes the model's own
                threshold, see ``digit-infer models show``, and for ``read`` ``read_below``, which is no higher. Both are 0,
                which rejects nothing, for models that were trained without pictures of no digit.
            adapter: what is known of a file that does not keep the contract, such as ``Adapter(Preprocessing(scale=255))``.
                What it leaves open is found by the file's answers to MNIST's test images; ``.adapter`` has the result.

        Raises:
            UnknownModelError, UnknownRuntimeError: there is no model or runtime of that name.
            UsageError: an argument is out of range, or arguments contradict one another.
            RuntimeUnavailableError: the runtime does not work on this machine.
            ModelError: the model's file is missing or damaged, or it cannot be told which pixels it takes.
        """
        if reject_below is not None and not 0 <= reject_below <= 1:
            raise UsageError(f"reject_below is {reject_below!r}", "it must be 0 to 1, or None")
        self._take(plan(model, runtime, precision, threads, adapter).open(), threads, reject_below)

    def _take(self, chosen: Chosen, threads: int | None, reject_below: float | None) -> None:
        self._chosen: Chosen | None = chosen
        self._requested_threshold = reject_below
        self._reject_below = zoo.reject_below(chosen.model) if reject_below is None else float(reject_below)
        self._read_below = zoo.read_below(chosen.model) if reject_below is None else self._reject_below
        self._probabilities = chosen.session.answers
        precision = None if chosen.file is None else chosen.file.precision
        runtime = RUNTIMES[chosen.runtime]
        self._marks_ink = runtime.marks_ink and (runtime.format != "keras" or zoo.has_ink_checkpoint())
        self._mark = InkNetwork(runtime, precision, threads).mark if self._marks_ink else None
        self._requested_threads = threads
        tell_after_fork(self)

    @property
    def chosen(self) -> Chosen:
        """The model, the runtime, the file and the session.

        Raises:
            UsageError: the predictor is closed.
        """
        if self._chosen is None:
            raise UsageError("the predictor is closed", "make a new one")
        return self._chosen

    @property
    def model(self) -> str:
        """The model's name, or the path of its file."""
        return self.chosen.model

    @property
    def runtime(self) -> RuntimeName:
        """The name of the runtime."""
        return self.chosen.runtime

    @property
    def precision(self) -> Precision | None:
        """The precision of the file; None for a file of the user's own."""
        file = self.chosen.file
        return None if file is None else file.precision

    @property
    def adapter(self) -> Adapter | None:
        """The input and output format of a user's own file, with a note; None for a file that keeps the contract."""
        return None if self.chosen.trial is None else self.chosen.trial.adapter

    @property
    def note(self) -> str:
        """What the user should know of a file of their own, in a line: what was assumed of it, or that it is doubtful."""
        return "" if self.chosen.trial is None else self.chosen.trial.note

    @property
    def provider(self) -> str:
        """What the runtime uses: the execution provider, the package or the backend."""
        return self.chosen.session.provider

    @property
    def threads(self) -> int | None:
        """Threads of one inference call; None where the runtime decides."""
        return self.chosen.session.threads

    @property
    def marks_ink(self) -> bool:
        """Whether the ink network is used on pictures that the plain look does not settle.

        ``tflm`` and ``null`` do not run it. ``keras`` needs its checkpoint, which is not bundled.
        """
        return self._marks_ink

    @property
    def reject_below(self) -> float:
        """The confidence, 0 to 1, below which ``is_digit`` of a prediction is false."""
        return self._reject_below

    @property
    def read_below(self) -> float:
        """The confidence, 0 to 1, below which ``read`` leaves a piece out: a given ``reject_below``, or the model's."""
        return self._read_below

    def __repr__(self) -> str:
        if self._chosen is None:
            return "Predictor(closed)"
        return f"Predictor({self.model!r}, runtime={self.runtime!r}, precision={self.precision!r}, threads={self.threads})"

    def predict(self, picture: PictureSource, *, page: int | None = None) -> Prediction:
        """Recognise the digit on one picture, dark on light or light on dark.

        Args:
            picture: a path, bytes, a binary file object, base64 or a data URL of a file, a PIL image, or an array:
                [H, W], [H, W, 3 or 4], with axes of 1 besides, or a square picture in one row; of numpy, PyTorch or what
                else has ``__array__`` or DLPack, or as nested lists. ``digit_infer.image.arrays`` says how its numbers
                are read, and which scales are known.
            page: which page or frame of a file, from 1. None takes the first that is not blank; ``page`` and ``pages`` of
                the prediction tell which that is, and of how many.

        Returns:
            The prediction. ``is_digit`` is false on a picture without ink, whatever the model answers.

        Raises:
            PictureError: the picture cannot be read, or has no such page.
            ModelError: the ink network, which is loaded when a picture first needs it, is missing or altered.
        """
        return self.explain(picture, page=page).prediction

    def explain(self, picture: PictureSource | Seen, *, page: int | None = None) -> Explanation:
        """Recognise the digit on one picture as ``predict`` does, and return the intermediate results as well.

        Raises:
            PictureError: the picture cannot be read, or has no such page.
            ModelError: the ink network, which is loaded when a picture first needs it, is missing or altered.
        """
        _ = self.chosen  # refuses when closed
        seen = picture if isinstance(picture, Seen) else image.seen(picture, page)
        [answer] = self._judged([seen])
        return Explanation(
            self._prediction(seen, answer), seen.grey, *((None, None) if answer is None else (answer.look, answer.part.box))
        )

    @property
    def _look(self) -> By:
        """Return the name of the last step that looks for ink."""
        return "network" if self.marks_ink else "plain"

    def _judged(self, seen: list[Seen]) -> list[Judged | None]:
        return judged([one.grey for one in seen], [one.plain for one in seen], self.predict_array, self._mark)

    def _prediction(self, seen: Seen, answer: Judged | None) -> Prediction:
        """Return the prediction of a judged picture; a picture without ink is classified as an empty image."""
        if answer is None:
            empty = np.zeros((SIDE, SIDE), np.uint8)
            found = Prediction.of(self.predict_array(empty[None])[0], empty, self._reject_below, look=self._look)
        else:
            found = Prediction.of(
                answer.probabilities, answer.part.image, self._reject_below, several=answer.several, look=answer.look.by
            )
        return found if seen.pages == 1 else replace(found, page=seen.page, pages=seen.pages)

    def read(self, picture: PictureSource, *, page: int | None = None) -> Reading:
        """Read all digits of a picture, line by line: of a number, a form or a page, which may lie askew or on its side.

        Signs, other writing, and what is less sure to be a digit than ``read_below`` are left out, so a reading may hold
        no digit.

        Args:
            picture: what ``predict`` takes.
            page: which page or frame of a file, from 1; None takes the first that is not blank.

        Returns:
            A reading: ``.text`` has a line of digits per line of the page, ``.digits`` has each digit with its box, and
            ``.written`` and ``.signs`` have what stands between them, too.

        Raises:
            PictureError: the picture cannot be read, or has no such page.
            ModelError: the ink network, which is loaded when a picture first needs it, is missing or altered.
        """
        from digit_infer.recognition.read_page import read_page  # not needed for one digit

        _ = self.chosen  # refuses when closed
        found = image.decode_page(picture, number=page)
        reading = read_page(self._predictions, self._mark, found.grey)
        return reading if found.count == 1 else replace(reading, page=found.number, pages=found.count)

    def _predictions(self, images: Images) -> list[Prediction]:
        rows = self.predict_array(images)
        least, look = self._read_below, self._look
        return [Prediction.of(row, seen, least, look=look) for row, seen in zip(rows, images, strict=True)]

    def predict_many(
        self,
        pictures: Iterable[PictureSource],
        *,
        batch_size: int = 64,
        workers: int | None = None,
        processes: bool = False,
    ) -> Iterator[Prediction | Unanswered]:
        """Recognise the digits on a stream of pictures; yield one answer per picture, in order.

        A picture that cannot be answered yields an ``Unanswered``. Memory does not grow with the number of pictures: each
        waits as grey pixels, 1 MB at most, so large pictures take about 200 MB in the default batches.

        Args:
            pictures: each is what ``predict`` takes; or an array [N, …] of them, whose numbers are all on one scale. They
                are taken and decoded in the caller's thread, at most ``workers`` + 1 batches ahead, so a buffer or a file
                may be used again for the next picture.
            batch_size: pictures in one call of the runtime.
            workers: threads that run the model while the caller's thread decodes, 1 to 256; None takes one per usable
                processor, 4 at most. With 1, everything runs in the caller's thread, one batch at a time.
            processes: use worker processes, which also decode, instead of threads. Each loads the model, in about a fifth
                of a second, and ``pictures`` must be paths or bytes. It pays for thousands of files on a CPU.

        Raises:
            UsageError: ``batch_size`` or ``workers`` is out of range, ``pictures`` is a single path, or one cannot be
                sent to another process.
            InvalidArrayError: ``pictures`` is an array of one picture, or of numbers on no scale.
            InferenceError: the runtime failed, or a worker process ended.
        """
        if not isinstance(batch_size, int) or batch_size < 1:
            raise UsageError(f"batch_size is {batch_size!r}", "it must be a whole number of 1 or more")
        if workers is not None and not (isinstance(workers, int) and 1 <= workers <= MAX_WORKERS):
            raise UsageError(f"workers is {workers!r}", f"it must be 1 to {MAX_WORKERS}, or None")
        scale: Scale | None = None
        if image.is_array_like(pictures) and not isinstance(pictures, list | tuple):
            pictures = image.as_array(pictures)
            scale = image.scale_of_all(pictures)
        if isinstance(pictures, str | bytes | Path) or not isinstance(pictures, Iterable):
            raise UsageError(f"a {type(pictures).__name__} is no list of pictures", "pass a list, or call predict()")
        workers = workers or min(usable_cpus(), _DEFAULT_WORKERS)
        if processes:
            from digit_infer.parallel.processes import in_processes  # not needed for one picture

            return in_processes(self, iter(pictures), batch_size, workers)
        return self._stream((_seen(picture, scale) for picture in pictures), batch_size, workers)

    def _stream(
        self, pictures: Iterator[Seen | Unanswered], batch_size: int, workers: int
    ) -> Iterator[Prediction | Unanswered]:
        batches = in_batches(pictures, batch_size)
        first = next(batches, [])
        if len(first) < batch_size:  # one batch in all, which needs no threads
            yield from self._answers(first)
            return
        for answers in in_order(self._answers, chain([first], batches), workers):
            yield from answers

    def _answers(self, batch: list[Seen | Unanswered]) -> list[Prediction | Unanswered]:
        answers = iter(self._judged([seen for seen in batch if isinstance(seen, Seen)]))
        return [self._prediction(seen, next(answers)) if isinstance(seen, Seen) else seen for seen in batch]

    def predict_array(self, images: Images) -> Probabilities:
        """Classify images in MNIST's form: uint8 [N, 28, 28], 0 = background -> probabilities float32 [N, 10].

        The fast path: it decodes and normalises nothing. N may be 0.

        Raises:
            InvalidArrayError: another dtype or shape.
            InferenceError: the runtime failed.
        """
        # Between calls the processor's caches hold the network, so each look-up here is slow: the usual case comes first.
        if type(images) is ndarray and images.dtype == UINT8 and images.ndim == 3:
            count, height, width = images.shape
            if height == SIDE == width and count <= _LARGEST_CALL:
                return self._probabilities(images)
        check_images(images)
        return answer_in_parts(self._probabilities, images, _LARGEST_CALL)

    def close(self) -> None:
        """Release the model. Closing twice is no error."""
        self._chosen = self._mark = None
        self._probabilities = self._closed

    def _closed(self, pictures: Images) -> Probabilities:
        answers: Probabilities = self.chosen.session.answers(pictures)
        return answers

    def after_fork(self) -> None:
        """Give up the session in a forked process: other threads may have held its locks, and are not there.

        The model is loaded again when it is next used, but for Keras and GPUs, which do not work in a forked process.
        """
        if self._chosen is None:
            return
        self._inherited = (self._chosen, self._mark)  # kept, since releasing them would wait for those threads
        runtime = RUNTIMES[self._chosen.runtime]
        self._probabilities = self._loaded_again if self._chosen.runtime in _WORK_AFTER_FORK else self._refused
        if self._mark is not None:
            precision = None if self._chosen.file is None else self._chosen.file.precision
            self._mark = InkNetwork(runtime, precision, self._requested_threads).mark

    def _loaded_again(self, pictures: Images) -> Probabilities:
        self.__setstate__(self.__getstate__())
        answers: Probabilities = self.chosen.session.answers(pictures)
        return answers

    def _refused(self, pictures: Images) -> Probabilities:
        del pictures
        raise InferenceError(
            f"this process was forked from one that had loaded {self.model} on {self.runtime}, which does not work here",
            "make the Predictor in the new process, or start processes by the method spawn",
        )

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        own_file = zoo.is_path(self.model)
        return {
            "model": Path(self.model) if own_file else self.model,
            "runtime": self.runtime,
            "precision": None if own_file else self.precision,
            "threads": self._requested_threads,
            "reject_below": self._requested_threshold,
            "trial": self.chosen.trial,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        reject_below, trial = state.pop("reject_below"), state.pop("trial")
        adapter = None if trial is None else trial.adapter
        self._take(plan(**state, adapter=adapter).open(trial), state["threads"], reject_below)


def _seen(picture: PictureSource, scale: Scale | None) -> Seen | Unanswered:
    try:
        return image.seen(picture, scale=scale)
    except PictureError as error:
        return Unanswered(error)
