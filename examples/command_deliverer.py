"""A deliverer of your own: it hands over by running a command, as game servers and routers are often told.

The command is a list of arguments, never a line for a shell: whatever stands in an order is one argument and
cannot become another command. Try it:

    python examples/command_deliverer.py
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from refundkit import (
    Deliverer,
    Delivery,
    DeliveryCall,
    DeliveryDesk,
    DeliveryError,
    DeliveryMove,
    ManualGateway,
    MemoryStore,
    Money,
    Order,
    OrderLine,
    Payment,
    Receipt,
    RefundDesk,
    RefundRequest,
)

# What the command says when it refuses for good: see sysexits.h, EX_DATAERR.
REFUSED_FOR_GOOD = 65


class CommandDeliverer(Deliverer):
    """Runs ``[*command, action, key, target, units, sku]``; exit status 0 means done.

    The command must do nothing the second time that it gets the same key.
    """

    kind = "command"
    revocable = True

    def __init__(
        self, *, command: Sequence[str], timeout_seconds: float = 30, name: str | None = None
    ) -> None:
        if isinstance(command, str):
            raise TypeError("command is a list of arguments; no shell takes a line apart.")
        self.name = name or self.kind
        self._command = tuple(command)
        self._timeout_seconds = timeout_seconds

    def deliver(self, call: DeliveryCall) -> Receipt:
        """Run the command to hand over."""
        return self._run(call)

    def revoke(self, call: DeliveryCall) -> Receipt:
        """Run the command to take back."""
        return self._run(call)

    def _run(self, call: DeliveryCall) -> Receipt:
        told = (call.move.value, call.key, call.delivery.target, str(call.units), call.line.sku or "")
        try:
            # "--" ends the options: a target that begins with a dash is still a target.
            done = subprocess.run(  # noqa: S603 - an argument list, of which the first is configured
                [*self._command, "--", *told],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"{self.name} took longer than {self._timeout_seconds} s.") from None
        except OSError as error:
            raise DeliveryError(f"{self.name} could not be started: {type(error).__name__}.") from None
        if done.returncode:
            is_final = done.returncode == REFUSED_FOR_GOOD
            raise DeliveryError(f"{self.name} ended with {done.returncode}.", is_final=is_final)
        return Receipt(text=f"{self.name} did it: {call.move.value} {call.units}.")


def main() -> None:
    """Sell two swords, give one back, and let a small command say what it was told."""
    command = [sys.executable, "-c", "import sys; assert len(sys.argv) == 7, sys.argv"]
    store, price = MemoryStore(), Money.of("20.00", "EUR")
    refunds = RefundDesk(store=store, gateways=[ManualGateway(name="cash")])
    desk = DeliveryDesk(store=store, deliverers=[CommandDeliverer(command=command)])
    refunds.register(
        Order(
            id="A-1001",
            currency="EUR",
            lines=(OrderLine(id="sword", name="Sword", sku="sword-1", quantity=2, total=price),),
            payments=(Payment(id="p1", gateway="cash", reference="receipt-88", captured=price),),
            deliveries=(Delivery(id="d1", line_id="sword", kind="command", target="; rm -rf", quantity=2),),
        )
    )
    desk.sweep()
    refunds.refund("A-1001", RefundRequest(key="one back", reason="too heavy", lines={"sword": 1}))
    desk.sweep()
    for event in refunds.timeline("A-1001"):
        if event.kind.startswith("delivery."):
            print(f"{event.kind.value:20} {event.text}")
    print(
        f"The player has {store.get('A-1001').deliveries[0].handed_over} of 2; {DeliveryMove.REVOKE} took one."
    )


if __name__ == "__main__":
    main()
