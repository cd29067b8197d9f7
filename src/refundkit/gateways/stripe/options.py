"""The options of the Stripe gateway, and what each of them may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from refundkit.errors import InvalidValueError, shown
from refundkit.model.requests import RefundReason

__all__ = ["REASONS", "checked_account", "checked_reasons", "is_test_key"]

# Not `fraudulent`: that word puts the buyer's card and e-mail on Stripe's block lists.
REASONS: Final[Mapping[RefundReason, str]] = {
    RefundReason.DUPLICATE: "duplicate",
    RefundReason.DAMAGED: "requested_by_customer",
    RefundReason.NOT_RECEIVED: "requested_by_customer",
    RefundReason.WRONG_ITEM: "requested_by_customer",
    RefundReason.CUSTOMER_SATISFACTION: "requested_by_customer",
    RefundReason.CHANGED_MIND: "requested_by_customer",
    RefundReason.ORDER_CHANGE: "requested_by_customer",
}
_WORDS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})

_API_KEY = re.compile(r"(?:sk|rk)_(?:org_)?(live|test)_[A-Za-z0-9_]{1,250}", re.ASCII)
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,100}", re.ASCII)


def is_test_key(api_key: object) -> bool:
    """Say whether *api_key* belongs to test mode; without an answer, law S7 could not be kept."""
    match = _API_KEY.fullmatch(api_key) if isinstance(api_key, str) else None
    if match is None:
        # The value stays out of the message: it is a secret all the same.
        raise InvalidValueError(
            "api_key must be one of Stripe's secret or restricted keys (sk_live_…, sk_test_…, rk_…).",
            field="api_key",
        )
    return match[1] == "test"


def checked_account(account: str | None) -> str | None:
    """Require the id of a connected account, or none."""
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise InvalidValueError(
            f"{shown(account)} is no Stripe account, such as 'acct_…'.", field="account", value=account
        )
    return account


def checked_reasons(reasons: Mapping[Any, Any]) -> dict[RefundReason, str]:
    """Require that reasons are mapped to words that Stripe takes."""
    for reason, word in reasons.items():
        if not isinstance(reason, RefundReason) or word not in _WORDS:
            raise InvalidValueError(
                f"Stripe takes {', '.join(sorted(_WORDS))}, not {shown(word)} for {shown(reason)}.",
                field="reasons",
                value=word,
            )
    return dict(reasons)
