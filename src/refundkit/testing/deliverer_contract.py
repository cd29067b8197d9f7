"""The contract that every deliverer keeps, as one class of tests for pytest.

Who writes a deliverer subclasses it with one fixture::

    from refundkit.testing.deliverer_contract import DelivererBench, DelivererContract


    class TestAcmeDeliverer(DelivererContract):
        @pytest.fixture
        def bench(self, acme_server):
            return DelivererBench(deliverer=AcmeDeliverer(url=acme_server.url), handed_over=acme_server.count)

Each test's docstring begins with the number under which docs/reference/deliverer-contract.md says the same in
prose. What the bench has no means for, and what the deliverer does not declare, is skipped with a reason.
"""

from __future__ import annotations

from refundkit.testing.deliverer_rules.bench import DelivererBench, DeliveryMishap
from refundkit.testing.deliverer_rules.declaring import DeclaringRules
from refundkit.testing.deliverer_rules.handing_over import HandingOverRules
from refundkit.testing.deliverer_rules.secrecy import SecrecyRules
from refundkit.testing.deliverer_rules.taking_back import TakingBackRules
from refundkit.testing.deliverer_rules.trouble import TroubleRules

__all__ = ["DelivererBench", "DelivererContract", "DeliveryMishap"]


class DelivererContract(DeclaringRules, HandingOverRules, TroubleRules, TakingBackRules, SecrecyRules):
    """All chapters. Subclass it under a name that begins with ``Test``, and override ``bench``."""
