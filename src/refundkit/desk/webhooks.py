"""Webhooks: a message that is verified by its gateway names payments, and is believed in nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from refundkit.desk.office import Office
from refundkit.errors import WebhookError
from refundkit.gateways.asked import references_in
from refundkit.gateways.base import Webhook
from refundkit.logs import get_logger
from refundkit.model import fields

__all__ = ["MAX_WEBHOOK_BYTES", "named_payments"]

MAX_WEBHOOK_BYTES = 256 * 1024

_log = get_logger("webhooks")


def named_payments(office: Office, name: str, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Let gateway *name* verify a webhook and say which payments it is about.

    Raises:
        WebhookError: if it is forged, stale, foreign, too large or unreadable, or nobody here takes it.
    """
    gateway = office.gateways.get(name)
    if gateway is None:
        raise WebhookError(f"There is no gateway {name!r} here.", http_status=404)
    webhook = Webhook(body=body, headers=headers, received_at=office.clock())
    if len(body) > MAX_WEBHOOK_BYTES:
        raise WebhookError(f"A webhook of {len(body)} bytes is too large.", http_status=413)
    try:
        # What could be no payment's name is nobody's, and no store could keep it.
        return tuple(filter(fields.is_identifier, references_in(gateway, webhook)))
    except WebhookError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes give WebhookError and nothing else (law S1)
        _log.error("webhook.unreadable", gateway=name, error=type(error).__name__)
        raise WebhookError(f"Gateway {name} could not read this webhook.") from None
