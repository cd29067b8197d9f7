"""Every exception that refundkit raises on purpose.

::

    RefundkitError
    ├── InvalidValueError (ValueError)      a value that must not exist: 61.005 EUR, an empty id, a float
    ├── RefundDenied                        the laws or the policy forbid it; every reason, and what would be possible
    ├── ReviewRequired                      the policy wants another person to approve; carries the plan
    ├── PlanChangedError                    the refund would no longer be what was shown
    ├── KeyReuseError                       a request key was used again for something else
    ├── GatewayError                        a gateway could not be asked or not be understood
    │   ├── GatewayUnavailableError         certain: nothing was executed
    │   └── OutcomeUnknownError             it may have been executed, and it may not
    ├── DeliveryError                       goods could not be handed over or taken back; ``is_final``: do not try again
    ├── RedeliveryDenied                    nothing is sent again now; every reason, and how many seconds to wait
    ├── WebhookError                        forged, stale, foreign or unreadable; ``http_status`` says what to answer
    ├── StoreError                          the store cannot do what was asked
    │   ├── OrderNotFoundError              no such order (or payment, or refund) here
    │   ├── OrderExistsError                the order is registered with other content
    │   ├── ReferenceTakenError             a payment reference belongs to one order only
    │   └── StoreBusyError                  others held the store longer than the deadline
    └── PluginError                         a plugin or its configuration is wrong

Expected outcomes are values, not exceptions: a refund that the gateway declines is a ``Refund`` with
status FAILED. Every error keeps the values it speaks of as attributes, and every error pickles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refundkit.money import Money
    from refundkit.policy.plan import RefundPlan
    from refundkit.policy.reasons import Reason

__all__ = [
    "DeliveryError",
    "GatewayError",
    "GatewayUnavailableError",
    "InvalidValueError",
    "KeyReuseError",
    "OrderExistsError",
    "OrderNotFoundError",
    "OutcomeUnknownError",
    "PlanChangedError",
    "PluginError",
    "RedeliveryDenied",
    "ReferenceTakenError",
    "RefundDenied",
    "RefundkitError",
    "ReviewRequired",
    "StoreBusyError",
    "StoreError",
    "WebhookError",
    "shown",
]


def shown(value: object) -> str:
    """Write *value* for a message: one line, at most 60 characters, however large it is."""
    if type(value) is int and value.bit_length() > 200:
        return f"an int of {value.bit_length()} bits"
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of more digits, or more nesting, than Python writes
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


class RefundkitError(Exception):
    """The one base of all errors; *values* become attributes of the same names."""

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        vars(self).update(values)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self), dict(vars(self)))


def _rebuild(kind: type[RefundkitError], message: str, values: dict[str, Any]) -> RefundkitError:
    return kind(message, **values)


class InvalidValueError(RefundkitError, ValueError):
    """A value that must not exist; ``field`` and ``value`` say which, where they are known."""

    field: str
    value: object


class RefundDenied(RefundkitError):  # noqa: N818 - an answer that reads as one, not a malfunction
    """The request is refused and nothing was changed.

    ``reasons`` holds every reason, ``asked`` the amount asked for (None if it has no price), and
    ``possible`` the most that could still be given back of this order.
    """

    order_id: str
    reasons: tuple[Reason, ...]
    asked: Money | None
    possible: Money


class ReviewRequired(RefundkitError):  # noqa: N818 - an answer that reads as one, not a malfunction
    """Another person must approve: send the same request again with ``approved_by``.

    ``plan`` is what would be done, ``reasons`` why a person must look.
    """

    plan: RefundPlan
    reasons: tuple[Reason, ...]


class PlanChangedError(RefundkitError):
    """The refund would differ from ``shown``; ``current`` is the plan as it would be now."""

    shown: RefundPlan
    current: RefundPlan


class KeyReuseError(RefundkitError):
    """The request ``key`` already stands for another request on order ``order_id``."""

    order_id: str
    key: str


class GatewayError(RefundkitError):
    """``gateway`` could not be asked or could not be understood."""

    gateway: str


class GatewayUnavailableError(GatewayError):
    """Certain: the gateway executed nothing. Asking again is safe.

    ``retry_after_seconds`` is how long the gateway asks to be left alone, None if it does not say.
    """

    retry_after_seconds: float | None = None


class OutcomeUnknownError(GatewayError):
    """The gateway may have executed it. The money stays reserved until the gateway says what is true."""


class DeliveryError(RefundkitError):
    """Goods could not be handed over or taken back, or nobody knows; unless ``is_final``, it is tried again."""

    is_final: bool

    def __init__(self, message: str, *, is_final: bool = False, **values: Any) -> None:
        super().__init__(message, is_final=is_final, **values)


class RedeliveryDenied(RefundkitError):  # noqa: N818 - as RefundDenied
    """Nothing is sent again now: ``reasons`` say why, ``seconds_left`` how long to wait (0: waiting is no help)."""

    reasons: tuple[Reason, ...]
    seconds_left: int

    def __init__(self, message: str, *, seconds_left: int = 0, **values: Any) -> None:
        super().__init__(message, seconds_left=seconds_left, **{"reasons": (), **values})


class WebhookError(RefundkitError):
    """The webhook is refused; answer it with ``http_status`` and do nothing else."""

    http_status: int

    def __init__(self, message: str, *, http_status: int = 400, **values: Any) -> None:
        super().__init__(message, http_status=http_status, **values)


class StoreError(RefundkitError):
    """The store cannot do what was asked; nothing was changed."""


class OrderNotFoundError(StoreError):
    """This store holds no such order, payment or refund."""


class OrderExistsError(StoreError):
    """``order_id`` is registered already, with other content; an order is an immutable record."""

    order_id: str


class ReferenceTakenError(StoreError):
    """``reference`` at ``gateway`` belongs to ``order_id``; one payment belongs to one order only."""

    gateway: str
    reference: str
    order_id: str


class StoreBusyError(StoreError):
    """Others held the store longer than the deadline. Nothing was changed; try again."""


class PluginError(RefundkitError):
    """A plugin, or the configuration that names it, is wrong."""
