"""How Stripe signs webhooks."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["signed"]


def signed(body: bytes, secret: str, at_seconds: int) -> str:
    """Return the header ``Stripe-Signature`` for *body*, signed with *secret* at a time.

    >>> signed(b"{}", "whsec_1", 1)[:10]
    't=1,v1=f1e'
    """
    signature = hmac.new(secret.encode(), f"{at_seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={signature}"
