"""The public names, as a user types them: checked by mypy and never run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from refundkit import (
    AcceptedRequest,
    Actor,
    ActorKind,
    BlockingDocuments,
    ByMethod,
    Capabilities,
    Case,
    Change,
    ChangeFunction,
    CreditNote,
    CreditNoteDesk,
    CreditNoteLine,
    Customer,
    CustomerNotices,
    CustomerRecord,
    Decision,
    Deliverer,
    Delivery,
    DeliveryCall,
    DeliveryDesk,
    DeliveryError,
    DeliveryMove,
    DeliveryResult,
    DeliveryStatus,
    DeliverySweep,
    DeliveryTiming,
    Dispute,
    DisputeFunds,
    DisputeReport,
    DisputeStage,
    DisputeStatus,
    Document,
    DocumentKind,
    Download,
    Event,
    EventKind,
    Evidence,
    Fact,
    FailureCode,
    FewestRefunds,
    FileDownloadDeliverer,
    Flag,
    FlagKind,
    Gateway,
    GatewayError,
    GatewayUnavailableError,
    GiftCardDeliverer,
    Hidden,
    Hint,
    InvalidValueError,
    KeyReuseError,
    LineKind,
    LineRefund,
    Listener,
    ManualGateway,
    MaxAmount,
    MaxRefunds,
    MemoryStore,
    Money,
    NewestFirst,
    News,
    NonRefundable,
    NormalizedStatus,
    Note,
    Notice,
    NoticeLine,
    NumberedFunction,
    OldestFirst,
    Option,
    Order,
    OrderColumn,
    OrderExistsError,
    OrderFilter,
    OrderLine,
    OrderNotFoundError,
    OrderSort,
    OrderStatus,
    OrderTotals,
    OutcomeUnknownError,
    Party,
    Patience,
    Payment,
    PaymentFailure,
    PaymentReport,
    PaymentStatus,
    PayPalGateway,
    PlanChangedError,
    PluginError,
    Policy,
    Proportional,
    Purpose,
    Reason,
    Receipt,
    Reconciliation,
    Recovery,
    RedeliveryDenied,
    ReferenceTakenError,
    Refund,
    RefundCall,
    RefundDenied,
    RefundDesk,
    RefundFigure,
    RefundFigures,
    RefundkitError,
    RefundLine,
    RefundOrigin,
    RefundPlan,
    RefundReason,
    RefundReport,
    RefundRequest,
    RefundResult,
    RefundStatus,
    Remainder,
    RequestLine,
    RestockingFee,
    ReviewAbove,
    ReviewRequired,
    Revocation,
    Rule,
    Settles,
    ShopifyGateway,
    Spread,
    SQLStore,
    Store,
    StoreBusyError,
    StoreError,
    StripeGateway,
    TaxSum,
    Timing,
    Verdict,
    Webhook,
    WebhookCallDeliverer,
    WebhookError,
    WhileDisputed,
    Window,
    Work,
    evidence,
    export_orders,
    hookimpl,
    load_deliverers,
    load_gateways,
    load_listeners,
    normalize_payment_failure,
    normalize_status,
    plan_refund,
    plugin_manager,
    refund_figures,
    render_credit_note,
    units_owed,
)

now: datetime = datetime.now(UTC)
BY_ID = OrderSort()


def money() -> None:
    price: Money = Money.of("12.50", "EUR")
    same: Money = Money.of(Decimal("12.50"), "EUR")
    whole: Money = Money.of(12, "EUR")
    cents: Money = Money.of_minor(1250, "EUR")
    parts: tuple[Money, ...] = price.allocate([1, 1, 1])
    total: Money = Money.sum(parts, "EUR")
    nothing: Money = price - same
    more: Money = 2 * price + price * 3 + -whole
    minor: int = price.minor
    currency: str = price.currency
    major: Decimal = price.decimal
    is_less: bool = cents < total
    is_zero: bool = nothing.is_zero and not more.is_positive
    half: Money = price.share_rounded_half_up(1, 2)
    zero: Money = Money.zero("EUR")

    Money.of(12.5, "EUR")  # type: ignore[arg-type]
    price + 1  # type: ignore[operator]


def orders() -> Order:
    line = OrderLine(
        id="line-1",
        name="Tin of tea",
        quantity=3,
        total=Money.of("20.00", "EUR"),
        tax=Money.of("3.19", "EUR"),
        tax_rate=Decimal(19),
        unit_price=Money.of("6.67", "EUR"),
        discount=None,
        sku="tea-1",
        kind=LineKind.ITEM,
    )
    payment = Payment(
        id="p1",
        gateway="stripe",
        reference="pi_1",
        captured=Money.of("20.00", "EUR"),
        captured_at=now,
        aliases=("ch_1",),
        group=None,
        status=PaymentStatus.CAPTURED,
        method="card",
        failure=PaymentFailure.UNKNOWN,
        fee=Money.of("0.55", "EUR"),
        details={"brand": "visa"},
    )
    return Order(
        id="A-1001",
        currency="EUR",
        lines=(line,),
        payments=(payment,),
        customer=Customer(email="jo@example.org", name="Jo Doe", reference="c-1"),
        deliveries=(Delivery(id="d1", line_id="line-1", kind="parcel", target="Main Street 1"),),
        documents=(Document(id="R-1", kind=DocumentKind.OTHER, number="2026-17", issued_at=now),),
        placed_at=now,
        test=True,
        tags=("gift",),
        metadata={"channel": "web"},
    )


def what_an_order_says(order: Order) -> None:
    left: Money = order.refundable
    left_of_one: Money = order.refundable_of("p1")
    sums: tuple[Money, ...] = (order.refunded, order.reserved, order.withheld, order.balance, order.total)
    others: tuple[Money, ...] = (order.captured, order.exposure, order.lost_to_disputes)
    status: OrderStatus = order.status
    in_force: tuple[OrderLine, ...] = order.lines_in_force
    payment: Payment = order.payment("p1")
    capacity: Money = payment.capacity
    refund: Refund = order.refund("r1")
    legs: tuple[Refund, ...] = order.legs("return-4711")
    accepted: AcceptedRequest | None = order.request("return-4711")
    disputes: tuple[Dispute, ...] = order.disputes
    flags: tuple[Flag, ...] = order.flags
    notes: tuple[Note, ...] = order.notes
    delivery: DeliveryStatus = order.deliveries[0].status
    flagged: bool = order.is_flagged or order.is_rejected
    kinds: list[FlagKind] = [flag.kind for flag in flags]
    cases: list[tuple[DisputeStage, DisputeStatus, DisputeFunds]] = [
        (dispute.stage, dispute.status, dispute.funds) for dispute in disputes
    ]
    part: RefundLine = refund.lines[0]
    tax: Money = part.tax
    states: tuple[RefundStatus, RefundOrigin, FailureCode | None] = (
        refund.status,
        refund.origin,
        refund.failure,
    )


def requests() -> tuple[RefundRequest, ...]:
    everything = RefundRequest(key="a", reason="damaged")
    return (
        everything,
        everything.rejecting(),
        everything.approved(Actor.staff("robin")),
        RefundRequest(key="b", reason="damaged", amount=Money.of("5.00", "EUR")),
        RefundRequest(
            key="c",
            reason="damaged",
            lines=(LineRefund(line_id="line-1", quantity=1, amount=Money.of("5.00", "EUR")),),
            restocking_fee=RestockingFee(percent=Decimal(10), fixed=Money.of("1.00", "EUR")),
        ),
        RefundRequest(
            key="d",
            reason="changed mind",
            reason_type=RefundReason.CHANGED_MIND,
            actor=Actor(ActorKind.CUSTOMER, "jo"),
            payments={"p1": Money.of("5.00", "EUR")},
            via="store_credit",
            note="called us",
            return_id="4711",
            notify=True,
            metadata={"ticket": 17},
        ),
        RefundRequest(
            key="e", reason="one less", revision=(OrderLine(id="line-1", total=Money.of(5, "EUR")),)
        ),
    )


def by_quantity() -> RefundRequest:
    return RefundRequest(key="f", reason="damaged", lines={"line-1": 2})


def rules(limit: Money) -> Policy:
    def no_weekend(case: Case) -> Verdict:
        day: int = case.now.weekday()
        worth: Money = case.amount
        wish: RefundRequest = case.request
        lines: tuple[RequestLine, ...] = case.lines
        units: list[int] = [part.quantity for part in lines]
        cancels: bool = case.request.purpose is Purpose.REJECT
        if day < 5 or case.order.test:
            return Verdict.allow()
        return Verdict.review("weekend", "Nobody can call the bank before Monday.")

    own: Rule = no_weekend
    built_in: tuple[Rule, ...] = (
        Window(30),
        Window(days=30),
        MaxAmount(limit),
        MaxRefunds(3),
        NonRefundable(),
        NonRefundable((LineKind.FEE,)),
        BlockingDocuments(kinds=(DocumentKind.BILLING_INVOICE,)),
        ReviewAbove(limit),
        lambda case: Verdict.deny("closed", f"Order {case.order.id} is closed."),
    )
    spreads: tuple[Spread, ...] = (
        FewestRefunds(),
        OldestFirst(),
        NewestFirst(),
        ByMethod(("store_credit", "card")),
        Proportional(),
    )
    decision: Decision = Verdict.allow().decision
    return Policy(rules=(*built_in, own), spread=spreads[0], remainder=Remainder.MANUAL, standing=())


def plan(order: Order, request: RefundRequest) -> RefundPlan:
    can = Capabilities(
        partial=False,
        window=timedelta(days=180),
        minimum=Money.of("1.00", "EUR"),
        while_disputed=WhileDisputed.REMAINDER,
    )
    planned: RefundPlan = plan_refund(order, request, now=now)
    planned = plan_refund(order, request, policy=Policy(), capabilities={"stripe": can}, now=now)
    refunds: tuple[Refund, ...] = planned.refunds
    sums: tuple[Money, Money, Money] = (planned.amount, planned.withheld, planned.excess)
    reasons: tuple[Reason, ...] = planned.reasons
    codes: list[str] = [reason.code for reason in reasons]
    outline: tuple[tuple[str, str, Money], ...] = planned.outline
    if planned.needs_review:
        raise ReviewRequired("somebody has to look", plan=planned, reasons=reasons)
    return planned


def tell(event: Event) -> None:
    kind: EventKind = event.kind
    amount: Money | None = event.amount
    who: Actor = event.actor
    name: str = event.id


def desk() -> RefundDesk:
    listener: Listener = tell
    with SQLStore.open("sqlite:///refunds.db", create=True, deadline=30.0) as store:
        return RefundDesk(
            store=store,
            gateways=[
                PayPalGateway(client_id="id", client_secret="secret", webhook_id="8PT", live=False),
                ShopifyGateway(shop="example.myshopify.com", token=lambda: "shpat_1", webhook_secrets="s"),
                StripeGateway(
                    api_key="sk_test_1",
                    webhook_secrets=("whsec_new", "whsec_old"),
                    name="stripe-us",
                    account=None,
                    base_url=None,
                    timeout=(5, 30),
                    reasons={RefundReason.DUPLICATE: "duplicate"},
                ),
                ManualGateway(name="cash", settles=Settles.ON_CONFIRMATION, any_payment=True),
            ],
            policy=Policy(),
            listeners=[listener],
            clock=lambda: datetime.now(UTC),
            timing=Timing(
                lease=timedelta(minutes=2),
                retries=(timedelta(seconds=30),),
                patience=Patience(not_executed=(timedelta(seconds=1),)),
            ),
            sleep=lambda _: None,
            namespace=UUID(int=1),
        )


def give_back(desk: RefundDesk, order: Order, request: RefundRequest) -> None:
    registered: Order = desk.register(order, actor=Actor.staff("kim"))
    imported: Order = desk.import_order("shopify", "gid://shopify/Order/1")
    grown: Order = desk.record_payment(order.id, order.payments[0])
    plan: RefundPlan = desk.preview(order.id, request)
    result: RefundResult = desk.refund(order.id, request, expect=plan)
    result = desk.reject(order.id, request)
    result = desk.change(order.id, request, expect=None)
    sums: tuple[Money, Money, Money] = (result.returned, result.pending, result.failed)
    settled: bool = result.is_settled


def hear(desk: RefundDesk, body: bytes, headers: Mapping[str, str]) -> int:
    try:
        events: tuple[Event, ...] = desk.receive("stripe", body=body, headers=headers)
    except WebhookError as error:
        return error.http_status
    events = desk.refresh("A-1001")
    recovery: Recovery = desk.recover(limit=10)
    stuck: tuple[str, ...] = recovery.unsettled + recovery.unreachable
    found: Reconciliation = desk.reconcile(since=now)
    return found.orders


def by_hand(desk: RefundDesk) -> None:
    kim = Actor.staff("kim")
    refund: Refund = desk.confirm(
        "r1", actor=kim, reference="receipt-1", status=RefundStatus.FAILED, note="no"
    )
    order: Order = desk.record_external(
        "A-1001", "p1", Money.of("5.00", "EUR"), reference="re_1", status="lost", actor=kim
    )
    order = desk.acknowledge("A-1001", actor=kim, note="looked")
    order = desk.annotate("A-1001", actor=kim, note="called", add_tags=["vip"], remove_tags=["new"])
    order = desk.add_document("A-1001", Document(id="R-1", kind=DocumentKind.BILLING_INVOICE), actor=kim)
    order = desk.remove_document("A-1001", "R-1", actor=kim)


def read(desk: RefundDesk) -> None:
    order: Order = desk.order("A-1001")
    orders: Iterator[Order] = desk.orders()
    orders = desk.orders(OrderFilter(statuses=(OrderStatus.PAID,), flagged=True, placed_from=now))
    orders = desk.orders(sort=OrderSort(by=OrderColumn.PLACED_AT, descending=True))
    record: CustomerRecord = desk.customer("jo@example.org")
    warned: bool = record.has_chargebacks
    refunded: tuple[Money, ...] = record.refunded
    timeline: tuple[Event, ...] = desk.timeline("A-1001")


def status(raw: object) -> None:
    said: NormalizedStatus = normalize_status(raw, "stripe")
    why: PaymentFailure = normalize_payment_failure(raw)
    meaning: RefundStatus | DisputeStatus = said.status
    failure: FailureCode | None = said.failure
    known: bool = said.is_known or said.is_dispute


class AcmeGateway(Gateway):
    """A gateway as a plugin would write it."""

    kind = "acme"

    def __init__(self, *, name: str = "acme", api_key: str = "sk_1") -> None:
        self.name = name
        self.api_key: Hidden[str] = Hidden(api_key)

    def capabilities(self, payment: Payment) -> Capabilities:
        """Everything."""
        return Capabilities(currencies=frozenset({"EUR"}))

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Write down what will be sent."""
        return {"payment": payment.reference, "amount": refund.amount.minor}

    def refund(self, call: RefundCall) -> RefundReport:
        """Send it."""
        if call.deadline < now:
            raise GatewayUnavailableError("too late", gateway=self.name)
        if not call.request:
            raise OutcomeUnknownError("no answer", gateway=self.name)
        return RefundReport(
            status=RefundStatus.SUCCEEDED,
            amount=call.refund.amount,
            reference="acme-1",
            raw_status="DONE",
            refund_id=call.refund.id,
            payment=call.payment.reference,
            failure=None,
            at=now,
        )

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Tell what is true."""
        dispute = DisputeReport(
            reference="dp_1",
            amount=payments[0].captured,
            stage=DisputeStage.INQUIRY,
            status=DisputeStatus.NEEDS_RESPONSE,
            funds=DisputeFunds.NONE,
            due_by=now,
        )
        return (
            PaymentReport(
                reference=payments[0].reference,
                captured=payments[0].captured,
                refunds=None,
                disputes=(dispute,),
            ),
        )

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Name a payment."""
        body: bytes = webhook.body
        return (webhook.headers["x-payment"],)


class AcmeDeliverer(Deliverer):
    """A deliverer as a plugin would write it."""

    kind = "acme"
    redeliverable = False

    def deliver(self, call: DeliveryCall) -> Receipt:
        """Hand over."""
        if call.move is DeliveryMove.REVOKE or call.deadline < now:
            raise DeliveryError("too late", is_final=False)
        return Receipt(text=f"{call.units} of {call.line.name}", details={"key": call.key})


def write_to_customers(store: Store, order: Order) -> None:
    def write(notice: Notice) -> None:
        line: NoticeLine = notice.lines[0]
        words: tuple[str, ...] = (notice.email, notice.name, notice.way, notice.text, line.name)
        sums: tuple[Money, ...] = (notice.amount, notice.of_request, line.amount)
        units: int | None = line.quantity

    notices = CustomerNotices(
        store=store,
        write=write,
        policy=Policy(notify=True),
        pauses=(timedelta(minutes=5),),
        origins=[RefundOrigin.REQUEST, RefundOrigin.EXTERNAL],
        test=None,
        clock=lambda: now,
    )
    desk = RefundDesk(store=store, gateways=[], listeners=[notices])
    totals: OrderTotals = order.totals
    rest: Money = totals.subtotal + totals.shipping + totals.fees - totals.discounts - totals.total
    digits: str | None = order.payments[0].last4
    why: str = PaymentFailure.EXPIRED_CARD.label


def hand_over(store: Store, order: Order) -> None:
    files = FileDownloadDeliverer(
        url="https://shop.example/{token}",
        secrets=("newest", "older"),
        order=store.get,
        lifetime=timedelta(days=7),
        send=lambda *_: None,
    )
    cards = GiftCardDeliverer(issue=lambda _: ["code"], void=lambda _: None, test=True)
    server = WebhookCallDeliverer(url="https://a.example", secrets="s", revoke_url=None, timeout=(5, 15))
    desk = DeliveryDesk(
        store=store,
        deliverers=[files, cards, server, AcmeDeliverer(), *load_deliverers({"acme": {}})],
        listeners=[tell],
        timing=DeliveryTiming(retries=(timedelta(minutes=1),), most_attempts=3),
        revocation=Revocation.ON_REFUND,
    )
    kim = Actor.staff("kim")
    result: DeliveryResult = desk.deliver(order.id)
    result = desk.add(order.id, order.deliveries, actor=kim)
    result = desk.retry(order.id, "d1", actor=kim)
    result = desk.mark_delivered(order.id, "d1", actor=kim, note="by mail")
    result = desk.redeliver(order.id, ["d1"], actor=kim)
    failed: tuple[Delivery, ...] = result.failed + result.delivered
    swept: DeliverySweep = desk.sweep(limit=10)
    found: Download = files.check("token")
    desk.record_download(found.order_id, found.delivery_id)
    owed: Mapping[str, int] = units_owed(order, Revocation.NEVER)


class Plugin:
    """A plugin with every hook."""

    @hookimpl
    def refundkit_gateways(self) -> Iterable[type[Gateway]]:
        """Bring a gateway."""
        return [AcmeGateway]

    @hookimpl
    def refundkit_deliverers(self) -> Iterable[type[Deliverer]]:
        """Bring a deliverer."""
        return [AcmeDeliverer]

    @hookimpl
    def refundkit_listeners(self) -> Iterable[Listener]:
        """Bring a listener."""
        return [tell]


def plugins() -> None:
    gateways: tuple[Gateway, ...] = load_gateways(
        {"acme": {}, "acme-us": {"kind": "acme"}}, manager=plugin_manager([Plugin()])
    )
    listeners: tuple[Listener, ...] = load_listeners()


class SmallestFirst:
    """A spread as a shop would write it."""

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Take from the payments with least left first."""
        return tuple(min(amount, option.left) for option in options)


def own_spread() -> Policy:
    return Policy(spread=SmallestFirst())


def paper(order: Order) -> None:
    note: CreditNote = order.credit_notes[0]
    lines: tuple[CreditNoteLine, ...] = note.lines
    who: tuple[Party, Party] = (note.seller, note.buyer)
    taxes: tuple[TaxSum, ...] = note.taxes
    money: tuple[Money, Money, Money] = (note.gross, note.tax, lines[0].net)


class ListStore(Store):
    """A store as a plugin would write it."""

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Add *order*."""
        return True

    def get(self, order_id: str) -> Order:
        """Say that there is none."""
        raise OrderNotFoundError("none", order_id=order_id)

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Apply *function*."""
        order, events = function(self.get(order_id))
        return Change(order=order, events=events)

    def find_payment(self, gateway: str, reference: str) -> str | None:
        """Find nothing."""
        return None

    def find_refund(self, refund_id: str) -> str | None:
        """Find nothing."""
        return None

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Find nothing."""
        return iter(())

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        """Apply *function* with number one."""
        order, events = function(self.get(order_id), 1)
        return Change(order=order, events=events)

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Claim nothing."""
        return ()

    def events(self, order_id: str) -> tuple[Event, ...]:
        """Tell nothing."""
        return ()

    def undelivered(
        self, order_id: str | None = None, *, after: Event | None = None, limit: int = 1000
    ) -> tuple[News, ...]:
        """Tell nothing."""
        return ()

    def mark_taken(self, event: Event, listeners: Iterable[str]) -> None:
        """Forget it."""

    def keep_hint(self, gateway: str, reference: str, *, at: datetime) -> None:
        """Forget it."""

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        """Know nothing."""
        return ()

    def drop_hint(self, hint: Hint) -> None:
        """Forget it."""

    def drop_hints(self, *, before: datetime) -> None:
        """Forget them."""

    def mark_delivered(self, events: Iterable[Event]) -> None:
        """Forget it."""


stores: Sequence[Store] = (MemoryStore(), ListStore())


def errors(
    denied: RefundDenied, review: ReviewRequired, changed: PlanChangedError, reused: KeyReuseError
) -> None:
    reasons: tuple[Reason, ...] = denied.reasons + review.reasons
    asked: Money | None = denied.asked
    possible: Money = denied.possible
    plans: tuple[RefundPlan, ...] = (review.plan, changed.shown, changed.current)
    key: str = reused.key
    order_id: str = reused.order_id


def delivery_errors(error: DeliveryError, denied: RedeliveryDenied) -> None:
    final: bool = error.is_final
    left: int = denied.seconds_left
    reasons: tuple[Reason, ...] = denied.reasons


def more_errors(gateway: GatewayError, taken: ReferenceTakenError, invalid: InvalidValueError) -> None:
    name: str = gateway.gateway
    reference: str = taken.reference
    field: str = invalid.field
    also: ValueError = invalid
    kinds: tuple[type[RefundkitError], ...] = (
        GatewayUnavailableError,
        OutcomeUnknownError,
        OrderExistsError,
        OrderNotFoundError,
        StoreBusyError,
        StoreError,
        PluginError,
    )


def for_the_accountant(store: Store, desk: RefundDesk) -> None:
    seller = Party(name="Shop", address=("Street 1",), email="shop@example.org", tax_id="X1")
    accounts = CreditNoteDesk(
        store=store,
        seller=seller,
        series="CN",
        test_series="CN-TEST",
        eligible={RefundReason.DAMAGED},
        buyer=lambda order: Party(name=order.id),
        listeners=[tell],
        clock=lambda: now,
    )
    CreditNoteDesk(store=store, seller=seller, eligible="all")
    CreditNoteDesk(store=store, seller=seller, eligible=lambda order, refund: order.test or refund.is_ours)
    notes: tuple[CreditNote, ...] = accounts.issue_credit_notes(now)
    note: CreditNote = accounts.issue("A-1001", "r1", actor=Actor.staff("kim"))
    page: str = render_credit_note(note, words={"title": "Gutschrift"})
    with Path("orders.csv").open("w", newline="", encoding="utf-8-sig") as file:
        count: int = export_orders(desk.orders(), file, progress=print)
    figures: RefundFigures = refund_figures(desk.orders(), zone=UTC)
    rows: tuple[RefundFigure, ...] = figures.figures
    fees: tuple[Money, ...] = (*rows[0].fees, figures.fees("EUR"), figures.total("EUR"))
    stale: tuple[CreditNote, ...] = figures.to_correct
    fetched = Fact(text="manual.pdf", at=now)
    found: Evidence = evidence(desk.order("A-1001"), desk.timeline("A-1001"), downloads=[fetched])
    proof: str = found.text
