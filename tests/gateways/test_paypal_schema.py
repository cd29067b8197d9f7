"""What is said to PayPal and what its sandbox answers, held against PayPal's own OpenAPI descriptions."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from refundkit.errors import GatewayError
from refundkit.gateways.paypal.answers import DECLINES, ISSUES
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.disputes import DisputeStage
from refundkit.model.refunds import RefundStatus
from refundkit.model.statuses import normalize_status
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Reply, Request
from refundkit.testing.sandbox.paypal import TOKEN_PATH, PayPalSandbox
from refundkit.testing.sandbox.paypal_refusals import DESCRIPTIONS
from tests.gateways.paypal_cases import call, payment, refund, webhook
from tests.peers import PeerMissingError, peer_missing

pytestmark = [pytest.mark.peers, pytest.mark.xdist_group("paypal_openapi")]

REFUND = "#/paths/~1v2~1payments~1captures~1{capture_id}~1refund/post"
SCHEMAS = "#/components/schemas"


@pytest.fixture(scope="module", name="paypals")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Take PayPal's descriptions from npm."""
    try:
        from tests.peers import paypal_openapi

        return paypal_openapi.described(tmp_path_factory.mktemp("paypal"))
    except (PeerMissingError, ImportError) as reason:
        peer_missing(reason)


class Recorded(PayPalSandbox):
    """A PayPal that remembers what it answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.exchanged: list[tuple[Request, Reply]] = []

    def handle(self, request: Request) -> Reply:
        """Answer, and remember it."""
        reply = super().handle(request)
        self.exchanged.append((request, reply))
        return reply


@pytest.fixture(scope="module", name="session")
def driven() -> list[tuple[Request, Reply]]:
    """Drive every call and every answer that the gateway knows, through the real SDK."""
    clock = FakeClock()
    with Recorded(clock=clock) as paypal:
        for step in (_refunds, _declines, _disputes, _webhooks):
            step(paypal)
        return [pair for pair in paypal.exchanged if pair[0].path != TOKEN_PATH]


def _refunds(paypal: PayPalSandbox) -> None:
    ours = paypal.gateway()
    for currency, amount in (("EUR", "12.50"), ("JPY", "500"), ("HUF", "1200"), ("USD", "0.01")):
        source = paypal.capture("50000", currency, custom_id="order-4711")
        for number, status in enumerate(("COMPLETED", "PENDING", "FAILED", "CANCELLED")):
            paypal.next_refund(status)
            ours.refund(call(ours, refund(amount, currency, name=f"return-{number}"), source))
        ours.refund(call(ours, refund(amount, currency, name="return-0"), source))
        paypal.refund_in_dashboard(source.reference, amount)
        ours.fetch((source,))
    ours.fetch((paypal.capture("50.00", "EUR", status="PENDING"),))


def _declines(paypal: PayPalSandbox) -> None:
    ours = paypal.gateway()
    source = paypal.capture("50.00", "EUR")
    ours.refund(call(ours, refund("50.01"), source))
    ours.refund(call(ours, refund("50.00", "USD", name="dollars"), source))
    ours.refund(call(ours, refund("50.00", name="all"), source))
    ours.refund(call(ours, refund("0.01", name="more"), source))
    ours.refund(call(ours, refund("0.01"), payment()))
    ours.refund(call(ours, refund("0.01"), paypal.capture("50.00", "EUR", status="PENDING")))
    paypal.refuse_next("PREVIOUS_REQUEST_IN_PROGRESS", status=409)
    with pytest.raises(GatewayError):
        ours.refund(call(ours, refund(name="conflict"), source))
    paypal.denied.add("/v2/payments/captures")
    with pytest.raises(GatewayError):
        ours.fetch((source,))
    paypal.denied.clear()


def _disputes(paypal: PayPalSandbox) -> None:
    ours = paypal.gateway()
    source = paypal.capture("50.00", "EUR")
    case = paypal.open_dispute(source.reference)
    ours.refund(call(ours, refund(), source))
    ours.fetch((source,))
    paypal.escalate_dispute(case)
    ours.fetch((source,))
    paypal.resolve_dispute(case, "RESOLVED_BUYER_FAVOUR")
    ours.fetch((source,))
    ours.refund(call(ours, refund(), source))


def _webhooks(paypal: PayPalSandbox) -> None:
    ours = paypal.gateway()
    message = paypal.webhook("PAYMENT.CAPTURE.COMPLETED", paypal.capture("50.00", "EUR").reference)
    ours.parse_webhook(webhook(message, at=paypal.clock()))


def _operation(paypals: Any, request: Request) -> tuple[Any, str, dict[str, Any]]:
    for description in paypals.values():
        if found := description.operation(request.method, request.path):
            return description, *found
    pytest.fail(f"PayPal describes no {request.method} {request.path}")


def test_every_request_is_as_paypal_describes_it(paypals: Any, session: list[Any]) -> None:
    """Body, headers and query; and nothing in it that PayPal does not describe."""
    for request, _ in session:
        description, pointer, operation = _operation(paypals, request)
        queries = description.parameters(operation, "query")
        assert set(request.query) <= set(queries)
        for name, parameter in description.parameters(operation, "header").items():
            if parameter.get("required") or name in request.headers:
                assert name in request.headers, (name, request.path)
        if request.method == "POST":
            schema = f"{pointer}/requestBody/content/application~1json/schema"
            body = json.loads(request.body)
            assert list(description.faults(schema, body)) == []
            assert set(body) <= description.properties(schema)


def test_every_header_and_query_is_as_paypal_describes_it(paypals: Any, session: list[Any]) -> None:
    """PayPal-Request-Id and the filters of the list of disputes by their schemas, Prefer by its description."""
    checked = set()
    for request, _ in session:
        description, _, operation = _operation(paypals, request)
        for place, values in (("header", request.headers), ("query", request.query)):
            for name, parameter in description.parameters(operation, place).items():
                if name in values:
                    _check_parameter(parameter, values[name])
                    checked.add(name)
    assert {"prefer", "paypal-request-id", "disputed_transaction_id", "page_size"} <= checked


def _check_parameter(parameter: dict[str, Any], value: str) -> None:
    from jsonschema import Draft4Validator

    if parameter["name"] == "Prefer":
        # Its schema allows 20 characters; the word that its description asks for has 21.
        assert f"<code>{value}</code>" in parameter["description"]
        return
    is_number = parameter["schema"].get("type") == "integer"
    Draft4Validator(parameter["schema"]).validate(int(value) if is_number else value)


def test_every_answer_is_as_paypal_describes_it(paypals: Any, session: list[Any]) -> None:
    """Captures, refunds, orders, disputes, verifications and errors of the sandbox."""
    seen = set()
    for request, reply in session:
        description, pointer, operation = _operation(paypals, request)
        status = str(reply.status)
        assert status in operation["responses"], (request.path, status)
        seen.add((request.method, status))
        if "content" in operation["responses"][status]:
            schema = f"{pointer}/responses/{status}/content/application~1json/schema"
            assert list(description.faults(schema, reply.body)) == [], reply.body
    assert seen >= {("POST", status) for status in ("200", "201", "404", "409", "422")}
    assert ("GET", "403") in seen


def test_the_description_does_object(paypals: Any) -> None:
    """A proof that objects to nothing is none (an e-mail pattern once switched the whole check off)."""
    description = paypals["payments_payment_v2.json"]
    schema = f"{REFUND}/requestBody/content/application~1json/schema"
    for wrong in (
        {"amount": {"value": "1.00"}},
        {"amount": {"currency_code": "EUR", "value": 1}},
        {"amount": {"currency_code": "EUR", "value": "1e3"}},
        {"amount": {"currency_code": "EURO", "value": "1.00"}},
        {"custom_id": "x" * 128},
        {"note_to_payer": ""},
    ):
        assert list(description.faults(schema, wrong)), wrong
    assert list(description.faults(f"{SCHEMAS}/refund", {"status": "DONE"}))


def _issues(paypals: Any) -> Iterator[tuple[str, str]]:
    schemas = paypals["payments_payment_v2.json"].content["components"]["schemas"]
    for name in ("captures.refund-400", "captures.refund-422", "404", "409"):
        for variant in schemas[name]["properties"]["details"]["items"]["anyOf"]:
            texts = variant["properties"]["description"].get("enum", [""])
            yield variant["properties"]["issue"]["enum"][0], texts[0]


def test_every_issue_that_paypal_describes_is_in_the_table(paypals: Any) -> None:
    """With an outcome of its own."""
    for issue, _ in _issues(paypals):
        assert issue in {*DECLINES, *ISSUES}


def test_the_sandbox_says_it_in_paypals_words(paypals: Any) -> None:
    """Where PayPal's description prescribes them."""
    told = dict(_issues(paypals))
    assert {issue: text for issue, text in DESCRIPTIONS.items() if told.get(issue)} == {
        issue: told[issue] for issue in DESCRIPTIONS if told.get(issue)
    }


def _words(paypals: Any, file: str, *path: str) -> list[str]:
    found = paypals[file].content["components"]["schemas"]
    for step in path:
        found = found[step]
    return list(found["enum"])


def test_every_status_of_a_refund_is_known(paypals: Any) -> None:
    """None of them is guessed."""
    words = _words(paypals, "payments_payment_v2.json", "refund_status", "properties", "status")
    assert {word: normalize_status(word, "paypal").status for word in words} == {
        "COMPLETED": RefundStatus.SUCCEEDED,
        "PENDING": RefundStatus.PENDING,
        "FAILED": RefundStatus.FAILED,
        "CANCELLED": RefundStatus.FAILED,
    }


@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        (("status",), {"RESOLVED", "OTHER"}),
        (("dispute_state",), {"RESOLVED", "APPEALABLE"}),
        (("dispute_outcome", "properties", "outcome_code"), {"DENIED", "NONE"}),
    ],
)
def test_every_word_of_a_dispute_is_known(paypals: Any, path: tuple[str, ...], unknown: set[str]) -> None:
    """But for those that say nothing without the outcome, or too little with it."""
    words = _words(paypals, "customer_disputes_v1.json", *path)
    assert {word for word in words if not normalize_dispute(word, "paypal").is_known} == unknown


def test_every_stage_of_a_dispute_is_known(paypals: Any) -> None:
    """Each has its own."""
    words = _words(paypals, "customer_disputes_v1.json", "dispute_lifecycle_stage")
    stages = [normalize_dispute("OPEN", "paypal", stage=word).stage for word in words]
    assert stages == [
        DisputeStage.INQUIRY,
        DisputeStage.CHARGEBACK,
        DisputeStage.PRE_ARBITRATION,
        DisputeStage.ARBITRATION,
    ]
