"""What Shopify's refusals mean: every HTTP status, code, text and exception ends as the table says (law E4)."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from refundkit.gateways.outcomes import Meaning
from refundkit.gateways.shopify import client
from refundkit.gateways.shopify.answers import CLASSES, CODES, STATUSES, TEXTS, plain
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways import wire
from tests.gateways.shopify_cases import (
    PARENT,
    TOKEN,
    bought,
    call,
    created,
    gateway,
    gateway_to,
    payment,
    refund_record,
    sale,
    transaction,
)

ROUTE = "POST /admin/api/2026-10/graphql.json"


@pytest.fixture(name="shopify")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Shopify."""
    with wire.running() as running:
        yield running


def attempt(shopify: wire.Wire, reply: Any, **options: Any) -> Any:
    """Refund once, with this reply; return the report or the error."""
    shopify.on(ROUTE, reply)
    ours = gateway(base_url=shopify.url, **options)
    try:
        return ours.refund(call(ours))
    except (GatewayUnavailableError, OutcomeUnknownError) as error:
        return error


def kind_of(answer: Any) -> Meaning:
    """Say which of the three it is."""
    if isinstance(answer, GatewayUnavailableError):
        return Meaning.NOT_EXECUTED
    if isinstance(answer, OutcomeUnknownError):
        return Meaning.UNKNOWN
    assert answer.status is RefundStatus.FAILED
    return Meaning.DECLINED


def error(message: str = "No.", code: str | None = None, **more: Any) -> dict[str, Any]:
    """Make a top-level error."""
    extensions = {"extensions": {"code": code, "requestId": "request-9"}} if code else {}
    return {"message": message, **extensions, **more}


@pytest.mark.parametrize("status", [*STATUSES, 301, 302, 400, 406, 409, 422, 500, 502, 503, 504])
def test_every_status_means_what_the_table_says(shopify: wire.Wire, status: int) -> None:
    """What is not in the table is unknown, redirects included, which are not followed."""
    answer = attempt(
        shopify, wire.Reply({"errors": "No."}, status, headers={"location": f"{shopify.url}/elsewhere"})
    )
    assert kind_of(answer) is STATUSES.get(status, Meaning.UNKNOWN)
    assert answer.http_status == status
    assert f"HTTP {status}, No." in str(answer)
    assert {asked.path for asked in shopify.asked} == {"/admin/api/2026-10/graphql.json"}


@pytest.mark.parametrize("code", [*CODES, "NEVER_HEARD_OF"])
def test_every_code_means_what_the_table_says(shopify: wire.Wire, code: str) -> None:
    """Codes come with HTTP 200."""
    answer = attempt(shopify, {"errors": [error(code=code)], "data": {"refundCreate": None}})
    assert kind_of(answer) is CODES.get(code, Meaning.UNKNOWN)
    assert (answer.code, answer.request_id) == (code, "request-9")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (["refundCreate"], Meaning.NOT_EXECUTED),
        (["refundCreate", "refund", "transactions"], Meaning.UNKNOWN),
        (["mutation RefundkitRefundCreate", "refundCreate", "input"], Meaning.NOT_EXECUTED),
    ],
)
def test_an_error_in_reading_the_result_is_no_proof(
    shopify: wire.Wire, path: list[str], kind: Meaning
) -> None:
    """A refund whose answer may not be read was made all the same."""
    answer = attempt(
        shopify, {"errors": [error(code="ACCESS_DENIED", path=path)], "data": {"refundCreate": {}}}
    )
    assert kind_of(answer) is kind


@pytest.mark.parametrize("code", CODES)
def test_beside_a_refund_no_error_says_that_there_is_none(shopify: wire.Wire, code: str) -> None:
    """Two halves of an answer that contradict each other prove nothing (law E4)."""
    answer = attempt(shopify, {"errors": [error(code=code)], **created(refund_record())})
    assert kind_of(answer) is Meaning.UNKNOWN


@pytest.mark.parametrize("status", STATUSES)
def test_with_a_refund_no_status_says_that_there_is_none(shopify: wire.Wire, status: int) -> None:
    """Neither does the number that some proxy puts before it."""
    assert kind_of(attempt(shopify, wire.Reply(created(refund_record()), status))) is Meaning.UNKNOWN


def test_two_errors_must_agree(shopify: wire.Wire) -> None:
    """One of them that says nothing is enough to know nothing."""
    answer = attempt(shopify, {"errors": [error(code="ACCESS_DENIED"), error()]})
    assert kind_of(answer) is Meaning.UNKNOWN


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("level", ["user", "top"])
def test_every_text_means_what_the_table_says(shopify: wire.Wire, text: str, level: str) -> None:
    """About idempotency there are texts only; where they come is not documented."""
    said = f"{text.capitalize()}, or not."
    reply = created(errors=[error(said)]) if level == "user" else {"errors": [error(said, "BAD_REQUEST")]}
    assert kind_of(attempt(shopify, reply)) is TEXTS[text]


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("Refund amount $25.00 is greater than net payment received $15.00", FailureCode.ALREADY_REFUNDED),
        ("Order does not exist", FailureCode.UNAVAILABLE),
        ("Unable to find parent transaction", FailureCode.UNAVAILABLE),
        ("Transactions require a parent_id associated with the order", FailureCode.UNAVAILABLE),
        ("Kind authorization is not a valid transaction", FailureCode.DECLINED),
        ("Cannot exceed sales cap.", FailureCode.DECLINED),
    ],
)
def test_a_user_error_is_a_no_in_its_own_words(shopify: wire.Wire, text: str, failure: FailureCode) -> None:
    """There are no codes; a text that nobody knows is a no all the same, and kept."""
    report = attempt(shopify, created(errors=[{"field": None, "message": text}]))
    assert (report.status, report.failure, report.reason) == (RefundStatus.FAILED, failure, text)
    assert report.reference is None


def test_a_refund_beside_user_errors_was_made(shopify: wire.Wire) -> None:
    """Money is a fact, whatever is complained about."""
    report = attempt(shopify, created(refund_record(), [error("Could not notify the customer")]))
    assert report.status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize(
    "reply",
    [
        b"<html>ok</html>",
        b"",
        b"[]",
        b'{"data": {"refundCreate": NaN}}',
        b'{"data": {"refundCreate": 1e999999999}}',
        b'{"data": ' + b"9" * 50 + b"}",
        b"[" * 100_000,
        b"\xff\xfe",
        {},
        {"data": None},
        {"data": []},
        {"data": {}},
        {"data": {"refundCreate": None}},
        created(),
        created([]),
        created({}),
        created(refund_record(transactions={"nodes": []})),
        created(refund_record(transaction(), transaction())),
        created(refund_record(sale())),
        created(refund_record(transaction(amountSet=None))),
        created(refund_record(transaction(amountSet={"presentmentMoney": {"amount": 12.5}}))),
        created(
            refund_record(
                transaction(amountSet={"presentmentMoney": {"amount": "12.345", "currencyCode": "USD"}})
            )
        ),
        created(refund_record(transaction(id="12"))),
        created(refund_record(transaction(status=None))),
        {"errors": "Something"},
        {"errors": {"message": "x"}},
        {"errors": [7]},
    ],
)
def test_an_answer_that_cannot_be_read_is_unknown(shopify: wire.Wire, reply: Any) -> None:
    """A 200 says nothing by itself: no refund, no user error, no proof."""
    assert kind_of(attempt(shopify, reply)) is Meaning.UNKNOWN


def test_an_endless_answer_is_unknown(shopify: wire.Wire) -> None:
    """One mebibyte is more than any answer needs (law S3)."""
    answer = attempt(shopify, wire.Reply(b" " * (client.MAX_ANSWER + 1)))
    assert "more than 1048576 bytes" in str(answer)


def test_an_answer_that_trickles_is_unknown() -> None:
    """Only the wait for each part is limited by httpx; somebody has to limit the whole."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_trickle, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ours = gateway(base_url=url, timeout=(0.1, 0.1))
        with pytest.raises(OutcomeUnknownError, match="too slowly"):
            ours.refund(call(ours))
        thread.join()


def _trickle(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        pause = threading.Event()
        try:
            for _ in range(1_000):
                connection.sendall(b" ")
                pause.wait(0.02)
        except OSError:
            return  # the client gave up


@pytest.mark.parametrize(
    ("fault", "kind"), [("reset", "ReadError"), ("truncate", "RemoteProtocolError"), ("hang", "ReadTimeout")]
)
def test_a_broken_connection_is_unknown(shopify: wire.Wire, fault: str, kind: str) -> None:
    """A reset before and a reset after the request arrived look the same."""
    answer = attempt(shopify, wire.Reply(created(refund_record()), fault=fault), timeout=(1, 0.3))
    assert kind_of(answer) is Meaning.UNKNOWN
    assert kind in str(answer)


def test_no_connection_executed_nothing() -> None:
    """Refused: not a byte was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ours = gateway(base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(GatewayUnavailableError, match="ConnectError"):
        ours.refund(call(ours))


def test_every_exception_of_httpx_is_in_the_table() -> None:
    """A class that a new httpx brings along has to be thought about."""
    public = {name for name in httpx.__all__ if isinstance(getattr(httpx, name), type)}
    raised = {
        name for name in public if issubclass(getattr(httpx, name), (httpx.HTTPError, httpx.InvalidURL))
    }
    assert raised == set(CLASSES)


def test_only_exceptions_before_sending_say_that_nothing_was_executed() -> None:
    """Connecting and waiting for a connection come before the request; nothing else does."""
    sure = {name for name, answer in CLASSES.items() if answer is Meaning.NOT_EXECUTED}
    assert sure == {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.LOST_REPLY, Meaning.UNKNOWN),
        (Fault.RESET, Meaning.UNKNOWN),
        (Fault.HANG, Meaning.UNKNOWN),
        (Fault.CONFLICT_409, Meaning.UNKNOWN),
        (Fault.RATE_LIMIT_429, Meaning.NOT_EXECUTED),
        (Fault.SERVER_ERROR_500, Meaning.UNKNOWN),
        (Fault.UNAVAILABLE_503_HTML, Meaning.UNKNOWN),
        (Fault.TRUNCATED, Meaning.UNKNOWN),
        (Fault.GARBAGE, Meaning.UNKNOWN),
        (Fault.THROTTLED, Meaning.NOT_EXECUTED),
    ],
)
def test_every_fault_of_the_sandbox_ends_well(fault: Fault, kind: Meaning) -> None:
    """Whatever happens to the first attempt, the next one tells, and there is one refund."""
    with ShopifySandbox() as sandbox:
        (source,) = bought(sandbox, "50.00")
        # Only a hanging server needs a short wait; a slow machine must not look like one.
        ours = gateway_to(sandbox, timeout=(5, 1.0 if fault is Fault.HANG else 30))
        sandbox.faults.append(fault)
        with pytest.raises((GatewayUnavailableError, OutcomeUnknownError)) as failed:
            ours.refund(call(ours, source=source))
        assert kind_of(failed.value) is kind
        assert ours.refund(call(ours, source=source)).status is RefundStatus.SUCCEEDED
        assert len(sandbox.refunds_of(source.group)) == 1


@pytest.mark.parametrize(
    "cost",
    [
        None,
        {},
        {"throttleStatus": None},
        {"requestedQueryCost": True},
        {"throttleStatus": {"restoreRate": 0}},
        {
            "requestedQueryCost": 10**19,
            "throttleStatus": {"currentlyAvailable": 0, "restoreRate": 1},
        },
    ],
)
def test_a_throttle_without_sane_numbers_names_no_wait(shopify: wire.Wire, cost: Any) -> None:
    """What cannot be computed, or takes longer than a day, is left to the sweep."""
    body = {"errors": [error("Throttled", "THROTTLED")], "extensions": {"cost": cost}}
    answer = attempt(shopify, body)
    assert answer.retry_after_seconds is None
    assert len(shopify.asked) == 1


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "2.0", 2), (430, "7", 7), (429, "soon", None), (401, "2", None), (423, "2", None)],
)
def test_a_busy_shop_says_how_long_it_wants_to_be_left_alone(
    shopify: wire.Wire, status: int, header: str, seconds: int | None
) -> None:
    """Shopify writes whole seconds as 2.0; a locked shop is not one that is busy."""
    answer = attempt(shopify, wire.Reply(b"", status, {"retry-after": header}))
    assert answer.retry_after_seconds == seconds
    assert len(shopify.asked) == 1


def test_an_amount_or_payment_that_differs_is_reported_as_it_is(shopify: wire.Wire) -> None:
    """The desk has to see what was really done (law E5)."""
    other = "gid://shopify/OrderTransaction/99"
    made = transaction(
        parentTransaction={"id": other},
        amountSet={"presentmentMoney": {"amount": "13", "currencyCode": "CAD"}},
    )
    report = attempt(shopify, created(refund_record(made)))
    assert (str(report.amount), report.payment) == ("13.00 CAD", other)


def test_a_status_from_the_future_is_pending(shopify: wire.Wire) -> None:
    """What nobody knows is neither a success nor a failure."""
    report = attempt(shopify, created(refund_record(transaction(status="TELEPORTED"))))
    assert (report.status, report.raw_status) == (RefundStatus.PENDING, "TELEPORTED")


def test_a_message_shows_no_secret(shopify: wire.Wire) -> None:
    """Even if the server repeats the token, or a card number (law S2)."""
    reply = wire.Reply({"errors": f"Token {TOKEN} and 4242 4242 4242 4242\nare wrong"}, 403)
    told = str(attempt(shopify, reply))
    assert TOKEN not in told
    assert "4242" not in told
    assert "[hidden]" in told


def test_texts_are_plain_and_bounded() -> None:
    """One line, printable, at most 500 characters."""
    assert plain("a\n\x1b[31mb\u202e") == "a [31mb"
    assert len(plain("x" * 10_000)) == 500
    assert plain(7) == ""
    assert plain("shpca_abc123") == "[hidden]"


def test_a_payment_without_an_order_cannot_be_fetched(shopify: wire.Wire) -> None:
    """It was registered without its group."""
    ours = gateway(base_url=shopify.url)
    with pytest.raises(GatewayUnavailableError, match=r"Payment\.group"):
        ours.fetch((payment(PARENT, group=None),))
    assert shopify.asked == []
