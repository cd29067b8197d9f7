"""Rules, one step before and one step after their limit, and on cases that mix."""

import attrs
import pytest

from refundkit.errors import InvalidValueError
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import Purpose, RequestLine
from refundkit.policy.rules import BlockingDocuments, Case, Decision, MaxRefunds, NonRefundable, Policy
from tests.model.builders import NOW, eur, line, order, paid, refunded, simple, wish

ALLOW, DENY = Decision.ALLOW, Decision.DENY


def case(known, **request):
    """Ask for something on an order."""
    return Case(order=known, request=wish(**request), amount=eur(1), lines=(), now=NOW)


def test_a_request_counts_while_one_leg_of_it_lives():
    """A request of which one leg failed and another succeeded was a refund."""
    known = order((line("a", eur(100)),), (paid("p1", eur(50)), paid("p2", eur(50))))
    half = refunded(known, RefundStatus.FAILED, RefundStatus.SUCCEEDED)
    none = refunded(known, RefundStatus.FAILED, RefundStatus.FAILED)

    assert MaxRefunds(1)(case(half)).decision is DENY
    assert MaxRefunds(2)(case(half)).decision is ALLOW
    assert MaxRefunds(1)(case(none)).decision is ALLOW


def test_one_document_that_stays_is_for_good():
    """Where one blocking document can be removed and another cannot, removing does not help."""
    documents = [
        Document(id="d-1", kind=DocumentKind.BILLING_INVOICE),
        Document(id="d-2", kind=DocumentKind.PAID_UNDELIVERED_LIST),
    ]
    verdict = BlockingDocuments()(case(simple(documents=documents), purpose=Purpose.REJECT))

    assert (verdict.decision, verdict.reason.code) == (DENY, "blocked_by_document")
    assert verdict.reason.text.startswith("This cannot be taken back any more: ")


def test_a_line_that_the_order_does_not_have_is_of_no_kind():
    """A rule that is asked about other lines than the order's has nothing to say of them."""
    stranger = RequestLine(line_id="x", quantity=1, amount=eur(1), tax=eur(0), withheld=eur(0))

    assert NonRefundable()(attrs.evolve(case(simple()), lines=(stranger,))).decision is ALLOW


@pytest.mark.parametrize("field", ["rules", "standing"])
def test_what_is_no_rule_is_shown(field):
    """The refusal of a policy carries which of its fields it is about, and what was in it."""
    with pytest.raises(InvalidValueError, match=rf"Policy\.{field} must be a tuple of rules") as refused:
        Policy(**{field: (1,)})

    assert (refused.value.field, refused.value.value) == (field, (1,))
