"""The commands, and what an error means for whoever typed one.

A command that ends well exits with 0. A refusal is 1, a mistake in what was typed or configured 2. 3 says that the
end is not known yet: type the same command again, or let ``refundkit recover`` find out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from refundkit.cli import (
    asking,
    batching,
    customers,
    disputes,
    figures,
    goods,
    installed,
    orders,
    papers,
    refunding,
    settling,
    sweeping,
)
from refundkit.cli.screen import alarm, plain
from refundkit.cli.setup import Setup
from refundkit.cli.streams import silence
from refundkit.errors import (
    GatewayError,
    InvalidValueError,
    OrderExistsError,
    OrderNotFoundError,
    PluginError,
    RedeliveryDenied,
    ReferenceTakenError,
    RefundDenied,
    RefundkitError,
    ReviewRequired,
    StoreError,
)
from refundkit.policy.reasons import Reason

__all__ = ["app"]

REFUSED, USAGE, UNCLEAR = 1, 2, 3

# What was typed names a place where nothing can be read or written.
WRONG_PLACE = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)

# The first that fits.
_CODES: tuple[tuple[tuple[type[RefundkitError], ...], int], ...] = (
    ((InvalidValueError, PluginError), USAGE),
    ((OrderNotFoundError, OrderExistsError, ReferenceTakenError), REFUSED),
    ((StoreError, GatewayError), UNCLEAR),
    ((RefundkitError,), REFUSED),
)


class Reporting(TyperGroup):
    """A group of commands whose errors are told plainly: no traceback, and nothing that could be a secret."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        with _reported():
            return super().invoke(ctx)


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except RefundkitError as error:
        alarm(_told(error))
        raise typer.Exit(next(code for kinds, code in _CODES if isinstance(error, kinds))) from None
    except ImportError as error:
        alarm([str(error)])
        raise typer.Exit(USAGE) from None
    except KeyboardInterrupt:
        alarm(["Interrupted. Nothing is lost: type the same command again, with the same key."])
        raise typer.Exit(UNCLEAR) from None
    except BrokenPipeError:
        # Whoever read this has seen enough, as `head` has.
        silence(sys.stdout)
        raise typer.Exit(0) from None
    except OSError as error:
        alarm([f"{_path(error)}{error.strerror or type(error).__name__}."])
        raise typer.Exit(USAGE if isinstance(error, WRONG_PLACE) else UNCLEAR) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if type(error).__module__.startswith(("typer", "click")):
            _make_plain(error)
            raise
        # The message stays out: nobody knows what a library says in it.
        place = extract_tb(error.__traceback__)[-1]
        alarm(
            [
                f"This should not happen: {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}.",
                "If a refund was under way, type the same command again with the same key; it is made once.",
            ]
        )
        raise typer.Exit(UNCLEAR) from None


def _path(error: OSError) -> str:
    return f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes | os.PathLike) else ""


def _make_plain(error: Exception) -> None:
    """Take out of a message about what was typed whatever would act on the terminal."""
    if isinstance(message := getattr(error, "message", None), str):
        vars(error)["message"] = "\n".join(map(plain, message.splitlines()))


def _told(error: RefundkitError) -> list[str]:
    """Say what happened; of a refusal every reason, and what is possible."""
    if isinstance(error, RefundDenied):
        return [
            "Refused. Nothing was changed.",
            *_listed(error.reasons),
            f"Possible on this order: up to {error.possible}.",
        ]
    if isinstance(error, ReviewRequired):
        reasons = _listed(error.reasons)
        return ["Refused: somebody else has to approve first.", *reasons, "Name them with --approved-by."]
    if isinstance(error, RedeliveryDenied):
        return ["Refused. Nothing was sent again.", *_listed(error.reasons)]
    return str(error).splitlines()


def _listed(reasons: Iterable[Reason]) -> list[str]:
    """Write each reason once: two payments may have the same."""
    return [f"  - {text}" for text in dict.fromkeys(reason.text for reason in reasons)]


app = typer.Typer(
    cls=Reporting,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Give money back, and see what became of it.",
    epilog=(
        "Exit codes: 0 done; 1 refused; 2 typed or configured wrongly; 3 the end is not known yet, "
        "so type the same command again."
    ),
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        from refundkit import __version__

        typer.echo(f"refundkit {__version__}")
        raise typer.Exit


@app.callback()
def configure(
    context: typer.Context,
    *,
    config: Annotated[
        Path,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            envvar="REFUNDKIT_CONFIG",
            help="The configuration, before the command: refundkit -c shop.toml orders.",
        ),
    ] = Path("refundkit.toml"),
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Say where everything is; nothing is read before a command needs it."""
    context.obj = Setup(config)
    context.call_on_close(context.obj.close)


for part in (
    orders,
    customers,
    refunding,
    batching,
    settling,
    sweeping,
    asking,
    goods,
    papers,
    figures,
    disputes,
    installed,
):
    part.add_commands(app)
