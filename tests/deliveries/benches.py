"""Benches for the contract: each deliverer of ours, with the books behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from refundkit.deliverers.base import DeliveryCall
from refundkit.deliverers.file_download import FileDownloadDeliverer
from refundkit.deliverers.gift_card import GiftCardDeliverer
from refundkit.deliverers.webhook_call import WebhookCallDeliverer
from refundkit.errors import DeliveryError
from refundkit.testing.deliverer_contract import DelivererBench, DeliveryMishap
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from tests.deliveries.receiver import LOSE, Receiver

SECRET = "a-secret-of-the-shop-0123456789"
OLD_SECRET = "an-older-secret-of-the-shop-456"

MISHAPS = {
    DeliveryMishap.FAILED: DeliveryFault.FAIL,
    DeliveryMishap.LOST_REPLY: DeliveryFault.LOST_ANSWER,
    DeliveryMishap.NEVER: DeliveryFault.FINAL,
}


def fake_bench(**options: bool) -> DelivererBench:
    """Make a fake deliverer with its books."""
    fake = FakeDeliverer(**options)
    return DelivererBench(
        deliverer=fake,
        handed_over=lambda call: fake.units(call.order.id, call.delivery.id),
        second_deliverer=fake,
        faults={mishap: _later(fake.misbehave, fault) for mishap, fault in MISHAPS.items()},
    )


def _later(function: Callable[..., object], *args: object) -> Callable[[], object]:
    return lambda: function(*args)


class Bank:
    """Issues and voids gift cards, once per key, and has one mishap at a time."""

    def __init__(self) -> None:
        self.cards: dict[str, list[str]] = {}
        self.owners: dict[tuple[str, str], set[str]] = {}
        self.mishap: DeliveryMishap | None = None
        self._lock = threading.Lock()

    def issue(self, call: DeliveryCall) -> list[str]:
        """Make ``call.units`` cards."""
        with self._lock:
            mishap, self.mishap = self.mishap, None
            if mishap is DeliveryMishap.NEVER:
                raise DeliveryError("The bank does not know this address.", is_final=True)
            if mishap is DeliveryMishap.FAILED:
                raise ConnectionError(f"connection lost, no card, key {SECRET}")
            number = len(self.cards)
            codes = [f"GIFT-{number:04}-{unit:04}-{number:03}{unit}" for unit in range(call.units)]
            codes = self.cards.setdefault(call.key, codes)
            self.owners.setdefault((call.order.id, call.delivery.id), set()).update(codes)
            if mishap is DeliveryMishap.LOST_REPLY:
                raise TimeoutError(f"no answer about {codes}")
            return codes

    def void(self, call: DeliveryCall) -> None:
        """Make cards of that delivery worthless."""
        with self._lock:
            mishap, self.mishap = self.mishap, None
            if call.key not in self.cards:
                left = sorted(self.owners.get((call.order.id, call.delivery.id), ()))[: call.units]
                self.cards[call.key] = left
                self.owners.get((call.order.id, call.delivery.id), set()).difference_update(left)
            if mishap is DeliveryMishap.LOST_REPLY:
                raise TimeoutError("no answer")

    def units(self, call: DeliveryCall) -> int:
        """Return how many cards of a delivery are worth something."""
        return len(self.owners.get((call.order.id, call.delivery.id), ()))

    def codes(self) -> tuple[str, ...]:
        """Return every code that was ever issued."""
        return (SECRET, *(code for codes in self.cards.values() for code in codes))

    def let(self, mishap: DeliveryMishap) -> None:
        """Let it happen to the next call."""
        self.mishap = mishap


def gift_card_bench(bank: Bank, *, voids: bool) -> DelivererBench:
    """Make a deliverer of gift cards with its bank."""
    options = {"issue": bank.issue, "void": bank.void if voids else None}
    return DelivererBench(
        deliverer=GiftCardDeliverer(**options),
        second_deliverer=GiftCardDeliverer(**options),
        handed_over=bank.units,
        faults={mishap: _later(bank.let, mishap) for mishap in DeliveryMishap},
        secrets=bank.codes,
    )


class Inbox:
    """Sends links by letter, one per key; its orders are those whose goods were handed over."""

    def __init__(self) -> None:
        self.letters: dict[str, DeliveryCall] = {}
        self.links: list[str] = []
        self.mishap: DeliveryMishap | None = None
        self._lock = threading.Lock()

    def send(self, call: DeliveryCall, link: str) -> None:
        """Write one letter."""
        with self._lock:
            mishap, self.mishap = self.mishap, None
            if mishap is DeliveryMishap.NEVER:
                raise DeliveryError("There is no such mailbox.", is_final=True)
            if mishap is DeliveryMishap.FAILED:
                raise ConnectionError(f"could not send {link}")
            self.letters.setdefault(call.key, call)
            self.links.append(link)
            if mishap is DeliveryMishap.LOST_REPLY:
                raise TimeoutError(f"no answer about {link}")

    def units(self, call: DeliveryCall) -> int:
        """Return how many units the letters of a delivery are about."""
        same = (one for one in self.letters.values() if one.order.id == call.order.id)
        return sum(one.units for one in same)

    def let(self, mishap: DeliveryMishap) -> None:
        """Let it happen to the next letter."""
        self.mishap = mishap


def download_bench(inbox: Inbox) -> DelivererBench:
    """Make a deliverer of downloads with its letters."""

    def make() -> FileDownloadDeliverer:
        return FileDownloadDeliverer(
            url="https://shop.example/download/{token}",
            secrets=(SECRET, OLD_SECRET),
            order=lambda _: None,
            send=inbox.send,
        )

    return DelivererBench(
        deliverer=make(),
        second_deliverer=make(),
        faults={mishap: _later(inbox.let, mishap) for mishap in DeliveryMishap},
        target="manual.pdf",
        secrets=lambda: (SECRET, OLD_SECRET, *inbox.links),
    )


def webhook_bench(receiver: Receiver) -> DelivererBench:
    """Make a deliverer that calls *receiver*."""

    def make() -> WebhookCallDeliverer:
        return WebhookCallDeliverer(
            url=f"{receiver.url}/deliver", revoke_url=f"{receiver.url}/revoke", secrets=(SECRET, OLD_SECRET)
        )

    return DelivererBench(
        deliverer=make(),
        second_deliverer=make(),
        handed_over=lambda call: receiver.units(call.order.id, call.delivery.id),
        faults={
            DeliveryMishap.FAILED: _later(receiver.answers.append, 503),
            DeliveryMishap.LOST_REPLY: _later(receiver.answers.append, LOSE),
            DeliveryMishap.NEVER: _later(receiver.answers.append, 410),
        },
        secrets=(SECRET, OLD_SECRET),
    )
