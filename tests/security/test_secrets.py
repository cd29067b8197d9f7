"""Law S2, one table: every gateway, every way to fail, every way to show. No key, token, secret, card or body.

The server below is as bad as it can be: it sends back whatever it was sent, keys included, in every field
that a vendor has for words, with a card number beside it.
"""

import base64
import json
import logging
import socket
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import structlog
from attrs import field, frozen

from refundkit import ManualGateway, MemoryStore, RefundDesk
from refundkit.errors import RefundkitError, WebhookError
from refundkit.gateways.base import Gateway, Webhook
from refundkit.serialization import dumps
from refundkit.testing.fake_gateway import FakeGateway
from tests.gateways import paypal_cases, shopify_cases, stripe_cases, wire
from tests.gateways.wire import Reply
from tests.security.showing import frames_of, shown_by

CARD = "4242 4242 4242 4242"
TOKEN = "A21AAThisIsTheVerySecretAccessToken"
MARK = "TheBodyOfTheWebhook"


def _basic() -> str:
    return base64.b64encode(f"{paypal_cases.CLIENT_ID}:{paypal_cases.SECRET}".encode()).decode()


@frozen
class Case:
    """One vendor: its cases, and what must never show."""

    cases: ModuleType = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def gateway(self, url: str) -> Gateway:
        """Make a gateway that gives up soon."""
        return self.cases.gateway(base_url=url, timeout=(0.5, 0.3))


CASES = {
    "stripe": Case(stripe_cases, (stripe_cases.KEY, stripe_cases.SECRET)),
    "paypal": Case(paypal_cases, (paypal_cases.CLIENT_ID, paypal_cases.SECRET, TOKEN, _basic())),
    "shopify": Case(shopify_cases, (shopify_cases.TOKEN, shopify_cases.SECRET)),
}
FORBIDDEN = (CARD, CARD.replace(" ", ""), MARK)


def check_silent(case: Case, shown: str, others: tuple[str, ...] = FORBIDDEN) -> None:
    """Require that nothing secret shows; what does is not told here, because test logs are public, too."""
    for number, secret in enumerate((*case.secrets, *others)):
        if secret in shown:
            around = shown[max(0, shown.index(secret) - 60) : shown.index(secret)]
            pytest.fail(f"secret number {number} shows after {around!r}")


# What the server answers.


def echo(status: int) -> Callable[[wire.Asked], Reply]:
    """Send back every header and the body in all fields that hold words."""

    def answer(asked: wire.Asked) -> Reply:
        said = f"You sent {asked.headers.get('authorization')} {asked.headers.get('x-shopify-access-token')} {CARD}"
        return Reply(
            _everywhere(said), status, {"request-id": said, "x-request-id": said, "paypal-debug-id": said}
        )

    return answer


def _everywhere(said: str) -> dict[str, Any]:
    error = {"type": "card_error", "message": said, "code": said, "decline_code": said, "param": said}
    node = {
        "id": shopify_cases.REFUNDED,
        "status": said,
        "errorCode": said,
        "kind": "REFUND",
        "gateway": said,
    }
    return {
        "error": error,
        "error_description": said,
        "errors": [{"message": said, "extensions": {"code": said, "requestId": said}}],
        "name": said,
        "message": said,
        "debug_id": said,
        "details": [{"issue": said, "description": said}],
        "object": "refund",
        "id": "re_1",
        "amount": 1250,
        "currency": "usd",
        "status": "failed",
        "failure_reason": said,
        "data": {"refundCreate": {"refund": None, "userErrors": [{"message": said}]}, "order": node},
    }


def successes(case: str) -> dict[str, Any]:
    """Return an answer that reads well, with a card number in each field for free words."""
    return {
        "stripe": stripe_cases.refund_record(status="failed", failure_reason=CARD, reason=CARD),
        "paypal": paypal_cases.refund_record(status="FAILED", status_details={"reason": CARD}),
        "shopify": shopify_cases.created(
            shopify_cases.refund_record(
                shopify_cases.transaction(status="FAILURE", errorCode=CARD, gateway=CARD)
            )
        ),
    }[case]


STATUSES = (200, 201, 301, 302, 307, 400, 401, 402, 403, 404, 409, 422, 429, 430, 500, 502, 503)
ANSWERS: dict[str, Any] = {
    **{f"echo-{status}": echo(status) for status in STATUSES},
    "html": Reply(f"<html>{CARD}</html>".encode(), 500),
    "garbage": Reply(f'{{"error": "{CARD}'.encode()),
    "nan": Reply(f'{{"amount": NaN, "message": "{CARD}"}}'.encode()),
    "deep": Reply(b"[" * 50_000),
    "large": Reply({"message": CARD * 200_000}),
    "reset": Reply(fault="reset"),
    "truncated": Reply({"message": CARD}, fault="truncate"),
    "hang": Reply(fault="hang"),
}


@pytest.fixture(name="server")
def _server():
    """Run a server that answers as it is told."""
    with wire.running() as running:
        yield running


@pytest.fixture(autouse=True)
def _talkative(caplog, capfd):
    """Set every logger to its most talkative, those of the SDKs too, and listen to all of it."""
    # By caplog alone: it puts every level back, the last one that was changed first.
    for name in (None, "stripe", "httpx", "httpcore", "requests", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)


def told(caplog, capfd, *, by: str = "") -> str:
    """Return all that was printed, and all that was logged *by* loggers whose names begin so."""
    records = [record for record in caplog.records if record.name.startswith(by)]
    logged = "".join(f"{record.getMessage()} {vars(record)}" for record in records)
    return logged + "".join(capfd.readouterr())


def asked(question: Callable[[], object]) -> object:
    """Return what came: an answer or an error of ours. Any other error fails the test."""
    try:
        return question()
    except RefundkitError as error:
        return error


def check_all(case: Case, gateway: Gateway, *answers: object) -> None:
    """Look at everything that came, and at the gateway afterwards, in every way."""
    for answer in (gateway, *answers):
        check_silent(case, shown_by(answer))
        if isinstance(answer, BaseException):
            check_silent(case, frames_of(answer))
    check_silent(
        case, "".join(f"{name}={getattr(gateway, name)!r}" for name in dir(gateway) if name[:2] != "__")
    )


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("name", CASES)
def test_no_answer_brings_a_secret_to_light(server, caplog, capfd, name, answer):
    """Law S2: refund, fetch and import, whatever the service answers."""
    case = CASES[name]

    def reply(request: wire.Asked) -> Reply:
        if request.path.endswith("/oauth2/token"):
            return Reply({"access_token": TOKEN, "expires_in": 32_400})
        return answer(request) if callable(answer) else answer

    server.reply_to = reply
    gateway = case.gateway(server.url)
    call = case.cases.call(gateway)
    answers = [
        asked(lambda: gateway.refund(call)),
        asked(lambda: gateway.fetch((call.payment,))),
        asked(lambda: gateway.import_order(shopify_cases.ORDER)),
    ]
    check_all(case, gateway, *answers, call.request)
    # At DEBUG, Stripe's SDK and httpcore log what a server sends back; docs/explanation/security.md says so.
    check_silent(case, told(caplog, capfd, by="refundkit"))


@pytest.mark.parametrize("name", CASES)
def test_no_free_word_brings_a_card_number(server, caplog, capfd, name):
    """Law S2: a reason that a vendor gives for a failed refund is kept without the card in it."""
    case = CASES[name]
    record = successes(name)
    server.reply_to = lambda request: Reply(
        {"access_token": TOKEN, "expires_in": 32_400} if request.path.endswith("/token") else record, 200
    )
    gateway = case.gateway(server.url)
    report = gateway.refund(case.cases.call(gateway))
    assert report.reason == "[hidden]"
    check_all(case, gateway, report)
    check_silent(case, dumps(report) + told(caplog, capfd, by="refundkit"))
    # Nobody logs what was sent, and keys are in nothing but that.
    check_silent(case, told(caplog, capfd), others=())


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_no_refused_login_brings_a_secret_to_light(server, caplog, capfd, status):
    """Law S2: PayPal's own login, where id and secret themselves are sent and come back."""
    case = CASES["paypal"]
    server.reply_to = echo(status)
    gateway = case.gateway(server.url)
    answer = asked(lambda: gateway.refund(case.cases.call(gateway)))
    check_all(case, gateway, answer)
    check_silent(case, told(caplog, capfd, by="refundkit"))


@pytest.mark.parametrize("name", CASES)
def test_no_dead_address_brings_a_secret_to_light(caplog, capfd, name):
    """Law S2: a connection that is refused."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    case = CASES[name]
    gateway = case.gateway(f"http://127.0.0.1:{port}")
    check_all(case, gateway, asked(lambda: gateway.refund(case.cases.call(gateway))))
    check_silent(case, told(caplog, capfd))


# Webhooks.


def event_of(name: str, **more: Any) -> bytes:
    """Make the body of an event with a mark and a card number in it."""
    about = {"object": "refund", "id": "x", "note": f"{MARK} {CARD}", **more}
    if name == "stripe":
        return stripe_cases.event(about)
    return paypal_cases.event(about) if name == "paypal" else json.dumps({"order_id": about}).encode()


def signed(name: str, body: bytes) -> Webhook:
    """Sign it as the vendor would."""
    return paypal_cases.signed(body) if name == "paypal" else CASES[name].cases.webhook(body)


def forged(name: str, body: bytes) -> Webhook:
    """Sign other bytes than those that arrive."""
    return Webhook(body=body + b" ", headers=signed(name, body).headers, received_at=paypal_cases.NOW)


def headless(name: str, body: bytes) -> Webhook:
    """Leave every header out."""
    return Webhook(body=body, headers={}, received_at=paypal_cases.NOW)


WEBHOOKS: dict[str, Callable[[str], Webhook]] = {
    "forged": lambda name: forged(name, event_of(name)),
    "headless": lambda name: headless(name, event_of(name)),
    "oversized": lambda name: signed(name, event_of(name) + b" " * 300_000),
    "no JSON": lambda name: signed(name, f"{MARK} {CARD}".encode()),
    "not UTF-8": lambda name: signed(name, f"{MARK} {CARD}".encode() + b"\xff"),
    "wrong ids": lambda name: signed(
        name, event_of(name, payment_intent=f"{MARK} {CARD}", id=f"{MARK} {CARD}")
    ),
    "nested": lambda name: signed(name, b"[" * 40 + MARK.encode() + b"]" * 40),
}


@pytest.mark.parametrize("message", WEBHOOKS.values(), ids=WEBHOOKS)
@pytest.mark.parametrize("name", CASES)
def test_no_refused_webhook_tells_anything(server, caplog, capfd, name, message):
    """Law S2: neither the signing secret nor the body is in the error, its chain, its frames or a log line."""
    case = CASES[name]
    server.reply_to = lambda request: Reply(
        {"access_token": TOKEN, "expires_in": 32_400}
        if request.path.endswith("/token")
        else {"verification_status": "FAILURE", "note": CARD}
    )
    gateway = case.gateway(server.url)
    webhook = message(name)
    desk = RefundDesk(store=MemoryStore(), gateways=[gateway], clock=lambda: paypal_cases.NOW)
    for question in (
        lambda: gateway.parse_webhook(webhook),
        lambda: desk.receive(gateway.name, body=webhook.body, headers=webhook.headers),
    ):
        with pytest.raises(WebhookError) as refused:
            question()
        check_silent(case, shown_by(refused.value))
        check_silent(case, frames_of(refused.value), others=())
    check_silent(case, shown_by(webhook) + told(caplog, capfd))


@pytest.mark.parametrize("gateway", [FakeGateway(), ManualGateway()], ids=lambda gateway: gateway.name)
def test_gateways_without_a_vendor_tell_no_body_either(caplog, capfd, gateway):
    """Law S2: whoever refuses a webhook, and however its parser fails, its body stays out of it."""
    body = f"{MARK} {CARD}".encode()
    desk = RefundDesk(store=MemoryStore(), gateways=[gateway])
    fine = FakeGateway().webhook("ref-1")["headers"]
    for headers in ({}, fine):
        with pytest.raises(WebhookError) as refused:
            desk.receive(gateway.name, body=body, headers=headers)
        assert not any(mark in shown_by(refused.value) for mark in FORBIDDEN)
    logged = told(caplog, capfd)
    assert not any(mark in logged for mark in FORBIDDEN)


# Options.


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("stripe", {"api_key": "pk_live_ThisIsSecretAllTheSame"}),
    ("stripe", {"webhook_secrets": ("whsec_ThisIsSecretAllTheSame", 7)}),
    ("stripe", {"base_url": "http://user:ThisIsSecretAllTheSame@example.com"}),
    ("paypal", {"client_secret": "ThisIsSecretAllTheSame with a space"}),
    ("paypal", {"client_id": "ThisIsSecretAllTheSame:"}),
    ("paypal", {"base_url": "http://user:ThisIsSecretAllTheSame@example.com"}),
    ("shopify", {"token": "ThisIsSecretAllTheSame\n"}),
    ("shopify", {"webhook_secrets": ["ThisIsSecretAllTheSame"]}),
    ("shopify", {"base_url": "http://user:ThisIsSecretAllTheSame@example.com"}),
]


@pytest.mark.parametrize(("name", "options"), WRONG)
def test_no_refused_option_is_repeated(name, options):
    """Law S2: a key that was pasted wrong is a key all the same."""
    with pytest.raises(RefundkitError) as refused:
        CASES[name].cases.gateway(**options)
    assert "ThisIsSecretAllTheSame" not in shown_by(refused.value)


@pytest.mark.parametrize("name", CASES)
def test_structlog_as_shops_configure_it_tells_nothing(server, capfd, name):
    """Law S2: with lines printed as JSON, with tracebacks, as in production."""
    case = CASES[name]
    server.reply_to = echo(500)
    structlog.configure(
        processors=[structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    try:
        gateway = case.gateway(server.url)
        error = asked(lambda: gateway.refund(case.cases.call(gateway)))
        try:
            raise error  # type: ignore[misc]
        except RefundkitError:
            structlog.get_logger().exception("refund.failed", gateway=gateway)
    finally:
        structlog.reset_defaults()
    shown = "".join(capfd.readouterr())
    assert "refund.failed" in shown
    check_silent(case, shown)
