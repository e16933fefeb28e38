"""The configurations that the options of ``digit-infer bench`` select."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from digit_infer import zoo
from digit_infer.benchmark.configuration import Configuration, Scenario, configurations, scenarios_of
from digit_infer.contract import PRECISIONS, Precision
from digit_infer.errors import DigitInferError, RuntimeUnavailableError, UnknownModelError, UsageError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.adapter import Adapter
from digit_infer.runtimes.model_file import format_of_own
from digit_infer.runtimes.protocol import RUNTIME_NAMES, RuntimeName
from digit_infer.runtimes.trial import Trial
from digit_infer.zoo.resolve import plan


def selected(
    models: Sequence[str],
    runtimes: Sequence[str],
    precisions: Sequence[str],
    threads: Sequence[int],
    batches: Sequence[int],
    scenarios: Sequence[Scenario],
    all_runtimes: Sequence[RuntimeName],
) -> list[Configuration]:
    """Return the configurations to measure; ``all_runtimes`` are those of ``--runtime all``.

    Raises:
        UsageError: the options contradict one another, or leave nothing to measure.
        UnknownModelError: a model that does not exist, or not for these runtimes.
        RuntimeUnavailableError: nothing that works here reads a file.
    """
    _refuse_precision_of_a_path(models, precisions)
    _refuse_path_that_nothing_reads(models, runtimes)
    meant = {*runtimes, *all_runtimes} if "all" in runtimes else set(runtimes)
    named: list[RuntimeName] = [name for name in RUNTIME_NAMES if name in meant]
    planned = configurations(_models(models), named, _precisions(precisions), threads or [None], batches)
    if not planned:
        raise UnknownModelError("the zoo has no such file for these runtimes", "see digit-infer models, or give a path")
    sensible = [configuration for configuration in planned if scenarios_of(configuration.batch, scenarios)]
    if not sensible:
        raise UsageError(
            f"{', '.join(scenarios)} does not apply to batch {', '.join(map(str, batches))}",
            "single-stream and server need batch 1, multi-stream a larger one",
        )
    return sensible


def tried(planned: Sequence[Configuration], wish: Adapter | None) -> dict[str, Trial]:
    """Try the files of the user's own before anything is measured, and return what came out, by the path.

    A runtime that refuses a file which another one takes is told of where its rows would stand.

    Raises:
        ModelError, RuntimeUnavailableError: no runtime takes any of the files, and nothing else is to be measured.
        UsageError: ``wish``, what the user says of a file of theirs, is of a model of the zoo.
    """
    if wish is not None and any(not zoo.is_path(one.model) for one in planned if one.model):
        raise UsageError(
            "models of the zoo keep the contract", "leave out what you say of pixels, or name files of your own"
        )
    found: dict[str, Trial] = {}
    errors: dict[str, DigitInferError] = {}
    for model, runtime in dict.fromkeys((one.model, one.runtime) for one in planned if zoo.is_path(one.model)):
        try:
            planned_file = plan(model, runtime, None, None, wish)
            if planned_file.file is not None:
                found[model] = planned_file.tried(planned_file.file)
        except DigitInferError as error:
            errors.setdefault(model, error)
    if errors and {one.model for one in planned if one.model} <= errors.keys() - found.keys():
        raise next(iter(errors.values()))  # else the rows of the others are measured, and this is told with them
    return found


def _models(words: Sequence[str]) -> list[str]:
    if "all" in words:
        if len(words) > 1:
            raise UsageError("all models and some of them contradict one another", "leave one out")
        return list(zoo.models())
    for word in words:
        if not zoo.is_path(word):
            zoo.model_named(word)
    return list(words)


def _precisions(words: Sequence[str]) -> list[Precision | None]:
    if "all" in words and len(words) > 1:
        raise UsageError("all precisions and some of them contradict one another", "leave one out")
    return [precision for precision in PRECISIONS if precision in words or "all" in words]


def _refuse_precision_of_a_path(models: Sequence[str], precisions: Sequence[str]) -> None:
    for model in models:
        if zoo.is_path(model) and "all" not in precisions:
            raise UsageError(f"{model} is one file of one precision", "leave --precision out, or name models of the zoo")


def _refuse_path_that_nothing_reads(models: Sequence[str], runtimes: Sequence[str]) -> None:
    """Refuse a file that none of these runtimes reads."""
    for model in filter(zoo.is_path, models):
        model_format = format_of_own(Path(model))
        readers = [runtime for runtime in RUNTIMES.values() if runtime.format == model_format]
        if "all" in runtimes:
            reasons = [runtime.availability().reason for runtime in readers]
            if all(reasons):
                told = "; ".join(f"{runtime.name}: {reason}" for runtime, reason in zip(readers, reasons, strict=True))
                raise RuntimeUnavailableError(f"no runtime for {model} works here", told)
        elif not {"null", *(runtime.name for runtime in readers)} & set(runtimes):
            raise UsageError(
                f"{', '.join(runtimes)} reads no .{model_format} file", f"choose the runtime {readers[0].name}"
            )
