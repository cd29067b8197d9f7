"""Which request is answered by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from refundkit.testing.sandbox.stripe import checkout
from refundkit.testing.sandbox.stripe.answers import page, shown
from refundkit.testing.sandbox.stripe.books import Books, Record, matching
from refundkit.testing.sandbox.stripe.callers import Call
from refundkit.testing.sandbox.stripe.counter import RefundCounter
from refundkit.testing.sandbox.stripe.forms import LISTED, PARAMETERS, check_names
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["Routes"]

Answering = Callable[[Call], Record]
FOLDERS = {
    "balance_transactions": "balance_transaction",
    "charges": "charge",
    "disputes": "dispute",
    "events": "event",
    "payment_intents": "payment_intent",
    "refunds": "refund",
}


class Routes:
    """The paths of Stripe's API that the sandbox knows; ``*`` stands for an id."""

    def __init__(self, books: Books, counter: RefundCounter) -> None:
        self._books = books
        self._posts: Mapping[str, Answering] = {
            "refunds": counter.create,
            "refunds/*": counter.update,
            "refunds/*/cancel": counter.cancel,
            "test_helpers/refunds/*/expire": counter.expire,
            "payment_methods": lambda call: checkout.create_method(books, call),
            "payment_intents": lambda call: checkout.create_intent(books, call),
            "payment_intents/*/capture": lambda call: checkout.capture_intent(books, call),
            "payment_intents/*/cancel": lambda call: checkout.cancel_intent(books, call),
        }

    def answer(self, call: Call) -> Record:
        """Do what *call* asks and show the record, or a page of records, that it is about."""
        _, version, *path = call.request.path.split("/")
        if version == "v1" and call.request.method == "GET" and path[0] in FOLDERS and len(path) <= 2:
            return self._retrieved(call, path[0]) if len(path) == 2 else self._listed(call, path[0])
        post = self._posts.get("/".join(_starred(path)))
        if version != "v1" or call.request.method != "POST" or post is None:
            method, url = call.request.method, call.request.path
            refuse(f"Unrecognized request URL ({method}: {url}).", status=404, is_kept=False)
        return shown(self._books, post(call), call.form)

    def _retrieved(self, call: Call, folder: str) -> Record:
        check_names(call.form, PARAMETERS["retrieve"])
        return shown(self._books, self._books.find(call.scope, FOLDERS[folder], call.name), call.form)

    def _listed(self, call: Call, folder: str) -> Record:
        kind = FOLDERS[folder]
        if kind not in LISTED:
            refuse(f"The sandbox does not list {folder}.", status=404, is_kept=False)
        check_names(call.form, LISTED[kind])
        records = matching(self._books.all_of(call.scope, kind), **self._filters(call, kind))
        if "types" in call.form:
            records = [record for record in records if record["type"] in call.form["types"]]
        return page(self._books, records, call.form, call.request.path)

    def _filters(self, call: Call, kind: str) -> dict[str, Any]:
        """Return what the records must say; a payment that does not exist is refused, not an empty list."""
        filters = {
            name: call.form[name] for name in ("charge", "payment_intent", "type") if name in call.form
        }
        for name in filters.keys() & {"charge", "payment_intent"}:
            self._books.find(call.scope, name, filters[name], name)
        return filters


def _starred(path: list[str]) -> list[str]:
    return ["*" if "_sandbox" in part else part for part in path]
