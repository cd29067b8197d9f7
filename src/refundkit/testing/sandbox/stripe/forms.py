"""What a request says: forms with brackets, and which parameters Stripe takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from refundkit.testing.sandbox.messages import Request
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["LISTED", "PARAMETERS", "Form", "check_names", "flag", "form_of", "metadata", "whole_number"]

Form = Mapping[str, Any]

_PAGED = frozenset({"limit", "starting_after", "ending_before", "created", "expand"})
LISTED: Final[Mapping[str, frozenset[str]]] = {
    "refund": _PAGED | {"charge", "payment_intent"},
    "charge": _PAGED | {"payment_intent", "customer", "transfer_group"},
    "dispute": _PAGED | {"charge", "payment_intent"},
    "event": _PAGED | {"type", "types", "delivery_success"},
}
# What may be said when something is made or changed; a test compares the first with the SDK's own list.
PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    "create refund": frozenset(
        {
            "amount",
            "charge",
            "currency",
            "customer",
            "expand",
            "instructions_email",
            "metadata",
            "origin",
            "payment_intent",
            "reason",
            "refund_application_fee",
            "reverse_transfer",
        }
    ),
    "update refund": frozenset({"expand", "metadata"}),
    "retrieve": frozenset({"expand"}),
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)


def form_of(request: Request) -> Form:
    """Read the query of a GET, or the form of a POST."""
    if request.method == "GET":
        return _nested(request.query.items())
    return _nested(parse_qsl(request.body.decode(), keep_blank_values=True))


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn ``created[gte]=1`` and ``expand[0]=charge`` into mappings and lists."""
    form: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = name.replace("]", "").split("[")
        inner = form
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last or str(len(inner))] = value
    return {name: _listed(value) for name, value in form.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(content) for name, content in value.items()}
    return list(inner.values()) if inner and all(name.isdigit() for name in inner) else inner


def check_names(form: Form, allowed: frozenset[str]) -> None:
    """Refuse a parameter that Stripe does not know."""
    for name in form:
        if name not in allowed:
            _refuse_parameter(f"Received unknown parameter: {name}", "parameter_unknown", name)


def whole_number(form: Form, name: str, least: int = 1, most: int | None = None) -> int | None:
    """Read a whole number from *least* to *most*."""
    text = form.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        _refuse_parameter(f"Invalid integer: {text}", "parameter_invalid_integer", name)
    if int(text) < least:
        _refuse_parameter(
            f"This value must be greater than or equal to {least}.", "parameter_invalid_integer", name
        )
    if most is not None and int(text) > most:
        _refuse_parameter(
            f"This value must be less than or equal to {most}.", "parameter_invalid_integer", name
        )
    return int(text)


def flag(form: Form, name: str) -> bool:
    """Read a boolean, as forms write them."""
    text = form.get(name, "false")
    if text not in ("true", "false"):
        _refuse_parameter(f"Invalid boolean: {text}", None, name)
    return bool(text == "true")


def metadata(form: Form) -> dict[str, str]:
    """Read metadata: at most 50 keys of 40 characters, with values of 500."""
    content = form.get("metadata") or {}
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        _refuse_parameter("Invalid object", None, "metadata")
    if len(content) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in content.items()):
        _refuse_parameter(
            "Metadata can have up to 50 keys of up to 40 characters, with values of up to 500.",
            None,
            "metadata",
        )
    return dict(content)


def _refuse_parameter(message: str, code: str | None, name: str) -> NoReturn:
    # Before execution begins: the idempotency key stays free.
    details = {"param": name} if code is None else {"param": name, "code": code}
    refuse(message, status=400, is_kept=False, **details)
