"""Targets for webhooks: bytes before and behind a signature that is right.

The first byte of an input says which: an even one has the rest signed as the vendor would sign it, so that
what is mutated gets past the signature; with an odd one, the first line is the header, the rest is the body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from refundkit.gateways.base import Gateway, Webhook
from tests.gateways import paypal_cases, shopify_cases, stripe_cases

__all__ = ["WEBHOOKS", "WebhookTarget", "fake_signature"]

SIGNED = b"\x00"
GIVEN = b"\x01"


@frozen(kw_only=True)
class WebhookTarget:
    """Where a webhook's seeds come from, and what is done with one."""

    seeds: tuple[bytes, ...] = field(repr=False)
    attempt: Callable[[bytes], object] = field(repr=False)


def _target(
    gateway: Gateway,
    sign: Callable[[bytes], Mapping[str, str]],
    given: Callable[[str], Mapping[str, str]],
    *bodies: bytes,
) -> WebhookTarget:
    def attempt(data: bytes) -> None:
        is_given, rest = bool(data[:1] and data[0] % 2), data[1:]
        header, _, body = rest.partition(b"\n") if is_given else (b"", b"", rest)
        headers = given(header.decode("latin-1")) if is_given else sign(body)
        names = gateway.parse_webhook(Webhook(body=body, headers=headers, received_at=stripe_cases.NOW))
        # They go into look-ups, and from there into URLs (law S5).
        assert all(type(name) is str and name.isascii() and name.isprintable() for name in names)

    first = "\n".join(sign(bodies[0]).values()).encode()
    forged = tuple(GIVEN + first.replace(b"\n", b";") + b"\n" + body for body in bodies[:2])
    return WebhookTarget(seeds=(*(SIGNED + body for body in bodies), *forged), attempt=attempt)


def _stripe() -> WebhookTarget:
    about = [
        stripe_cases.refund_record(),
        stripe_cases.charge_record(),
        stripe_cases.intent_record(),
        stripe_cases.dispute_record(),
    ]
    return _target(
        stripe_cases.gateway(),
        lambda body: {"stripe-signature": f"t={stripe_cases.NOW_SECONDS},v1={stripe_cases.signature(body)}"},
        lambda header: {"stripe-signature": header},
        *map(stripe_cases.event, about),
    )


def _paypal() -> WebhookTarget:
    def given(header: str) -> Mapping[str, str]:
        names = ("auth-algo", "cert-url", "transmission-id", "transmission-time", "transmission-sig")
        return {f"paypal-{name}": value for name, value in zip(names, header.split(";"), strict=False)}

    dispute = {
        **paypal_cases.dispute_record(),
        "disputed_transactions": [{"seller_transaction_id": "3C679366HH908993F"}],
    }
    return _target(
        paypal_cases.gateway(transport=_Believer),
        lambda body: dict(paypal_cases.signed(body).headers),
        given,
        paypal_cases.event(),
        paypal_cases.event(paypal_cases.capture_record(), "capture"),
        paypal_cases.event(dispute, "dispute"),
        paypal_cases.event(paypal_cases.order_record(paypal_cases.refund_record()), "checkout-order"),
    )


class _Believer(paypal_cases.Told):
    """A PayPal that finds every signature right; it keeps nothing, because it is asked millions of times."""

    def __init__(self, account: Any) -> None:
        super().__init__()

    def verify(self, body: bytes) -> Any:
        """Require that what PayPal is asked is one strict object, whatever the webhook was."""
        asked = json.loads(body, object_pairs_hook=_unique)
        assert list(asked)[-2:] == ["webhook_id", "webhook_event"], "a webhook changed the question about it"
        return self._answer("verify", 200)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a key came twice"
    return dict(pairs)


def _shopify() -> WebhookTarget:
    bodies = [
        {"id": 5, "order_id": 1, "note": "refundkit:refund-1", "transactions": [{"id": 12, "order_id": 1}]},
        {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1", "total_price": "50.00"},
        {"id": 7, "order_id": None, "type": "chargeback"},
    ]
    return _target(
        shopify_cases.gateway(),
        lambda body: {"x-shopify-hmac-sha256": shopify_cases.signature(body)},
        lambda header: {"shopify-hmac-sha256": header},
        *(json.dumps(body).encode() for body in bodies),
    )


def fake_signature(body: bytes) -> str:
    """Sign as `FakeGateway` does."""
    return hmac.new(b"secret", body, hashlib.sha256).hexdigest()


WEBHOOKS = {"stripe": _stripe(), "paypal": _paypal(), "shopify": _shopify()}
