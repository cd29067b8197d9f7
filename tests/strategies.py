"""Hypothesis strategies for the values of the model: small ones, from which the large ones are built.

Whatever a strategy gives is valid. Money of one value is of one currency; ``orders`` also carry history that
need not add up, because a gateway's truth need not either, while ``paid_orders`` are what a shop registers.

Each strategy is made once (``cache``): Hypothesis spends more time on making one than on drawing from it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import attrs
from hypothesis import strategies as st

from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.events import Event, EventKind
from refundkit.model.lines import LineKind, OrderLine
from refundkit.model.marks import Flag, FlagKind, Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, ActorKind, Customer
from refundkit.model.payments import Payment, PaymentFailure, PaymentStatus
from refundkit.model.refunds import FailureCode, Refund, RefundLine, RefundOrigin, RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.model.requests import (
    AcceptedRequest,
    LineRefund,
    Purpose,
    RefundReason,
    RefundRequest,
    RequestLine,
    RestockingFee,
)
from refundkit.money import Money

CURRENCIES = ("EUR", "USD", "JPY", "KWD", "HUF")
GATEWAYS = ("stripe", "paypal", "shopify", "manual")


@cache
def currencies() -> st.SearchStrategy[str]:
    """Currencies with zero, two and three decimals."""
    return st.sampled_from(CURRENCIES)


@cache
def money(currency: str = "EUR", least: int = 0, most: int = 10**12) -> st.SearchStrategy[Money]:
    """Amounts of *least* to *most* minor units of one currency."""
    return st.integers(least, most).map(lambda minor: Money.of_minor(minor, currency))


@cache
def any_money() -> st.SearchStrategy[Money]:
    """Any amount of any currency, negative ones too, up to the limit of 2**63."""
    return st.builds(Money, st.integers(-(2**63) + 1, 2**63 - 1), currencies())


@cache
def identifiers() -> st.SearchStrategy[str]:
    """Ids: mostly like those that shops use, sometimes the strangest that are allowed."""
    odd = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
    return st.integers(0, 999).map("id-{}".format) | odd


@cache
def texts() -> st.SearchStrategy[str]:
    """Texts that a database can hold, of any script, with line breaks and control characters."""
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@cache
def moments() -> st.SearchStrategy[datetime]:
    """Moments in UTC, with and without microseconds."""
    # fold=1 means nothing in UTC, but shows in a repr.
    return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))


@cache
def durations() -> st.SearchStrategy[timedelta]:
    """Durations of zero and more, with and without microseconds."""
    return st.timedeltas(min_value=timedelta(0)) | st.integers(0, 10**7).map(lambda s: timedelta(seconds=s))


@cache
def percentages() -> st.SearchStrategy[Decimal]:
    """Percentages of 0 to 100, also written as 1E+1."""
    plain = st.decimals(0, 100, places=3, allow_nan=False, allow_infinity=False)
    return plain | st.sampled_from([Decimal("1E+1"), Decimal("0E-9"), Decimal(19), Decimal("19.0")])


@cache
def members(kind: type[Enum]) -> st.SearchStrategy[Any]:
    """Members of an enum."""
    return st.sampled_from(list(kind))


@cache
def json_maps() -> st.SearchStrategy[dict[str, Any]]:
    """Mappings that may be metadata or details: nested, without floats."""
    scalars = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | texts()
    flat = st.dictionaries(texts(), scalars, max_size=2)
    nested = scalars | flat | st.lists(scalars | flat, max_size=2)
    return st.just({}) | flat | st.dictionaries(texts(), nested, max_size=2)


@cache
def actors() -> st.SearchStrategy[Actor]:
    """Actors of every kind."""
    return st.builds(Actor, members(ActorKind), texts())


@cache
def customers() -> st.SearchStrategy[Customer]:
    """Customers with and without an e-mail address."""
    return st.builds(Customer, email=_maybe(identifiers()), name=texts(), reference=_maybe(identifiers()))


@cache
def lines(currency: str = "EUR") -> st.SearchStrategy[OrderLine]:
    """Lines whose tax, where it is told, is a part of the total."""
    return st.builds(
        _line,
        id=identifiers(),
        total=money(currency, most=10**9),
        tax_percent=_maybe(st.integers(0, 100)),
        quantity=st.integers(1, 20),
        name=texts(),
        tax_rate=_maybe(percentages()),
        unit_price=_maybe(money(currency)),
        discount=_maybe(money(currency)),
        sku=_maybe(identifiers()),
        kind=members(LineKind),
    )


def _line(total: Money, tax_percent: int | None, **known: Any) -> OrderLine:
    tax = None if tax_percent is None else total.share_rounded_half_up(tax_percent, 100)
    return OrderLine(total=total, tax=tax, **known)


@cache
def payments(currency: str = "EUR") -> st.SearchStrategy[Payment]:
    """Payments in every status, at one of several gateways."""
    return st.builds(
        Payment,
        id=identifiers(),
        gateway=st.sampled_from(GATEWAYS),
        reference=identifiers().map(lambda reference: f"ref-{reference}"),
        captured=money(currency, most=10**9),
        captured_at=_maybe(moments()),
        aliases=_unique(identifiers().map(lambda alias: f"alias-{alias}"), str, most=2),
        group=_maybe(identifiers()),
        status=members(PaymentStatus),
        method=_maybe(st.sampled_from(["card", "sepa_debit", "store_credit"])),
        failure=_maybe(members(PaymentFailure)),
        fee=_maybe(money(currency)),
        details=json_maps(),
        confirmed=_maybe(money(currency)),
        reported_version=st.integers(0, 9),
    )


@cache
def refund_lines(currency: str = "EUR") -> st.SearchStrategy[RefundLine]:
    """Parts of a refund that belong to a line: at most 100 minor units, none to all of it tax."""
    return st.builds(_refund_line, identifiers(), st.integers(0, 100), st.integers(0, 100), st.just(currency))


def _refund_line(line_id: str, amount: int, tax: int, currency: str) -> RefundLine:
    return RefundLine(
        line_id=line_id,
        amount=Money.of_minor(amount, currency),
        tax=Money.of_minor(min(amount, tax), currency),
    )


@cache
def refunds(currency: str = "EUR") -> st.SearchStrategy[Refund]:
    """Refunds in every status and of every origin, with all that may be known of one."""
    moment = _maybe(moments())
    return st.builds(
        Refund,
        id=identifiers(),
        payment_id=identifiers(),
        gateway=st.sampled_from(GATEWAYS),
        amount=money(currency, least=300, most=10**9),
        status=members(RefundStatus),
        lines=_several(refund_lines(currency)),
        key=_maybe(identifiers()),
        origin=members(RefundOrigin),
        reference=_maybe(identifiers()),
        raw_status=texts(),
        failure=_maybe(members(FailureCode)),
        failure_text=texts(),
        prepared=_maybe(json_maps()),
        revision=st.integers(0, 3),
        outside_cap=st.booleans(),
        created_at=moment,
        first_sent_at=moment,
        last_sent_at=moment,
        leased_until=moment,
        unclear_at=moment,
        settled_at=moment,
        attempts=st.integers(0, 5),
    )


@cache
def line_refunds(currency: str = "EUR") -> st.SearchStrategy[LineRefund]:
    """Parts of lines to give back: a quantity, an amount, or both."""
    wanted = money(currency, least=1, most=10**9)
    by_amount = st.builds(LineRefund, line_id=identifiers(), quantity=st.integers(0, 9), amount=wanted)
    return by_amount | st.builds(LineRefund, line_id=identifiers(), quantity=st.integers(1, 9))


@cache
def restocking_fees(currency: str = "EUR") -> st.SearchStrategy[RestockingFee]:
    """Fees by percentage, fixed, and both."""
    fixed = money(currency, most=10**6)
    return (
        st.builds(RestockingFee, percent=percentages(), fixed=_maybe(fixed))
        | st.builds(RestockingFee, fixed=fixed)
    )  # fmt: skip


@cache
def requests(currency: str = "EUR") -> st.SearchStrategy[RefundRequest]:
    """Requests of each form: all that is left, an amount, lines, a revision, and the end of the order."""
    fee = {"restocking_fee": _maybe(restocking_fees(currency))}
    forms: list[dict[str, st.SearchStrategy[Any]]] = [
        {"purpose": members(Purpose), **fee},
        {"amount": money(currency, least=1)},
        {"lines": _unique(line_refunds(currency), lambda part: part.line_id, least=1), **fee},
        {"revision": _unique(lines(currency), lambda line: line.id, least=1)},
    ]
    return st.one_of(*(_request(currency, form) for form in forms))


def _request(currency: str, form: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[RefundRequest]:
    spread = st.dictionaries(identifiers(), money(currency, least=1), min_size=1, max_size=3)
    return st.builds(
        RefundRequest,
        key=identifiers(),
        reason=texts().map(lambda text: f"because {text}"),
        reason_type=members(RefundReason),
        actor=actors(),
        payments=_maybe(spread),
        via=_maybe(st.just("store_credit")),
        note=texts(),
        return_id=_maybe(identifiers()),
        notify=_maybe(st.booleans()),
        approved_by=_maybe(actors()),
        metadata=json_maps(),
        **form,
    )


@cache
def accepted_requests(currency: str = "EUR") -> st.SearchStrategy[AcceptedRequest]:
    """Requests that an order accepted, with what they were worth."""
    worth = money(currency, most=10**6)
    line = st.builds(
        RequestLine,
        line_id=identifiers(),
        quantity=st.integers(0, 9),
        amount=worth,
        tax=worth,
        withheld=worth,
    )
    return st.builds(
        _accepted,
        request=requests(currency),
        accepted_at=moments(),
        lines=_several(line),
        withheld=worth,
        revision=st.integers(0, 3),
    )


def _accepted(request: RefundRequest, **known: Any) -> AcceptedRequest:
    return AcceptedRequest(request=request, digest=request.digest, **known)


@cache
def disputes(currency: str = "EUR") -> st.SearchStrategy[Dispute]:
    """Disputes at every stage."""
    return st.builds(Dispute, payment_id=identifiers(), **_dispute(currency))


@cache
def dispute_reports(currency: str = "EUR") -> st.SearchStrategy[DisputeReport]:
    """The same, as a gateway tells them."""
    return st.builds(DisputeReport, **_dispute(currency))


def _dispute(currency: str) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "reference": identifiers(),
        "amount": money(currency),
        "stage": members(DisputeStage),
        "status": members(DisputeStatus),
        "funds": members(DisputeFunds),
        "reason": texts(),
        "due_by": _maybe(moments()),
        "opened_at": _maybe(moments()),
        "raw_status": texts(),
    }


@cache
def refund_reports(currency: str = "EUR") -> st.SearchStrategy[RefundReport]:
    """Refunds as a gateway tells them."""
    return st.builds(
        RefundReport,
        status=members(RefundStatus),
        amount=money(currency),
        reference=_maybe(identifiers()),
        raw_status=texts(),
        refund_id=_maybe(identifiers()),
        payment=_maybe(identifiers()),
        failure=_maybe(members(FailureCode)),
        reason=texts(),
        at=_maybe(moments()),
    )


@cache
def payment_reports(currency: str = "EUR") -> st.SearchStrategy[PaymentReport]:
    """All that a gateway tells of a payment; sometimes it cannot know the refunds."""
    return st.builds(
        PaymentReport,
        reference=identifiers(),
        captured=money(currency),
        refunds=_maybe(_several(refund_reports(currency))),
        disputes=_several(dispute_reports(currency)),
        fee=_maybe(money(currency)),
    )


@cache
def deliveries(line_id: str = "line-1") -> st.SearchStrategy[Delivery]:
    """Deliveries of one line."""
    return st.builds(
        _delivery,
        id=identifiers(),
        line_id=st.just(line_id),
        kind=identifiers(),
        target=texts(),
        status=members(DeliveryStatus),
        quantity=st.integers(1, 9),
        handed_over=st.integers(0, 9),
        move=_maybe(members(DeliveryMove)),
        units=st.integers(1, 9),
        moves=st.integers(0, 9),
        attempts=st.integers(0, 9),
        due_at=_maybe(moments()),
        leased_until=_maybe(moments()),
        last_error=texts(),
        delivered_at=_maybe(moments()),
        details=json_maps(),
    )


def _delivery(*, quantity: int, handed_over: int, units: int, **known: Any) -> Delivery:
    """Make a delivery whose units fit: a move has some, and no more are handed over than there are."""
    units = 0 if known["move"] is None else units
    return Delivery(quantity=quantity, handed_over=min(handed_over, quantity), units=units, **known)


@cache
def documents() -> st.SearchStrategy[Document]:
    """Documents of every kind."""
    return st.builds(
        Document,
        id=identifiers(),
        kind=members(DocumentKind),
        number=texts(),
        issued_at=_maybe(moments()),
    )


@cache
def flags() -> st.SearchStrategy[Flag]:
    """Flags of every kind."""
    return st.builds(Flag, kind=members(FlagKind), subject=identifiers(), text=texts(), raised_at=moments())


@cache
def notes() -> st.SearchStrategy[Note]:
    """Notes of the shop."""
    return st.builds(Note, text=texts(), actor=actors(), at=moments())


@cache
def events(currency: str = "EUR") -> st.SearchStrategy[Event]:
    """Events of every kind, numbered and not."""
    return st.builds(
        Event,
        order_id=identifiers(),
        kind=members(EventKind),
        at=moments(),
        actor=actors(),
        payment_id=_maybe(identifiers()),
        refund_id=_maybe(identifiers()),
        amount=_maybe(money(currency)),
        text=texts(),
        data=json_maps(),
        version=st.integers(0, 9),
        number=st.integers(0, 9),
    )


@cache
def capabilities() -> st.SearchStrategy[Capabilities]:
    """Everything that a gateway may declare."""
    flag = st.booleans()
    return st.builds(
        Capabilities,
        full=flag,
        partial=flag,
        multiple=flag,
        window=_maybe(durations()),
        minimum=_maybe(money()),
        currencies=_maybe(st.frozensets(currencies())),
        idempotency_window=durations(),
        while_disputed=members(WhileDisputed),
        while_inquiry=members(WhileDisputed),
        echoes_refund_id=flag,
        knows_absence=flag,
        any_payment=flag,
        by_person=flag,
    )


@cache
def orders() -> st.SearchStrategy[Order]:
    """Orders of several lines and payments, with all the history that one can have."""
    return st.one_of(*map(_order, CURRENCIES))


def _order(currency: str) -> st.SearchStrategy[Order]:
    return st.builds(
        _delivered_order,
        id=identifiers(),
        currency=st.just(currency),
        lines=_unique(lines(currency), lambda line: line.id, least=1),
        payments=_unique(payments(currency), lambda payment: payment.id).filter(_own_references),
        customer=_maybe(customers()),
        deliveries=_unique(deliveries(), lambda delivery: delivery.id, most=2),
        documents=_unique(documents(), lambda document: document.id, most=2),
        placed_at=_maybe(moments()),
        test=st.booleans(),
        tags=_several(identifiers()),
        notes=_several(notes(), 2),
        metadata=json_maps(),
        requests=_several(accepted_requests(currency), 2),
        refunds=_several(refunds(currency)),
        disputes=_several(disputes(currency), 2),
        flags=_several(flags(), 2),
        due_at=_maybe(moments()),
        version=st.integers(0, 9),
    )


def _delivered_order(lines: tuple[OrderLine, ...], deliveries: tuple[Delivery, ...], **known: Any) -> Order:
    delivered = tuple(attrs.evolve(delivery, line_id=lines[0].id) for delivery in deliveries)
    return Order(lines=lines, deliveries=delivered, **known)


@cache
def paid_orders(currency: str = "EUR", most_payments: int = 4) -> st.SearchStrategy[Order]:
    """Orders as a shop registers them: captured payments that add up to the lines, and no history."""
    priced = _unique(
        lines(currency).filter(lambda line: line.total.is_positive), lambda line: line.id, least=1
    )
    weights = st.lists(st.integers(1, 9), min_size=1, max_size=most_payments)
    return st.builds(_paid_order, identifiers(), priced, weights, moments())


def _paid_order(
    order_id: str, bought: tuple[OrderLine, ...], weights: list[int], placed_at: datetime
) -> Order:
    currency = bought[0].total.currency
    total = Money.sum((line.total for line in bought), currency)
    paid = tuple(
        Payment(
            id=f"p{number}",
            gateway=GATEWAYS[number % len(GATEWAYS)],
            reference=f"ref-{number}",
            captured=captured,
            captured_at=placed_at,
        )
        for number, captured in enumerate(total.allocate(weights), start=1)
        if captured.is_positive
    )
    return Order(id=order_id, currency=currency, lines=bought, payments=paid, placed_at=placed_at)


def _own_references(paid: tuple[Payment, ...]) -> bool:
    references = [(payment.gateway, reference) for payment in paid for reference in payment.references]
    return len(references) == len(set(references))


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _several(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


def _unique(
    strategy: st.SearchStrategy[Any], key: Callable[[Any], str], *, least: int = 0, most: int = 3
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=most, unique_by=key).map(tuple)
