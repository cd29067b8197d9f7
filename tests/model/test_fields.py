"""Fields: what a value may hold, and what its refusal says."""

import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import attrs
import pytest
from hypothesis import given

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.fields import FrozenMap
from refundkit.model.lines import LineKind, OrderLine
from refundkit.model.marks import Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, ActorKind
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundLine
from refundkit.model.requests import RestockingFee
from refundkit.money import Money
from tests import strategies
from tests.model.builders import NOW, eur, line, paid, simple, wish

LONG = "x" * 256
TOO_LONG = "x" * 4001
PLAIN = "must be a printable str of 1 to 255 characters without spaces around it, not"


def note(**more):
    """Write a note."""
    return Note(**{"text": "hello", "actor": Actor.system(), "at": NOW, **more})


def refund(**more):
    """Plan a refund."""
    return Refund(**{"id": "r-1", "payment_id": "p1", "gateway": "stripe", "amount": eur(5), **more})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *(
            (lambda bad=bad: wish(key=bad), f"RefundRequest.key {PLAIN}")
            for bad in ("", LONG, " a", "a\n", 5)
        ),
        *(
            (lambda bad=bad: wish(key=bad), f"RefundRequest.key {PLAIN}")
            for bad in ("a\0", "\ud800", None, b"a")
        ),
        (lambda: wish(note=TOO_LONG), "RefundRequest.note must be a str of at most 4000 characters, not"),
        (lambda: wish(note="\0"), "RefundRequest.note must be a str of at most 4000 characters, not"),
        (lambda: wish(note="\ud800"), "RefundRequest.note must be a str of at most 4000 characters, not"),
        (lambda: wish(note=None), "RefundRequest.note must be a str of at most 4000 characters, not None"),
        (lambda: wish(reason=" \n"), "RefundRequest.reason must say something"),
        (lambda: wish(notify=1), "RefundRequest.notify must be True or False, not 1"),
        (lambda: wish(reason_type="damaged"), "must be one of RefundReason.DAMAGED, RefundReason.DUPLICATE"),
        (lambda: wish(actor="kim"), "RefundRequest.actor must be Actor, not 'kim'"),
        (
            lambda: wish(amount=5),
            r"RefundRequest.amount must be Money, such as Money.of\('12.50', 'EUR'\), not 5",
        ),
        (lambda: wish(amount=True), "RefundRequest.amount must be Money, such as"),
        (lambda: wish(amount=-eur(5)), "RefundRequest.amount must be an amount of zero or more"),
        (
            lambda: wish(revision="line-1"),
            "RefundRequest.revision must be a tuple of OrderLine, not 'line-1'",
        ),
        (
            lambda: wish(revision=["line-1"]),
            "RefundRequest.revision must be a tuple of OrderLine, not 'line-1'",
        ),
        (lambda: wish(lines="line-1"), "RefundRequest.lines must be a tuple of LineRefund, not 'line-1'"),
        (lambda: wish(lines={"line-1": True}), "LineRefund.quantity must be a whole number of zero and more"),
        (lambda: wish(lines={"line-1": 2.9}), "LineRefund.quantity must be a whole number of zero and more"),
        (lambda: wish(lines={"line-1": -1}), "LineRefund.quantity must be a whole number of zero and more"),
        (
            lambda: wish(lines={"line-1": 2**31}),
            "LineRefund.quantity must be a whole number of zero and more",
        ),
        (lambda: wish(lines={7: 1}), f"LineRefund.line_id {PLAIN} 7"),
        (
            lambda: line("a", eur(1), quantity=0),
            "OrderLine.quantity must be a whole number above zero, not 0",
        ),
        (
            lambda: line("a", eur(1), kind="gift"),
            "OrderLine.kind must be one of LineKind.ITEM, LineKind.SHIPPING",
        ),
        (lambda: line("a", eur(1), tax=eur(2)), "Line a has tax 2.00 EUR on a total of 1.00 EUR"),
        (lambda: line("a", eur(1), tax=Money.of(1, "JPY")), "are of two currencies"),
        (
            lambda: line("a", eur(1), tax_rate=19.0),
            "must be a percentage such as Decimal\\('19'\\), not 19.0",
        ),
        (lambda: line("a", eur(1), tax_rate=Decimal("NaN")), "must be a percentage"),
        (lambda: line("a", eur(1), tax_rate=Decimal(-1)), "must be a percentage"),
        (lambda: RestockingFee(percent=Decimal("1e-999999")), "RestockingFee.percent must be a percentage"),
        (lambda: RestockingFee(percent=Decimal(1001)), "RestockingFee.percent must be a percentage"),
        (lambda: RestockingFee(percent=0.5), "RestockingFee.percent must be a percentage"),
        (RestockingFee, "A restocking fee needs a percentage or a fixed amount"),
        (lambda: note(at=datetime(2026, 1, 1)), "Note.at must be an aware datetime, such as datetime.now"),  # noqa: DTZ001
        (lambda: note(at="2026-01-01"), "Note.at must be an aware datetime"),
        (lambda: note(at=NOW.date()), "Note.at must be an aware datetime"),
        (
            lambda: note(at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
            "Note.at must be an aware datetime",
        ),
        (
            lambda: note(at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))),
            "Note.at must be an aware datetime",
        ),
        (lambda: refund(amount=eur(0)), "A refund gives back more than 0.00 EUR"),
        (
            lambda: refund(lines=(RefundLine(line_id="a", amount=eur(6), tax=eur(0)),)),
            "The lines of a refund of 5.00 EUR add up to 6.00 EUR",
        ),
        (
            lambda: RefundLine(line_id="a", amount=eur(1), tax=eur(2)),
            "1.00 EUR cannot contain tax of 2.00 EUR",
        ),
        (lambda: refund(status="failed"), "Refund.status must be one of RefundStatus.PLANNED"),
        (lambda: refund(lines=[]), r"Refund.lines must be a tuple of RefundLine, not \[\]"),
        (lambda: refund(attempts=True), "Refund.attempts must be a whole number of zero and more, not True"),
        (lambda: refund(prepared="x"), "Refund.prepared must be a mapping, not 'x'"),
        (lambda: paid("p", eur(1), aliases=("",)), f"Payment.aliases {PLAIN} ''"),
        (lambda: paid("p", eur(1), aliases=(1,)), "Payment.aliases must be a tuple of str, not 1"),
        (
            lambda: paid("p", eur(1), aliases=("ref-p",)),
            "Payment has two references 'ref-p'; each needs its own",
        ),
        (lambda: paid("p", -eur(1)), "Payment.captured must be an amount of zero or more"),
        (lambda: Actor("staff"), "Actor.kind must be one of ActorKind.CUSTOMER, ActorKind.STAFF"),
        (lambda: simple(test=None), "Order.test must be True or False, not None"),
        (lambda: simple(tags=("a", 1)), "Order.tags must be a tuple of str, not 1"),
        (lambda: simple(tags=("\0",)), f"Order.tags {PLAIN}"),
        (lambda: simple(tags=(TOO_LONG,)), f"Order.tags {PLAIN}"),
        (lambda: Order(id="o", currency="EURO"), "'EURO' is not an ISO 4217 currency code"),
        (lambda: Order(id="o", currency=["EUR"]), "is not an ISO 4217 currency code"),
        (lambda: Capabilities(window=30), "Capabilities.window must be a timedelta of zero or more"),
        (
            lambda: Capabilities(window=timedelta(-1)),
            "Capabilities.window must be a timedelta of zero or more",
        ),
        (lambda: Capabilities(idempotency_window=None), "must be a timedelta of zero or more"),
        (lambda: Capabilities(currencies="EUR"), "Capabilities.currencies must be ISO 4217 codes"),
        (lambda: Capabilities(currencies=5), "Capabilities.currencies must be ISO 4217 codes"),
        (lambda: Capabilities(currencies=["eur"]), "Capabilities.currencies must be ISO 4217 codes"),
        (lambda: Capabilities(currencies=[["EUR"]]), "Capabilities.currencies must be ISO 4217 codes"),
        (lambda: Capabilities(minimum=5), "Capabilities.minimum must be Money"),
        (lambda: Capabilities(while_disputed="nothing"), "must be one of WhileDisputed.NOTHING"),
        (lambda: Capabilities(full="yes"), "Capabilities.full must be True or False, not 'yes'"),
    ],
)
def test_message(make, message):
    """Each refusal names the field, says what it must be, and shows what it got."""
    with pytest.raises(InvalidValueError, match=message) as refused:
        make()

    assert str(refused.value).endswith((".", "show."))
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"ok": 1, 5: 2}, "must be a mapping with str keys of at most 255 characters, not 5"),
        ({"ok": {LONG: 1}}, "must be a mapping with str keys of at most 255 characters, not 'xxx"),
        ({"a\0": 1}, "must be a mapping with str keys"),
        (
            {"a": 1.5},
            r"must be JSON without floats \(str, int, bool, None, lists and mappings of them\), not 1.5",
        ),
        ({"a": [1, {2}]}, "must be JSON without floats"),
        ({"a": Decimal(1)}, "must be JSON without floats"),
        ({"a": NOW}, "must be JSON without floats"),
        ({"a": b"x"}, "must be JSON without floats"),
        ({"a": TOO_LONG}, "must be texts of at most 4000 characters, not '4001 characters'"),
        ({"a": "\ud800"}, "must be texts of at most 4000 characters"),
        ({"a": 2**63}, r"must be whole numbers below 2\*\*63"),
        ({"a": list(range(600))}, "must be a mapping of at most 500 entries, not '601 entries'"),
        ({str(n): n for n in range(501)}, "must be a mapping of at most 500 entries, not '501 entries'"),
        ("text", "RefundRequest.metadata must be a mapping, not 'text'"),
        ([("a", 1)], "RefundRequest.metadata must be a mapping, not"),
        (None, "RefundRequest.metadata must be a mapping, not None"),
    ],
)
def test_what_is_not_json(metadata, message):
    """Metadata holds bounded JSON without floats, and the refusal shows the part that is not."""
    with pytest.raises(InvalidValueError, match=message):
        wish(metadata=metadata)


def test_deep_and_endless_mappings():
    """A mapping that contains itself ends at 16 levels, like every mapping that is too deep."""
    endless = {}
    endless["self"] = endless

    with pytest.raises(InvalidValueError, match="A mapping may be nested 16 levels deep, not more"):
        wish(metadata=endless)


def test_metadata_is_frozen_in_depth():
    """What is handed in may change later; what was kept does not."""
    inner = {"b": [1, {"c": ActorKind.STAFF}]}
    kept = wish(metadata=inner).metadata
    inner["b"].append(2)

    assert kept == {"b": (1, {"c": "staff"})}
    assert type(kept["b"][1]["c"]) is str
    with pytest.raises(TypeError):
        kept["b"] = 1


@given(strategies.json_maps())
def test_frozen_map(content):
    """A FrozenMap reads, compares, hashes and pickles by its content."""
    one, other = fields.to_map(content), fields.to_map(dict(reversed(content.items())))

    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own pickle
    assert (len(one), list(one), repr(FrozenMap({"a": 1}))) == (len(content), list(content), "{'a': 1}")
    assert fields.to_map(one) == one


def test_moments_become_utc():
    """A moment is kept in UTC, wherever it was given."""
    berlin = timezone(timedelta(hours=2))

    kept = note(at=datetime(2026, 7, 1, 14, tzinfo=berlin)).at

    assert (kept, kept.tzinfo) == (datetime(2026, 7, 1, 12, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("lines", "payments", "message"),
    [
        (("a", "a"), (), "Order has two line 'a'; each needs its own"),
        ((), (("p", "r1"), ("p", "r2")), "Order has two payment 'p'; each needs its own"),
        ((), (("p1", "r"), ("p2", "r")), "Order has two stripe reference 'r'; each needs its own"),
    ],
)
def test_each_needs_its_own(lines, payments, message):
    """Law C4: lines, payments and references are named once in an order."""
    with pytest.raises(InvalidValueError, match=message):
        Order(
            id="o",
            currency="EUR",
            lines=[line(name, eur(1)) for name in lines],
            payments=[paid(name, eur(1), reference=ref) for name, ref in payments],
        )


@pytest.mark.parametrize(
    "held",
    [
        {"lines": (OrderLine(id="a", total=Money.of(1, "USD")),)},
        {"payments": (Payment(id="p", gateway="g", reference="r", captured=Money.of(1, "USD")),)},
    ],
)
def test_an_order_has_one_currency(held):
    """Law M4: an order holds no money of another currency."""
    with pytest.raises(
        InvalidValueError, match=r"Order o is in EUR and cannot hold 1.00 USD; one order has one"
    ):
        Order(id="o", currency="EUR", **held)


@pytest.mark.parametrize("kind", [LineKind.SHIPPING, "shipping"])
def test_kinds_of_lines_may_be_text(kind):
    """A line's kind may be given as its word."""
    assert line("a", eur(1), kind=kind).kind is LineKind.SHIPPING


@given(strategies.orders())
def test_an_order_is_a_value(order):
    """An order compares and pickles by its content, whatever was asked of it before."""
    answers = [
        order.refundable,
        order.refunded,
        order.reserved,
        order.withheld,
        order.balance,
        order.exposure,
        order.lost_to_disputes,
        order.status,
        order.total,
    ]
    again = pickle.loads(pickle.dumps(order))  # noqa: S301 - our own pickle

    assert again == order == attrs.evolve(order)
    assert hash(again) == hash(order)
    assert [again.refundable, again.refunded, again.reserved, again.withheld, again.balance] == answers[:5]
    assert not order.refundable.minor < 0
    assert not order.withheld.minor < 0
    assert not order.exposure.minor < 0
    assert WhileDisputed("nothing") is WhileDisputed.NOTHING
