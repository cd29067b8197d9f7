"""What Stripe holds: records of payments, refunds and disputes, each of one account and one mode."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from typing import Any

from attrs import frozen

from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["API_VERSION", "ENDED", "Books", "Record", "Scope"]

API_VERSION = "2026-10-28.endive"
# A refund in these has given nothing back.
ENDED = frozenset({"failed", "canceled"})

Record = dict[str, Any]


@frozen
class Scope:
    """Whose records: ``account`` is None for the owner of the key."""

    account: str | None = None
    livemode: bool = False


class Books:
    """All records by id, in the order in which they were made."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._records: dict[str, Record] = {}
        self._scopes: dict[str, Scope] = {}

    def seconds(self) -> int:
        """Return the time as Stripe writes it."""
        return int(self._clock().timestamp())

    def add(self, scope: Scope, prefix: str, record: Record) -> Record:
        """Enter *record* under a new id."""
        name = f"{prefix}_sandbox{next(self._numbers):06}"
        whole = {"id": name, "created": self.seconds(), **record}
        self._records[name] = whole
        self._scopes[name] = scope
        return whole

    def get(self, name: str) -> Record:
        """Return the record *name* itself, for those who change it."""
        return self._records[name]

    def scope_of(self, name: str) -> Scope:
        """Say whose record *name* is."""
        return self._scopes[name]

    def find(self, scope: Scope, kind: str, name: Any, param: str = "id") -> Record:
        """Return the record *name* of *kind*, or refuse as Stripe does what belongs to somebody else."""
        record = self._records.get(str(name))
        if record is None or record["object"] != kind or self._scopes[str(name)] != scope:
            refuse(
                f"No such {kind}: '{name}'{self._hint(scope, str(name))}",
                status=404,
                code="resource_missing",
                param=param,
            )
        return record

    def all_of(self, scope: Scope, kind: str) -> list[Record]:
        """Return every record of *kind*, newest first."""
        records = self._records.items()
        return [r for name, r in reversed(records) if r["object"] == kind and self._scopes[name] == scope]

    def of_charge(self, kind: str, charge: Record) -> list[Record]:
        """Return every record of *kind* about *charge*, newest first."""
        scope = self.scope_of(charge["id"])
        return [record for record in self.all_of(scope, kind) if record["charge"] == charge["id"]]

    def charge_of(self, name: str) -> Record:
        """Return the charge *name*, or that of the payment intent *name*."""
        record = self.get(name)
        return record if record["object"] == "charge" else self.get(record["latest_charge"])

    def movement(self, source: Record, amount: int, kind: str, fee: int = 0) -> Record:
        """Enter a movement of money (a balance transaction)."""
        content = {
            "object": "balance_transaction",
            "amount": amount,
            "currency": source["currency"],
            "fee": fee,
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "available",
            "type": kind,
        }
        return self.add(self.scope_of(source["id"]), "txn", content)

    def happened(self, kind: str, about: Record, before: Record | None = None) -> Record:
        """Enter an event about a record, with what it was *before*."""
        scope = self.scope_of(about["id"])
        data: Record = {"object": copy.deepcopy(about)}
        if before is not None:
            data["previous_attributes"] = {
                name: value for name, value in before.items() if about.get(name) != value
            }
        content = {
            "object": "event",
            "api_version": API_VERSION,
            "data": data,
            "livemode": scope.livemode,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        return self.add(scope, "evt", {**content, **({"account": scope.account} if scope.account else {})})

    def recount(self, charge: Record) -> None:
        """Add up again what was given back of *charge*; what failed was not."""
        alive = [r["amount"] for r in self.of_charge("refund", charge) if r["status"] not in ENDED]
        charge["amount_refunded"] = sum(alive)
        charge["refunded"] = charge["amount"] == sum(alive)

    def _hint(self, scope: Scope, name: str) -> str:
        owner = self._scopes.get(name)
        if owner is None or owner.account != scope.account:
            return ""
        modes = ("live", "test") if owner.livemode else ("test", "live")
        return f"; a similar object exists in {modes[0]} mode, but a {modes[1]} mode key was used to make this request."


def matching(records: Iterable[Record], **wanted: Any) -> list[Record]:
    """Return the *records* that say what is *wanted*; None wants nothing."""
    said = {name: value for name, value in wanted.items() if value is not None}
    return [record for record in records if all(record.get(name) == value for name, value in said.items())]
