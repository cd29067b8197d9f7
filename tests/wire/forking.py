"""A shop's worker: it asks each gateway, forks, and asks again in the child and then in itself.

Run as a process of its own, because a fork wants no other threads. Reads a list of [vendor, url, payment] as
JSON from stdin, where payment is [reference, group]; prints what each of the three times was told.
"""

import json
import os
import sys

from refundkit.gateways.base import Gateway
from refundkit.gateways.paypal import PayPalGateway
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.model.payments import Payment
from refundkit.money import Money

__all__ = ["gateway_of"]


def gateway_of(vendor: str, url: str) -> Gateway:
    """Make a gateway to the sandbox of a vendor."""
    if vendor == "stripe":
        return StripeGateway(api_key="sk_test_1", base_url=url)
    if vendor == "paypal":
        return PayPalGateway(client_id=sys.argv[1], client_secret=sys.argv[2], live=False, base_url=url)
    return ShopifyGateway(shop=sys.argv[3], token=sys.argv[4], base_url=url)


def main() -> None:
    """Ask, fork, ask."""
    known = [
        (gateway_of(vendor, url), _payment(vendor, *payment)) for vendor, url, payment in json.load(sys.stdin)
    ]

    def ask() -> None:
        for gateway, payment in known:
            (report,) = gateway.fetch((payment,))
            # Written at once: what waits in a buffer would be in both processes.
            os.write(1, f"{gateway.name} {report.captured} {len(report.refunds or ())}\n".encode())

    ask()
    child = os.fork()
    if child == 0:
        ask()
        os._exit(0)
    os.waitpid(child, 0)
    ask()


def _payment(vendor: str, reference: str, group: str | None) -> Payment:
    return Payment(
        id="p", gateway=vendor, reference=reference, group=group, captured=Money.of("50.00", "EUR")
    )


if __name__ == "__main__":
    main()
