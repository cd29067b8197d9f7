"""What a gateway says before money is at stake, checked: one that breaks its contract is named, and stops there.

What it answers about money is checked elsewhere, because there it counts as "not known" (law E4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from refundkit.errors import PluginError, RefundkitError, WebhookError
from refundkit.gateways.base import Gateway, Webhook
from refundkit.model.capabilities import Capabilities
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund

__all__ = ["capabilities_of", "name_of", "references_in", "request_for"]

T = TypeVar("T")

# Each of them is looked up, and each order that is found is asked about while the sender waits (law S3).
MOST_NAMED: Final = 100


def name_of(gateway: Gateway) -> str:
    """Return the name of *gateway*.

    Raises:
        PluginError: if it has none.
    """
    name: object = getattr(gateway, "name", None)
    if isinstance(name, str) and name:
        return name
    raise PluginError(f"{type(gateway).__name__} has no name; set self.name to a text when it is made.")


def capabilities_of(gateway: Gateway, payment: Payment) -> Capabilities:
    """Return what *gateway* can do with *payment*.

    Raises:
        PluginError: if it does not say.
    """
    return _told(gateway, "capabilities", Capabilities, lambda: gateway.capabilities(payment))


def request_for(gateway: Gateway, refund: Refund, payment: Payment) -> Mapping[str, Any]:
    """Return the request for *refund* that will be stored and sent.

    Raises:
        InvalidValueError: if the gateway says that its service could not take this refund.
        PluginError: if there is no request.
    """
    request = _told(gateway, "prepare", Mapping, lambda: gateway.prepare(refund, payment))
    if request:
        return request
    # Many a service takes an empty request for "everything that is left" (law C2).
    raise PluginError(
        f"Gateway {gateway.name} prepared an empty request for refund {refund.id}; nothing was sent.",
        gateway=gateway.name,
        refund_id=refund.id,
    )


def references_in(gateway: Gateway, webhook: Webhook) -> tuple[str, ...]:
    """Return what *webhook* is about.

    Raises:
        WebhookError: if the gateway refuses it, or names payments by what is no text, or too many of them.
    """
    named: object = gateway.parse_webhook(webhook)
    found = tuple(named) if isinstance(named, Iterable) and not isinstance(named, (str, bytes)) else (None,)
    texts = tuple(name for name in found if isinstance(name, str))
    if len(texts) > MOST_NAMED:
        raise WebhookError(f"A webhook for {gateway.name} names more than {MOST_NAMED} payments.")
    if len(texts) == len(found):
        return texts
    raise WebhookError(
        f"Gateway {gateway.name} could not read this webhook: parse_webhook() must return a tuple of texts."
    )


def _told(gateway: Gateway, method: str, kind: type[Any], ask: Callable[[], T]) -> T:
    try:
        answer = ask()
    except RefundkitError:
        raise
    except Exception as error:
        raise PluginError(
            f"Gateway {gateway.name} raised {type(error).__name__} in {method}().", gateway=gateway.name
        ) from error
    if isinstance(answer, kind):
        return answer
    raise PluginError(
        f"Gateway {gateway.name} must return a {kind.__name__} from {method}(), not {type(answer).__name__}.",
        gateway=gateway.name,
    )
