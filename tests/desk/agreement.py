"""When a desk and the reference model agree: each check names what is compared."""

from collections import Counter
from collections.abc import Sequence

from refundkit import Event, EventKind, Order
from refundkit.testing.fake_gateway import FakeGateway
from tests.desk.reference_gateway import Gateway
from tests.desk.reference_model import PENDING, SUCCEEDED, Model


def assert_same_order(order: Order, model: Model) -> None:
    """The order is worth what the model says, refund by refund, payment by payment, line by line."""
    assert order.refundable.minor == model.refundable
    assert order.refunded.minor == model.refunded
    assert order.reserved.minor == model.reserved
    assert order.status == model.status
    assert Counter(flag.kind.value for flag in order.flags) == Counter(kind for kind, _ in model.flags)
    assert (order.fetch_due_at is not None) == model.marked
    assert [(r.payment_id, r.amount.minor, r.status, r.outside_cap) for r in order.refunds] == [
        (r.payment, r.amount, r.status, r.outside) for r in model.refunds
    ]
    for name, sums in order.payment_sums.items():
        assert (sums.left.minor, sums.exposure.minor) == (model.left(name), model.exposure(name))
    assert {name: (sums.given.minor, sums.units) for name, sums in order.line_sums.items()} == {
        name: (model.given(name), model.units(name)) for name in model.lines
    }


def assert_same_books(gateway: FakeGateway, model: Gateway) -> None:
    """The gateway gave back what the model says, and nothing else."""
    assert [(r.reference, r.amount.minor, r.status, r.refund_id) for r in gateway.refunds] == [
        (entry.reference, entry.amount, entry.status, entry.name) for entry in model.entries
    ]


def assert_cap(order: Order) -> None:
    """Law C1: what requests of ours hold of a payment never exceeds what was captured."""
    for sums in order.payment_sums.values():
        assert sums.reserved + sums.returned <= sums.payment.captured
        assert sums.left.minor >= 0


def assert_at_rest(order: Order, gateway: FakeGateway) -> None:
    """Nothing is unanswered, and the order knows what the gateway knows."""
    known = {r.reference: (r.amount, r.status) for r in order.refunds if r.reference is not None}
    held = {r.reference: (r.amount, r.status) for r in gateway.refunds if r.amount.is_positive}
    assert known == held
    assert not any(refund.is_unsent for refund in order.refunds)
    assert not any(refund.is_alive and refund.reference is None for refund in order.refunds)
    assert order.fetch_due_at is None


# What each event makes of its refund; where it says nothing, it stands as it did.
BECOMES = {
    EventKind.REFUND_SUBMITTED: {"submitted"},
    EventKind.REFUND_RESUBMITTED: {"submitted"},
    EventKind.REFUND_UNCLEAR: {"submitted"},
    EventKind.REFUND_PENDING: {PENDING},
    EventKind.REFUND_REOPENED: {PENDING},
    EventKind.REFUND_SUCCEEDED: {SUCCEEDED},
    EventKind.REFUND_FAILED: {"failed"},
    EventKind.REFUND_FAILED_AFTER_SUCCESS: {"failed"},
    EventKind.REFUND_MISMATCHED: {"failed"},
    EventKind.REFUND_REVIVED: {PENDING, SUCCEEDED},
}
COMES_FROM = {
    EventKind.REFUND_RESUBMITTED: {"submitted"},
    EventKind.REFUND_UNCLEAR: {"submitted"},
    EventKind.REFUND_PENDING: {"submitted"},
    EventKind.REFUND_SUCCEEDED: {"submitted", PENDING},
    EventKind.REFUND_FAILED: {"submitted", PENDING},
    EventKind.REFUND_FAILED_AFTER_SUCCESS: {SUCCEEDED},
    EventKind.REFUND_REOPENED: {SUCCEEDED},
    EventKind.REFUND_REVIVED: {"failed"},
}


def assert_story(order: Order, events: Sequence[Event]) -> None:
    """The events alone tell how each refund stands, each following from the one before; versions only rise."""
    places = [(event.version, event.number) for event in events]
    assert places == sorted(set(places))
    assert places[-1][0] <= order.version
    told: dict[str, set[str]] = {}
    for event in events:
        if event.refund_id is not None:
            before = told.get(event.refund_id, set())
            assert before & COMES_FROM.get(event.kind, before) or not before
            told[event.refund_id] = BECOMES.get(event.kind) or {event.data["status"]}
    assert all(refund.status.value in told[refund.id] for refund in order.refunds)
    assert told.keys() == {refund.id for refund in order.refunds}
