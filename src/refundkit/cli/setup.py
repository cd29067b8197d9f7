"""Setup: what a command works with, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refundkit.cli.configuration import Configuration, read_configuration
from refundkit.desk.deliveries import DeliveryDesk
from refundkit.desk.refunds import RefundDesk
from refundkit.errors import InvalidValueError
from refundkit.gateways.base import Gateway
from refundkit.model.parties import Actor

if TYPE_CHECKING:
    from refundkit.stores.sql import SQLStore

__all__ = ["Json", "OrderId", "Setup", "Staff", "Yes", "acting", "setup_of"]


class Setup:
    """The configuration, the store and the desks. Reading orders needs no gateway, so it needs no secret."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def configuration(self) -> Configuration:
        """What the file says."""
        return read_configuration(self._path)

    @cached_property
    def store(self) -> SQLStore:
        """Where the orders are."""
        return self.configuration.open_store()

    def close(self) -> None:
        """Close the database, if a command has opened it."""
        if "store" in vars(self):
            self.store.close()

    @cached_property
    def gateways(self) -> Mapping[str, Gateway]:
        """Every gateway, by name."""
        return {gateway.name: gateway for gateway in self.configuration.open_gateways()}

    @cached_property
    def desk(self) -> RefundDesk:
        """The desk, with every gateway."""
        return self.configuration.open_desk(self.store, self.gateways.values())

    @cached_property
    def goods(self) -> DeliveryDesk:
        """The delivery desk, with every deliverer."""
        return self.configuration.open_delivery_desk(self.store)

    @cached_property
    def reading(self) -> RefundDesk:
        """A desk without gateways, for those who only look."""
        return RefundDesk(store=self.store, gateways=())


def setup_of(context: typer.Context) -> Setup:
    """Return the setup of this call."""
    setup = context.obj
    if not isinstance(setup, Setup):
        raise TypeError(f"The context holds no setup, but {type(setup).__name__}.")
    return setup


OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]
Staff = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME", envvar="REFUNDKIT_STAFF", help="Who you are; it stands in the timeline."
    ),
]


def acting(name: str) -> Actor:
    """Return whoever is at the terminal.

    Raises:
        InvalidValueError: if nobody says who that is.
    """
    if not name.strip():
        raise InvalidValueError("Say who you are: --as NAME, or set REFUNDKIT_STAFF.", field="actor")
    return Actor.staff(name.strip())
