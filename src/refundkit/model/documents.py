"""Documents that were issued for an order, and what each kind forbids while it exists."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from refundkit.model import fields

__all__ = ["Document", "DocumentKind"]


class DocumentKind(StrEnum):
    """The kinds of documents that can stand in the way."""

    BILLING_INVOICE = "billing_invoice"
    DELIVERY_INVOICE = "delivery_invoice"
    PAYMENT_CONFIRMATION = "payment_confirmation"
    PAID_UNDELIVERED_LIST = "paid_undelivered_list"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return self.value.replace("_", " ")

    @property
    def is_removable(self) -> bool:
        """Whether it can be taken back; an order stays on the paid-undelivered list for good."""
        return self is not DocumentKind.PAID_UNDELIVERED_LIST


@frozen(kw_only=True)
class Document:
    """One issued document, such as billing invoice ``number`` R-2026-17."""

    id: str = field(validator=fields.identifier)
    kind: DocumentKind = field(validator=fields.choice(DocumentKind))
    number: str = field(default="", validator=fields.text)
    issued_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
