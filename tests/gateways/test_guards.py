"""What every vendor's gateway takes as options, how it keeps its secrets, and how its calls end."""

import copy
import json
import pickle
import re
from types import ModuleType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import GatewayUnavailableError, InvalidValueError, OutcomeUnknownError, PluginError
from refundkit.gateways.guards import (
    LOOPBACK,
    Hidden,
    check_timeout,
    check_url,
    checked_secrets,
    is_any_of,
    late_import,
)
from refundkit.gateways.outcomes import LONGEST_WAIT, declined, not_sent, outcome_unknown, retry_after
from refundkit.model.refunds import FailureCode, RefundStatus
from tests.gateways import paypal_cases, shopify_cases, stripe_cases

SECRET = "sk_live_51H8kXo2eZvKYlo2C"


# Secrets.


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_hidden_things_are_not_copied(copied: Any) -> None:
    """A pickle would carry the key to wherever the pickle goes (law S2)."""
    with pytest.raises(TypeError, match="not copied or pickled"):
        copied(Hidden(SECRET))


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda it: json.dumps([it], default=repr), dir])
def test_no_way_of_showing_a_hidden_thing_shows_it(show: Any) -> None:
    """Whatever a log line does with it (law S2)."""
    assert SECRET not in str(show(Hidden(SECRET)))
    assert Hidden(SECRET)() == SECRET


def test_a_value_that_holds_hidden_things_shows_none() -> None:
    """attrs.asdict looks into values, and finds only the lid (law S2)."""

    @attrs.frozen
    class Holder:
        secret: Hidden[str]

    assert str(attrs.asdict(Holder(Hidden(SECRET)))) == "{'secret': <hidden>}"


@pytest.mark.parametrize(
    ("secrets", "several"), [((), ()), ("one", ("one",)), (("old", "new"), ("old", "new")), ("a b", ("a b",))]
)
def test_secrets_come_alone_or_as_a_tuple(secrets: object, several: tuple[str, ...]) -> None:
    """Several are taken while one is replaced by the next (law S1)."""
    assert checked_secrets(secrets, "a secret") == several


@pytest.mark.parametrize(
    "secrets", ["", " ", "é", "a\n", b"a", None, 1, ["a"], ("a", ""), ("a", None), {"a"}]
)
def test_what_is_no_secret_is_refused(secrets: object) -> None:
    """An empty secret would sign whatever anybody sends (law S1)."""
    with pytest.raises(InvalidValueError, match="webhook_secrets must be a secret of ours, or a tuple"):
        checked_secrets(secrets, "a secret of ours")


def test_no_refused_secret_is_told() -> None:
    """A key with a line break at its end is a key all the same (law S2)."""
    with pytest.raises(InvalidValueError) as refused:
        checked_secrets((SECRET, f"{SECRET}\n"), "a secret")
    assert SECRET not in f"{refused.value} {vars(refused.value)}"


@given(st.lists(st.binary(max_size=3)), st.lists(st.binary(max_size=3)))
def test_a_signature_is_looked_for_among_all_that_are_expected(
    given_: list[bytes], known: list[bytes]
) -> None:
    """Any secret may have made any of the signatures; none given, or none known, is no match (law S1)."""
    assert is_any_of(given_, known) is bool(set(given_) & set(known))


def test_all_signatures_are_compared_in_constant_time(mocker: Any) -> None:
    """The first match ends nothing, so the time tells nothing (law S1)."""
    compare = mocker.patch("refundkit.gateways.guards.hmac.compare_digest", return_value=True)
    assert is_any_of([b"1", b"2"], [b"3", b"4"])
    assert compare.call_count == 4


# Options.


@pytest.mark.parametrize("timeout", [(5, 30), (0.1, 599.9), (1, 1)])
def test_a_timeout_is_a_pair_of_seconds(timeout: object) -> None:
    """(connect, read): no error, no problem."""
    check_timeout(timeout)


@pytest.mark.parametrize(
    "timeout",
    [
        30,
        None,
        (),
        (5,),
        (5, 30, 1),
        [5, 30],
        "53",
        (0, 30),
        (5, -1),
        (5, 600),
        (5, None),
        (True, 1),
        (5, "30"),
    ],
)
def test_a_call_always_ends(timeout: object) -> None:
    """Nothing is taken that would wait forever, or not at all (law S3)."""
    with pytest.raises(InvalidValueError, match=r"such as \(5, 30\)"):
        check_timeout(timeout)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com",
        "HTTPS://x/",
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://[::1]:1/x",
    ],
)
def test_secrets_are_sent_where_nobody_reads_along(url: str) -> None:
    """Encrypted, or on this machine (law S2)."""
    check_url(url, "the key")


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "//x", None, 1, b"https://x", "http://[bad", "ftp://127.0.0.1", "file:///x"),
        *("http://example.com", "http://localhost.example.com", "http://127.0.0.1@example.com"),
    ],
)
def test_secrets_are_sent_nowhere_else(url: object) -> None:
    """The message says what would have been sent, by its name (laws S2, S5)."""
    with pytest.raises(InvalidValueError, match=r"https://.*: the key is sent there") as refused:
        check_url(url, "the key")
    assert refused.value.field == "base_url"


@given(st.text() | st.text(alphabet="htps:/[]@.127local").map("http://{}".format))
def test_any_address_is_taken_or_refused(url: str) -> None:
    """Odd addresses give no other error, and never go out in the clear (law S5)."""
    try:
        check_url(url, "the key")
    except InvalidValueError:
        return
    # urlsplit overlooks tabs and line breaks, as HTTP clients do.
    written = re.sub(r"[\t\r\n]", "", url).lower()
    assert any(part in written for part in ("https:", *LOOPBACK))


HOSTILE = ["{}/", "/{}", "{}/../x", "{}/refund", "{}?a=b", "{}#a", "{}%2f..", "{}%00", "é{}"]


@pytest.mark.parametrize("cases", [paypal_cases, shopify_cases, stripe_cases])
@pytest.mark.parametrize("written", HOSTILE)
def test_no_reference_leaves_its_place_in_an_address(cases: ModuleType, written: str) -> None:
    """Every vendor's gateway refuses it before anything is sent (law S5)."""
    source = cases.payment()
    hostile = attrs.evolve(source, reference=written.format(source.reference))
    with pytest.raises(InvalidValueError):
        cases.gateway().prepare(cases.refund(), hostile)


def test_an_sdk_that_is_missing_is_told_with_its_extra() -> None:
    """Whoever reads it knows what to install; the cause is kept."""
    with (
        pytest.raises(
            PluginError, match=r"The Stripe gateway needs Stripe's SDK: .*'refundkit\[stripe\]'"
        ) as told,
        late_import("Stripe", "Stripe's SDK"),
    ):
        raise ModuleNotFoundError("stripe")
    assert told.value.gateway == "stripe"
    assert isinstance(told.value.__cause__, ModuleNotFoundError)


def test_an_sdk_that_is_broken_says_so_itself() -> None:
    """Only what is not there can be installed."""
    with pytest.raises(SyntaxError), late_import("Stripe", "Stripe's SDK"):
        raise SyntaxError


# How a call ends.

CALL = stripe_cases.call(stripe_cases.gateway())


def test_a_no_is_a_report() -> None:
    """It names the refund and the payment, so that nobody has to guess (law E4)."""
    report = declined(CALL, FailureCode.DISPUTED, "charge_disputed")
    assert (report.status, report.failure) == (RefundStatus.FAILED, FailureCode.DISPUTED)
    assert (report.refund_id, report.payment, report.amount) == ("refund-1", "pi_1", CALL.refund.amount)


def test_an_open_outcome_says_what_is_reserved() -> None:
    """It carries what was answered, and which refund is meant (law E4)."""
    error = outcome_unknown(CALL, "Stripe", "HTTP 500", gateway="stripe", http_status=500)
    assert isinstance(error, OutcomeUnknownError)
    assert "whether Stripe made refund refund-1 (HTTP 500)" in str(error)
    assert (error.gateway, error.http_status, error.refund_id) == ("stripe", 500, "refund-1")


def test_a_request_that_must_not_be_sent_was_not() -> None:
    """Certain, because it is noticed before anything is sent (law E4)."""
    error = not_sent(CALL, "stripe", "names no amount")
    assert isinstance(error, GatewayUnavailableError)
    assert str(error) == "The stored request of refund refund-1 names no amount; nothing was sent."
    assert (error.gateway, error.refund_id) == ("stripe", "refund-1")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0), ("2", 2), ("007", 7), ("2.0", 2), ("2.000", 2), (str(LONGEST_WAIT), LONGEST_WAIT)],
)
def test_a_wait_in_whole_seconds_is_read(header: str, seconds: int) -> None:
    """However it is written."""
    assert retry_after(header) == seconds


@pytest.mark.parametrize(
    "header",
    [None, 2, b"2", "", " 2", "2\n", "+2", "-1", "1.5", "2.", ".0", "1e3", "0x2", "٢", "inf", "nan", "soon", "2, 3",
     str(LONGEST_WAIT + 1), "9" * 5_000, "Wed, 21 Oct 2026 07:28:00 GMT"],
)  # fmt: skip
def test_any_other_wait_is_none(header: object) -> None:
    """A date, a fraction, more than a day: nobody waits for what is not certain."""
    assert retry_after(header) is None
