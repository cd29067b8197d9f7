"""Hostile sizes: whatever is sent is refused, or read, in a moment (law S3).

Seconds are of processor time, so a busy machine does not count, and a hundred times what is needed.
"""

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from refundkit import MemoryStore, Order, Payment, RefundDesk, RefundRequest, normalize_status
from refundkit.errors import (
    GatewayUnavailableError,
    InvalidValueError,
    OutcomeUnknownError,
    WebhookError,
    shown,
)
from refundkit.gateways.base import Webhook
from refundkit.gateways.paypal.guards import plain as plain_paypal
from refundkit.gateways.records import strict_object
from refundkit.gateways.shopify.answers import plain as plain_shopify
from refundkit.gateways.stripe.answers import plain as plain_stripe
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.money import Money
from refundkit.serialization import from_json, loads
from refundkit.testing.fake_gateway import FakeGateway
from tests.gateways import paypal_cases, shopify_cases, stripe_cases, wire

MOST_SECONDS = 2.0
MILLION = 10**6
HALF = "\ud800"


@pytest.fixture(autouse=True)
def _in_a_moment():
    """Fail whatever takes longer."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < MOST_SECONDS


# Amounts.

AMOUNTS: dict[str, Callable[[], Any]] = {
    "a million digits": lambda: "1" * MILLION,
    "a million decimals": lambda: "0." + "0" * MILLION + "1",
    "a million zeros": lambda: "0" * MILLION + "1",
    "an exponent as text": lambda: "1e1000000",
    "an exponent": lambda: Decimal("1e1000000"),
    "a negative exponent": lambda: Decimal("1e-1000000"),
    "the largest exponent": lambda: Decimal("1E+999999"),
    "a Decimal of a million digits": lambda: Decimal("9" * MILLION),
    "a huge int": lambda: 1 << MILLION,
    "a huge negative int": lambda: -(1 << MILLION),
    "2**63": lambda: 2**63,
    "NaN": lambda: Decimal("NaN"),
    "a signalling NaN": lambda: Decimal("sNaN"),
    "NaN as text": lambda: "NaN",
    "Infinity": lambda: Decimal("-Infinity"),
    "Infinity as text": lambda: "Infinity",
    "minus zero": lambda: "-0",
    "a negative zero": lambda: Decimal("-0"),
    "Arabic digits": lambda: "١٢",
    "full-width digits": lambda: "\uff11\uff12",
    "an underscore": lambda: "1_000",
    "a line break": lambda: "1\n",
    "a NUL": lambda: "1\0",
    "half a surrogate pair": lambda: HALF,
    "a float": lambda: 0.1,
    "a float without end": lambda: float("inf"),
    "true": lambda: True,
    "nothing": lambda: None,
    "bytes": lambda: b"1",
    "a million commas": lambda: "1," * MILLION,
}


@pytest.mark.parametrize("amount", AMOUNTS.values(), ids=AMOUNTS)
def test_no_amount_takes_long(amount):
    """Law M3: refused by its form, before a single digit of it is calculated with."""
    hostile = amount()
    for make in (Money.of, Money.of_minor):
        # 1e-1000000 and "-0" are caught as amounts; as minor units they are no ints.
        if not (make is Money.of_minor and type(hostile) is int and abs(hostile) < 2**63):
            with pytest.raises(InvalidValueError) as refused:
                make(hostile, "EUR")
            assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "currency",
    ["x" * MILLION, "eur", "EUR\n", "\uff25\uff35\uff32", "", None, ["EUR"], HALF, "XBT", 978],
    ids=shown,
)
def test_no_currency_takes_long(currency):
    """Law M4: a code of ISO 4217, letter by letter."""
    with pytest.raises(InvalidValueError):
        Money.of(1, currency)


# JSON.

NESTED = 50_000
TEXTS: dict[str, str | bytes] = {
    "brackets": "[" * NESTED,
    "brackets that close": "[" * NESTED + "]" * NESTED,
    "objects": '{"a":' * NESTED + "1" + "}" * NESTED,
    "both": '[{"a":' * NESTED + "1" + "}]" * NESTED,
    "33 levels": "[" * 33 + "]" * 33,
    "digits": '{"amount": ' + "9" * 200_000 + "}",
    "21 digits": '{"amount": ' + "9" * 21 + "}",
    "minus": "-" * 200_000,
    "exponent": '{"amount": 1e400000000}',
    "a fraction": '{"amount": 1.' + "0" * 200_000 + "}",
    "NaN": '{"amount": NaN}',
    "Infinity": '{"amount": Infinity}',
    "minus Infinity": '{"amount": -Infinity}',
    "a key twice": '{"amount": 1, "amount": 2}',
    "a key twice, escaped": '{"amount": 1, "\\u0061mount": 2}',
    "a key twice, further down": '{"a": [{"b": 1, "b": 1}]}',
    "backslashes": '"' + "\\" * 200_000,
    "quotes": '"' * 200_000,
    "escaped quotes": '"' + '\\"' * 100_000,
    "an open text": '{"a": "' + "x" * 200_000,
    "many texts": "[" + '"a",' * 60_000,
    "too large": " " * (256 * 1024 + 1),
    "far too large": b" " * 20_000_000,
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "half a surrogate pair": '{"a": "' + HALF + '"}',
    "a NUL": '{"a": "\0"}',
    "nothing": "",
    "two values": "{} {}",
    "a comment": "{} // x",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_json_takes_long(text):
    """Law S3: size, depth, digits and keys are bounded before anything is made of a text."""
    with pytest.raises(InvalidValueError) as refused:
        loads(text, RefundRequest)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_answer_of_a_service_takes_long(text):
    """Law S3: the same for what services answer, which have their own size: whoever reads bounds that."""
    body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    assert len(body) > 256 * 1024 or strict_object(body) is None or body in HARMLESS


# Ten digits that nobody calculates with: gateways read them as text, and refuse them where money should be.
HARMLESS = {b'{"amount": 1e400000000}'}

FIELDS: dict[str, Any] = {
    "half a surrogate pair": {"reason": HALF},
    "a NUL": {"note": "a\0b"},
    "a long text": {"note": "x" * 4_001},
    "an empty key": {"key": ""},
    "a key of spaces": {"key": " "},
    "a long key": {"key": "x" * 256},
    "a line break in a key": {"key": "a\nb"},
    "a text that turns around": {"key": "a\u202eb"},
    "true for an amount": {"lines": [{"line_id": "a", "quantity": True}]},
    "a text for a quantity": {"lines": [{"line_id": "a", "quantity": "2"}]},
    "2**63 units": {"lines": [{"line_id": "a", "quantity": 2**63}]},
    "deep metadata": {"metadata": json.loads('{"a":' * 17 + "1" + "}" * 17)},
    "wide metadata": {"metadata": {str(number): 1 for number in range(501)}},
    "many small lists": {"metadata": {"a": [[1, 2]] * 200}},
    "long metadata": {"metadata": {"a": "x" * 4_001}},
    "a long key in metadata": {"metadata": {"x" * 256: 1}},
    "a huge number in metadata": {"metadata": {"a": 2**63}},
    "half a pair in metadata": {"metadata": {"a": [HALF]}},
    "a NUL in metadata": {"metadata": {"a\0": 1}},
    "a float in metadata": {"metadata": {"a": 1.5}},
    "a key nobody knows": {"is_admin": True},
    "another class": {"__class__": "os.system"},
    "an amount that is no amount": {"amount": {"amount": "1e5", "currency": "EUR"}},
    "a negative amount": {"amount": {"amount": "-1.00", "currency": "EUR"}},
    "no amount at all": {"amount": {"amount": "0.00", "currency": "EUR"}},
    "an enum that is none": {"reason_type": "__members__"},
    "a percentage without end": {"restocking_fee": {"percent": "1E+99"}},
}


@pytest.mark.parametrize("more", FIELDS.values(), ids=FIELDS)
def test_no_field_holds_what_it_should_not(more):
    """Law S3: structured strictly, with the path in the message; as text and as data."""
    data = {"key": "return-1", "reason": "broken", **more}
    for read in (lambda: from_json(data, RefundRequest), lambda: loads(json.dumps(data), RefundRequest)):
        with pytest.raises(InvalidValueError):
            read()


def _an_order(name: str) -> Order:
    return Order(id=name, currency="EUR")


def _a_payment(name: str) -> Payment:
    return Payment(id="p", gateway="x", reference=name, captured=Money.of(1, "EUR"))


@pytest.mark.parametrize("make", [_an_order, _a_payment])
@pytest.mark.parametrize(
    "name", ["x" * MILLION, "", " a", "a\0", "a\n", HALF, "\u202e", None, 1, b"a"], ids=shown
)
def test_no_id_is_anything_but_an_id(make, name):
    """Law S3: printable, bounded, and nothing that a database could not hold."""
    with pytest.raises(InvalidValueError):
        make(name)


# Words and texts of services.


@pytest.mark.parametrize(
    "said",
    ["4" * MILLION, "4 " * MILLION, "sk_" * MILLION, "Bearer " * MILLION, "\u2028" * MILLION],
    ids=shown,
)
@pytest.mark.parametrize("plain", [plain_stripe, plain_paypal, plain_shopify])
def test_no_text_of_a_service_takes_long(plain, said):
    """Law S2: looking for secrets and card numbers in it costs the same however long it is."""
    assert len(plain(said)) <= 500


@pytest.mark.parametrize(
    "word", ["x" * MILLION, "_" * MILLION, HALF * 1000, "ß" * MILLION, ["x"], {}, float("nan")], ids=shown
)
def test_no_word_takes_long(word):
    """Law S3: a status is a word; whatever else comes is PENDING and shown in a hundred characters."""
    assert len(normalize_status(word, "stripe").raw) <= 100
    assert len(normalize_dispute(word, "stripe", stage=word).raw) <= 100


@pytest.mark.parametrize("name", ["stripe", "paypal", "shopify"])
def test_no_answer_is_read_without_end(name):
    """Law S3: five million bytes that read like a success are none; nobody knows what was done."""
    cases, record = ENDLESS[name]
    with wire.running() as server:
        server.reply_to = lambda asked: wire.Reply(
            {"access_token": "A21AAToken", "expires_in": 32_400} if asked.path.endswith("/token") else record
        )
        gateway = cases.gateway(base_url=server.url)
        call = cases.call(gateway)
        with pytest.raises(OutcomeUnknownError):
            gateway.refund(call)
        with pytest.raises(GatewayUnavailableError):
            gateway.fetch((call.payment,))


_LONG = {"pad": "x" * 5 * MILLION}
ENDLESS: dict[str, tuple[Any, Any]] = {
    "stripe": (stripe_cases, {**stripe_cases.refund_record(), **_LONG}),
    "paypal": (paypal_cases, {**paypal_cases.refund_record(), **_LONG}),
    "shopify": (shopify_cases, {**shopify_cases.created(shopify_cases.refund_record()), **_LONG}),
}


# Webhooks.

HEADERS: dict[str, Callable[[], dict[str, str]]] = {
    "none": dict,
    "a million commas": lambda: _all("t=1," * MILLION),
    "a million signatures": lambda: _all("t=1" + ",v1=" * MILLION),
    "ten thousand signatures": lambda: _all("t=1" + f",v1={'a' * 64}" * 10_000),
    "a long time": lambda: _all("t=" + "9" * MILLION + ",v1=" + "a" * 64),
    "not ASCII": lambda: _all("t=1,v1=" + "é" * 64),
    "half a surrogate pair": lambda: _all(HALF),
    "a NUL": lambda: _all("\0"),
}


def _all(value: str) -> dict[str, str]:
    names = ("auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time")
    others = ("stripe-signature", "x-shopify-hmac-sha256", "x-signature")
    return dict.fromkeys((*others, *(f"paypal-{name}" for name in names)), value)


GATEWAYS = {
    "stripe": stripe_cases.gateway(),
    "paypal": paypal_cases.gateway(transport=paypal_cases.Told()),
    "shopify": shopify_cases.gateway(),
    "fake": FakeGateway(),
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("name", GATEWAYS)
def test_no_header_takes_long(name, headers):
    """Law S1: whatever stands in the place of a signature is refused, before the body is looked at."""
    with pytest.raises(WebhookError):
        a_desk().receive(name, body=b"{}", headers=headers())


@pytest.mark.parametrize("name", GATEWAYS)
def test_no_webhook_is_larger_than_256_kib(name):
    """Law S3: 413, from the desk and, but for the fake, from the gateway itself; not even the hash is computed."""
    body = b"[" * (256 * 1024 + 1)
    headers = paypal_cases.signed(body).headers if name == "paypal" else {}
    with pytest.raises(WebhookError) as refused:
        a_desk().receive(name, body=body, headers=headers)
    assert refused.value.http_status == 413
    if name != "fake":
        with pytest.raises(WebhookError) as refused:
            GATEWAYS[name].parse_webhook(Webhook(body=body, headers=headers, received_at=paypal_cases.NOW))
        assert refused.value.http_status == 413


SIGNED = {
    "stripe": stripe_cases.webhook,
    "paypal": paypal_cases.signed,
    "shopify": shopify_cases.webhook,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", SIGNED)
def test_no_signed_body_takes_long(name, text):
    """Laws S1 and S3: the same texts behind a signature that is right, as a vendor's key in wrong hands could send."""
    body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if name != "stripe" and body in HARMLESS:
        assert GATEWAYS[name].parse_webhook(SIGNED[name](body)) == ()
        return
    with pytest.raises(WebhookError):
        GATEWAYS[name].parse_webhook(SIGNED[name](body))


def a_desk() -> RefundDesk:
    """Open a desk with every gateway."""
    return RefundDesk(store=MemoryStore(), gateways=GATEWAYS.values(), clock=lambda: paypal_cases.NOW)
