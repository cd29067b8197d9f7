"""Sections: what each part of the configuration holds, read and checked; none of it needs a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from refundkit.cli.filling import filled_in
from refundkit.cli.secrets import in_environment, refuse_literals, require_no_password
from refundkit.cli.words import money
from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.errors import InvalidValueError, shown
from refundkit.model.refunds import NAMESPACE
from refundkit.model.requests import RefundReason
from refundkit.policy.goods import Revocation
from refundkit.policy.rules import MaxAmount, Policy, ReviewAbove, Rule, Window

__all__ = [
    "credit_notes",
    "delivery_timing",
    "namespace",
    "options",
    "policy",
    "revocation",
    "store_url",
    "tells_listeners",
    "wrong",
]


def options(data: Mapping[str, Any], section: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the options of everything in a section; none of them is a secret itself."""
    named: Mapping[str, Any] = data.get(section, {})
    for name, settings in named.items():
        if not isinstance(settings, dict):
            raise wrong(f"{section}.{name}", f"must be a section: [{section}.{name}].")
        refuse_literals(settings, f"{section}.{name}")
    return named


def revocation(section: Mapping[str, Any]) -> Revocation:
    """Read whether goods are taken back when their money is given back."""
    said = section.get("revocation", Revocation.ON_REFUND)
    if said not in list(Revocation):
        raise wrong("deliveries.revocation", f"is one of {', '.join(Revocation)}.")
    return Revocation(said)


def delivery_timing(section: Mapping[str, Any]) -> DeliveryTiming:
    """Read how often deliveries are tried, as `DeliveryTiming` says it."""
    timing = {name: value for name, value in section.items() if name != "revocation"}
    try:
        return DeliveryTiming(**filled_in(timing, "deliveries"))
    except TypeError:
        raise wrong(
            "deliveries",
            "holds revocation, most_attempts = 6, retries = [{ minutes = 1 }, { hours = 1 }], "
            "lease = { minutes = 2 }, quarantine = { minutes = 15 } and cooldown = { seconds = 60 }.",
        ) from None


def tells_listeners(section: Mapping[str, Any]) -> bool:
    """Read whether the listeners of plugins are all that there are, so that they can be told here."""
    if section not in ({}, {"plugins": True}, {"plugins": False}):
        raise wrong(
            "listeners",
            "holds plugins = true, if all listeners of your shop come from plugins; else leave it out.",
        )
    return section.get("plugins", False) is True


def credit_notes(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read which series the notes are numbered in, and which reasons get one."""
    series = {name: value for name, value in section.items() if name != "reasons"}
    reasons = section.get("reasons", [RefundReason.CUSTOMER_SATISFACTION])
    is_known = isinstance(reasons, list) and all(reason in list(RefundReason) for reason in reasons)
    are_texts = all(isinstance(text, str) and text.strip() for text in series.values())
    if series.keys() - {"series", "test_series"} or not are_texts or not (reasons == "all" or is_known):
        raise wrong(
            "credit_notes",
            f'holds series, test_series, and reasons: "all", or a list of {", ".join(RefundReason)}.',
        )
    return {**series, "eligible": "all" if reasons == "all" else frozenset(map(RefundReason, reasons))}


def store_url(data: Mapping[str, Any]) -> Any:
    """Read where the orders are: an address without a password, or the variable that holds one."""
    store = data.get("store", {})
    for name in sorted(store.keys() - {"url", "namespace"}):
        raise wrong(f"store.{name}", "is no option of [store]; there are url and namespace.")
    url = store.get("url")
    if not (isinstance(url, str) or in_environment(url)):
        raise wrong("store.url", 'is missing. Write: [store] and below it url = "sqlite:///refunds.db".')
    if isinstance(url, str):
        require_no_password(url)
    return url


def namespace(data: Mapping[str, Any]) -> UUID:
    """Read the namespace of the refunds' ids, which must be that of the shop's own desk (law E2)."""
    said = data["store"].get("namespace")
    try:
        return NAMESPACE if said is None else UUID(said)
    except (ValueError, AttributeError, TypeError):
        raise wrong("store.namespace", "is no UUID; write that of your shop's desk, or nothing.") from None


_RULES: Mapping[str, Any] = {
    "window_days": Window,
    "review_above": lambda value: ReviewAbove(money(value)),
    "max_amount": lambda value: MaxAmount(money(value)),
}


def policy(section: Mapping[str, Any]) -> Policy:
    """Read the rules that a file can hold."""
    rules: list[Rule] = []
    for name, value in section.items():
        if name not in _RULES:
            raise wrong(f"policy.{name}", f"is no rule that a file can hold; there are {', '.join(_RULES)}.")
        # One limit per currency: a list says them all.
        rules += [_RULES[name](one) for one in (value if isinstance(value, list) else [value])]
    return Policy(rules=tuple(rules))


def wrong(name: str, text: str) -> InvalidValueError:
    """Return what is wrong with option *name*."""
    return InvalidValueError(f"{shown(name)[1:-1]} {text}", field=name)
