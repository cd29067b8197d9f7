"""Deliverers of plugins and their options; what is missing is named."""

import re
import sys

import pytest

from refundkit import (
    Deliverer,
    DeliveryError,
    FileDownloadDeliverer,
    PluginError,
    WebhookCallDeliverer,
    load_deliverers,
)
from refundkit.deliverers import webhook_call
from refundkit.plugins import deliverer_kinds
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from tests.deliveries.benches import SECRET
from tests.deliveries.shop import Shop, only
from tests.test_plugins import manager_with, plugin

PAGE = "https://shop.example/download/{token}"


def test_the_built_in_deliverers_come_through_the_same_door():
    """Three kinds, like any plugin's."""
    assert set(deliverer_kinds(manager_with())) == {"file_download", "gift_card", "webhook_call"}


def test_deliverers_are_loaded_by_configuration():
    """Two of one kind have two names, and a delivery names one of them."""
    options = {"url": "https://a.example", "secrets": SECRET}
    first, second = load_deliverers(
        {"webhook_call": options, "discord": {"kind": "webhook_call", **options}}, manager=manager_with()
    )
    assert (first.name, second.name) == ("webhook_call", "discord")


def test_deliverers_of_plugins():
    """Kinds are unique, and what is no deliverer class is refused."""
    other = type("Other", (FakeDeliverer,), {"kind": "fake"})
    brought = plugin(refundkit_deliverers=lambda: [FakeDeliverer])
    assert deliverer_kinds(manager_with(brought))["fake"] is FakeDeliverer
    with pytest.raises(PluginError, match="Two plugins bring a deliverer of kind 'fake'"):
        deliverer_kinds(manager_with(brought, plugin(refundkit_deliverers=lambda: [other])))
    with pytest.raises(PluginError, match="which is no class of deliverers"):
        deliverer_kinds(manager_with(plugin(refundkit_deliverers=lambda: [7])))
    with pytest.raises(PluginError, match="No installed plugin brings a deliverer of kind"):
        load_deliverers({"parrot": {}}, manager=manager_with())


@pytest.mark.parametrize("kind", ["file_download", "webhook_call"])
def test_wrong_options_are_named_and_their_values_never_told(kind):
    """Law S2: the message names the options."""
    with pytest.raises(
        PluginError, match=f"Deliverer '{kind}' cannot be built from the options secrets"
    ) as refused:
        load_deliverers({kind: {"secrets": "short-secret"}}, manager=manager_with())
    assert "short-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("library", "make"),
    [
        ("itsdangerous", lambda: FileDownloadDeliverer(url=PAGE, secrets=SECRET, order=lambda _: None)),
        ("httpx", lambda: WebhookCallDeliverer(url="https://a.example", secrets=SECRET)),
    ],
)
def test_what_is_missing_is_named(monkeypatch, library, make):
    """The message says what to install."""
    webhook_call._trust.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(PluginError, match=re.escape("pip install 'refundkit[deliveries]'")):
        make()


def test_a_nameless_deliverer_is_refused_by_the_desk():
    """A delivery could not name it."""
    nameless = type("Nameless", (FakeDeliverer,), {})(name="")
    with pytest.raises(PluginError, match="has neither name nor kind"):
        Shop(others=(nameless,))


def test_the_kind_is_the_name_unless_told_otherwise():
    """A plugin's author writes one of them."""

    class Parcel(Deliverer):
        kind = "parcel"

        def deliver(self, call):
            """Never called."""

    assert (Parcel().name, repr(Parcel())) == ("parcel", "<Parcel 'parcel'>")
    assert "parcel" not in Deliverer.name
    with pytest.raises(DeliveryError, match="cannot be taken back"):
        Parcel().revoke(None)
    assert Parcel().where_it_is(only("book").deliveries[0]) == "It was sent to jo@example.org."


def test_the_fake_keeps_its_books():
    """A final answer is the same for ever, and a revocation takes no more than there is."""
    shop = Shop(DeliveryFault.FINAL, order=only("book"))
    shop.deliver()
    call = shop.goods.calls[0]
    with pytest.raises(DeliveryError, match="for good"):
        shop.goods.deliver(call)
    assert (shop.has("book"), shop.goods.moves("o-1", "book")) == (0, [])
