"""One of several processes that are told the same news; writes a line for each letter that it would send."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from refundkit import CustomerNotices, ManualGateway, Notice, Policy, RefundDesk
from refundkit.stores.sql import SQLStore


def main(url: str, letters: str, start: str) -> None:
    """Wait until everybody is there, then deliver what is in the outbox."""

    def write(notice: Notice) -> None:
        with Path(letters).open("a", encoding="utf-8") as file:
            file.write(f"{notice.refund_id} {notice.amount} {os.getpid()}\n")

    policy = Policy(notify=True)
    with SQLStore.open(url) as store:
        notices = CustomerNotices(store=store, policy=policy, write=write)
        desk = RefundDesk(store=store, policy=policy, gateways=[ManualGateway()], listeners=[notices])
        print("ready", flush=True)  # noqa: T201 - the test reads it
        sys.stdin.readline()
        desk.recover()
    print(start)  # noqa: T201 - says that it ended well


if __name__ == "__main__":
    main(*sys.argv[1:])
