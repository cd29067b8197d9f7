"""Tokens and secrets stay where they are needed: no repr, vars, copy, pickle or log shows them (law S2)."""

import copy
import json
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from refundkit.testing.reachable import reachable
from tests.gateways import wire
from tests.gateways.shopify_cases import (
    SECRET,
    TOKEN,
    call,
    created,
    gateway,
    order_record,
    payment,
    refund_record,
)

ROUTE = "POST /admin/api/2026-10/graphql.json"


@pytest.fixture(name="shopify")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Shopify."""
    with wire.running() as running:
        running.on(ROUTE, created(refund_record()), order_record())
        yield running


def test_no_attribute_of_a_gateway_leads_to_a_secret(shopify: wire.Wire) -> None:
    """Walking all that vars() shows, before and after use, finds neither token nor secret."""
    ours = gateway(base_url=shopify.url)
    report = ours.refund(call(ours))
    for thing in (*reachable(ours), *reachable(report), *reachable(ours.fetch((payment(),)))):
        assert TOKEN not in repr(thing)
        assert SECRET not in repr(thing)


@pytest.mark.parametrize("options", [{}, {"token": lambda: TOKEN}])
@pytest.mark.parametrize(
    "show", [repr, str, vars, "{}".format, lambda it: json.dumps(vars(it), default=repr)]
)
def test_no_way_of_showing_a_gateway_shows_a_secret(show: Any, options: dict[str, Any]) -> None:
    """Whatever a log line does with it."""
    shown = str(show(gateway(**options)))
    assert TOKEN not in shown
    assert SECRET not in shown


@pytest.mark.parametrize("fault", ["reset", "truncate", "401", "500", "garbage"])
def test_no_exception_leads_to_the_token(shopify: wire.Wire, fault: str) -> None:
    """Exceptions of httpx lead to the request, and the request to its headers; ours lead to neither."""
    replies = {
        "401": wire.Reply({"errors": "No."}, 401),
        "500": wire.Reply(b"", 500),
        "garbage": wire.Reply(b"<html>"),
    }
    shopify.on(ROUTE, replies.get(fault) or wire.Reply(created(refund_record()), fault=fault))
    ours = gateway(base_url=shopify.url)
    with pytest.raises((GatewayUnavailableError, OutcomeUnknownError)) as failed:
        ours.refund(call(ours))
    with pytest.raises(GatewayUnavailableError) as asked:
        ours.fetch((payment(),))
    for error in (failed.value, asked.value):
        for thing in reachable(error):
            assert TOKEN not in repr(thing)
            assert not type(thing).__module__.startswith("httpx")
        assert pickle.loads(pickle.dumps(error)).gateway == "shopify"  # noqa: S301 - our own bytes


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_gateway_is_not_pickled(copied: Any) -> None:
    """It holds hidden things."""
    with pytest.raises(TypeError, match="not copied or pickled"):
        copied(gateway())


def test_no_log_record_holds_a_secret(shopify: wire.Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Even with every logger at its most talkative, those of httpx and httpcore included."""
    caplog.set_level(logging.DEBUG)
    ours = gateway(base_url=shopify.url)
    ours.refund(call(ours))
    assert caplog.records
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


def test_the_prepared_request_holds_no_secret() -> None:
    """It is stored with the refund, so it may hold none (law E1)."""
    assert TOKEN not in repr(call(gateway()).request)


def test_the_token_is_asked_for_each_time(shopify: wire.Wire) -> None:
    """Tokens live for a day or an hour; their source knows the newest."""
    tokens = iter(["shpat_number_one", "shpat_number_two"])
    ours = gateway(base_url=shopify.url, token=lambda: next(tokens))
    ours.refund(call(ours))
    ours.fetch((payment(),))
    assert [asked.headers["x-shopify-access-token"] for asked in shopify.asked] == [
        "shpat_number_one",
        "shpat_number_two",
    ]


def test_importing_the_gateway_imports_no_httpx() -> None:
    """Only making a gateway costs what httpx costs."""
    look = "import sys, refundkit.gateways.shopify; print({'httpx', 'requests', 'stripe'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
