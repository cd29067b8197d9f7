"""Gift cards: a code that is money. It is issued once, never sent again, and its code is never written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.deliverers.options import asked, checked_function, checked_name
from refundkit.errors import DeliveryError
from refundkit.model.deliveries import Delivery

__all__ = ["GiftCardDeliverer"]

# Of a shorter code, its last four characters would be too large a part.
_LONG_ENOUGH = 12
_SHOWN = 4

Issue = Callable[[DeliveryCall], str | Iterable[str]]
Void = Callable[[DeliveryCall], object]


class GiftCardDeliverer(Deliverer):
    """Has gift cards issued by the shop, and voided if it can.

    ``issue(call)`` makes ``call.units`` cards, once per ``call.key``, sends them to ``call.delivery.target`` and
    returns their codes. ``void(call)`` makes worthless what was issued for ``call.delivery``, ``call.units`` of
    it; without it what was handed over stays with the customer. Of a code at most the last four characters are
    kept. ``test`` says whether the cards are play money for test orders (True) or real (False).
    """

    kind: ClassVar[str] = "gift_card"
    redeliverable = False

    def __init__(
        self, *, issue: Issue, void: Void | None = None, name: str | None = None, test: bool | None = False
    ) -> None:
        self.name = checked_name(name, self.kind)
        self.test = test
        self.revocable = void is not None
        self._issue = checked_function(issue, "issue")
        self._void = checked_function(void, "void")

    def deliver(self, call: DeliveryCall) -> Receipt:
        codes = asked(self._issue, call)
        endings = [_ending(code) for code in ((codes,) if isinstance(codes, str) else codes)]
        known = [*call.delivery.details.get("endings", ()), *endings]
        return Receipt(text=f"Issued {_cards(endings)}.", details={"endings": known})

    def revoke(self, call: DeliveryCall) -> Receipt:
        if self._void is None:
            raise DeliveryError("Gift cards cannot be voided here.", is_final=True)
        asked(self._void, call)
        return Receipt(text=f"Voided {call.units} of {_cards(call.delivery.details.get('endings', ()))}.")

    def where_it_is(self, delivery: Delivery) -> str:
        sent = f" on {delivery.delivered_at:%Y-%m-%d}" if delivery.delivered_at else ""
        endings = delivery.details.get("endings", ())
        # Not capitalize(): it would write the ending of the code in small letters.
        cards = _cards(endings)
        return f"{cards[0].upper()}{cards[1:]}: the original was sent to {delivery.target}{sent}."


def _ending(code: object) -> str:
    """Return what may be shown of a code: its last four characters, or nothing of a short one."""
    if not isinstance(code, str):
        raise DeliveryError("What issued the gift card returned no code; look there whether it was issued.")
    plain = "".join(letter for letter in code if letter.isalnum() and letter.isascii())
    return plain[-_SHOWN:] if len(plain) >= _LONG_ENOUGH else ""


def _cards(endings: Iterable[object]) -> str:
    shown = [str(ending) for ending in endings if ending]
    return f"gift card ending in {', '.join(shown)}" if shown else "gift card"
