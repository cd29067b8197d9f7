"""The bench: what an author of a gateway hands to the contract, and the means to look behind the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar

import pytest
from attrs import field, frozen

from refundkit.gateways.base import Gateway
from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money

__all__ = ["Bench", "Mishap", "Rules", "need"]

T = TypeVar("T")
Letter = tuple[bytes, Mapping[str, str]]


class Mishap(Enum):
    """What the bench can make happen to the next refund, once."""

    NEVER_SENT = "never sent"
    """Nothing is executed, and the gateway can be certain of it (no connection, too many requests)."""
    LOST_REQUEST = "lost request"
    """Nothing is executed, and the gateway cannot know (a reset connection)."""
    LOST_REPLY = "lost reply"
    """The money moves, and the gateway cannot know (a timeout)."""
    DECLINED = "declined"
    """The service says no."""
    PENDING = "pending"
    """The service accepts it and has not done it yet."""
    SILENCE = "silence"
    """The service takes the request, keeps the connection open, and never answers."""


def _now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class Bench:
    """One gateway, ready to be asked, and the means to look behind it. Make a new one for every test.

    ``gateway`` is the one under test. ``payment(amount)`` captures *amount* at the gateway's service and
    returns that payment. All other means are optional: what needs one that is missing is skipped, visibly.

    ``currency``: what most tests pay in; the gateway must be able to refund it.
    ``returned(payment)``: what was given back of it by the service's own books, whatever the gateway says.
    ``faults``: for each `Mishap` a function that lets it happen to the next refund, once.
    ``settle(reference, status)``: lets the service bring the refund *reference* to another status.
    ``refund_elsewhere(payment, amount)``: refunds in the service's dashboard, without the gateway.
    ``dispute(payment, amount)``: lets the customer's bank open a chargeback.
    ``webhook(payment)``: the raw body and the headers of a genuine webhook about it, signed now.
    ``foreign_webhook(payment)``: one of another account or secret. ``webhook_is_dated``: whether the
    signature says when it was made, so that old ones can be told.
    ``second_gateway``: another instance on the same account, as after a restart.
    ``secrets``: keys and signing secrets, as texts that must never show.
    ``now``: the time by which webhooks are signed.
    ``patience_seconds``: after how long a call to a silent service counts as stuck.
    """

    gateway: Gateway
    payment: Callable[[Money], Payment]
    currency: str = "EUR"
    returned: Callable[[Payment], Money] | None = None
    faults: Mapping[Mishap, Callable[[], object]] = field(factory=dict)
    settle: Callable[[str, RefundStatus], object] | None = None
    refund_elsewhere: Callable[[Payment, Money], object] | None = None
    dispute: Callable[[Payment, Money], object] | None = None
    webhook: Callable[[Payment], Letter] | None = None
    foreign_webhook: Callable[[Payment], Letter] | None = None
    webhook_is_dated: bool = True
    second_gateway: Gateway | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    now: Callable[[], datetime] = _now
    patience_seconds: float = 60

    def let(self, mishap: Mishap) -> None:
        """Let *mishap* happen to the next refund, or skip the test."""
        need(self.faults.get(mishap), f"faults[Mishap.{mishap.name}]")()


def need(means: T | None, name: str) -> T:
    """Return *means*, or skip the test and say which of the bench's means is missing."""
    if means is None:
        pytest.skip(f"the bench has no {name}")
    return means


class Rules:
    """What every chapter asks for: a subclass in somebody's tests overrides this one fixture."""

    @pytest.fixture
    def bench(self) -> Bench:
        """Make a fresh `Bench`."""
        pytest.fail("Override the fixture `bench` in your subclass of GatewayContract; return a Bench.")
