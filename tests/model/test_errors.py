"""Errors: one tree, which its docstring draws, and every one pickles."""

import copy
import pickle
import re

import pytest

import refundkit
from refundkit import errors
from refundkit.errors import RefundDenied, RefundkitError, ReviewRequired, WebhookError, shown
from refundkit.policy.plan import plan_refund
from refundkit.policy.rules import Policy, ReviewAbove
from tests.model.builders import NOW, eur, simple, wish


def tree(kind=RefundkitError):
    """Walk the errors of the errors room; a room's own, such as a misfit of JSON, never leave it."""
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield from tree(inner)


def test_the_docstring_draws_the_tree():
    """The picture in the docstring names each error once, below its base, and all of them are exported."""
    drawn = re.findall(r"^ *[│ ]*[├└]── (\w+)", errors.__doc__, re.MULTILINE)

    assert sorted(drawn) == sorted(kind.__name__ for kind in tree() if kind is not RefundkitError)
    assert {kind.__name__ for kind in tree()} <= set(errors.__all__) & set(refundkit.__all__)


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_error_pickles(kind):
    """An error survives a process pool, with its values, its message and its notes."""
    error = kind("Order o-1 was changed.", order_id="o-1", value=eur(1))
    error.add_note("seen by the sweep")

    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own pickle
        assert type(again) is kind
        assert (str(again), vars(again)) == (str(error), vars(error))
        assert again.__notes__ == ["seen by the sweep"]


def test_denied_pickles():
    """A refusal keeps its reasons, what was asked and what is possible (law C3), also in another process."""
    with pytest.raises(RefundDenied) as denied:
        plan_refund(simple(), wish(amount=eur(101)), now=NOW)

    again = pickle.loads(pickle.dumps(denied.value))  # noqa: S301 - our own pickle

    assert (again.reasons, again.asked, again.possible) == (denied.value.reasons, eur(101), eur(100))
    assert [reason.code for reason in again.reasons] == ["exceeds_left"]
    assert again.order_id == "o-1"


def test_review_required_pickles():
    """What another person must approve is carried with the error: plan and reasons."""
    plan = plan_refund(simple(), wish(), now=NOW, policy=Policy(rules=(ReviewAbove(eur(1)),)))
    error = ReviewRequired("Order o-1 needs a second person.", plan=plan, reasons=plan.reasons)

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own pickle

    assert (again.plan, again.reasons) == (plan, plan.reasons)
    assert again.plan.refunds[0].amount == eur(100)


def test_webhook_errors_say_what_to_answer():
    """A refused webhook is answered with 400 unless it says otherwise."""
    assert WebhookError("forged").http_status == 400
    assert pickle.loads(pickle.dumps(WebhookError("big", http_status=413))).http_status == 413  # noqa: S301


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("short", "'short'"),
        ("x" * 100, "'" + "x" * 56 + "..."),
        (10**5000, "an int of 16610 bits"),
        ([10**5000], "a list"),
        (True, "True"),
    ],
    ids=["short", "long", "huge", "holds huge", "bool"],
)
def test_shown(value, text):
    """A value in a message takes at most 60 characters, whatever it is."""
    assert shown(value) == text
