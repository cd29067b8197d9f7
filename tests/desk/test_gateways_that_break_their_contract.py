"""Plugins that are wrong before money is at stake: who asks is told which one, and nothing was stored or sent."""

import pytest

from refundkit import (
    InvalidValueError,
    MemoryStore,
    PluginError,
    RefundDesk,
    RefundRequest,
    WebhookError,
)
from refundkit.testing.fake_gateway import FakeGateway
from tests.desk.shop import Shop, eur


def answering(answer):
    """Return a method that answers so, whatever it is asked, or raises what is an error."""

    def method(*_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return method


def request():
    """Make a request for a part."""
    return RefundRequest(key="r-1", reason="damaged", amount=eur("40.00"))


@pytest.mark.parametrize(
    ("method", "answer", "told"),
    [
        ("prepare", None, "return a Mapping from prepare(), not NoneType"),
        ("prepare", "amount=40", "return a Mapping from prepare(), not str"),
        ("prepare", {}, "prepared an empty request"),
        ("prepare", ZeroDivisionError(), "raised ZeroDivisionError in prepare()"),
        ("capabilities", None, "return a Capabilities from capabilities(), not NoneType"),
        ("capabilities", {"full": True}, "return a Capabilities from capabilities(), not dict"),
        ("capabilities", KeyError("x"), "raised KeyError in capabilities()"),
    ],
)
def test_a_gateway_that_says_nothing_usable_is_named(method, answer, told):
    """An empty request would be "everything that is left" to many a service (law C2)."""
    shop = Shop()
    setattr(shop.gateway, method, answering(answer))
    with pytest.raises(PluginError) as error:
        shop.desk.refund("o-1", request())
    assert f"Gateway fake must {told}" in str(error.value) or f"Gateway fake {told}" in str(error.value)
    assert error.value.gateway == "fake"
    assert shop.order.refunds == ()


def test_an_amount_that_a_gateway_cannot_express_is_its_own_refusal():
    """The gateway's own words reach the caller as they are."""
    shop = Shop()
    shop.gateway.prepare = answering(InvalidValueError("Acme knows no cents.", field="amount", value=1))
    with pytest.raises(InvalidValueError, match="Acme knows no cents"):
        shop.desk.refund("o-1", request())


@pytest.mark.parametrize("named", ["ref-1", b"ref-1", None, 7, [None], ({"id": "ref-1"},)])
def test_payments_are_named_by_texts(named):
    """A text alone would be taken apart into its letters."""
    shop = Shop()
    shop.gateway.parse_webhook = answering(named)
    with pytest.raises(WebhookError, match=r"fake could not read this webhook: .* a tuple of texts"):
        shop.desk.receive("fake", body=b"{}", headers={})


def test_a_webhook_names_a_hundred_payments_at_most():
    """Law S3: PayPal's signature covers no more than a checksum, and every name is looked up."""
    shop = Shop()
    names = tuple(f"another-{number}" for number in range(101))
    shop.gateway.parse_webhook = answering(names[:100])
    assert shop.desk.receive("fake", body=b"{}", headers={}) == ()
    shop.gateway.parse_webhook = answering(names)
    with pytest.raises(WebhookError, match="names more than 100 payments"):
        shop.desk.receive("fake", body=b"{}", headers={})


@pytest.mark.parametrize("name", ["", None, 7])
def test_a_gateway_without_a_name_is_told_so(name):
    """Payments know their gateway by its name."""
    with pytest.raises(PluginError, match=r"FakeGateway has no name; set self\.name"):
        RefundDesk(store=MemoryStore(), gateways=[FakeGateway(name=name)])
