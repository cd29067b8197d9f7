"""How records are shown: expanded as asked, and lists page by page."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from refundkit.testing.sandbox.stripe.books import Books, Record
from refundkit.testing.sandbox.stripe.forms import Form, check_names, whole_number
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["page", "shown"]

EXPANDABLE: Final[Mapping[str, frozenset[str]]] = {
    "balance_transaction": frozenset({"source"}),
    "charge": frozenset({"balance_transaction", "payment_intent", "refunds"}),
    "dispute": frozenset({"charge", "payment_intent"}),
    "event": frozenset(),
    "payment_intent": frozenset({"latest_charge"}),
    "refund": frozenset({"balance_transaction", "charge", "failure_balance_transaction", "payment_intent"}),
}
MAX_DEPTH: Final = 4
_BOUNDS: Final = {"eq": int.__eq__, "gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}


def shown(books: Books, record: Record, form: Form) -> Record:
    """Show *record* as it is now, with what the form wants expanded."""
    whole = copy.deepcopy(record)
    for path in form.get("expand") or ():
        _expand(books, whole, str(path).split("."))
    return whole


def _expand(books: Books, record: Record, path: list[str]) -> None:
    name, *rest = path
    if name not in EXPANDABLE[record["object"]] or len(rest) >= MAX_DEPTH:
        refuse(f"This property cannot be expanded ({name}).", is_kept=False)
    if name == "refunds":
        record[name] = _newest_refunds(books, record)
    inner = record.get(name)
    if isinstance(inner, str):
        record[name] = inner = copy.deepcopy(books.get(inner))
    if rest and isinstance(inner, dict):
        _expand(books, inner, rest)


def _newest_refunds(books: Books, charge: Record) -> Record:
    refunds = books.of_charge("refund", charge)
    url = f"/v1/charges/{charge['id']}/refunds"
    return {"object": "list", "data": copy.deepcopy(refunds[:10]), "has_more": len(refunds) > 10, "url": url}


def page(books: Books, records: list[Record], form: Form, url: str) -> Record:
    """Show one page of *records* (newest first), from where the form says and as long as it says."""
    limit = whole_number(form, "limit", most=100) or 10
    bounds = _bounds(form.get("created") or {})
    chosen = [
        record
        for record in records
        if all(_BOUNDS[name](record["created"], at) for name, at in bounds.items())
    ]
    if "ending_before" in form:
        before = chosen[: _place(chosen, form, "ending_before")]
        data, has_more = before[-limit:], len(before) > limit
    else:
        after = chosen[_place(chosen, form, "starting_after") + 1 :] if "starting_after" in form else chosen
        data, has_more = after[:limit], len(after) > limit
    inner = {"expand": [str(path).removeprefix("data.") for path in form.get("expand") or ()]}
    return {
        "object": "list",
        "data": [shown(books, record, inner) for record in data],
        "has_more": has_more,
        "url": url,
    }


def _place(records: list[Record], form: Form, name: str) -> int:
    names = [record["id"] for record in records]
    if form[name] not in names:
        refuse(f"No such object: '{form[name]}'", code="resource_missing", param=name, is_kept=False)
    return names.index(form[name])


def _bounds(created: Any) -> dict[str, int]:
    """Read ``created``: a moment, or bounds of one."""
    wanted = created if isinstance(created, dict) else {"eq": created}
    check_names(wanted, frozenset(_BOUNDS))
    return {name: whole_number(wanted, name, least=0) or 0 for name in wanted}
