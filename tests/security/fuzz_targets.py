"""Targets: what reads bytes of strangers, and which exceptions may come out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import field, frozen

from refundkit import MemoryStore, RefundDesk
from refundkit.errors import InvalidValueError, RefundDenied, WebhookError
from refundkit.model.capabilities import Capabilities
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.requests import RefundRequest
from refundkit.model.statuses import normalize_payment_failure, normalize_status
from refundkit.money import Money
from refundkit.policy.plan import plan_refund
from refundkit.serialization import dumps, loads
from refundkit.testing.builders import NOW, eur, make_order, make_refund
from refundkit.testing.fake_gateway import FakeGateway
from tests.security import fuzz_answers, fuzz_stores, fuzz_webhooks
from tests.security.fuzz_values import ORDER, json_texts, public_values

__all__ = ["TARGETS", "Target"]


@frozen(kw_only=True)
class Target:
    """``attempt`` reads one input; only what is ``documented`` may come out of it."""

    name: str
    seeds: tuple[bytes, ...] = field(repr=False)
    attempt: Callable[[bytes], object] = field(repr=False)
    documented: tuple[type[Exception], ...]


# JSON of our own values.


def _value(kind: type) -> Target:
    def attempt(data: bytes) -> None:
        value = loads(data, kind)
        # What was taken can be written, read again, and is the same.
        assert loads(dumps(value), kind, max_bytes=2**40) == value

    return Target(
        name=f"value-{kind.__name__}",
        seeds=json_texts(kind),
        attempt=attempt,
        documented=(InvalidValueError,),
    )


def _plan(data: bytes) -> None:
    request = loads(data, RefundRequest)
    again = loads(dumps(request), RefundRequest, max_bytes=2**40)
    assert again.digest == request.digest
    plan = plan_refund(ORDER_WITHOUT_DISPUTE, request, now=NOW, capabilities=ABLE)
    assert plan.amount <= ORDER_WITHOUT_DISPUTE.refundable


ORDER_WITHOUT_DISPUTE = make_order(lines=ORDER.lines, payments=(ORDER.payments[0],))
ABLE = {"stripe": Capabilities(), "store_credit": Capabilities(any_payment=True)}


# Amounts, words, ids.


def _money(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    amount, _, currency = text.partition(" ")
    shapes: tuple[Any, ...] = (amount, text)
    with suppress(InvalidOperation):
        shapes += (Decimal(amount[:2_000]),)
    with suppress(ValueError):
        shapes += (int(amount[:4_000]),)
    for shape in shapes:
        with suppress(InvalidValueError):
            money = Money.of(shape, currency or "EUR")
            assert Money.of(f"{money.decimal:f}", money.currency) == money
    _any_money(data)


def _any_money(data: bytes) -> None:
    """Hand over whatever JSON can be, floats and lists too."""
    with suppress(ValueError, RecursionError):
        parsed = json.loads(data)
        for make in (Money.of, Money.of_minor, Money):
            with suppress(InvalidValueError):
                make(parsed, "EUR")
            with suppress(InvalidValueError):
                make(1, parsed)


def _words(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    word, _, gateway = text.partition("@")
    for said in (
        normalize_status(word, gateway),
        normalize_status(text),
        normalize_payment_failure(word, gateway),
    ):
        assert said is not None
    assert normalize_dispute(word, gateway, stage=gateway).raw.isprintable()
    assert len(normalize_status(text).raw) <= 100


_SAFE = re.compile(r"[A-Za-z0-9_.:-]+|gid://shopify/[A-Za-z]+/[0-9]+", re.ASCII)


def _ids(data: bytes) -> None:
    name, _, reference = data.decode("utf-8", "surrogateescape").partition("\n")
    for make in (_order_named, _payment_named):
        with suppress(InvalidValueError):
            make(name, reference or name)


def _order_named(name: str, reference: str) -> None:
    order = Order(id=name, currency="EUR", tags=(reference,))
    assert loads(dumps(order), Order) == order
    MemoryStore().find_payment(name, reference)


def _payment_named(name: str, reference: str) -> None:
    payment = Payment(id="p", gateway="x", reference=reference, captured=eur(100), group=name, method=name)
    refund = make_refund(payment_id="p", amount=eur(50), id=_UUID if len(name) % 2 else name)
    for gateway in fuzz_answers.GATEWAYS.values():
        with suppress(InvalidValueError):
            _check_urls(gateway.prepare(refund, payment))


_UUID = make_refund().id


def _check_urls(request: Mapping[str, Any]) -> None:
    """Require of every id in a request that it stays where it is put (law S5)."""
    ids = [request.get(name) for name in ("payment_intent", "charge", "capture_id", "orderId")]
    assert all(_SAFE.fullmatch(one) for one in ids if one is not None), ids


# The whole desk.


def _desk(data: bytes) -> None:
    fake = FakeGateway()
    desk = RefundDesk(store=MemoryStore(), gateways=[fake], clock=lambda: NOW)
    headers = {"x-signature": fuzz_webhooks.fake_signature(data)}
    desk.receive("fake", body=data, headers=headers)


_AMOUNTS = (
    b"12.50 EUR",
    b"-0.01 USD",
    b"9223372036854775807 JPY",
    b"1.234 KWD",
    b"1E+2 EUR",
    b"0 EUR",
    b"{}",
    b"[1.5]",
)
_WORDS = (
    b"succeeded@stripe",
    b"Sent for Refund@worldpay",
    b"[refund-received]@adyen",
    b"lost",
    b"chargeback_reversed Pending",
)
_IDS = (
    b"o-1\npi_1",
    b"5O190127TN364715T\n3C679366HH908993F",
    b"gid://shopify/Order/1\ngid://shopify/OrderTransaction/11",
)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *(
            Target(name=f"webhook-{name}", seeds=one.seeds, attempt=one.attempt, documented=(WebhookError,))
            for name, one in fuzz_webhooks.WEBHOOKS.items()
        ),
        Target(
            name="webhook-desk", seeds=(b'{"payment": "ref-1"}',), attempt=_desk, documented=(WebhookError,)
        ),
        *(
            Target(name=f"answer-{name}", seeds=one.seeds, attempt=one.attempt, documented=one.documented)
            for name, one in fuzz_answers.ANSWERS.items()
        ),
        *(_value(kind) for kind in sorted(public_values(), key=lambda kind: kind.__name__)),
        Target(
            name="plan",
            seeds=json_texts(RefundRequest),
            attempt=_plan,
            documented=(InvalidValueError, RefundDenied),
        ),
        Target(name="money", seeds=_AMOUNTS, attempt=_money, documented=()),
        Target(name="words", seeds=_WORDS, attempt=_words, documented=()),
        Target(name="ids", seeds=_IDS, attempt=_ids, documented=()),
        Target(name="rows", seeds=fuzz_stores.SEEDS, attempt=fuzz_stores.look_up, documented=()),
    )
}
