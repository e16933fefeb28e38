"""``digit-infer serve``: the models over the Open Inference Protocol, and a page to draw on."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from digit_infer.cli import options
from digit_infer.cli.options import F
from digit_infer.errors import ServingError
from digit_infer.zoo import DEFAULT_MODEL

if TYPE_CHECKING:
    from digit_infer.serving.server import Doors
    from digit_infer.serving.settings import Settings

_PREFIX = "DIGIT_INFER"
_NEEDS = {"serve": ("starlette", "uvicorn", "httptools", "prometheus_client"), "grpc": ("google.protobuf", "zttp")}
"""The packages of each extra."""


def _number(name: str, default: float, least: float, what: str) -> Callable[[F], F]:
    """Return an option that takes a number, whole where the default is."""
    kind: click.ParamType[Any] = click.IntRange(min=int(least)) if isinstance(default, int) else click.FloatRange(min=least)
    return click.option(name, type=kind, default=default, show_default=True, show_envvar=True, help=what)


@click.command("serve", context_settings={"auto_envvar_prefix": _PREFIX})
@click.option(
    "--model",
    "models",
    multiple=True,
    default=(DEFAULT_MODEL,),
    show_default=True,
    show_envvar=True,
    envvar=f"{_PREFIX}_MODEL",
    shell_complete=options.complete_model,
    help="A model of the zoo, or the path of a file. Repeatable; the first answers the page.",
)
@options.runtime_option
@options.threads_option
@click.option("--host", default="127.0.0.1", show_default=True, show_envvar=True, help="The address to bind.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, show_envvar=True, help="0 takes a free one."
)
@click.option(
    "--grpc-port",
    type=click.IntRange(0, 65535),
    show_envvar=True,
    help="Answer over gRPC as well, on this port, such as 8001.",
)
@_number("--workers", 1, 1, "Processes that answer.")
@_number("--max-body", 16 << 20, 1, "Bytes in a request.")
@_number("--max-pictures", 1024, 1, "Pictures in a request.")
@_number("--max-pixels", 50_000_000, 1, "Pixels in a picture.")
@_number("--max-batch", 256, 1, "Pictures in a call of the model.")
@_number("--max-waiting", 256, 1, "Requests under way in a worker; more are told to try again.")
@_number("--body-timeout", 20.0, 0.01, "Seconds in which a request must arrive.")
@_number("--drain", 1.0, 0.0, "Seconds after SIGTERM in which requests are still answered, and /v2/health/ready says no.")
@_number("--grace", 20.0, 1.0, "Seconds after that in which what is under way may end.")
@click.option(
    "--access-log/--no-access-log",
    default=True,
    show_default=True,
    show_envvar=True,
    help="A line of JSON for each request.",
)
def command(models: tuple[str, ...], **told: Any) -> None:
    """Serve models over the Open Inference Protocol v2 (REST, and gRPC), with a page to draw on.

    Each model answers arrays as NAME and pictures as NAME_picture. What happens is told on stderr, one JSON object a line.
    SIGTERM and Ctrl-C stop it. There is no TLS and no log-in: before it is bound to other addresses, put a proxy in front.
    """
    _check_installed("serve")
    if told["grpc_port"] is not None:
        _check_installed("grpc")
    from digit_infer.serving.server import bound, serve
    from digit_infer.serving.settings import Settings
    from digit_infer.serving.supervisor import supervise

    settings = Settings(models=models, **told)
    settings.named_models()  # refuses two of one name
    if settings.workers > 1:
        supervise(settings, lambda doors: _tell(settings, doors))
        return
    with bound(settings.host, settings.port, "--port") as rest:
        serve(settings, rest, lambda doors: _tell(settings, doors))


def _tell(settings: Settings, doors: Doors) -> None:
    names = ", ".join(served for name in settings.named_models() for served in (name, f"{name}_picture"))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    grpc = "" if doors.grpc is None else f", gRPC on {host}:{doors.grpc}"
    click.echo(f"serving {names} on http://{host}:{doors.rest}/{grpc}")


def _check_installed(extra: str) -> None:
    lacking = [name for name in _NEEDS[extra] if not _found(name)]
    if lacking:
        raise ServingError(f"serve needs {', '.join(lacking)}, not installed here", f"pip install 'digit-infer[{extra}]'")


def _found(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of a package within one that is not there
        return False
