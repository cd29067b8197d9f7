"""The queue for PayPal's access token: nobody waits longer in it than for one answer."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.gateways.paypal import client
from refundkit.gateways.paypal.tokens import NoTokenError, Token, Tokens
from tests.gateways import wire
from tests.gateways.paypal_cases import call, gateway, refund_record

WAITERS = 4
TOKEN = {"access_token": "A21AAsecret", "token_type": "Bearer", "expires_in": 32_400}
REFUND = "POST /v2/payments/captures/3C679366HH908993F/refund"


class Queue:
    """A lock that says how many stand before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = threading.Semaphore(0)

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._seen.release()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def is_full(self) -> bool:
        """Wait until all others stand in it."""
        return all(self._seen.acquire(timeout=30) for _ in range(WAITERS))


def asked_at_once(fetch: Callable[[], Token]) -> tuple[list[str], int]:
    """Let many threads ask while one waits for PayPal; return what each was told, and how often PayPal was asked."""
    queue = Queue()
    asked: list[bool] = []

    def slowly() -> Token:
        asked.append(not asked and queue.is_full())
        return fetch()

    tokens = Tokens(slowly)
    tokens._lock = lambda: queue  # type: ignore[assignment, return-value]

    def ask(_: int) -> str:
        try:
            return tokens.current().value
        except NoTokenError as error:
            return f"no token: {error}"

    with ThreadPoolExecutor(WAITERS + 1) as threads:
        return list(threads.map(ask, range(WAITERS + 1))), len(asked)


def no_answer() -> Token:
    """Be PayPal on a bad day."""
    raise NoTokenError("ReadTimeout")


def test_whoever_waited_for_a_token_in_vain_does_not_wait_again() -> None:
    """Sixteen threads that each try for themselves would send the last refund long after its deadline."""
    assert asked_at_once(no_answer) == (["no token: ReadTimeout"] * (WAITERS + 1), 1)


def test_whoever_waited_for_a_token_gets_it() -> None:
    """One request is enough for all."""
    assert asked_at_once(lambda: Token("t", 600)) == (["t"] * (WAITERS + 1), 1)


def test_a_failure_is_not_remembered() -> None:
    """Whoever comes later asks PayPal, which may be well again."""
    answers = iter([no_answer, no_answer, lambda: Token("t", 600)])

    def fetch() -> Token:
        return next(answers)()

    tokens = Tokens(fetch)
    for _ in range(2):
        with pytest.raises(NoTokenError, match="ReadTimeout"):
            tokens.current()
    assert tokens.current().value == "t"


@pytest.mark.parametrize("late", [0, 1], ids=["before it is sent", "before it is sent again"])
def test_a_token_that_comes_too_late_sends_nothing(monkeypatch: pytest.MonkeyPatch, late: int) -> None:
    """By then the sweep may hold the turn of this refund (law E1); nothing was executed, and it is told so."""
    times = iter([0.0] * late + [float("inf")])
    monkeypatch.setattr(client, "monotonic", lambda: next(times))
    with wire.running() as paypal:
        paypal.on("POST /v1/oauth2/token", TOKEN)
        paypal.on(REFUND, wire.Reply({"name": "AUTHENTICATION_FAILURE"}, 401), refund_record())
        ours = gateway(base_url=paypal.url)
        with pytest.raises(GatewayUnavailableError, match="it came too late"):
            ours.refund(call(ours))
        assert [f"{one.method} {one.path}" for one in paypal.asked].count(REFUND) == late
