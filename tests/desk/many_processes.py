"""One of several processes that refund one order in one SQLite file; prints what it met, as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter

from refundkit import ManualGateway, Money, RefundDenied, RefundDesk, RefundRequest
from refundkit.stores.sql import SQLStore


def main(url: str, worker: str, times: str) -> None:
    """Ask *times* times for 1.00 of order o-1, each under a key of its own."""
    met: Counter[str] = Counter()
    with SQLStore.open(url) as store:
        desk = RefundDesk(store=store, gateways=[ManualGateway()])
        for number in range(int(times)):
            request = RefundRequest(
                key=f"worker-{worker}-{number}", reason="hammer", amount=Money.of("1.00", "EUR")
            )
            met[_outcome(desk, request)] += 1
    json.dump(met, sys.stdout)


def _outcome(desk: RefundDesk, request: RefundRequest) -> str:
    try:
        result = desk.refund("o-1", request)
    except RefundDenied as denied:
        named = any("0.00 EUR" in reason.text or "only" in reason.text for reason in denied.reasons)
        return "denied" if named and denied.possible.is_zero else f"odd denial: {denied}"
    except Exception as error:  # noqa: BLE001 - whatever reaches a caller is the point of this test
        return f"{type(error).__name__}: {error}"
    return "succeeded" if result.returned == request.amount else f"odd result: {result}"


if __name__ == "__main__":
    main(*sys.argv[1:])
