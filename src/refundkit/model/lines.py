"""Lines: what was bought, what shipping and fees cost, and how one line is cut into units."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError, shown
from refundkit.model import fields
from refundkit.money import Money

__all__ = ["LineKind", "OrderLine"]


class LineKind(StrEnum):
    """What a line stands for."""

    ITEM = "item"
    SHIPPING = "shipping"
    FEE = "fee"


_PERCENT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,10})?", re.ASCII)


def _to_kind(value: Any) -> Any:
    return LineKind(value) if type(value) is str and value in set(LineKind) else value


def to_percent(value: Any) -> Any:
    """Take 19, "19" or Decimal("19") for nineteen percent; anything else is left for `percent` to refuse."""
    if type(value) is int or (type(value) is str and _PERCENT.fullmatch(value)):
        return Decimal(value)
    return value


def percent(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Require a percentage from 0 to 1000, exactly."""
    sane = type(value) is Decimal and value.is_finite() and 0 <= value <= 1000
    # A restocking fee makes a fraction of it, and that of Decimal("1E-999999") has a million digits.
    if not sane or abs(value.as_tuple().exponent) > 20:
        raise InvalidValueError(
            f"{type(owner).__name__}.{attribute.name} must be a percentage such as Decimal('19'), "
            f"not {shown(value)}.",
            field=attribute.name,
            value=value,
        )


@frozen(kw_only=True)
class OrderLine:
    """One line of an order.

    ``total`` is what the customer paid for the whole line: all quantities, after discounts, tax included.
    ``tax`` is the part of ``total`` that is tax. ``tax_rate`` (percent), ``unit_price`` and ``discount``
    are kept for the records; nothing is computed from them.
    """

    id: str = field(validator=fields.identifier)
    total: Money = field(validator=fields.amount)
    quantity: int = field(default=1, validator=fields.positive)
    name: str = field(default="", validator=fields.text)
    tax: Money | None = field(default=None, validator=fields.optional(fields.amount))
    tax_rate: Decimal | None = field(default=None, converter=to_percent, validator=fields.optional(percent))
    unit_price: Money | None = field(default=None, validator=fields.optional(fields.amount))
    discount: Money | None = field(default=None, validator=fields.optional(fields.amount))
    sku: str | None = field(default=None, validator=fields.optional(fields.identifier))
    kind: LineKind = field(default=LineKind.ITEM, converter=_to_kind, validator=fields.choice(LineKind))

    def __attrs_post_init__(self) -> None:
        if self.tax is not None and self.tax > self.total:
            raise InvalidValueError(
                f"Line {self.id} has tax {self.tax} on a total of {self.total}; the total includes the tax.",
                field="tax",
                value=self.tax,
            )

    def units(self, first: int, quantity: int) -> Money:
        """Return what *quantity* units cost, counted from unit *first* (zero-based).

        The total is divided as ``divmod`` divides it; the first units carry the odd minor units.

        >>> line = OrderLine(id="line-1", quantity=3, total=Money.of("20.00", "EUR"))
        >>> [str(line.units(unit, 1)) for unit in range(3)]
        ['6.67 EUR', '6.67 EUR', '6.66 EUR']
        """
        share, odd = divmod(self.total.minor, self.quantity)
        carried = min(odd, first + quantity) - min(odd, first)
        return Money.of_minor(share * quantity + carried, self.total.currency)
