"""The contract that every gateway keeps, as one class of tests for pytest.

Who writes a gateway subclasses it with one fixture::

    from refundkit.testing.gateway_contract import Bench, GatewayContract


    class TestAcmeGateway(GatewayContract):
        @pytest.fixture
        def bench(self, acme_server):
            gateway = AcmeGateway(url=acme_server.url, api_key="secret-key")
            return Bench(gateway=gateway, payment=acme_server.take, secrets=("secret-key",))

Each test's docstring begins with the number under which docs/reference/gateway-contract.md says the same in
prose. What the bench has no means for, and what the gateway does not declare, is skipped with a reason.
"""

from __future__ import annotations

from refundkit.testing.gateway_rules.amounts import AmountRules
from refundkit.testing.gateway_rules.answers import AnswerRules
from refundkit.testing.gateway_rules.bench import Bench, Mishap
from refundkit.testing.gateway_rules.capabilities import CapabilityRules
from refundkit.testing.gateway_rules.fetching import FetchRules
from refundkit.testing.gateway_rules.preparing import PreparingRules
from refundkit.testing.gateway_rules.refunding import RefundingRules
from refundkit.testing.gateway_rules.secrecy import SecrecyRules
from refundkit.testing.gateway_rules.webhooks import WebhookRules

__all__ = ["Bench", "GatewayContract", "Mishap"]


class GatewayContract(
    PreparingRules,
    RefundingRules,
    AnswerRules,
    FetchRules,
    AmountRules,
    CapabilityRules,
    WebhookRules,
    SecrecyRules,
):
    """All chapters. Subclass it under a name that begins with ``Test``, and override ``bench``."""
