"""Sandboxes: small stateful servers for the parts of a vendor that refundkit uses, on a loopback port.

Each speaks the vendor's protocol to the real SDK and is as strict as the vendor: it keeps idempotency keys,
refuses over-refunds in the vendor's words, signs webhooks, and misbehaves as a test tells it to. A shop
starts one in its own tests with one fixture::

    @pytest.fixture
    def paypal():
        with PayPalSandbox() as sandbox:
            yield sandbox
"""

from refundkit.testing.sandbox.faults import Fault, FaultScript
from refundkit.testing.sandbox.server import Reply, Request, Sandbox

__all__ = ["Fault", "FaultScript", "Reply", "Request", "Sandbox"]
