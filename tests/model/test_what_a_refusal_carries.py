"""Refusals: the field and the value that must not be, as attributes, for programs that answer a person."""

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from refundkit.errors import InvalidValueError
from refundkit.model.capabilities import Capabilities
from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.requests import LineRefund, Purpose, RestockingFee
from refundkit.model.words import words
from refundkit.money import Money
from tests.model.builders import NOW, eur, line, paid, simple, wish

FEE = RestockingFee(fixed=eur(1))
LISTED = Document(id="d-1", kind=DocumentKind.PAID_UNDELIVERED_LIST)
USD = Money.of(1, "USD")


def holding(**parts):
    """Put other parts into an order."""
    return attrs.evolve(simple(), **parts)


def delivery(**more):
    """Hand something over."""
    return Delivery(**{"id": "d-1", "line_id": "line-1", "kind": "mail", "target": "kim", **more})


def credit_note(gross):
    """Write a note about one mug for 5.00."""
    mug = CreditNoteLine(description="Mug", gross=eur(5), tax=eur(0))
    named = {"series": "CN", "number": 1, "order_id": "o-1", "refund_id": "r-1", "issued_at": NOW}
    return CreditNote(**named, seller=Party(), buyer=Party(), lines=(mug,), gross=gross)


REFUSALS = {
    "currencies": (lambda: Capabilities(currencies=["eur"]), "currencies", {"eur"}),
    "window": (lambda: Capabilities(window=-timedelta(1)), "window", -timedelta(1)),
    "credit note": (lambda: credit_note(eur(6)), "lines", eur(5)),
    "handed over": (lambda: delivery(handed_over=2), "handed_over", 2),
    "move without units": (lambda: delivery(move=DeliveryMove.DELIVER), "units", 0),
    "units without move": (lambda: delivery(units=1), "units", 1),
    "delivery goes back": (
        lambda: delivery(status=DeliveryStatus.DELIVERED).moved(DeliveryStatus.PENDING),
        "status",
        DeliveryStatus.PENDING,
    ),
    "identifier": (lambda: wish(key=""), "key", ""),
    "alias": (lambda: paid("p", eur(1), aliases=("",)), "aliases", ""),
    "item": (lambda: wish(revision=[1]), "revision", 1),
    "part": (lambda: wish(lines=["a"]), "lines", ["a"]),
    "tag": (lambda: holding(tags="b2b"), "tags", "b2b"),
    "text for aliases": (lambda: paid("p", eur(1), aliases="ch_1"), "aliases", "ch_1"),
    "text for an address": (lambda: Party(address="Street 1"), "address", "Street 1"),
    "kind": (lambda: line("a", eur(1), kind=["item"]), "kind", ["item"]),
    "list for a mapping": (lambda: wish(metadata=[1]), "metadata", [1]),
    "not json": (lambda: wish(metadata={"a": 1.5}), "metadata", 1.5),
    "two lines": (lambda: holding(lines=(line("a", eur(1)),) * 2), "line", "a"),
    "two payments": (lambda: holding(payments=(paid("p", eur(1)),) * 2), "payment", "p"),
    "two deliveries": (lambda: holding(deliveries=(delivery(),) * 2), "delivery", "d-1"),
    "two documents": (lambda: holding(documents=(LISTED,) * 2), "document", "d-1"),
    "two references": (
        lambda: holding(payments=[paid(name, eur(1), reference="r") for name in "ab"]),
        "stripe reference",
        "r",
    ),
    "two aliases": (lambda: paid("p", eur(1), aliases=("ref-p",)), "references", "ref-p"),
    "two parts": (lambda: wish(lines=[LineRefund(line_id="a", quantity=1)] * 2), "line", "a"),
    "two revised": (lambda: wish(revision=[line("a", eur(1))] * 2), "revised line", "a"),
    "tax": (lambda: line("a", eur(1), tax=eur(2)), "tax", eur(2)),
    "percent": (lambda: line("a", eur(1), tax_rate=Decimal(-1)), "tax_rate", Decimal(-1)),
    "document for good": (lambda: simple(documents=(LISTED,)).without_document("d-1"), "documents", "d-1"),
    "currency of a line": (lambda: holding(lines=(line("a", USD),)), "currency", USD),
    "currency of tax": (lambda: holding(lines=(line("a", USD, tax=USD),)), "currency", USD),
    "currency of a payment": (lambda: holding(payments=(paid("p", USD),)), "currency", USD),
    "delivery of no line": (lambda: holding(deliveries=(delivery(line_id="x"),)), "deliveries", "x"),
    "another reference": (
        lambda: paid("p", eur(1)).updated(paid("p", eur(1), reference="x")),
        "reference",
        "x",
    ),
    "less captured": (lambda: paid("p", eur(2)).updated(paid("p", eur(1))), "captured", eur(1)),
    "no fee": (RestockingFee, "percent", None),
    "blank reason": (lambda: wish(reason=" \n"), "reason", " \n"),
    "neither": (lambda: LineRefund(line_id="a"), "quantity", None),
    "two forms": (lambda: wish(amount=eur(1), lines={"a": 1}), "lines", None),
    "no lines": (lambda: wish(lines=[]), "lines", ()),
    "no revision": (lambda: wish(revision=[]), "revision", ()),
    "nothing asked": (lambda: wish(amount=eur(0)), "amount", eur(0)),
    "nothing of a line": (lambda: LineRefund(line_id="a", amount=eur(0)), "amount", eur(0)),
    "no payments": (lambda: wish(payments={}), "payments", {}),
    "payment of nothing": (lambda: wish(payments={"p": eur(0)}), "amount", eur(0)),
    "fee of an amount": (lambda: wish(amount=eur(1), restocking_fee=FEE), "restocking_fee", FEE),
    "fee of a revision": (
        lambda: wish(revision=[line("a", eur(1))], restocking_fee=FEE),
        "restocking_fee",
        FEE,
    ),
    "rejecting a part": (lambda: wish(amount=eur(1), purpose=Purpose.REJECT), "purpose", Purpose.REJECT),
    "word twice": (lambda: words({1: "a", 2: "A"}), "table", {1: "a", 2: "A"}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_carries_field_and_value(name):
    """What must not be stays with the refusal of it, whatever the message says."""
    attempt, field, value = REFUSALS[name]

    with pytest.raises(InvalidValueError) as refused:
        attempt()

    assert refused.value.field == field
    assert getattr(refused.value, "value", None) == value
