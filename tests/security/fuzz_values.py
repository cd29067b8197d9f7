"""One order with one of everything, from which the fuzzers take a JSON text for every public value."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

import refundkit
from refundkit.model.capabilities import Capabilities
from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party
from refundkit.model.deliveries import Delivery
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.lines import LineKind
from refundkit.model.marks import Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, Customer
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.model.requests import LineRefund, RefundReason, RefundRequest, RestockingFee
from refundkit.model.statuses import normalize_status
from refundkit.money import Money
from refundkit.serialization import dumps
from refundkit.testing import builders
from refundkit.testing.builders import NOW, eur

__all__ = ["ORDER", "REQUESTS", "json_texts", "public_values"]

REQUESTS = (
    RefundRequest(key="return-1", reason="arrived broken", amount=eur(1000), actor=Actor.staff("kim")),
    RefundRequest(key="return-2", reason="both", lines={"line-1": 1}, approved_by=Actor.staff("lee")),
    RefundRequest(
        key="return-3",
        reason="späť",
        reason_type=RefundReason.DAMAGED,
        lines=(LineRefund(line_id="line-1", quantity=1, amount=eur(100)),),
        restocking_fee=RestockingFee(percent=Decimal("12.5"), fixed=eur(5)),
        payments={"p-1": eur(95)},
        notify=True,
        note="a note",
        return_id="r-1",
        metadata={"a": [1, {"b": None}], "c": True},
    ),
    RefundRequest(key="return-4", reason="kept one", revision=(builders.make_line(quantity=1),)),
    RefundRequest(key="return-5", reason="all", via="store_credit"),
)

ORDER = Order(
    id="o-1",
    currency="EUR",
    lines=(
        builders.make_line(tax_rate=Decimal(19), unit_price=eur(5000), discount=eur(0), sku="M-1"),
        builders.make_line(
            id="post", name="Post", quantity=1, total=eur(500), tax=None, kind=LineKind.SHIPPING
        ),
    ),
    payments=(
        builders.make_payment(
            aliases=("ch_1",), group="g-1", method="card", fee=eur(3), details={"brand": "visa"}
        ),
    ),
    customer=Customer(email="ann@example.com", name="Ann", reference="c-1"),
    deliveries=(Delivery(id="d-1", line_id="line-1", kind="licence", target="ann", details={"n": 1}),),
    documents=(Document(id="i-1", kind=next(iter(DocumentKind)), issued_at=NOW),),
    placed_at=NOW,
    tags=("vip",),
    notes=(Note(text="Called.", actor=Actor.staff("kim"), at=NOW),),
    metadata={"channel": "web", "nested": {"deep": [1, 2, "three"]}},
    requests=(builders.make_accepted(REQUESTS[0]),),
    refunds=(builders.make_refund(reference="re_1"),),
    disputes=(builders.make_dispute(),),
    flags=(builders.make_flag(),),
    due_at=NOW,
    version=3,
)

_REFUND = RefundReport(
    status=RefundStatus.FAILED,
    amount=eur(1),
    reference="re_1",
    raw_status="failed",
    refund_id="r-1",
    payment="pi_1",
    failure=FailureCode.DECLINED,
    reason="No.",
    at=NOW,
)
_DISPUTE = DisputeReport(
    **{
        name: getattr(builders.make_dispute(), name)
        for name in ("reference", "amount", "stage", "status", "funds")
    },
    due_by=NOW,
)
_NOTE = CreditNote(
    series="CN",
    number=17,
    order_id="o-1",
    refund_id="r-1",
    issued_at=NOW,
    seller=Party(name="Shop", address=("Road 1", "Town"), email="shop@example.com", tax_id="X1"),
    buyer=Party(name="Ann"),
    lines=(
        CreditNoteLine(description="Mug", gross=eur(1190), tax=eur(190), tax_rate=Decimal(19), quantity=1),
        CreditNoteLine(description="Post", gross=eur(10), tax=eur(0)),
    ),
    gross=eur(1200),
    refunded_at=NOW,
    invoice="R-1",
    paid_back="card ending in 4242",
)
_OTHERS = (
    _NOTE,
    _NOTE.taxes,
    builders.make_order(lines=(builders.make_line(),)).totals,
    REQUESTS,
    PaymentReport(reference="pi_1", captured=eur(9), refunds=(_REFUND,), disputes=(_DISPUTE,), fee=eur(1)),
    Capabilities(window=timedelta(days=180), minimum=eur(50), currencies=frozenset({"EUR", "USD"})),
    builders.make_event(amount=eur(1), text="…", data={"a": [1]}, actor=Actor.staff("kim")),
    normalize_status("lost"),
    normalize_status("voided"),
    Money.of(3, "JPY"),
)


def public_values() -> frozenset[type]:
    """Return every public class of values, of which a JSON text may come from outside."""
    rooms = ("refundkit.model.", "refundkit.money")
    return frozenset(
        kind
        for name, kind in vars(refundkit).items()
        if name in refundkit.__all__
        and isinstance(kind, type)
        and attrs.has(kind)
        and kind.__module__.startswith(rooms)
    )


def json_texts(kind: type) -> tuple[bytes, ...]:
    """Return the JSON texts of all values of *kind* in the order and beside it."""
    values = [thing for root in (ORDER, _OTHERS) for thing in _inside(root) if type(thing) is kind]
    return tuple(dict.fromkeys(dumps(value).encode() for value in values))


def _inside(root: object) -> list[object]:
    found: list[object] = []
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        found.append(thing)
        if attrs.has(type(thing)):
            waiting += [getattr(thing, field.name) for field in attrs.fields(type(thing))]
        elif isinstance(thing, (tuple, list)):
            waiting += thing
    return found
