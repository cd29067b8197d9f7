"""Requests: what may be wished for, and what makes two wishes the same."""

import decimal
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.model.parties import Actor
from refundkit.model.requests import LineRefund, Purpose, RefundReason, RefundRequest, RestockingFee
from refundkit.money import Money
from tests import strategies
from tests.model.builders import eur, jpy, line, wish

NOT_ALL = "above zero. Leave it out to ask for all that is left."


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"amount": eur(0)}, f"RefundRequest asks for 0.00 EUR; an amount to give back is {NOT_ALL}"),
        ({"amount": -eur(1)}, "RefundRequest.amount must be an amount of zero or more"),
        ({"payments": {"p1": eur(0)}}, f"asks for 0.00 EUR; an amount to give back is {NOT_ALL}"),
        ({"payments": {"p1": -eur(1)}}, "RefundRequest.payments must be an amount of zero or more"),
        ({"payments": {}}, "must map payment ids to Money and name at least one payment"),
        ({"payments": ["p1"]}, "must map payment ids to Money and name at least one payment"),
        ({"payments": {"": eur(1)}}, "RefundRequest.payments must be a printable str"),
        ({"payments": {"p1": "1.00"}}, "RefundRequest.payments must be Money, such as"),
        ({"payments": {"p1": {"EUR": 1}}}, "RefundRequest.payments must be Money, such as"),
        ({"lines": {}}, "Request k-1 has no lines; leave the field out to ask for all that is left"),
        ({"lines": []}, "Request k-1 has no lines; leave the field out to ask for all that is left"),
        ({"revision": []}, "Request k-1 has no revision; leave the field out to ask for all that is left"),
        ({"lines": {"a": 0}}, "The refund of line a names neither a quantity nor an amount"),
        ({"amount": eur(1), "lines": {"a": 1}}, "gives amount and lines; exactly one of them says how much"),
        (
            {"amount": eur(1), "revision": [line("a", eur(1))]},
            "gives amount and revision; exactly one of them",
        ),
        (
            {"lines": {"a": 1}, "revision": [line("a", eur(1))]},
            "gives lines and revision; exactly one of them",
        ),
        ({"lines": [LineRefund(line_id="a", quantity=1)] * 2}, "RefundRequest has two line 'a'"),
        ({"revision": [line("a", eur(1))] * 2}, "RefundRequest has two revised line 'a'"),
        (
            {"amount": eur(1), "restocking_fee": RestockingFee(fixed=eur(1))},
            "keeps a restocking fee of an amount",
        ),
        (
            {"amount": eur(1), "purpose": Purpose.REJECT},
            "rejects the order, which gives back all that is left",
        ),
        (
            {"lines": {"a": 1}, "purpose": Purpose.REJECT},
            "rejects the order, which gives back all that is left",
        ),
    ],
)
def test_refused(what, message):
    """Law C2: zero, negative and contradictory wishes are errors, never "everything"."""
    with pytest.raises(InvalidValueError) as refused:
        wish(**what)

    assert message in str(refused.value)


@pytest.mark.parametrize("amount", [Money.zero("EUR"), -eur(1), 0, 1.5, True, "1.00"])
def test_refused_amounts_of_lines(amount):
    """Law C2: the amount of a line is above zero and is money, too."""
    with pytest.raises(InvalidValueError, match=r"above zero|must be"):
        LineRefund(line_id="a", amount=amount)


def test_forms():
    """A wish without a form asks for everything; lines may be a mapping of quantities, in any order."""
    assert wish().is_everything
    assert wish(payments={"p1": eur(1)}).is_everything
    assert not wish(amount=eur(1)).is_everything
    assert not wish(lines={"a": 1}).is_everything
    assert not wish(revision=[line("a", eur(1))]).is_everything
    assert wish(lines={"b": 2, "a": 1}).lines == (
        LineRefund(line_id="a", quantity=1),
        LineRefund(line_id="b", quantity=2),
    )
    assert wish().rejecting().purpose is Purpose.REJECT
    assert wish().approved(Actor.staff("lee")).approved_by == Actor.staff("lee")


@pytest.mark.parametrize(
    ("fee", "price", "kept"),
    [
        (RestockingFee(percent=Decimal(10)), eur(100), eur(10)),
        (RestockingFee(percent=Decimal("12.5")), eur("0.20"), eur("0.03")),
        (RestockingFee(percent=Decimal("1E+1")), eur("0.05"), eur("0.01")),
        (RestockingFee(percent=Decimal("0.0001")), eur("100.00"), eur(0)),
        (RestockingFee(percent=Decimal(10), fixed=eur(5)), eur(100), eur(15)),
        (RestockingFee(fixed=eur(5)), eur(1), eur(5)),
        (RestockingFee(percent=Decimal(10)), jpy(15), jpy(2)),
    ],
)
def test_restocking_fee(fee, price, kept):
    """Law M2: a fee rounds its percentage half up, once, and adds the fixed part."""
    assert fee.of(price) == kept


def test_restocking_fee_in_a_narrow_context():
    """Law M2: a fee does not depend on how many digits the caller's program computes with."""
    with decimal.localcontext(prec=2):
        assert RestockingFee(percent=Decimal("12.345")).of(eur("10000.00")) == eur("1234.50")


# The digest.


PLAIN = "7eaed96fe74a197f0eb688b40d6c77672953a4bc6bfdb13ce5bc41016dfb81ce"
LINES = "9f6c8ee5a4bc787110fcb33558840bc4db74187be24840826949556c3eb512dd"


def test_golden_digests():
    """Law E3: the digest of a stored request is the same in every version of refundkit."""
    by_lines = (LineRefund(line_id="b", amount=eur(1)), LineRefund(line_id="a", quantity=2))

    assert wish().digest == PLAIN
    assert wish(lines=by_lines).digest == wish(lines=by_lines[::-1]).digest == LINES


@pytest.mark.parametrize(
    "beside",
    [{"approved_by": Actor.staff("lee")}, {"note": "call first"}, {"notify": True}, {"message": "Sorry!"}],
)
def test_beside_the_content(beside):
    """Law E3: approved_by, note, notify and message may be said later; the request stays the same."""
    assert wish(**beside).digest == wish().digest


CONTENTS = [
    {"key": "k-2"},
    {"reason": "other"},
    {"reason_type": RefundReason.DAMAGED},
    {"actor": Actor.staff("kim")},
    {"actor": Actor.system("job")},
    {"purpose": Purpose.REJECT},
    {"amount": eur(1)},
    {"amount": jpy(1)},
    {"amount": jpy(100)},
    {"lines": {"a": 1}},
    {"lines": {"a": 2}},
    {"lines": [LineRefund(line_id="a", quantity=1, amount=eur(1))]},
    {"revision": [line("a", eur(1))]},
    {"revision": [line("a", eur(1), name="A")]},
    {"payments": {"p1": eur(1)}},
    {"payments": {"p2": eur(1)}},
    {"via": "store_credit"},
    {"restocking_fee": RestockingFee(percent=Decimal(10))},
    {"restocking_fee": RestockingFee(percent=Decimal(11))},
    {"restocking_fee": RestockingFee(fixed=eur(10))},
    {"return_id": "rma-1"},
    {"metadata": {"approved_by": "lee"}},
    {"metadata": {"note": "x"}},
    {"payments": {"p1": eur(2)}},
    {"metadata": {"note": "y"}},
    {"metadata": {"note": ["x"]}},
    {"metadata": {"note": None}},
    {"metadata": {"note": "None"}},
    {"metadata": {"note": 1}},
    {"metadata": {"note": "1"}},
    {"metadata": {"note": True}},
]


@pytest.mark.parametrize("other", CONTENTS)
def test_the_content(other):
    """Law E3: every other field belongs to the content."""
    assert wish(**other).digest != wish().digest


def test_no_two_contents_have_one_digest():
    """Law E3: not only whether a field is said belongs to the content, but also what it says."""
    digests = [wish(**content).digest for content in CONTENTS]

    assert len(set(digests)) == len(CONTENTS)


def test_every_field_was_thought_of():
    """Law E3: a new field of a request is in the digest, or its absence is decided here."""
    assert {field.name for field in attrs.fields(RefundRequest)} == {
        *(
            "key",
            "reason",
            "reason_type",
            "actor",
            "purpose",
            "amount",
            "lines",
            "revision",
            "payments",
            "via",
        ),
        *("restocking_fee", "note", "return_id", "notify", "message", "approved_by", "metadata"),
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"metadata": {"a": 1, "b": {"c": 2, "d": 3}}}, {"metadata": {"b": {"d": 3, "c": 2}, "a": 1}}),
        ({"metadata": {"a": [1, 2]}}, {"metadata": {"a": (1, 2)}}),
        ({"payments": {"p1": eur(1), "p2": eur(2)}}, {"payments": {"p2": eur(2), "p1": eur(1)}}),
        ({"lines": {"a": 1, "b": 2}}, {"lines": {"b": 2, "a": 1}}),
        (
            {"restocking_fee": RestockingFee(percent=Decimal(10))},
            {"restocking_fee": RestockingFee(percent=Decimal("10.00"))},
        ),
        (
            {"restocking_fee": RestockingFee(percent=Decimal("1E+1"))},
            {"restocking_fee": RestockingFee(percent=Decimal("10.0"))},
        ),
        (
            {"revision": [line("a", eur(1), tax_rate=Decimal("19.0"))]},
            {"revision": [line("a", eur(1), tax_rate=Decimal(19))]},
        ),
    ],
)
def test_equal_requests_have_one_digest(one, other):
    """Law E3: the order of mappings and the writing of a number carry no meaning."""
    assert wish(**one) == wish(**other)
    assert wish(**one).digest == wish(**other).digest


@given(strategies.requests(), st.randoms())
def test_digest_is_of_the_content(request, random):
    """Law E3: the same content gives the same digest, in whatever order its parts were given."""

    def shuffled(mapping):
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    parts = [*attrs.asdict(request, recurse=False).items()]
    random.shuffle(parts)
    again = RefundRequest(**{**dict(parts), "metadata": shuffled(request.metadata)})

    assert again == request
    assert again.digest == request.digest
    assert len(request.digest) == 64


@given(strategies.requests(), strategies.requests())
def test_other_content_other_digest(one, other):
    """Law E3: requests of one digest differ at most in approval, note and notification."""
    bare = [attrs.evolve(request, approved_by=None, note="", notify=None) for request in (one, other)]

    assert (one.digest == other.digest) == (bare[0] == bare[1])
