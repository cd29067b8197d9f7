"""Nobody reaches what is not theirs: every method of the desk, every id that it takes (laws C4 and C5).

The table is held against the class: a method or an argument that is new has to be added here.
"""

import inspect
from datetime import UTC, datetime

import pytest

from refundkit import (
    Actor,
    Document,
    DocumentKind,
    Gateway,
    InvalidValueError,
    LineRefund,
    ManualGateway,
    MemoryStore,
    OrderExistsError,
    OrderFilter,
    OrderNotFoundError,
    PluginError,
    ReferenceTakenError,
    RefundDenied,
    RefundDesk,
    RefundStatus,
    Settles,
    SQLStore,
    WebhookError,
)
from refundkit.testing.builders import make_line, make_order, make_payment
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway
from tests.desk.shop import KIM, a_request, eur

DAY = datetime(2026, 1, 1, tzinfo=UTC)


class TwoOrders:
    """Order ``mine`` and order ``theirs``, each with a line, a payment, a document and a pending refund."""

    def __init__(self, store):
        self.store = store
        self.fake = FakeGateway()
        self.cash = ManualGateway(name="cash", settles=Settles.ON_CONFIRMATION)
        self.desk = RefundDesk(store=store, gateways=[self.fake, self.cash], clock=FakeClock())
        for name in ("mine", "theirs"):
            self._register(name)
        (self.their_refund,) = self.desk.refund(
            "theirs", a_request(key="given", amount=eur("1.00"), via="cash")
        ).refunds

    def _register(self, name):
        self.desk.register(
            make_order(
                name,
                lines=(make_line(id=f"line of {name}", tax=None),),
                payments=(a_payment_of(name),),
            )
        )
        document = Document(id=f"invoice of {name}", kind=DocumentKind.OTHER)
        self.desk.add_document(name, document)

    def everything(self):
        """Return all that could have been changed: orders, timelines, and what the gateway was asked."""
        orders = tuple(self.desk.orders())
        return (
            orders,
            [self.store.events(order.id) for order in orders],
            len(self.fake.calls),
            self.fake.refunds,
        )


def a_payment_of(name, **changes):
    """Return the payment of an order."""
    told = {"id": f"payment of {name}", "gateway": "fake", "reference": f"reference of {name}"}
    return make_payment(**{**told, **changes})


@pytest.fixture(name="two", params=["memory", "sqlite"])
def _two(request, tmp_path):
    """Open a desk on each kind of store that needs no server."""
    if request.param == "memory":
        yield TwoOrders(MemoryStore())
        return
    with SQLStore.open(f"sqlite:///{tmp_path / 'refunds.db'}") as store:
        yield TwoOrders(store)


def asking(**wish):
    """Return a request of one euro, unless told otherwise."""
    return a_request(**{"key": "stolen", "amount": eur("1.00"), **wish})


THEIRS = {"payments": {"payment of theirs": eur("1.00")}}
THEIR_LINE = {"amount": None, "lines": {"line of theirs": 1}}
THEIR_LINE_BY_AMOUNT = {"amount": None, "lines": (LineRefund(line_id="line of theirs", amount=eur("1.00")),)}
NO_PAYMENT = {"payments": {"nobody's": eur("1.00")}}
NO_LINE = {"amount": None, "lines": {"nobody's": 1}}
NO_GATEWAY = {"via": "nobody's"}
# A test gateway may give back what others took only if it says so; FakeGateway does not.
OTHER_GATEWAY = {"via": "fake", "payments": {"payment of theirs": eur("1.00")}}

# (method, argument): what somebody hands over, and what must come of it.
REFUSED = {
    ("register", "order"): [
        (
            lambda two: two.desk.register(make_order("third", payments=(a_payment_of("theirs"),))),
            ReferenceTakenError,
        ),
        (lambda two: two.desk.register(make_order("theirs", payments=())), OrderExistsError),
    ],
    ("record_payment", "order_id"): [
        (lambda two: two.desk.record_payment("nobody's", a_payment_of("new")), OrderNotFoundError),
    ],
    ("record_payment", "payment"): [
        (lambda two: two.desk.record_payment("mine", a_payment_of("theirs")), ReferenceTakenError),
        (
            lambda two: two.desk.record_payment(
                "mine", a_payment_of("mine", reference="reference of theirs")
            ),
            (ReferenceTakenError, InvalidValueError),
        ),
        (
            lambda two: two.desk.record_payment(
                "mine", a_payment_of("new", aliases=("reference of theirs",))
            ),
            ReferenceTakenError,
        ),
    ],
    ("import_order", "gateway"): [
        (lambda two: two.desk.import_order("nobody's", "x"), PluginError),
    ],
    ("import_order", "reference"): [
        (lambda two: two.desk.import_order("fake", "reference of theirs"), PluginError),
    ],
    ("receive", "gateway"): [
        (lambda two: two.desk.receive("nobody's", body=b"{}", headers={}), WebhookError),
        (lambda two: two.desk.receive("cash", **two.fake.webhook("reference of theirs")), WebhookError),
    ],
    ("refresh", "order_id"): [(lambda two: two.desk.refresh("nobody's"), OrderNotFoundError)],
    ("confirm", "refund_id"): [
        (lambda two: two.desk.confirm("nobody's", actor=KIM), OrderNotFoundError),
        (lambda two: two.desk.confirm("mine", actor=KIM), OrderNotFoundError),
        (lambda two: two.desk.confirm("given", actor=KIM), OrderNotFoundError),
        (
            lambda two: two.desk.confirm(two.their_refund.id, actor=KIM, status=RefundStatus.PLANNED),
            InvalidValueError,
        ),
    ],
    ("record_external", "order_id"): [
        (lambda two: external(two, "nobody's", "payment of mine"), OrderNotFoundError),
    ],
    ("record_external", "payment_id"): [
        (lambda two: external(two, "mine", "nobody's"), OrderNotFoundError),
        (lambda two: external(two, "mine", "payment of theirs"), OrderNotFoundError),
    ],
    ("acknowledge", "order_id"): [
        (lambda two: two.desk.acknowledge("nobody's", actor=KIM), OrderNotFoundError)
    ],
    ("annotate", "order_id"): [
        (lambda two: two.desk.annotate("nobody's", actor=KIM, note="x"), OrderNotFoundError)
    ],
    ("add_document", "order_id"): [
        (
            lambda two: two.desk.add_document("nobody's", Document(id="d", kind=DocumentKind.OTHER)),
            OrderNotFoundError,
        ),
    ],
    ("remove_document", "order_id"): [
        (lambda two: two.desk.remove_document("nobody's", "invoice of mine"), OrderNotFoundError),
    ],
    ("remove_document", "document_id"): [
        (lambda two: two.desk.remove_document("mine", "nobody's"), OrderNotFoundError),
        (lambda two: two.desk.remove_document("mine", "invoice of theirs"), OrderNotFoundError),
    ],
    ("order", "order_id"): [(lambda two: two.desk.order("nobody's"), OrderNotFoundError)],
    ("timeline", "order_id"): [(lambda two: two.desk.timeline("nobody's"), OrderNotFoundError)],
}


def external(two, order_id, payment_id):
    """Record a refund made elsewhere."""
    return two.desk.record_external(order_id, payment_id, eur("1.00"), reference="r", actor=KIM)


def giving(method):
    """List what nobody gets through one of the four methods that give money back, or say that they would."""

    def asked(two, order_id, **wish):
        if method == "reject":
            wish = {"amount": None, **wish}
        if method == "change":
            kept = make_line(id="line of mine", total=eur("99.00"), tax=None)
            wish = {"amount": None, "revision": (kept,), **wish}
        return getattr(two.desk, method)(order_id, asking(**wish))

    def of_mine(wish):
        return lambda two: asked(two, "mine", **wish)

    payments = [THEIRS, NO_PAYMENT, NO_GATEWAY, OTHER_GATEWAY]
    lines = [] if method in ("change", "reject") else [THEIR_LINE, THEIR_LINE_BY_AMOUNT, NO_LINE]
    return {
        (method, "order_id"): [(lambda two: asked(two, "nobody's"), OrderNotFoundError)],
        (method, "request"): [(of_mine(wish), RefundDenied) for wish in payments + lines],
    }


for giver in ("preview", "refund", "reject", "change"):
    REFUSED |= giving(giver)

# These take nothing that belongs to an order, or answer with nothing.
HARMLESS = {
    ("orders", "wanted"): lambda two: list(two.desk.orders(OrderFilter(email="nobody", gateway="nobody's"))),
    ("customer", "email"): lambda two: two.desk.customer("nobody@example.com").orders,
    ("receive", "body"): lambda two: two.desk.receive("fake", **two.fake.webhook("nobody's")),
    ("receive", "headers"): lambda two: two.desk.receive("fake", **two.fake.webhook("nobody's")),
    ("recover", "limit"): lambda two: two.desk.recover().events,
    ("reconcile", "since"): lambda two: two.desk.reconcile(since=datetime(2099, 1, 1, tzinfo=UTC)).events,
}
# What no id can be in: how much, in which words, by whom.
NO_ID = {"actor", "amount", "status", "note", "expect", "add_tags", "remove_tags", "document", "sort"}
# The id that a person gives to a refund made elsewhere: new, or one of this order's own.
NEW_ID = {("record_external", "reference"), ("confirm", "reference")}


def arguments():
    """Yield each public method of the desk with each of its arguments."""
    for method, function in inspect.getmembers(RefundDesk, inspect.isfunction):
        if not method.startswith("_"):
            for name in list(inspect.signature(function).parameters)[1:]:
                yield method, name


def test_no_argument_escapes_the_table():
    """A method or an argument that is new is missing here, and one that is gone is too much."""
    known = {*REFUSED, *HARMLESS, *NEW_ID}
    assert {(method, name) for method, name in arguments() if name not in NO_ID} == known


def named(tables):
    """Name each case by its method and argument."""
    return [
        pytest.param(call, error, id=f"{method}-{name}-{number}")
        for (method, name), cases in tables.items()
        for number, (call, error) in enumerate(cases)
    ]


@pytest.mark.parametrize(("call", "error"), named(REFUSED))
def test_what_is_not_theirs_is_refused_and_nothing_changes(two, call, error):
    """Law C4: an id that is unknown, or another order's, gives the documented error and leaves no trace."""
    before = two.everything()
    with pytest.raises(error):
        call(two)
    assert two.everything() == before


@pytest.mark.parametrize("call", HARMLESS.values(), ids=map("-".join, HARMLESS))
def test_what_belongs_to_nobody_finds_nothing(two, call):
    """Law C4: a search for what is not there is empty and changes nothing."""
    before = two.everything()
    assert not call(two)
    assert two.everything() == before


@pytest.mark.parametrize("method", ["preview", "refund"])
def test_another_orders_id_is_told_as_an_unknown_one(two, method):
    """Law C4: nobody learns from the answer whether an id of another order exists."""
    told = []
    for payment in ("payment of theirs", "payment of nobody"):
        with pytest.raises(RefundDenied) as denied:
            getattr(two.desk, method)("mine", asking(payments={payment: eur("1.00")}))
        told.append([reason.text.replace(payment, "…") for reason in denied.value.reasons])
    assert told[0] == told[1]


def test_a_refund_belongs_to_the_order_that_made_it(two):
    """Law C4: confirmed by its id alone, it is found in its own order, and the other order stays as it is."""
    mine = two.desk.order("mine")
    two.desk.confirm(two.their_refund.id, actor=KIM)
    assert two.desk.order("theirs").refunds[0].status is RefundStatus.SUCCEEDED
    assert two.desk.order("mine") == mine


def test_the_same_request_key_on_two_orders_is_two_requests(two):
    """Law E2: a key that another order has used opens nothing and hides nothing."""
    ours = two.desk.refund("mine", a_request(key="given", amount=eur("2.00"))).refunds
    assert [refund.amount for refund in ours] == [eur("2.00")]
    assert {refund.id for refund in ours}.isdisjoint({two.their_refund.id})


# The second person.


@pytest.mark.parametrize("kind", [Actor.staff, Actor.system, Actor.gateway, Actor.customer])
def test_every_change_says_who_did_it(two, kind):
    """Law S6: the timeline names the actor, of whatever kind."""
    two.desk.annotate("mine", actor=kind("x"), note="seen")
    assert two.desk.timeline("mine")[-1].actor == kind("x")


def test_a_gateway_gets_no_payment_of_another_gateway(two):
    """Law C5: what is fetched from a gateway are its own payments."""
    asked = []

    class Curious(Gateway):
        name = "curious"

        def capabilities(self, payment):
            raise NotImplementedError

        def prepare(self, refund, payment):
            raise NotImplementedError

        def refund(self, call):
            raise NotImplementedError

        def fetch(self, payments):
            asked.extend(payments)
            return ()

    desk = RefundDesk(store=two.store, gateways=[two.fake, Curious()], clock=FakeClock())
    desk.refresh("mine")
    desk.reconcile(since=DAY)
    assert asked == []
