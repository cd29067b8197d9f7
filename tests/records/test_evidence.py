"""Evidence for a dispute: everything that speaks for the shop, and nothing that is nobody's business."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from refundkit import (
    Actor,
    CreditNoteDesk,
    Delivery,
    Document,
    DocumentKind,
    EventKind,
    Evidence,
    Fact,
    Order,
    Party,
    RefundStatus,
    evidence,
)
from refundkit.serialization import dumps, loads
from refundkit.testing.builders import NOW, make_event
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop
from tests.records.orders import eur, mug_order

SECRET = "SECRET"


def delivered(target: str = "Lighthouse Lane 3") -> Order:
    """Return an order with something to hand over."""
    return mug_order(deliveries=(Delivery(id="d-1", line_id="mugs", kind="parcel", target=target),))


def event(kind: EventKind, **changes):
    """Return something that happened to the order now."""
    return make_event(kind=kind, **changes)


def texts(facts) -> list[str]:
    """Return what the facts say."""
    return [fact.text for fact in facts]


def test_order_and_payment():
    """What was ordered, for how much, and how it was paid."""
    found = evidence(mug_order(), ())
    assert (found.order_id, found.customer) == ("o-1", "Jo Doe, jo@example.org")
    assert texts(found.confirmation) == [
        "Ordered: 4 × Mug for 39.61 EUR, with 3.60 EUR of tax.",
        "Ordered: 1 × Shipping for 5.75 EUR, with 0.75 EUR of tax.",
        "Paid: 45.36 EUR by card ending in 4242, captured, fake reference ref-1.",
    ]
    assert {fact.at for fact in found.confirmation} == {NOW}


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (
            EventKind.DELIVERY_DELIVERED,
            {"delivery": "d-1", "units": 4},
            "Delivered: 4 × Mug, parcel to Lighthouse Lane 3.",
        ),
        (EventKind.DELIVERY_ADDED, {"delivery": "d-1"}, "To be delivered: Mug, parcel to Lighthouse Lane 3."),
        (
            EventKind.ORDER_REDELIVERED,
            {"deliveries": ["d-1"]},
            "Sent again: Mug, parcel to Lighthouse Lane 3.",
        ),
        (EventKind.DELIVERY_REVOKED, {"delivery": "d-9"}, "Taken back: d-9."),
        (EventKind.DELIVERY_REVOKED, {}, "Taken back: goods of this order."),
    ],
)
def test_what_was_handed_over(kind, data, said):
    """Every step of every delivery, in words, with where it went."""
    assert texts(evidence(delivered(), [event(kind, data=data)]).deliveries) == [said]


def test_what_the_customer_did():
    """Who asked for something is said of the customer, and of nobody in the shop."""
    kind, data = EventKind.ORDER_REDELIVERED, {"deliveries": ["d-1"]}
    told = [event(kind, data=data, actor=actor) for actor in (Actor.customer("jo"), KIM)]
    assert [text.split(":")[0] for text in texts(evidence(delivered(), told).deliveries)] == [
        "Sent again at the customer's request",
        "Sent again",
    ]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://user:SECRET@game.example:8443/hook?token=SECRET", "game.example"),
        ("https://[SECRET", "a web address"),
        ("file:///SECRET", "a web address"),
        ("jo@example.org", "jo@example.org"),
    ],
)
def test_addresses_on_the_web_keep_their_secrets(target, shown):
    """Law S2: of a web address only the host is shown."""
    told = event(EventKind.DELIVERY_DELIVERED, data={"delivery": "d-1"})
    (fact,) = evidence(delivered(target), [told]).deliveries
    assert fact.text == f"Delivered: Mug, parcel to {shown}."


def test_nothing_internal():
    """Laws S2 and S6: no reason, note, tag, text of the timeline, detail or name of staff gets in."""
    shop = Shop(order=delivered())
    shop.refund("5.00", reason=SECRET, note=SECRET, metadata={"a": SECRET}, actor=Actor.staff(SECRET))
    shop.desk.annotate("o-1", actor=Actor.staff(SECRET), note=SECRET, add_tags=[SECRET])
    told = [
        *shop.desk.timeline("o-1"),
        *(event(kind, text=SECRET, data={"delivery": "d-1", "url": SECRET}) for kind in EventKind),
    ]
    found = evidence(shop.order, told)
    assert SECRET not in dumps(found)
    assert SECRET not in found.text


def test_messages():
    """What the customer was written about a refund, in the words of the letter."""
    shop = Shop(order=mug_order())
    shop.refund("5.00", message="Sorry for the broken mug.")
    told = event(EventKind.CUSTOMER_NOTIFIED, refund_id=shop.only_refund.id, amount=shop.only_refund.amount)
    found = evidence(shop.order, [told, event(EventKind.CUSTOMER_NOTIFIED)])
    assert texts(found.messages) == [
        'The customer was written to about the refund of 5.00 EUR: "Sorry for the broken mug.".',
        "The customer was written to about the refund.",
    ]


def test_letters_that_failed_are_no_messages():
    """A letter that could not be written, or perhaps not, is not claimed; one that was written later is."""
    sent, failed = (
        event(kind, refund_id="r-1", amount=eur("5.00"))
        for kind in (EventKind.CUSTOMER_NOTIFIED, EventKind.CUSTOMER_NOT_NOTIFIED)
    )
    assert evidence(mug_order(), [sent, failed]).messages == ()
    assert len(evidence(mug_order(), [failed, sent, failed, sent]).messages) == 1


def test_what_the_customer_fetched():
    """A download that the timeline knows of is among the downloads, whoever noted it."""
    told = [
        event(EventKind.DELIVERY_DOWNLOADED, data={"delivery": "d-1"}, actor=actor)
        for actor in (Actor.customer(), Actor.system("pages"))
    ]
    found = evidence(delivered("handbook.pdf"), told)
    assert texts(found.downloads) == [
        "Fetched by the customer: Mug, parcel to handbook.pdf.",
        "Fetched: Mug, parcel to handbook.pdf.",
    ]
    assert found.deliveries == ()


def test_refunds():
    """What went back, what is under way, and what failed."""
    shop = Shop(None, Fault.PENDING, Fault.DECLINE, order=mug_order())
    for number, amount in enumerate(("5.00", "4.00", "3.00")):
        shop.refund(amount, f"k-{number}")
    assert texts(evidence(shop.order, ()).refunds) == [
        "5.00 EUR was given back (card ending in 4242, fake reference fake-refund-1).",
        "A refund of 4.00 EUR is under way (card ending in 4242, fake reference fake-refund-2).",
        "A refund of 3.00 EUR failed (card ending in 4242).",
    ]


def test_documents():
    """Invoices and credit notes, and which credit note does not hold any more."""
    shop = Shop(order=mug_order())
    shop.refund()
    shop.desk.add_document("o-1", Document(id="d", kind=DocumentKind.BILLING_INVOICE, number="R-17"))
    notes = CreditNoteDesk(store=shop.store, seller=Party(), eligible="all", clock=shop.clock)
    notes.issue_credit_notes()
    stands = "Credit note CN-000001 over 45.36 EUR"
    assert set(texts(evidence(shop.order, ()).documents)) == {f"{stands}.", "Billing invoice R-17."}
    shop.gateway.settle(shop.only_refund.reference, RefundStatus.FAILED)
    shop.desk.refresh("o-1")
    assert (
        texts(evidence(shop.order, ()).documents)[0] == f"{stands}, to be corrected: its refund did not last."
    )


def test_downloads_that_the_shop_logged():
    """The shop's own log is put in by time."""
    late, early = (datetime(2026, 11, day, 8, tzinfo=UTC) for day in (3, 2))
    logged = [
        Fact(text="manual.pdf from 192.0.2.7", at=late),
        Fact(text="manual.pdf from 192.0.2.7", at=early),
    ]
    assert [fact.at for fact in evidence(mug_order(), (), downloads=logged).downloads] == [early, late]


def test_as_text():
    """The text has a heading for each part that has something in it, and one line for each fact."""
    order = delivered("Lighthouse Lane 3\nFloor 2")
    told = [event(EventKind.DELIVERY_DELIVERED, data={"delivery": "d-1", "units": 4})]
    assert evidence(order, told).text == (
        "Order o-1\n"
        "Jo Doe, jo@example.org\n"
        "\n"
        "Order and payment\n"
        "- 2026-11-01 12:00 UTC: Ordered: 4 × Mug for 39.61 EUR, with 3.60 EUR of tax.\n"
        "- 2026-11-01 12:00 UTC: Ordered: 1 × Shipping for 5.75 EUR, with 0.75 EUR of tax.\n"
        "- 2026-11-01 12:00 UTC: Paid: 45.36 EUR by card ending in 4242, captured, fake reference ref-1.\n"
        "\n"
        "Delivery\n"
        "- 2026-11-01 12:00 UTC: Delivered: 4 × Mug, parcel to Lighthouse Lane 3 Floor 2.\n"
    )


def test_as_json():
    """It has a JSON shape and reads back."""
    found = evidence(delivered(), [event(EventKind.DELIVERY_DELIVERED, data={"delivery": "d-1"})])
    assert loads(dumps(found), Evidence) == found


def test_a_bare_order():
    """An order of which little is known gives little, and no odd words; other orders' events do not count."""
    found = evidence(Order(id="bare", currency="EUR"), [event(EventKind.DELIVERY_DELIVERED)])
    assert found.text == "Order bare\n"
