"""What the manual gateway adds, and what a gateway refunds once: never more than was asked, never twice."""

from datetime import timedelta

import pytest

from refundkit.errors import RefundDenied
from refundkit.model.capabilities import Capabilities
from refundkit.policy.plan import plan_refund
from refundkit.policy.rules import Policy
from refundkit.policy.spread import Remainder
from tests.model.builders import NOW, cents, eur, line, order, paid, refunded, wish

MANUAL = Policy(remainder=Remainder.MANUAL)
CLOSED = Capabilities(window=timedelta(0))
ONCE = {"stripe": Capabilities(multiple=False), "paypal": Capabilities(multiple=False)}


def bought(*gateways):
    """Order something, paid in parts of 50.00 yesterday: p1 at the first gateway, p2 at the second, and so on."""
    yesterday = NOW - timedelta(days=1)
    paid_so = (
        paid(f"p{number}", eur(50), name, captured_at=yesterday)
        for number, name in enumerate(gateways, start=1)
    )
    return order((line("a", eur(50) * len(gateways)),), tuple(paid_so))


def outline(known, able=None, policy=None, **what):
    """Plan a request, and say which payment gives how much through which gateway."""
    return plan_refund(known, wish(**what), now=NOW, policy=policy, capabilities=able).outline


def refusal(known, able=None, policy=None, **what):
    """Plan a request that is refused, and name the reasons."""
    with pytest.raises(RefundDenied) as refused:
        outline(known, able, policy, **what)
    return [reason.code for reason in refused.value.reasons]


class Sparing:
    """A spread of a shop's own that takes ten of the first payment and leaves the rest."""

    def distribute(self, amount, options):
        """Take ten."""
        return (eur(10), *[amount - amount] * (len(options) - 1))


# By hand.


def test_what_is_given_by_hand_is_missing_no_more():
    """Law C1: several payments given back by hand add up to what was asked for, and to no more."""
    able = {"stripe": CLOSED, "paypal": CLOSED}

    assert outline(bought("stripe", "paypal"), able, MANUAL, amount=eur(60)) == (
        ("p1", "manual", eur(50)),
        ("p2", "manual", eur(10)),
    )
    assert outline(bought("stripe", "paypal", "stripe"), able, MANUAL, amount=eur(50)) == (
        ("p1", "manual", eur(50)),
    )
    assert outline(bought("stripe", "paypal"), {"stripe": CLOSED}, MANUAL, amount=eur(60)) == (
        ("p2", "paypal", eur(50)),
        ("p1", "manual", eur(10)),
    )


def test_nothing_is_added_by_hand_to_what_goes_back_by_hand():
    """Law E2: a payment has one manual refund of a request, also where a spread left some of it."""
    policy = Policy(spread=Sparing(), remainder=Remainder.MANUAL)

    assert refusal(bought("manual"), None, policy, amount=eur(30)) == ["shortfall"]
    assert outline(bought("manual", "stripe"), {"stripe": CLOSED}, policy, amount=eur(30)) == (
        ("p1", "manual", eur(10)),
        ("p2", "manual", eur(20)),
    )


def test_the_last_cent_goes_by_hand():
    """Law C1: what a gateway has to keep back is given by hand, to the cent."""
    known = bought("stripe", "paypal")
    able = {"stripe": Capabilities(full=False), "paypal": Capabilities(full=False)}

    assert outline(known, able, MANUAL) == (
        ("p1", "stripe", eur("49.99")),
        ("p2", "paypal", eur("49.99")),
        ("p1", "manual", cents(1)),
        ("p2", "manual", cents(1)),
    )


# Once.


def test_once_is_counted_payment_by_payment():
    """Law C5: one refund of one payment uses up that payment at that gateway, and no other."""
    known = refunded(bought("stripe", "stripe"), payments={"p1": eur(5)})

    assert refusal(known, ONCE, payments={"p1": eur(1)}) == ["already_refunded"]
    assert outline(known, ONCE, amount=eur(50)) == (("p2", "stripe", eur(50)),)


def test_once_is_found_among_others():
    """Law C5: a payment that had its refund had it, whatever else was refunded before or after."""
    known = bought("stripe", "stripe")
    for name in ("p2", "p1"):
        known = refunded(known, payments={name: eur(5)})

    for name in ("p1", "p2"):
        assert refusal(known, ONCE, payments={name: eur(1)}) == ["already_refunded"]


def test_once_is_counted_gateway_by_gateway():
    """Law C5: what was given back by hand was not the one refund of the gateway that took the money."""
    known = refunded(bought("stripe"), amount=eur(5), via="manual")

    assert outline(known, ONCE, amount=eur(5)) == (("p1", "stripe", eur(5)),)
    assert refusal(refunded(known, amount=eur(5)), ONCE, amount=eur(5)) == ["shortfall", "already_refunded"]
