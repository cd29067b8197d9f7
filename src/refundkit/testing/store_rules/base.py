"""What the rules share: the fixtures, an order that has everything, and threads that start at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import pytest

from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.lines import LineKind
from refundkit.model.marks import FlagKind, Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, Customer
from refundkit.model.payments import PaymentFailure, PaymentStatus
from refundkit.model.refunds import FailureCode, RefundOrigin, RefundStatus
from refundkit.model.requests import RefundReason
from refundkit.money import Money
from refundkit.stores.base import Store
from refundkit.testing.builders import (
    NOW,
    eur,
    make_accepted,
    make_dispute,
    make_flag,
    make_line,
    make_order,
    make_payment,
    make_refund,
    make_request,
)

T = TypeVar("T")

LARGEST = 2**63 - 1


class Rules:
    """The fixtures of every chapter."""

    @pytest.fixture
    def store(self) -> Store:
        """The store under test, empty."""
        raise NotImplementedError("Give the contract a fixture `store` that returns an empty store of yours.")

    @pytest.fixture
    def other_store(self, store: Store) -> Store:
        """A second handle on the same data, as another process has it; the same one where there is none."""
        return store


def at_once(tasks: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run *tasks* in threads that start at the same moment; return what each returned or raised."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T | Exception:
        barrier.wait()
        try:
            return task()
        except Exception as error:  # noqa: BLE001 - a rule looks at whatever was raised
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def registered_order() -> Order:
    """Make an order with something in every field that a shop registers."""
    return make_order(
        "bestellung-ß-注文",
        lines=(
            make_line(
                name='"Größe" → 🧥\n注文', tax_rate=Decimal("19.00"), unit_price=eur(5000), discount=eur(1)
            ),
            make_line(id="shipping", quantity=1, total=eur(490), tax=None, kind=LineKind.SHIPPING, sku="DHL"),
        ),
        payments=_payments(),
        customer=Customer(email="Straße@Example.com", name="Åsa Ødegård", reference="c-1"),
        placed_at=datetime(2026, 10, 25, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        test=True,
        tags=("vip", "größe L"),
        deliveries=(
            Delivery(
                id="d-1",
                line_id="line-1",
                kind="post",
                target="Hauptstraße 1",
                quantity=2,
                details={"x": [1]},
            ),
        ),
        metadata={
            "nested": {"list": [1, {"deep": None}], "true": True},
            "text": "' \"\\\n🧾",
            "big": 2**63 - 1,
        },
    )


def _payments() -> tuple[Any, ...]:
    failed = {"captured": eur(0), "status": PaymentStatus.FAILED, "failure": PaymentFailure.EXPIRED_CARD}
    return (
        make_payment(aliases=("ch_1", "ch_2"), group="group-1", method="card", fee=Money.of("0.30", "USD")),
        make_payment(
            id="p-2",
            reference="pi_2",
            captured=eur(LARGEST - 20000),
            captured_at=None,
            group="group-1",
            details={"card": {"last4": "4242"}},
            confirmed=eur(5),
            reported_version=7,
        ),
        make_payment(id="p-3", reference="pi_3", **failed),
    )


def lived_order(order: Order) -> Order:
    """Return *order* with something in every field that history writes."""
    kept = (make_line(id="line-2", name="kept", quantity=1, total=eur(6000), tax=None),)
    requests = (
        make_accepted(make_request(lines={"line-1": 1}, payments={"p-1": eur(1000)}, metadata={"n": [1]})),
        make_accepted(make_request(key="revise", revision=kept), lines=(), revision=1),
    )
    return attrs.evolve(
        order,
        requests=requests,
        refunds=_refunds(),
        disputes=(
            make_dispute(due_by=NOW, opened_at=NOW, raw_status="open"),
            make_dispute(reference="dp_2", amount=Money.of(3, "JPY"), reason="why"),
        ),
        flags=(make_flag(), make_flag(kind=FlagKind.REVIVED, subject="r-1")),
        notes=(Note(text="call back\n", actor=Actor.staff("kim"), at=NOW),),
        documents=(
            Document(id="doc-1", kind=DocumentKind.BILLING_INVOICE, number="R-1", issued_at=NOW),
            Document(id="doc-2", kind=DocumentKind.OTHER),
        ),
        deliveries=(
            attrs.evolve(
                order.deliveries[0].moved(DeliveryStatus.DELIVERED, delivered_at=NOW, last_error="late"),
                handed_over=1,
                move=DeliveryMove.REVOKE,
                units=1,
                attempts=2,
                moves=3,
                due_at=NOW,
                leased_until=NOW,
                unclear_at=NOW,
            ),
        ),
        credit_notes=(_credit_note(order),),
        delivery_due_at=NOW,
        redelivered_at=NOW,
        fetch_due_at=NOW,
        due_at=NOW + timedelta(microseconds=1),
    )


def _credit_note(order: Order) -> CreditNote:
    line = CreditNoteLine(
        description="Größe 🧥", quantity=1, gross=eur(1000), tax=eur(160), tax_rate=Decimal("19.00")
    )
    return CreditNote(
        series="CN",
        number=17,
        order_id=order.id,
        refund_id="r-external",
        issued_at=NOW,
        refunded_at=NOW,
        seller=Party(name="Laden", address=("Weg 1", "注文"), email="a@b.example", tax_id="DE1"),
        buyer=Party(name="Åsa"),
        lines=(line,),
        gross=eur(1000),
        invoice="R-1",
        paid_back="card",
    )


def _refunds() -> tuple[Any, ...]:
    times: dict[str, Any] = dict.fromkeys(
        ("first_sent_at", "last_sent_at", "leased_until", "unclear_at", "settled_at", "notified_at"), NOW
    )
    prepared = {"amount": 1000, "metadata": {"refundkit_id": "x"}}
    failed = {"status": RefundStatus.FAILED, "failure": FailureCode.DECLINED, "failure_text": "nein"}
    return (
        make_refund(prepared=prepared, reference="re_1", raw_status="succeeded", attempts=3, **times),
        make_refund(id="r-open", key="revise", status=RefundStatus.SUBMITTED, revision=1, lines=()),
        make_refund(id="r-failed", payment_id="p-2", reason_type=RefundReason.DAMAGED, **failed),
        make_refund(id="r-external", key=None, origin=RefundOrigin.EXTERNAL, lines=(), outside_cap=True),
        make_refund(id="r-foreign", origin=RefundOrigin.EXTERNAL, amount=Money.of(7, "JPY"), lines=()),
    )
