"""Who asks: whose records the key opens, and what exactly is asked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NoReturn

from attrs import frozen

from refundkit.testing.sandbox.messages import Request
from refundkit.testing.sandbox.stripe.books import Scope
from refundkit.testing.sandbox.stripe.forms import Form, form_of
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["Call", "call_of"]

_KEY = re.compile(r"Bearer ((?:sk|rk)_(test|live)_[A-Za-z0-9_]+)", re.ASCII)


@frozen(kw_only=True)
class Call:
    """One request, understood: ``name`` is the id in its path, ``scope`` whose records it may see."""

    request: Request
    scope: Scope
    form: Form
    name: str = ""


def call_of(request: Request, accounts: Collection[str]) -> Call:
    """Understand *request*, or refuse it for its key or its account."""
    authorization = request.headers.get("authorization", "")
    match = _KEY.fullmatch(authorization)
    if match is None:
        _refuse_key(authorization)
    account = request.headers.get("stripe-account")
    if account is not None and account not in accounts:
        refuse(
            f"The provided key '{_masked(match[1])}' does not have access to account '{account}' "
            "(or that account does not exist). Application access may have been revoked.",
            status=403,
            is_kept=False,
            code="account_invalid",
        )
    scope = Scope(account, match[2] == "live")
    path = request.path.split("/")
    return Call(request=request, scope=scope, form=form_of(request), name=path[-1] if len(path) > 3 else "")


def _refuse_key(authorization: str) -> NoReturn:
    key = authorization.removeprefix("Bearer ")
    if not key:
        refuse("You did not provide an API key.", status=401, is_kept=False)
    refuse(f"Invalid API Key provided: {_masked(key)}", status=401, is_kept=False, code="api_key_invalid")


def _masked(key: str) -> str:
    return f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * len(key)
