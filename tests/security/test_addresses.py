"""Where requests go: to the vendor's own address, encrypted, and nowhere that anybody else chose (law S5)."""

import ssl
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import httpx
import pytest
import requests

from refundkit.errors import GatewayError, InvalidValueError, RefundkitError, WebhookError
from refundkit.gateways.base import Gateway, RefundCall
from refundkit.model.refunds import RefundStatus
from tests.gateways import paypal_cases, shopify_cases, stripe_cases, wire
from tests.gateways.wire import Reply

CASES: dict[str, ModuleType] = {"stripe": stripe_cases, "paypal": paypal_cases, "shopify": shopify_cases}
TOKEN = {"access_token": "A21AAToken", "expires_in": 32_400}


@pytest.fixture(name="server")
def _server():
    """Run the server that is asked."""
    with wire.running() as running:
        running.reply_to = answering(running, Reply({}, 500))
        yield running


@pytest.fixture(name="elsewhere")
def _elsewhere():
    """Run the server that must not be asked."""
    with wire.running() as running:
        yield running


def answering(server: wire.Wire, reply: Reply) -> Callable[[wire.Asked], Reply]:
    """Note what was asked but for PayPal's token, and answer with *reply*."""

    def answer(asked: wire.Asked) -> Reply:
        if asked.path.endswith("/oauth2/token"):
            return Reply(TOKEN)
        server.asked.append(asked)
        return reply

    return answer


def asked(question: Callable[[], object]) -> Any:
    """Return what came: an answer or an error of ours."""
    try:
        return question()
    except RefundkitError as error:
        return error


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", CASES)
def test_no_redirect_is_followed(server, elsewhere, name, status):
    """Law S5: the key stays with the vendor, and a redirected refund is not taken for one that was made."""
    target = {"location": f"{elsewhere.url}/v1/refunds"}
    server.reply_to = answering(server, Reply({}, status, target))
    gateway = CASES[name].gateway(base_url=server.url)
    call = CASES[name].call(gateway)
    with pytest.raises(GatewayError):
        gateway.refund(call)
    with pytest.raises(GatewayError):
        gateway.fetch((call.payment,))
    assert server.asked
    assert elsewhere.asked == []


def test_no_login_is_redirected(server, elsewhere):
    """Law S5: PayPal's login sends id and secret themselves."""
    server.reply_to = lambda _: Reply({}, 307, {"location": f"{elsewhere.url}/v1/oauth2/token"})
    gateway = paypal_cases.gateway(base_url=server.url)
    with pytest.raises(GatewayError):
        gateway.refund(paypal_cases.call(gateway))
    assert elsewhere.asked == []


# Ids in addresses.

HOSTILE = (
    *("..", "../", "{}/../../v1/account", "{}/", "/{}", "//evil.example", "{}//evil.example", "{}/refund"),
    *(
        "{}?a=b",
        "{}&a=b",
        "{}#a",
        "{};a",
        "{}%2f..",
        "{}%252f",
        "{}%00",
        "{}%0d%0a",
        "@{}",
        "{}@evil.example",
    ),
    *(
        "é{}",
        "{}\u2024",
        "{}\uff0f",
        "\u202e{}",
        "{}\u2028",
        "{}\uff11",
        "x" * 300,
        "{}\\",
        "{}'",
        '{}"',
        "{}}}",
        "{{}}",
    ),
    *("https://evil.example/{}", "gid://shopify/Order/1/2", "gid://shopify/Order/-1", "gid://evil/Order/1"),
)


def tampered(call: RefundCall, request: Any) -> RefundCall:
    """Return the call with another stored request, as if somebody had written to the database."""
    return attrs.evolve(call, request=request)


def with_reference(request: Any, hostile: str) -> Any:
    """Put *hostile* wherever a stored request names something of the vendor's."""
    names = {"payment_intent", "charge", "capture_id", "orderId", "parentId"}
    if isinstance(request, dict):
        return {
            key: hostile if key in names else with_reference(inner, hostile) for key, inner in request.items()
        }
    return [with_reference(inner, hostile) for inner in request] if isinstance(request, list) else request


def plain(request: Any) -> Any:
    """Thaw a stored request."""
    if hasattr(request, "items"):
        return {key: plain(inner) for key, inner in request.items()}
    return [plain(inner) for inner in request] if isinstance(request, (list, tuple)) else request


@pytest.mark.parametrize("written", HOSTILE)
@pytest.mark.parametrize("name", CASES)
def test_no_id_leads_to_another_address(server, name, written):
    """Law S5: in a payment, a group, an import or a stored request; nothing is sent, or it stays in its place."""
    cases = CASES[name]
    gateway = cases.gateway(base_url=server.url)
    call = cases.call(gateway)
    hostile = written.replace("{}", call.payment.reference)
    for changed in ({"reference": hostile}, {"group": hostile}):
        for question in _questions(gateway, call, changed):
            answer = asked(question)
            assert isinstance(answer, (RefundkitError, dict)) or hasattr(answer, "items"), answer
    asked(lambda: gateway.import_order(hostile))
    asked(lambda: gateway.refund(tampered(call, with_reference(plain(call.request), hostile))))
    assert {one.path for one in server.asked} <= PATHS[name]
    assert not any("?" in one.path or "%" in one.path for one in server.asked)


def _questions(gateway: Gateway, call: RefundCall, changed: dict[str, str]) -> list[Callable[[], object]]:
    try:
        source = attrs.evolve(call.payment, **changed)
    except InvalidValueError:
        return []
    return [lambda: gateway.prepare(call.refund, source), lambda: gateway.fetch((source,))]


# Where the well-formed part of such a call may lead to.
PATHS = {
    "stripe": {"/v1/refunds", "/v1/payment_intents/pi_1"},
    "paypal": {"/v2/payments/captures/3C679366HH908993F"},
    "shopify": {"/admin/api/2026-10/graphql.json"},
}


# The vendor's own address.


@pytest.fixture(name="sent")
def _sent(monkeypatch):
    """Catch what requests and httpx would send, right before it goes out."""
    caught: list[tuple[str, Any]] = []

    def send(adapter: Any, request: Any, *args: Any, verify: Any = True, **options: Any) -> Any:
        caught.append((request.url, verify))
        raise requests.ConnectionError("caught")

    def handle(transport: Any, request: Any) -> Any:
        caught.append((str(request.url), transport._pool._ssl_context))
        raise httpx.ConnectError("caught")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return caught


ADDRESSES = [
    ("stripe", {}, "https://api.stripe.com/"),
    ("paypal", {"live": True}, "https://api-m.paypal.com/"),
    ("paypal", {"live": False}, "https://api-m.sandbox.paypal.com/"),
    ("shopify", {}, "https://example.myshopify.com/"),
]


@pytest.mark.parametrize(("name", "options", "address"), ADDRESSES)
def test_the_vendor_is_asked_and_must_prove_who_it_is(sent, name, options, address):
    """Law S5: a fixed address, https, and certificates are verified."""
    gateway = CASES[name].gateway(**options)
    asked(lambda: gateway.refund(CASES[name].call(gateway)))
    ((url, trust),) = sent
    assert url.startswith(address)
    if isinstance(trust, ssl.SSLContext):
        assert trust.verify_mode is ssl.CERT_REQUIRED
        assert trust.check_hostname
    else:
        assert trust is True or str(trust).endswith(".crt") or str(trust).endswith(".pem")


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_no_netrc_file_replaces_the_key(server, tmp_path, monkeypatch, name):
    """Law S2: requests would send whatever password a file has for that host, or for any."""
    file = tmp_path / "netrc"
    file.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(file))
    gateway = CASES[name].gateway(base_url=server.url)
    asked(lambda: gateway.refund(CASES[name].call(gateway)))
    assert all(one.headers["authorization"].startswith("Bearer ") for one in server.asked)
    assert server.asked


SHOPS = [
    *(
        "example.com",
        "example.myshopify.com.evil.example",
        "evil.example/.myshopify.com",
        "a@b.myshopify.com",
    ),
    *(
        "a:b@c.myshopify.com",
        "example.myshopify.com:8443",
        "example.myshopify.com/",
        "example.myshopify.com#",
    ),
    *(
        "example。myshopify.com",
        "example.myshopify。com",
        "ex\u0430mple.myshopify.com",
        "EXAMPLE.myshopify.com",
    ),
    *(
        "-.myshopify.com",
        ".myshopify.com",
        "a.b.myshopify.com",
        "127.0.0.1",
        "[::1]",
        "example.myshopify.com.",
    ),
    *(
        "example.myshopify.com\n",
        " example.myshopify.com",
        "example.myshopify.com%00",
        "https://example.myshopify.com",
    ),
]


@pytest.mark.parametrize("shop", SHOPS)
def test_only_a_shops_own_name_is_asked(shop):
    """Law S5: the name of a shop may come from whoever installs an app; the token is sent there."""
    with pytest.raises(InvalidValueError, match="no shop such as"):
        shopify_cases.gateway(shop=shop)


CERTIFICATES = [
    *(
        "https://api.sandbox.paypal。com/v1/notifications/certs/C",
        "https://api.sandbox.paypa1.com/v1/notifications/certs/C",
    ),
    *(
        "https://api%2esandbox.paypal.com/v1/notifications/certs/C",
        "https://2130706433/v1/notifications/certs/C",
    ),
    *("https://0x7f.0.0.1/v1/notifications/certs/C", "https://[::ffff:127.0.0.1]/v1/notifications/certs/C"),
    *(
        "https://169.254.169.254/v1/notifications/certs/C",
        "https://api.sandbox.paypal.com%00.evil.example/v1/notifications/certs/C",
    ),
    *(
        "https://api.sandbox.paypal.com\t/v1/notifications/certs/C",
        "https://api.sandbox.paypal.com/v1/notifications/certs/C\n",
    ),
    *(
        "https://api.sandbox.paypal.com/v1/notifications/certs/..",
        "https://api.sandbox.paypal.com/v1/notifications/certs/.",
    ),
    *(
        "https://api.sandbox.paypal.com/v1/notifications/certs/%2e%2e",
        "https://api.sandbox.paypal.com//evil.example/v1/notifications/certs/C",
    ),
    *(
        "https://evil.example#@api.sandbox.paypal.com/v1/notifications/certs/C",
        "https:/api.sandbox.paypal.com/v1/notifications/certs/C",
    ),
    *(
        "https://api.sandbox.paypal.com/v1/notifications/certs/C;x",
        "HTTPS://api.sandbox.paypal.com/v1/notifications/certs/C",
    ),
    *(
        "https://api.paypal.com/v1/notifications/certs/C",
        "https://:@api.sandbox.paypal.com/v1/notifications/certs/C",
    ),
    *(
        "gopher://api.sandbox.paypal.com/v1/notifications/certs/C",
        "//api.sandbox.paypal.com/v1/notifications/certs/C",
    ),
]


@pytest.mark.parametrize("url", CERTIFICATES)
def test_no_other_certificate_is_even_asked_about(url):
    """Law S1: the address of the certificate is the sender's to choose; look-alikes, escapes, IPs and tricks."""
    told = paypal_cases.Told()
    with pytest.raises(WebhookError):
        paypal_cases.gateway(transport=told).parse_webhook(paypal_cases.signed(cert_url=url))
    assert told.asked == []


def test_a_webhook_makes_nobody_fetch_its_certificate(server, elsewhere):
    """Law S1: even the right address is not fetched from here; PayPal is asked, at its fixed address."""
    server.reply_to = answering(server, Reply({"verification_status": "SUCCESS"}))
    gateway = paypal_cases.gateway(base_url=server.url)
    gateway.parse_webhook(paypal_cases.signed())
    assert [one.path for one in server.asked] == ["/v1/notifications/verify-webhook-signature"]


def test_what_a_link_of_an_answer_says_is_not_followed(server, elsewhere):
    """Law S5: PayPal's answers hold links; an id is taken out of one, and no address."""
    links = [
        {"rel": rel, "href": f"{elsewhere.url}/v2/payments/captures/X"} for rel in ("self", "up", "next")
    ]
    server.reply_to = answering(server, Reply(paypal_cases.refund_record(links=links), 201))
    gateway = paypal_cases.gateway(base_url=server.url)
    report = asked(lambda: gateway.refund(paypal_cases.call(gateway)))
    assert report.status is RefundStatus.SUCCEEDED
    asked(lambda: gateway.fetch((paypal_cases.payment(),)))
    assert elsewhere.asked == []
