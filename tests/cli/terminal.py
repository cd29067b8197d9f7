"""A terminal with the command line: a shop's database, its configuration, and the entry points as if installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from unittest import mock

from typer.main import get_command
from typer.testing import CliRunner

import refundkit
from refundkit import Customer, ManualGateway, Money, Order, OrderLine, Payment, RefundDesk, SQLStore
from refundkit.cli.app import app

CONFIGURATION = """
[store]
url = "{url}"

[gateways.fake]
faults = {{ env = "FAULTS" }}

[gateways.cash]
kind = "manual"

[policy]
window_days = 30
max_amount = "100.00 EUR"
review_above = "50.00 EUR"
"""

PLUGIN = '''
import os

from refundkit import Deliverer, Receipt, hookimpl
from refundkit.testing.fake_gateway import FakeGateway, Fault


class ToldGateway(FakeGateway):
    """A fake gateway whose faults come from the configuration: "LOST_ANSWER DECLINE", or "NONE"."""

    kind = "fake"

    def __init__(self, *, name, faults="NONE"):
        super().__init__(*(Fault[fault] for fault in faults.split() if fault != "NONE"), name=name)


class Courier(Deliverer):
    """A deliverer that writes into a file what it was told."""

    kind = "courier"
    revocable = True

    def __init__(self, *, name, book):
        self.name, self.book = name, book

    def deliver(self, call):
        return self._note(call)

    def revoke(self, call):
        return self._note(call)

    def _note(self, call):
        with open(self.book, "a") as file:
            file.write(f"{call.move.value} {call.units} to {call.delivery.target}\\n")
        return Receipt(text=f"The courier noted it: {call.move.value}.")


def send_link(call, link):
    """Put a letter with a link into the mailbox of the test."""
    with open(os.environ["MAILBOX"], "a") as file:
        file.write(f"{link}\\n")


def issue(call):
    """Issue gift cards."""
    return [f"GIFT-CARD-{unit:04}-9ABC" for unit in range(call.units)]


def listen(event):
    """Write down what was heard."""
    with open(os.environ["HEARD"], "a") as file:
        file.write(f"{event.kind}\\n")


@hookimpl
def refundkit_gateways():
    return (ToldGateway,)


@hookimpl
def refundkit_deliverers():
    return (Courier,)


@hookimpl
def refundkit_listeners():
    return (listen,)
'''


def eur(amount: str) -> Money:
    """Return an amount of EUR."""
    return Money.of(amount, "EUR")


def sold(number: int, **more: Any) -> Order:
    """Return an order of 24.90 EUR, paid by card and in cash."""
    now = datetime.now(UTC)
    return Order(
        **{
            "id": f"A-{number}",
            "currency": "EUR",
            "customer": Customer(name="Jo Doe", email=f"jo{number}@example.org"),
            "lines": (
                OrderLine(id="tin", name="Tin of tea", quantity=3, total=eur("20.00"), tax=eur("3.19")),
                OrderLine(id="shipping", name="Parcel", total=eur("4.90"), tax=eur("0.78"), kind="shipping"),
            ),
            "payments": (
                Payment(
                    id="card",
                    gateway="fake",
                    reference=f"pay-{number}",
                    captured=eur("14.90"),
                    captured_at=now,
                    method="card",
                    details={"card": {"last4": "4242"}},
                ),
                Payment(
                    id="cash",
                    gateway="cash",
                    reference=f"receipt-{number}",
                    captured=eur("10.00"),
                    captured_at=now,
                ),
            ),
            "placed_at": now - timedelta(days=2),
            **more,
        }
    )


def installed(folder: Path) -> Path:
    """Make *folder* an installed plugin, with refundkit's own where it runs from its source."""
    known = {entry.value for entry in entry_points(group="refundkit")}
    own = "" if "refundkit.builtin" in known else "builtin = refundkit.builtin\n"
    info = folder / "told_gateway-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: told-gateway\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[refundkit]\ntold = told_gateway\n{own}")
    (folder / "told_gateway.py").write_text(PLUGIN)
    return folder


@cache
def commands() -> Any:
    """Return the commands as typer makes them: once, and not anew for whatever is typed."""
    return get_command(app)


class Terminal:
    """Where somebody types; ``kim`` unless the environment says otherwise."""

    def __init__(self, folder: Path, plugins: Path, url: str = "sqlite:///shop.db") -> None:
        self.folder, self.plugins = folder, plugins
        self.config = folder / "refundkit.toml"
        self.config.write_text(CONFIGURATION.format(url=url))
        self.url = url.replace("sqlite:///", f"sqlite:///{folder}/")
        self.environment = {
            "REFUNDKIT_CONFIG": str(self.config),
            "REFUNDKIT_STAFF": "kim",
            "FAULTS": "NONE",
            "COLUMNS": "80",
            "HEARD": str(folder / "heard.txt"),
            "MAILBOX": str(folder / "mailbox.txt"),
        }

    def configure(self, text: str) -> None:
        """Add *text* to the configuration."""
        self.config.write_text(f"{self.config.read_text()}\n{text}\n")

    def written(self, name: str) -> list[str]:
        """Return the lines of a file in the folder, none if there is no such file."""
        file = self.folder / name
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def sell(self, *orders: Order) -> None:
        """Register *orders*, as the shop does."""
        with SQLStore.open(self.url) as store:
            desk = RefundDesk(store=store, gateways=[ManualGateway(name="cash")])
            for order in orders:
                desk.register(order)

    def order(self, order_id: str = "A-1") -> Order:
        """Read an order past the command line."""
        with SQLStore.open(self.url) as store:
            return store.get(order_id)

    def type(self, *words: str, answer: str = "", **environment: str) -> Any:
        """Run a command in this process; return its exit code and what it wrote."""
        with mock.patch("typer.testing._get_command", return_value=commands()):
            return CliRunner().invoke(app, words, input=answer, env={**self.environment, **environment})

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Run a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "refundkit.cli", *words],
            env=self.process_environment(),
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def process_environment(self) -> Mapping[str, str]:
        """Return the environment of a process that finds what this one finds."""
        source = Path(refundkit.__file__).parents[1]
        path = os.pathsep.join(map(str, (source, self.plugins)))
        return {**os.environ, **self.environment, "PYTHONPATH": path, "PYTHONWARNINGS": "error"}
