"""What is there: the gateways that are configured, the kinds that are installed, and what each can do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import typer

from refundkit.cli import installed_goods
from refundkit.cli.filling import filled_in
from refundkit.cli.screen import Column, say, table, title
from refundkit.cli.setup import Setup, setup_of
from refundkit.errors import RefundkitError
from refundkit.gateways.base import Gateway
from refundkit.model.capabilities import Capabilities
from refundkit.model.payments import Payment
from refundkit.money import Money
from refundkit.plugins import deliverer_kinds, gateway_kinds, load_gateways

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the overview."""
    app.command("gateways")(show_gateways)


def show_gateways(context: typer.Context) -> None:
    """Show which gateways and deliverers there are.

    Those that are configured, for test or live orders, and what each can do; and the installed kinds.
    """
    setup = setup_of(context)
    kinds = gateway_kinds()
    say("Configured gateways", style="bold")
    names = sorted(setup.configuration.gateways)
    if not names:
        say("None. Write a section [gateways.NAME] for each.")
    for name in names:
        say()
        _show(setup, name)
    installed_goods.show(setup)
    title("Kinds that are installed")
    table(
        (Column("kind"), Column("takes webhooks"), Column("brought by")),
        ((kind, _yes(takes_webhooks(made)), _package(made)) for kind, made in kinds.items()),
    )
    say(f"Deliverers: {', '.join(deliverer_kinds()) or 'none'}.")


def _show(setup: Setup, name: str) -> None:
    try:
        options = filled_in(setup.configuration.gateways[name], f"gateways.{name}")
        (gateway,) = load_gateways({name: options})
    except (RefundkitError, ImportError) as error:
        say(f"{name}: cannot be used", style="bold red")
        say(error, indent=2)
        return
    say(f"{name} ({gateway.kind}), {_credentials(gateway)}", style="bold")
    for line in _abilities(gateway):
        say(line, indent=2)


def _credentials(gateway: Gateway) -> str:
    if gateway.test is None:
        return "for test and live orders alike"
    return "TEST credentials: for test orders only" if gateway.test else "LIVE credentials"


def _abilities(gateway: Gateway) -> Iterator[str]:
    yield f"webhooks: {'yes' if takes_webhooks(type(gateway)) else 'no'}"
    try:
        can = gateway.capabilities(_sample(gateway))
    except Exception as error:  # noqa: BLE001 - a plugin's own code, asked about a payment that is none
        yield f"what it can do depends on the payment ({type(error).__name__})"
        return
    yield f"refunds: {', '.join(_refunds(can))}"
    if can.window is not None:
        yield f"until {_span(can.window)} after the capture"
    yield f"while a dispute is open: {_disputed(can)}"
    yield f"knows a repeated request again for {_span(can.idempotency_window)}"
    if can.currencies is not None:
        codes = sorted(can.currencies)
        yield f"currencies: {', '.join(codes)}" if len(codes) <= 30 else f"{len(codes)} currencies"


def _sample(gateway: Gateway) -> Payment:
    return Payment(id="sample", gateway=gateway.name, reference="sample", captured=Money.of(100, "EUR"))


def _refunds(can: Capabilities) -> Iterator[str]:
    if can.full:
        yield "whole payments"
    if can.partial:
        yield "parts"
    yield "several times" if can.multiple else "once per payment"
    if can.minimum is not None:
        yield f"from {can.minimum}"
    if can.any_payment:
        yield "also of payments that others took"
    if can.by_person:
        yield "made by a person"


def _disputed(can: Capabilities) -> str:
    return {"nothing": "nothing", "remainder": "what is not disputed", "anything": "anything"}[
        can.while_disputed
    ]


def _span(span: timedelta) -> str:
    if span == timedelta.max:
        return "ever"
    hours = span // timedelta(hours=1)
    return f"{span.days} days" if hours >= 48 else f"{hours} hours"


def takes_webhooks(kind: type[Gateway]) -> bool:
    """Say whether gateways of this kind read webhooks at all."""
    return kind.parse_webhook is not Gateway.parse_webhook


def _yes(holds: bool) -> str:  # noqa: FBT001 - a cell
    return "yes" if holds else "no"


def _package(made: type[Any]) -> str:
    return made.__module__.partition(".")[0]
