"""Plugins: other packages bring gateways and listeners along, and what is wrong with them is told plainly."""

from types import ModuleType, SimpleNamespace

import pytest

from refundkit import (
    EventKind,
    Gateway,
    ManualGateway,
    MemoryStore,
    PluginError,
    RefundDesk,
    builtin,
    hookimpl,
    load_gateways,
    load_listeners,
)
from refundkit.plugins import gateway_kinds, plugin_manager
from refundkit.testing.builders import make_order
from refundkit.testing.fake_gateway import FakeGateway

SECRET = "sk_live_4242424242"


class AcmeGateway(FakeGateway):
    """A third party's gateway, with a secret among its options."""

    kind = "acme"

    def __init__(self, *, api_key, name="acme", retries=3):
        if not api_key.startswith("sk_"):
            raise ValueError(f"{api_key} is no key")
        if retries < 0:
            raise TypeError(f"{api_key} with {retries} retries")
        super().__init__(name=name)
        self.api_key = api_key


class AcmePlugin:
    """A third party's plugin: an object with hooks."""

    def __init__(self):
        self.heard = []

    @hookimpl
    def refundkit_gateways(self):
        """Bring one gateway."""
        return (AcmeGateway,)

    @hookimpl
    def refundkit_listeners(self):
        """Bring one listener."""
        return (self.heard.append,)


def manager_with(*plugins):
    """Return a manager with the built-in gateways, installed or not, and *plugins*."""
    known = plugin_manager().get_plugins()
    return plugin_manager([*(() if builtin in known else (builtin,)), *plugins])


def plugin(**hooks):
    """Return a plugin with these hooks."""
    return type("Plugin", (), {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()})()


def test_built_in_gateways_come_through_the_same_door():
    """Stripe and manual are plugins like any other."""
    kinds = gateway_kinds(manager_with())
    assert kinds["manual"] is ManualGateway
    assert "stripe" in kinds
    assert list(kinds) == sorted(kinds)


def test_a_third_party_gateway_is_built_from_its_options():
    """The name of the entry is the name of the gateway, and its kind unless it says another."""
    acme, second = load_gateways(
        {"acme": {"api_key": SECRET}, "acme-us": {"kind": "acme", "api_key": SECRET}},
        manager=manager_with(AcmePlugin()),
    )
    assert (acme.name, second.name) == ("acme", "acme-us")
    assert isinstance(second, AcmeGateway)
    assert second.api_key == SECRET


def test_a_third_party_listener_hears_the_desk():
    """What load_listeners() returns goes into the desk, which calls it directly."""
    acme = AcmePlugin()
    desk = RefundDesk(store=MemoryStore(), gateways=[], listeners=load_listeners(manager=manager_with(acme)))
    desk.register(make_order())
    assert [event.kind for event in acme.heard] == [EventKind.ORDER_REGISTERED]


def test_no_plugin_manager_is_shared():
    """Each manager is new: a plugin of one test is unknown in the next."""
    assert "acme" in gateway_kinds(manager_with(AcmePlugin()))
    assert "acme" not in gateway_kinds(manager_with())


def test_an_unknown_kind_names_what_is_installed():
    """The message tells what to choose from."""
    with pytest.raises(PluginError, match=r"of kind 'klarna' \(installed: .*manual"):
        load_gateways({"klarna": {}}, manager=manager_with())


def test_two_plugins_with_one_kind_are_an_error():
    """The first would win by chance; both are named."""
    other = type("OtherAcme", (FakeGateway,), {"kind": "acme"})
    with pytest.raises(PluginError, match=r"kind 'acme': .*Acme.* and .*Acme"):
        gateway_kinds(manager_with(AcmePlugin(), plugin(refundkit_gateways=lambda: [other])))


def test_one_class_brought_twice_is_no_error():
    """A package that re-exports a gateway does no harm."""
    kinds = gateway_kinds(manager_with(AcmePlugin(), plugin(refundkit_gateways=lambda: [AcmeGateway])))
    assert kinds["acme"] is AcmeGateway


def test_a_gateway_without_a_kind_is_an_error():
    """The message says what to add."""
    nameless = type("Nameless", (FakeGateway,), {"kind": ""})
    with pytest.raises(PluginError, match="Nameless has no kind; give it a class attribute"):
        gateway_kinds(manager_with(plugin(refundkit_gateways=lambda: [nameless])))


def test_a_hook_that_does_not_exist_is_an_error():
    """A misspelled hook would never be called; the message lists those that exist."""
    with pytest.raises(PluginError, match="refundkit_gateway, which does not exist") as error:
        manager_with(plugin(refundkit_gateway=lambda: ()))
    assert "refundkit_gateways, refundkit_listeners" in str(error.value)


def test_a_hook_with_other_arguments_is_an_error():
    """Hooks collect; they are handed nothing."""
    with pytest.raises(PluginError, match="could not be loaded"):
        manager_with(plugin(refundkit_gateways=lambda _desk: []))


def test_one_plugin_twice_is_an_error():
    """The second is refused, and the error is ours."""
    acme = AcmePlugin()
    with pytest.raises(PluginError, match="could not be loaded"):
        manager_with(acme, acme)


def installed(monkeypatch, *entries):
    """Let packages be installed that name these plugins: (name, value, what loading does)."""
    found = [SimpleNamespace(name=name, value=value, load=load) for name, value, load in entries]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: found)


def raising(error):
    """Return a function that fails."""

    def load():
        raise error

    return load


def test_a_plugin_that_cannot_be_imported_is_named(monkeypatch):
    """Of many installed plugins, the broken one is told; none is half loaded."""
    broken = raising(ImportError("no module named acme_sdk"))
    installed(monkeypatch, ("good", "good", AcmePlugin), ("acme", "acme_refunds", broken))
    with pytest.raises(PluginError, match=r"Plugin 'acme' .* ImportError: no module named acme_sdk"):
        plugin_manager()


def test_two_installed_plugins_of_one_name_are_an_error(monkeypatch):
    """One of the two would be left out, silently; both are named."""
    installed(monkeypatch, ("acme", "acme_refunds", AcmePlugin), ("acme", "other_refunds", AcmePlugin))
    with pytest.raises(PluginError, match="called 'acme': acme_refunds and other_refunds"):
        plugin_manager()


def test_one_installed_plugin_found_twice_is_no_error(monkeypatch):
    """A folder may be on the path twice."""
    installed(monkeypatch, *[("acme", "acme_refunds", AcmePlugin)] * 2)
    assert "acme" in gateway_kinds(plugin_manager())


def test_a_hook_that_is_not_marked_is_an_error():
    """Without @hookimpl it would never be called, and the gateway would seem not to be installed."""
    forgetful = type("Forgetful", (), {"refundkit_gateways": lambda _: [AcmeGateway]})()
    with pytest.raises(PluginError, match=r"refundkit_gateways and does not mark it .* @refundkit.hookimpl"):
        manager_with(forgetful)


def test_what_is_called_like_a_hook_and_cannot_be_called_is_none():
    """A package refundkit_acme that imports its own modules is a plugin like any other."""
    acme = ModuleType("refundkit_acme")
    acme.refundkit_acme, acme.refundkit_version = acme, "1.0"
    acme.refundkit_gateways = hookimpl(lambda: [AcmeGateway])
    assert "acme" in gateway_kinds(manager_with(acme))


def test_a_kind_that_is_no_text_is_an_error():
    """Kinds are names in a configuration."""
    numbered = type("Numbered", (FakeGateway,), {"kind": 7})
    with pytest.raises(PluginError, match="Numbered has no kind"):
        gateway_kinds(manager_with(plugin(refundkit_gateways=lambda: [numbered])))


@pytest.mark.parametrize(
    "brought",
    [7, ["acme"], [AcmeGateway(api_key=SECRET)], lambda: None],
    ids=["number", "text", "instance", "function"],
)
def test_what_is_no_gateway_class_is_an_error(brought):
    """A plugin that brings something else is told so."""
    with pytest.raises(PluginError):
        gateway_kinds(manager_with(plugin(refundkit_gateways=lambda: brought)))


def test_a_hook_that_raises_is_an_error_of_the_plugin():
    """Whatever it raises, the caller sees PluginError."""
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        gateway_kinds(manager_with(plugin(refundkit_gateways=lambda: 1 / 0)))
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        load_listeners(manager=manager_with(plugin(refundkit_listeners=lambda: 1 / 0)))


def test_a_listener_that_cannot_be_called_is_an_error():
    """Better at the start than at the first refund."""
    with pytest.raises(PluginError, match="listener"):
        load_listeners(manager=manager_with(plugin(refundkit_listeners=lambda: ["mail"])))


@pytest.mark.parametrize(
    "misplaced",
    ["sk_live_" + "4242" * 30, "sk_live_\n'4242424242", b"sk_live_4242424242", {"a": "sk_live_" + "42" * 40}],
    ids=["long", "escaped", "bytes", "nested"],
)
def test_a_secret_in_the_place_of_something_else_is_not_told(misplaced):
    """Law S2: the gateway quotes what it refuses, and cuts long values off; nothing of that is repeated."""
    options = {"api_key": "sk_test_1", "reasons": {}, "api_version": misplaced}
    with pytest.raises(PluginError, match="api_version must be one of Stripe's") as error:
        load_gateways({"stripe": options}, manager=manager_with())
    assert "sk_live_" not in str(error.value)
    assert "4242" not in str(error.value)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": SECRET, "colour": "red"},
        {"apikey": SECRET},
        {"api_key": SECRET, "retries": -1},
        {"api_key": f"x{SECRET}"},
        {"api_key": SECRET, "retries": SECRET},
    ],
    ids=["unknown", "misspelled", "type error inside", "value error inside", "wrong type"],
)
def test_wrong_options_are_named_and_their_values_never_told(options):
    """Law S2: the message names the options, and no value of theirs, whatever the constructor says."""
    with pytest.raises(
        PluginError, match=r"Gateway 'acme' cannot be built from the options api_?key"
    ) as error:
        load_gateways({"acme": options}, manager=manager_with(AcmePlugin()))
    assert SECRET not in str(error.value) + repr(vars(error.value))
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_an_option_that_a_built_in_gateway_refuses_is_explained():
    """The gateway's own message helps; the value is left out of it."""
    with pytest.raises(PluginError, match="must be one of 'at_once', 'on_confirmation'"):
        load_gateways({"cash": {"kind": "manual", "settles": "sometimes"}}, manager=manager_with())


@pytest.mark.parametrize("settings", [None, 7, "api_key", [("api_key", SECRET, 1)]], ids=repr)
def test_settings_that_are_no_mapping_are_an_error(settings):
    """A configuration file that was indented wrongly."""
    with pytest.raises(PluginError, match="'manual'") as error:
        load_gateways({"manual": settings}, manager=manager_with())
    assert SECRET not in str(error.value)


def test_the_hooks_are_documented():
    """Each hook of the hook table has its sentence, for whoever writes a plugin."""
    from refundkit.plugins import Hooks

    hooks = [name for name in vars(Hooks) if name.startswith("refundkit_")]
    assert sorted(hooks) == ["refundkit_deliverers", "refundkit_gateways", "refundkit_listeners"]
    assert all(getattr(Hooks, name).__doc__ for name in hooks)


def test_a_gateway_class_is_abstract_until_it_is_complete():
    """A plugin author is told which methods are missing."""
    half = type("Half", (Gateway,), {"kind": "half", "__init__": lambda _self, _name: None})
    with pytest.raises(PluginError, match="abstract"):
        load_gateways({"half": {}}, manager=manager_with(plugin(refundkit_gateways=lambda: [half])))
