"""What tests of shops and plugins need: contracts, builders, sandboxes, a clock. See each module.

`StoreContract`, `GatewayContract` and `DelivererContract` are what every store, gateway and deliverer must
fulfil. They need pytest (``pip install refundkit[testing]``); nothing else here does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refundkit.testing.deliverer_contract import DelivererContract
    from refundkit.testing.gateway_contract import GatewayContract
    from refundkit.testing.store_contract import StoreContract

__all__ = ["DelivererContract", "GatewayContract", "StoreContract"]

_CONTRACTS = {"DelivererContract": "deliverer", "GatewayContract": "gateway", "StoreContract": "store"}


def __getattr__(name: str) -> Any:
    """Import a contract when it is asked for, with asserts that tell what they compared."""
    if name not in _CONTRACTS:
        raise AttributeError(f"refundkit.testing has no {name!r}.")
    import pytest

    module = f"{__name__}.{_CONTRACTS[name]}"
    pytest.register_assert_rewrite(f"{module}_contract", f"{module}_rules")
    return getattr(import_module(f"{module}_contract"), name)
