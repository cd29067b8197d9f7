"""Credit notes: what bookkeeping and customer get in writing about one refund. A snapshot; it never changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.lines import percent, to_percent
from refundkit.money import Money

__all__ = ["CreditNote", "CreditNoteLine", "Party", "TaxSum"]


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _texts(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    fields.tuple_of(str)(owner, attribute, value)
    for line in value:
        fields.text(owner, attribute, line)


@frozen(kw_only=True)
class Party:
    """Who issues or gets a credit note: ``name``, the lines of the ``address``, and a ``tax_id`` if there is one."""

    name: str = field(default="", validator=fields.text)
    address: tuple[str, ...] = field(default=(), converter=_to_tuple, validator=_texts)
    email: str = field(default="", validator=fields.text)
    tax_id: str = field(default="", validator=fields.text)


@frozen(kw_only=True)
class CreditNoteLine:
    """What is given back of one line: ``gross``, and the ``tax`` in it at ``tax_rate`` percent.

    ``quantity`` is None where money was given back and no units.
    """

    description: str = field(validator=fields.text)
    gross: Money = field(validator=fields.amount)
    tax: Money = field(validator=fields.amount)
    tax_rate: Decimal | None = field(default=None, converter=to_percent, validator=fields.optional(percent))
    quantity: int | None = field(default=None, validator=fields.optional(fields.positive))

    @property
    def net(self) -> Money:
        """What is given back without the tax."""
        return self.gross - self.tax


@frozen(kw_only=True)
class TaxSum:
    """All lines of one tax rate together; ``rate`` is None where no rate is known."""

    rate: Decimal | None
    net: Money
    tax: Money
    gross: Money


@frozen(kw_only=True)
class CreditNote:
    """Number ``number`` of ``series``, about refund ``refund_id`` of an order.

    Numbers of a series have no gaps. ``invoice`` is the number of the invoice that it corrects, where the shop
    has one. ``paid_back`` says in words how the money went back ("card ending in 4242").
    """

    series: str = field(validator=fields.identifier)
    number: int = field(validator=fields.positive)
    order_id: str = field(validator=fields.identifier)
    refund_id: str = field(validator=fields.identifier)
    issued_at: datetime = field(converter=fields.to_utc, validator=fields.moment)
    seller: Party = field(validator=fields.instance(Party))
    buyer: Party = field(validator=fields.instance(Party))
    lines: tuple[CreditNoteLine, ...] = field(validator=fields.tuple_of(CreditNoteLine))
    gross: Money = field(validator=fields.amount)
    refunded_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    invoice: str = field(default="", validator=fields.text)
    paid_back: str = field(default="", validator=fields.text)

    def __attrs_post_init__(self) -> None:
        parts = Money.sum((line.gross for line in self.lines), self.gross.currency)
        if parts != self.gross:
            raise InvalidValueError(
                f"The lines of credit note {self.name} add up to {parts}, not to {self.gross}.",
                field="lines",
                value=parts,
            )

    @property
    def name(self) -> str:
        """Series and number, as people write it: ``CN-000017``."""
        return f"{self.series}-{self.number:06d}"

    @property
    def tax(self) -> Money:
        """All tax in it."""
        return Money.sum((line.tax for line in self.lines), self.gross.currency)

    @property
    def net(self) -> Money:
        """What is given back without the tax."""
        return self.gross - self.tax

    @property
    def taxes(self) -> tuple[TaxSum, ...]:
        """One sum per tax rate, the highest rate first; lines without a known rate come last."""
        rates = {line.tax_rate for line in self.lines}
        known = sorted((rate for rate in rates if rate is not None), reverse=True)
        return tuple(self._sum(rate) for rate in (*known, *({None} & rates)))

    def _sum(self, rate: Decimal | None) -> TaxSum:
        lines = [line for line in self.lines if line.tax_rate == rate]
        return TaxSum(
            rate=rate,
            net=self._total(line.net for line in lines),
            tax=self._total(line.tax for line in lines),
            gross=self._total(line.gross for line in lines),
        )

    def _total(self, amounts: Iterable[Any]) -> Money:
        return Money.sum(amounts, self.gross.currency)
