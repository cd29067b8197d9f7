"""The JSON shape: what goes out comes back, and nothing else comes in."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.model.capabilities import Capabilities
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.requests import RefundRequest, RestockingFee
from refundkit.money import Money
from refundkit.serialization import dumps, from_json, loads, make_converter, to_json
from tests import strategies

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANY_SIZE = 2**40

VALUES = {
    "money": strategies.any_money(),
    "order": strategies.orders(),
    "registered order": strategies.paid_orders(),
    "payment": strategies.payments(),
    "refund": strategies.refunds(),
    "request": strategies.requests(),
    "accepted request": strategies.accepted_requests(),
    "event": strategies.events(),
    "capabilities": strategies.capabilities(),
    "payment report": strategies.payment_reports(),
    "refund report": strategies.refund_reports(),
    "dispute report": strategies.dispute_reports(),
    "dispute": strategies.disputes(),
    "delivery": strategies.deliveries(),
    "document": strategies.documents(),
    "flag": strategies.flags(),
    "note": strategies.notes(),
    "actor": strategies.actors(),
    "customer": strategies.customers(),
    "line": strategies.lines(),
}


def an_order() -> Order:
    """Return an order with one of everything that the bad inputs below spoil."""
    return Order(
        id="o-1",
        currency="EUR",
        lines=(OrderLine(id="line-1", quantity=2, total=Money.of("20.00", "EUR")),),
        payments=(
            Payment(
                id="p1",
                gateway="stripe",
                reference="ch_1",
                captured=Money.of("20.00", "EUR"),
                captured_at=NOON,
                details={"brand": "visa"},
            ),
        ),
        refunds=(
            Refund(
                id="r1",
                payment_id="p1",
                gateway="stripe",
                amount=Money.of("5.00", "EUR"),
                status=RefundStatus.SUCCEEDED,
            ),
        ),
        placed_at=NOON,
    )


class TestRoundTrip:
    """What is written is read back exactly."""

    @pytest.mark.parametrize("name", VALUES)
    @given(data=st.data())
    def test_every_value_survives_json_text(self, name: str, data: st.DataObject) -> None:
        """Any valid value is the same value, in every type and byte, after a trip through JSON text."""
        value = data.draw(VALUES[name])
        back = loads(dumps(value), type(value), max_bytes=ANY_SIZE)
        assert back == value
        # True equals 1, and Decimal("1E+1") equals 10; their reprs differ.
        assert _whole(back) == _whole(value)

    @given(request=strategies.requests())
    def test_a_request_keeps_its_digest(self, request: RefundRequest) -> None:
        """Law E3 holds over a restart: a stored request is still the same request."""
        assert loads(dumps(request), RefundRequest, max_bytes=ANY_SIZE).digest == request.digest

    @given(order=strategies.orders())
    def test_json_ready_means_ready(self, order: Order) -> None:
        """to_json() gives plain JSON types only, so any JSON library and any JSON column can take it."""
        data = to_json(order)
        assert _json_types(data) <= {dict, list, str, int, bool, type(None)}
        assert json.loads(json.dumps(data)) == data

    def test_ten_thousand_refunds(self) -> None:
        """A large order passes through to_json() and from_json(), which have no limit of size."""
        order = an_order()
        refund = order.refunds[0]
        many = tuple(attrs.evolve(refund, id=f"r{number}") for number in range(10_000))
        order = attrs.evolve(order, refunds=many)
        assert from_json(to_json(order), Order) == order


def _whole(value: Any) -> Any:
    """Show a value with the fields that its repr leaves out, and sets in one order."""
    if attrs.has(type(value)):
        return [type(value).__name__, *(_whole(getattr(value, a.name)) for a in attrs.fields(type(value)))]
    if type(value) in (tuple, frozenset):
        return [_whole(item) for item in (value if type(value) is tuple else sorted(value))]
    return repr(value)


def _json_types(data: Any) -> set[type]:
    inner = data.values() if type(data) is dict else data if type(data) is list else ()
    return {type(data)}.union(*map(_json_types, inner))


class TestShape:
    """The shape is a promise: it is stored, and people read it."""

    def test_an_order(self) -> None:
        """Fields at their default are left out; amounts, moments and enums are texts."""
        assert to_json(an_order()) == {
            "id": "o-1",
            "currency": "EUR",
            "lines": [{"id": "line-1", "total": {"amount": "20.00", "currency": "EUR"}, "quantity": 2}],
            "payments": [
                {
                    "id": "p1",
                    "gateway": "stripe",
                    "reference": "ch_1",
                    "captured": {"amount": "20.00", "currency": "EUR"},
                    "captured_at": "2026-03-01T12:00:00Z",
                    "details": {"brand": "visa"},
                }
            ],
            "refunds": [
                {
                    "id": "r1",
                    "payment_id": "p1",
                    "gateway": "stripe",
                    "amount": {"amount": "5.00", "currency": "EUR"},
                    "status": "succeeded",
                }
            ],
            "placed_at": "2026-03-01T12:00:00Z",
        }

    def test_capabilities(self) -> None:
        """Durations are seconds, exact to the microsecond; sets are sorted."""
        able = Capabilities(
            window=timedelta(days=180),
            idempotency_window=timedelta(seconds=1, microseconds=5),
            currencies={"USD", "EUR"},
        )
        assert to_json(able) == {
            "window": 15_552_000,
            "currencies": ["EUR", "USD"],
            "idempotency_window": "1.000005",
        }

    def test_a_request(self) -> None:
        """Payments are Money by payment id, metadata is plain JSON, a percentage is a text."""
        request = RefundRequest(
            key="k",
            reason="broken",
            payments={"p1": Money.of("1.00", "EUR")},
            restocking_fee=RestockingFee(percent=Decimal("12.5")),
            metadata={"tags": ["a", {"b": True}]},
        )
        assert to_json(request) == {
            "key": "k",
            "reason": "broken",
            "payments": {"p1": {"amount": "1.00", "currency": "EUR"}},
            "restocking_fee": {"percent": "12.5"},
            "metadata": {"tags": ["a", {"b": True}]},
        }

    def test_microseconds(self) -> None:
        """A moment has six decimals when it has microseconds."""
        moment = NOON.replace(microsecond=120)
        assert (
            to_json(attrs.evolve(an_order(), placed_at=moment))["placed_at"] == "2026-03-01T12:00:00.000120Z"
        )

    def test_another_zone_is_read_as_utc(self) -> None:
        """A moment that names another zone is the same moment."""
        data = to_json(an_order()) | {"placed_at": "2026-03-01T14:00:00.5+02:00"}
        assert from_json(data, Order).placed_at == NOON.replace(microsecond=500_000)

    def test_a_naive_looking_zone_is_never_written(self) -> None:
        """Whatever zone a moment had, it is written in UTC."""
        local = NOON.astimezone(timezone(timedelta(hours=-5)))
        assert to_json(attrs.evolve(an_order(), placed_at=local))["placed_at"] == "2026-03-01T12:00:00Z"

    def test_only_values(self) -> None:
        """A dict is no value of refundkit, and says so."""
        with pytest.raises(InvalidValueError, match="Only values of refundkit have a JSON shape, not dict"):
            to_json({})

    def test_converters_are_apart(self) -> None:
        """What is added to one converter changes no other one."""
        mine = make_converter()
        mine.register_unstructure_hook(Money, str)
        assert mine.unstructure(Money.of(1, "EUR")) == "1.00 EUR"
        assert to_json(Money.of(1, "EUR")) == {"amount": "1.00", "currency": "EUR"}


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = to

    return spoil


def _drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def spoil(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return spoil


QUANTITY = ("lines", 0, "quantity")
TOTAL = ("lines", 0, "total")
BAD: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (_set(*QUANTITY, to=2.9), "order.lines[0].quantity", "must be a whole number, not 2.9."),
    (_set(*QUANTITY, to="2"), "order.lines[0].quantity", "must be a whole number, not '2'."),
    (_set(*QUANTITY, to=True), "order.lines[0].quantity", "must be a whole number, not True."),
    (_set(*QUANTITY, to=None), "order.lines[0].quantity", "must be a whole number, not None."),
    (_set(*QUANTITY, to=0), "order.lines[0].quantity", "must be a whole number above zero, not 0."),
    (_set(*QUANTITY, to=[[1]]), "order.lines[0].quantity", "must be a whole number, not a list."),
    (_set("lines", 0, "id", to=7), "order.lines[0].id", "must be a text, not 7."),
    (_set("lines", 0, "id", to=" x"), "order.lines[0].id", "must be a printable str"),
    (_set("lines", 0, "colour", to="red"), "order.lines[0]", "has no 'colour'; it has id, total, quantity"),
    (_drop(*TOTAL), "order.lines[0].total", "is missing."),
    (_drop("id"), "order.id", "is missing."),
    (_set(*TOTAL, to="20.00"), "order.lines[0].total", "must be an object, not '20.00'."),
    (_set(*TOTAL, "amount", to=20), "order.lines[0].total.amount", "must be a text, not 20."),
    (_set(*TOTAL, "amount", to="1.234"), "order.lines[0].total.amount", ": '1.234' has more decimals"),
    (_set(*TOTAL, "currency", to="EURO"), "order.lines[0].total.currency", ": 'EURO' is not an ISO 4217"),
    (_set(*TOTAL, "minor", to=1), "order.lines[0].total", "has no 'minor'; it has amount, currency."),
    (_drop(*TOTAL, "currency"), "order.lines[0].total.currency", "is missing."),
    (
        _set("lines", 0, "kind", to="gift"),
        "order.lines[0].kind",
        "must be one of item, shipping, fee, not 'gift'.",
    ),
    (_set("refunds", 0, "status", to=["x"]), "order.refunds[0].status", "must be one of planned, "),
    (_set("refunds", 0, "status", to="SUCCEEDED"), "order.refunds[0].status", "must be one of planned, "),
    (
        _set("lines", 0, "tax_rate", to=19),
        "order.lines[0].tax_rate",
        'must be a number as text, such as "19.5"',
    ),
    (_set("lines", 0, "tax_rate", to="NaN"), "order.lines[0].tax_rate", "must be a number as text"),
    (_set("lines", 0, "tax_rate", to="1E999999"), "order.lines[0].tax_rate", "must be a number as text"),
    (_set("lines", 0, "tax_rate", to="1E-21"), "order.lines[0].tax_rate", "must be a percentage"),
    (_set("lines", 0, "tax_rate", to="-1"), "order.lines[0].tax_rate", "must be a percentage"),
    (_set("lines", to={"0": 1}), "order.lines", "must be a list, not an object."),
    (_set("lines", to="abc"), "order.lines", "must be a list, not 'abc'."),
    (_set("lines", 0, to=[]), "order.lines[0]", "must be an object, not a list."),
    (_set("placed_at", to="2026-03-01T12:00:00"), "order.placed_at", "must be a time with its zone"),
    (_set("placed_at", to="2026-02-31T12:00:00Z"), "order.placed_at", "must be a time with its zone"),
    (_set("placed_at", to="0001-01-01T00:00:00+02:00"), "order.placed_at", "must be a time with its zone"),
    (_set("placed_at", to=1_772_366_400), "order.placed_at", "must be a time with its zone"),
    (_set("placed_at", to="2026-W09-7T12:00:00Z"), "order.placed_at", "must be a time with its zone"),
    (_set("test", to=1), "order.test", "must be true or false, not 1."),
    (_set("payments", 0, "details", to=[]), "order.payments[0].details", "must be an object, not a list."),
    (_set("payments", 0, "details", "a", to=1.5), "order.payments[0].details", "must be JSON without floats"),
    (
        _set("payments", 0, "details", "a", to=2**63),
        "order.payments[0].details",
        "must be whole numbers below",
    ),
    (_set("payments", 0, "details", "a", to="\0"), "order.payments[0].details", "must be texts of at most"),
    (_set("currency", to="USD"), "order.currency", "is in USD and cannot hold 20.00 EUR"),
]


class TestStrict:
    """Law S3: untrusted input is structured strictly, and told where it is wrong."""

    @pytest.mark.parametrize(("spoil", "path", "message"), BAD)
    def test_says_where_it_is_wrong(self, spoil: Callable[[Any], None], path: str, message: str) -> None:
        """Each bad input is refused with the path to it, and a sentence that says what it must be."""
        data = json.loads(dumps(an_order()))
        spoil(data)
        with pytest.raises(InvalidValueError) as caught:
            from_json(data, Order)
        assert caught.value.field == path
        assert str(caught.value).startswith("order")
        assert message in str(caught.value)

    @pytest.mark.parametrize("data", [None, [], "{}", 3, True])
    def test_the_root(self, data: object) -> None:
        """What is no object is no order."""
        with pytest.raises(InvalidValueError, match=r"^order must be an object, not "):
            from_json(data, Order)

    def test_inside_a_mapping(self) -> None:
        """A path into a mapping names the key."""
        data = {"key": "k", "reason": "r", "payments": {"p1": {"amount": "x", "currency": "EUR"}}}
        with pytest.raises(InvalidValueError) as caught:
            from_json(data, RefundRequest)
        assert str(caught.value).startswith("refund_request.payments['p1']: 'x' is not an amount")
        assert caught.value.field == "refund_request.payments['p1'].amount"

    @pytest.mark.parametrize(
        "payments", [[], {"p1": 3}, {"p1": None}, {}, {"": {"amount": "1", "currency": "EUR"}}]
    )
    def test_payments_of_a_request(self, payments: object) -> None:
        """An explicit spread maps payment ids to Money, and names at least one."""
        with pytest.raises(InvalidValueError, match=r"^refund_request\.payments"):
            from_json({"key": "k", "reason": "r", "payments": payments}, RefundRequest)

    @pytest.mark.parametrize("window", [1.5, "1", "x", True, -1, 10**30, "99999999999999.000000", {}])
    def test_durations(self, window: object) -> None:
        """A duration is seconds: an int, or a text with six decimals; zero or more, and one that exists."""
        with pytest.raises(InvalidValueError, match=r"^capabilities\.window must be"):
            from_json({"window": window}, Capabilities)

    def test_keys_that_are_no_text(self) -> None:
        """Even keys that JSON could not have are refused in words."""
        with pytest.raises(InvalidValueError, match=r"^actor has no 1; it has kind, name"):
            from_json({"kind": "staff", 1: 2, "x": 3}, Actor)

    def test_nested_beyond_reason(self) -> None:
        """A value nested a hundred thousand levels deep overflows no stack, wherever it is put."""
        deep: Any = []
        for _ in range(100_000):
            deep = [deep]
        for name in ("id", "lines", "metadata", "placed_at", "unknown"):
            with pytest.raises(InvalidValueError):
                from_json(to_json(an_order()) | {name: deep}, Order)
            with pytest.raises(InvalidValueError):
                from_json(to_json(an_order()) | {name: {"a": deep}}, Order)

    def test_whatever_a_class_raises(self) -> None:
        """A class of a plugin may fail in its own way; the caller sees the one error all the same."""

        @attrs.frozen
        class Broken:
            size: int

            def __attrs_post_init__(self) -> None:
                raise ZeroDivisionError

        with pytest.raises(InvalidValueError, match=r"broken cannot be read \(ZeroDivisionError\)"):
            from_json({"size": 1}, Broken)

    def test_errors_do_not_drag_the_input_along(self) -> None:
        """Law S2: the error neither chains nor pickles the groups of cattrs, which hold everything."""
        with pytest.raises(InvalidValueError) as caught:
            from_json({"kind": "staff", "secret": "4242"}, Actor)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


class TestText:
    """Law S3: text from outside is bounded before anything is made of it."""

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('{"kind": "staff", "kind": "system"}', "has the key 'kind' twice"),
            ('{"kind": 1.5}', "has the float 1.5"),
            ('{"kind": 1e5}', "has the float 1e5"),
            ('{"kind": NaN}', "has the float NaN"),
            ('{"kind": -Infinity}', "has the float -Infinity"),
            ('{"kind": %s}' % ("9" * 21), "has a number of 21 digits"),
            ('{"kind": %s}' % ("9" * 10_000), "has a number of 10000 digits"),
            ("[" * 33 + "]" * 33, "is nested more than 32 levels deep"),
            ("[" * 100_000, "is nested more than 32 levels deep"),
            ('{"a":' * 20_000, "is nested more than 32 levels deep"),
            (b"\xff", "is not valid UTF-8"),
            ("\ud800", "is not valid UTF-8"),
            ("", "is not JSON"),
            ("{", "is not JSON"),
            ("\ufeff{}", "is not JSON"),
            ("{'kind': 'staff'}", "is not JSON"),
            ('"' + "[" * 100, "is not JSON"),
            ("x" * (256 * 1024 + 1), "has more than 262144 bytes"),
            (b" " * (256 * 1024 + 1), "has more than 262144 bytes"),
            ("é" * (200 * 1024), "has more than 262144 bytes"),
            (bytearray(b"{}"), "is a str or bytes, not bytearray"),
            (None, "is a str or bytes, not NoneType"),
        ],
    )
    def test_refused(self, text: Any, reason: str) -> None:
        """Each way to send too much, or something that reads in two ways, is refused by name."""
        with pytest.raises(InvalidValueError) as caught:
            loads(text, Actor)
        assert str(caught.value).startswith(f"The JSON text {reason}")

    def test_errors_do_not_show_the_text(self) -> None:
        """Law S2: the error of json carries the whole document; ours does not."""
        with pytest.raises(InvalidValueError) as caught:
            loads('{"number": "4242424242424242"', Actor)
        assert "4242" not in repr(vars(caught.value)) + str(caught.value)
        assert caught.value.__cause__ is None

    def test_brackets_in_texts_do_not_count(self) -> None:
        """Only real nesting is depth: a text may hold as many brackets and quotes as it likes."""
        name = '[{"' * 50 + "\\"
        assert loads(json.dumps({"kind": "staff", "name": name}), Actor) == Actor.staff(name)

    def test_the_limit_is_a_parameter(self) -> None:
        """Whoever expects more may say so, and whoever expects less."""
        text = dumps(Actor.staff("kim"))
        assert loads(text.encode(), Actor, max_bytes=len(text)) == Actor.staff("kim")
        with pytest.raises(InvalidValueError, match="more than 5 bytes"):
            loads(text, Actor, max_bytes=5)

    def test_as_deep_as_it_may_be(self) -> None:
        """Thirty-two levels are read; it is the value that then refuses them."""
        with pytest.raises(InvalidValueError, match=r"^actor must be an object, not a list"):
            loads("[" * 32 + "]" * 32, Actor)

    @given(st.binary() | st.text())
    def test_arbitrary_text(self, text: bytes | str) -> None:
        """Whatever the bytes, InvalidValueError is the only error."""
        _only_invalid(text, Order)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_arbitrary_json(self, data: Any) -> None:
        """Whatever the JSON, InvalidValueError is the only error."""
        _only_invalid(json.dumps(data), Order)

    @given(data=st.data())
    def test_spoiled_orders(self, data: st.DataObject) -> None:
        """An order of which any one part is replaced by anything is still an order, or is refused in words."""
        order = json.loads(dumps(data.draw(strategies.orders())))
        place = data.draw(st.sampled_from(list(_places(order))))
        anything = st.none() | st.booleans() | st.integers() | st.text() | st.just([]) | st.just({})
        _set(*place, to=data.draw(anything))(order)
        _only_invalid(json.dumps(order), Order)


def _places(data: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Yield the path to every part of JSON-ready data."""
    steps = data.items() if type(data) is dict else enumerate(data) if type(data) is list else ()
    for step, inner in steps:
        yield (*path, step)
        yield from _places(inner, (*path, step))


def _only_invalid(text: bytes | str, kind: type) -> None:
    try:
        value = loads(text, kind)
    except InvalidValueError:
        return
    assert isinstance(value, kind)
