"""The PayPal of the tests is as strict as PayPal: asked without any SDK, to see what it says itself."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, PayPalSandbox

FULL = {"Prefer": "return=representation"}


class Client:
    """A client that sends what it is told, wrong or right."""

    def __init__(self, paypal: PayPalSandbox) -> None:
        self.url = paypal.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def token(self, secret: str = CLIENT_SECRET, grant_type: str = "client_credentials") -> Any:
        """Ask for a token."""
        return requests.post(
            self.url + TOKEN_PATH, auth=(CLIENT_ID, secret), data={"grant_type": grant_type}, timeout=10
        )

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        return self.session.get(self.url + path, params=query, timeout=10)

    def refund(self, capture: str, body: Any = None, key: str = "", **headers: str) -> Any:
        """Refund, with whatever body and headers."""
        headers = {**headers, **({"PayPal-Request-Id": key} if key else {})}
        path = f"/v2/payments/captures/{capture}/refund"
        return self.session.post(
            self.url + path, json={} if body is None else body, headers=headers, timeout=10
        )

    def __enter__(self) -> "Client":  # noqa: PYI034 - nobody derives from it
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()


@pytest.fixture(name="clock")
def made_clock() -> FakeClock:
    """Make a clock."""
    return FakeClock()


@pytest.fixture(name="paypal")
def opened(clock: FakeClock) -> Iterator[PayPalSandbox]:
    """Open a PayPal."""
    with PayPalSandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture(name="client")
def connected(paypal: PayPalSandbox) -> Iterator[Client]:
    """Connect to it."""
    with Client(paypal) as client:
        yield client


def eur(value: Any) -> dict[str, Any]:
    """Make the body of a refund."""
    return {"amount": {"currency_code": "EUR", "value": value}}


def issue(answer: Any) -> tuple[int, str]:
    """Return status and issue of a refusal."""
    return answer.status_code, answer.json()["details"][0]["issue"]


def test_a_token_needs_the_right_secret(client: Client) -> None:
    """In the words of OAuth."""
    wrong = client.token(secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert client.token(grant_type="password").status_code == 400


def test_a_revoked_token_is_none(paypal: PayPalSandbox, client: Client) -> None:
    """Until a new one is asked for."""
    paypal.revoke_tokens()
    answer = client.get("/v2/payments/captures/X")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert paypal.tokens == 1


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ([], (400, "MALFORMED_REQUEST_JSON")),
        ({"amount": 5}, (400, "MISSING_REQUIRED_PARAMETER")),
        ({"amount": {"value": "1.00"}}, (400, "MISSING_REQUIRED_PARAMETER")),
        (eur(1), (400, "INVALID_PARAMETER_SYNTAX")),
        (eur("1e3"), (400, "INVALID_PARAMETER_SYNTAX")),
        (eur("9" * 33), (400, "INVALID_PARAMETER_SYNTAX")),
        (eur("1.005"), (422, "DECIMAL_PRECISION")),
        (eur("-1.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        (eur("0.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        (eur("50.01"), (422, "REFUND_AMOUNT_EXCEEDED")),
        ({"amount": {"currency_code": "XXX", "value": "1"}}, (422, "INVALID_CURRENCY_CODE")),
        ({"amount": {"currency_code": "JPY", "value": "1.0"}}, (422, "DECIMALS_NOT_SUPPORTED")),
        ({"amount": {"currency_code": "USD", "value": "1.00"}}, (422, "REFUND_CAPTURE_CURRENCY_MISMATCH")),
        ({"customid": "x"}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"custom_id": 5}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"note_to_payer": "a\nb"}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"note_to_payer": ""}, (400, "INVALID_STRING_LENGTH")),
        ({"custom_id": "x" * 128}, (400, "INVALID_STRING_LENGTH")),
    ],
)
def test_odd_bodies_are_refused(
    paypal: PayPalSandbox, client: Client, body: Any, refusal: tuple[int, str]
) -> None:
    """In PayPal's words, and nothing is given back."""
    capture = paypal.capture("50.00", "EUR").reference
    assert issue(client.refund(capture, body)) == refusal
    assert paypal.refunds(capture) == ()


def test_another_content_type_is_refused(paypal: PayPalSandbox, client: Client) -> None:
    """Only JSON is read."""
    capture = paypal.capture("50.00", "EUR").reference
    answer = client.refund(capture, eur("1.00"), **{"Content-Type": "text/plain"})
    assert issue(answer) == (400, "INVALID_PARAMETER_SYNTAX")


def test_a_body_that_is_no_json_is_refused(paypal: PayPalSandbox, client: Client) -> None:
    """Malformed."""
    path = f"{client.url}/v2/payments/captures/{paypal.capture('50.00', 'EUR').reference}/refund"
    headers = {"Content-Type": "application/json"}
    answer = client.session.post(path, data=b"{", headers=headers, timeout=10)
    assert issue(answer) == (400, "MALFORMED_REQUEST_JSON")


def test_nothing_said_means_everything(paypal: PayPalSandbox, client: Client) -> None:
    """That is how PayPal is, and why the gateway always names an amount."""
    capture = paypal.capture("50.00", "EUR").reference
    client.refund(capture, eur(".50"))
    assert client.refund(capture, **FULL).json()["amount"] == {"currency_code": "EUR", "value": "49.50"}


def test_the_short_answer_tells_no_amount(paypal: PayPalSandbox, client: Client) -> None:
    """Only who prefers the representation gets it; and then the sum of all refunds is in it, too."""
    capture = paypal.capture("50.00", "EUR").reference
    assert set(client.refund(capture, eur("10.00")).json()) == {"id", "status", "links"}
    told = client.refund(capture, eur("5.00"), **FULL).json()
    assert told["seller_payable_breakdown"]["total_refunded_amount"]["value"] == "15.00"
    assert told == client.get(f"/v2/payments/refunds/{told['id']}").json()


def test_a_key_is_kept_for_45_days(paypal: PayPalSandbox, client: Client, clock: FakeClock) -> None:
    """The latest status of the first request is the answer; then it is forgotten."""
    capture = paypal.capture("50.00", "EUR").reference
    paypal.next_refund("PENDING")
    first = client.refund(capture, eur("1.00"), "key").json()
    paypal.settle(first["id"], "COMPLETED")
    clock.advance(days=44)
    again = client.refund(capture, eur("1.00"), "key")
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (201, first["id"], "COMPLETED")
    clock.advance(days=2)
    assert client.refund(capture, eur("1.00"), "key").json()["id"] != first["id"]


def test_without_a_key_every_request_is_a_refund(paypal: PayPalSandbox, client: Client) -> None:
    """Omitted, duplicates happen."""
    capture = paypal.capture("50.00", "EUR").reference
    for _ in range(2):
        client.refund(capture, eur("1.00"))
    assert len(paypal.refunds(capture)) == 2


def test_a_refusal_is_not_kept_under_its_key(paypal: PayPalSandbox, client: Client) -> None:
    """Where PayPal's documentation is silent this is what we chose."""
    capture = paypal.capture("50.00", "EUR").reference
    paypal.refuse_next("REFUND_FAILED_INSUFFICIENT_FUNDS")
    assert issue(client.refund(capture, key="key")) == (422, "REFUND_FAILED_INSUFFICIENT_FUNDS")
    assert client.refund(capture, key="key").status_code == 201


def test_a_capture_tells_what_became_of_it(paypal: PayPalSandbox, client: Client) -> None:
    """COMPLETED, PARTIALLY_REFUNDED, REFUNDED; failed refunds do not count."""
    capture = paypal.capture("50.00", "EUR").reference

    def status() -> str:
        return client.get(f"/v2/payments/captures/{capture}").json()["status"]

    assert status() == "COMPLETED"
    name = client.refund(capture, eur("20.00")).json()["id"]
    assert status() == "PARTIALLY_REFUNDED"
    client.refund(capture)
    assert status() == "REFUNDED"
    paypal.settle(name, "FAILED")
    assert status() == "PARTIALLY_REFUNDED"


@pytest.mark.parametrize(
    ("status", "word"),
    [("PENDING", "PENDING_CAPTURE"), ("DECLINED", "REFUND_NOT_ALLOWED"), ("FAILED", "REFUND_NOT_ALLOWED")],
)
def test_what_is_not_captured_is_not_refunded(
    paypal: PayPalSandbox, client: Client, status: str, word: str
) -> None:
    """Only a completed capture is."""
    capture = paypal.capture("50.00", "EUR", status=status).reference
    assert issue(client.refund(capture)) == (422, word)


def test_after_180_days_it_is_too_late(paypal: PayPalSandbox, client: Client, clock: FakeClock) -> None:
    """PayPal's default."""
    capture = paypal.capture("50.00", "EUR").reference
    clock.advance(days=180)
    assert client.refund(capture, eur("1.00")).status_code == 201
    clock.advance(seconds=1)
    assert issue(client.refund(capture)) == (422, "REFUND_TIME_LIMIT_EXCEEDED")


def test_of_a_disputed_capture_only_all_that_is_left(paypal: PayPalSandbox, client: Client) -> None:
    """No part while a case is open; and nothing of what PayPal took."""
    capture, other = (paypal.capture("50.00", "EUR").reference for _ in range(2))
    paypal.open_dispute(capture)
    assert issue(client.refund(capture, eur("49.99"))) == (422, "TRANSACTION_DISPUTED")
    assert client.refund(capture, eur("50.00")).status_code == 201
    paypal.resolve_dispute(paypal.open_dispute(other, stage="CHARGEBACK"), "ACCEPTED")
    assert issue(client.refund(other)) == (422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")


def test_disputes_are_listed_by_capture(paypal: PayPalSandbox, client: Client) -> None:
    """Latest first, a page at a time; with odd filters not at all."""
    capture = paypal.capture("50.00", "EUR").reference
    assert "items" not in client.get("/v1/customer/disputes", disputed_transaction_id=capture).json()
    names = [paypal.open_dispute(capture) for _ in range(3)]
    listing = client.get("/v1/customer/disputes", disputed_transaction_id=capture, page_size=2).json()
    assert [one["dispute_id"] for one in listing["items"]] == [names[2], names[1]]
    assert "next" in {link["rel"] for link in listing["links"]}
    for query in ({}, {"capture": capture}, {"disputed_transaction_id": capture, "page_size": 51}):
        assert client.get("/v1/customer/disputes", **query).status_code == 400


def test_webhooks_are_verified_on_their_bytes(paypal: PayPalSandbox, client: Client) -> None:
    """With all that was signed, and nothing missing."""
    path = "/v1/notifications/verify-webhook-signature"
    assert client.session.post(client.url + path, json={"webhook_event": {}}, timeout=10).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/v2/payments/captures/X", "/v2/payments/refunds/X", "/v2/checkout/orders/X", "/v1/customer/disputes/X",
     "/v2/payments/authorizations/X", "/"],
)  # fmt: skip
def test_what_there_is_not_is_not_found(client: Client, path: str) -> None:
    """In PayPal's words."""
    assert issue(client.get(path)) == (404, "INVALID_RESOURCE_ID")


def test_a_refund_of_an_unknown_capture(client: Client) -> None:
    """Not found either."""
    assert issue(client.refund("X")) == (404, "INVALID_RESOURCE_ID")


@pytest.mark.parametrize(
    ("fault", "status", "name"),
    [
        (Fault.CONFLICT_409, 409, "RESOURCE_CONFLICT"),
        (Fault.RATE_LIMIT_429, 429, "RATE_LIMIT_REACHED"),
        (Fault.THROTTLED, 429, "RATE_LIMIT_REACHED"),
        (Fault.SERVER_ERROR_500, 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_faults_in_paypals_words(
    paypal: PayPalSandbox, client: Client, fault: Fault, status: int, name: str
) -> None:
    """With a Retry-After that is there or not; token requests are spared."""
    paypal.faults.append(fault)
    assert client.token().status_code == 200
    answer = client.get("/v2/payments/captures/X")
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    assert ("Retry-After" in answer.headers) is (fault is Fault.RATE_LIMIT_429)


def test_a_missing_permission(paypal: PayPalSandbox, client: Client) -> None:
    """By path."""
    paypal.denied.add("/v1/customer")
    assert issue(client.get("/v1/customer/disputes")) == (403, "PERMISSION_DENIED")


def test_times_go_by_the_clock_of_the_test(paypal: PayPalSandbox, clock: FakeClock) -> None:
    """So that days pass in no time."""
    clock.advance(days=5)
    assert paypal.capture("1.00", "EUR").captured_at == FakeClock()() + timedelta(days=5)
