"""Plugins: gateways, deliverers and listeners that other packages bring along, collected through pluggy.

A plugin is a module or object with some of these hooks, named in the entry point group ``refundkit``::

    [project.entry-points.refundkit]
    acme = "acme_refunds"

Hooks collect and nothing more; the desk then calls what it was given, directly. The built-in ones are
registered through the same hooks. No plugin manager exists before somebody asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from refundkit.deliverers.base import Deliverer
from refundkit.errors import PluginError, RefundkitError, shown
from refundkit.gateways.base import Gateway
from refundkit.model.events import Event

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "deliverer_kinds",
    "gateway_kinds",
    "hookimpl",
    "hookspec",
    "load_deliverers",
    "load_gateways",
    "load_listeners",
    "plugin_manager",
]

T = TypeVar("T", Gateway, Deliverer)

GROUP = "refundkit"
# What is shorter is no secret, and leaving it out would make a message unreadable.
SHORTEST_SECRET = 4

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """The hooks that a plugin may implement."""

    @hookspec
    def refundkit_gateways(self) -> Iterable[type[Gateway]]:  # type: ignore[empty-body]
        """Return gateway classes, each with its own ``kind``."""

    @hookspec
    def refundkit_deliverers(self) -> Iterable[type[Deliverer]]:  # type: ignore[empty-body]
        """Return deliverer classes, each with its own ``kind``."""

    @hookspec
    def refundkit_listeners(self) -> Iterable[Callable[[Event], None]]:  # type: ignore[empty-body]
        """Return listeners that are told every event."""


def plugin_manager(plugins: Iterable[object] = ()) -> pluggy.PluginManager:
    """Return a new plugin manager with every installed plugin, and with *plugins* beside them.

    Raises:
        PluginError: if a plugin cannot be imported, has a hook that refundkit does not know or that is not
            marked as one, or has the name of another.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    for entry in _installed():
        with _blaming(entry.name):
            _register(manager, entry.load(), entry.name)
    for plugin in plugins:
        with _blaming(_name_of(plugin)):
            _register(manager, plugin, None)
    return manager


def _installed() -> Iterable[EntryPoint]:
    """Return the entry points of all plugins, each once."""
    # Imported late: it takes longer than all of refundkit, and most processes load no plugins.
    from importlib.metadata import entry_points

    named: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        known = named.setdefault(entry.name, entry)
        if known.value != entry.value:
            raise PluginError(
                f"Two installed plugins are called {entry.name!r}: {known.value} and {entry.value}; "
                "uninstall one of them."
            )
    return named.values()


@contextmanager
def _blaming(name: str) -> Iterator[None]:
    try:
        yield
    except RefundkitError:
        raise
    except Exception as error:
        raise PluginError(f"Plugin {name!r} could not be loaded: {type(error).__name__}: {error}") from error


def _name_of(plugin: object) -> str:
    return getattr(plugin, "__name__", type(plugin).__name__)


def _register(manager: pluggy.PluginManager, plugin: object, name: str | None) -> None:
    manager.register(plugin, name=name)
    known = {hook for hook in vars(Hooks) if hook.startswith("refundkit_")}
    for hook in dir(plugin):
        # A plugin's own modules may be called so, too (`import refundkit_acme`); they cannot be called.
        if hook.startswith("refundkit_") and callable(getattr(plugin, hook)):
            _check_hook(manager, plugin, hook, known)
    manager.check_pending()


def _check_hook(manager: pluggy.PluginManager, plugin: object, hook: str, known: Iterable[str]) -> None:
    name = manager.get_name(plugin)
    if hook not in known:
        raise PluginError(
            f"Plugin {name} has a hook {hook}, which does not exist; known are {', '.join(sorted(known))}."
        )
    if manager.parse_hookimpl_opts(plugin, hook) is None:
        raise PluginError(
            f"Plugin {name} has {hook} and does not mark it as a hook, so it would never be called; "
            "write @refundkit.hookimpl above it."
        )


def gateway_kinds(manager: pluggy.PluginManager | None = None) -> Mapping[str, type[Gateway]]:
    """Return the gateway classes of all plugins by kind.

    Raises:
        PluginError: if two plugins bring the same kind, or one without a kind, or what is no gateway class.
    """
    return _kinds(Gateway, _brought(manager, "refundkit_gateways"))  # type: ignore[type-abstract]


def deliverer_kinds(manager: pluggy.PluginManager | None = None) -> Mapping[str, type[Deliverer]]:
    """Return the deliverer classes of all plugins by kind.

    Raises:
        PluginError: if two plugins bring the same kind, or one without a kind, or what is no deliverer class.
    """
    return _kinds(Deliverer, _brought(manager, "refundkit_deliverers"))  # type: ignore[type-abstract]


def _kinds(base: type[T], brought: Iterable[Any]) -> Mapping[str, type[T]]:
    kinds: dict[str, type[T]] = {}
    for thing in brought:
        _add_kind(kinds, base, thing)
    return dict(sorted(kinds.items()))


def _brought(manager: pluggy.PluginManager | None, hook: str) -> list[Any]:
    """Collect what all plugins bring through *hook*."""
    manager = plugin_manager() if manager is None else manager
    try:
        return [thing for things in getattr(manager.hook, hook)() for thing in things]
    except Exception as error:
        raise PluginError(f"A plugin failed in {hook}(): {type(error).__name__}: {error}") from error


def _add_kind(kinds: dict[str, type[T]], base: type[T], brought: Any) -> None:
    what = base.__name__
    if not (isinstance(brought, type) and issubclass(brought, base)):
        raise PluginError(f"A plugin brings {shown(brought)}, which is no class of {what.lower()}s.")
    path = f"{brought.__module__}.{brought.__qualname__}"
    kind: object = brought.kind
    if not isinstance(kind, str) or not kind:
        raise PluginError(f"{what} {path} has no kind; give it a class attribute such as kind = 'acme'.")
    taken = kinds.setdefault(brought.kind, brought)
    if taken is not brought:
        raise PluginError(
            f"Two plugins bring a {what.lower()} of kind {brought.kind!r}: "
            f"{taken.__module__}.{taken.__qualname__} and {path}; uninstall one of them."
        )


def load_gateways(
    configuration: Mapping[str, Mapping[str, Any]], *, manager: pluggy.PluginManager | None = None
) -> tuple[Gateway, ...]:
    """Build the configured gateways from the installed plugins.

    Each name maps to the gateway's own options; ``kind`` among them says which class it is, if that is not
    the name itself: ``{"stripe": {...}, "stripe-us": {"kind": "stripe", ...}}``.

    Raises:
        PluginError: if no plugin brings the kind, or its options are wrong.
    """
    kinds = gateway_kinds(manager)
    return tuple(_build(kinds, "gateway", name, settings) for name, settings in configuration.items())


def load_deliverers(
    configuration: Mapping[str, Mapping[str, Any]], *, manager: pluggy.PluginManager | None = None
) -> tuple[Deliverer, ...]:
    """Build the configured deliverers from the installed plugins, as `load_gateways` builds gateways.

    Raises:
        PluginError: if no plugin brings the kind, or its options are wrong.
    """
    kinds = deliverer_kinds(manager)
    return tuple(_build(kinds, "deliverer", name, settings) for name, settings in configuration.items())


def _build(kinds: Mapping[str, type[T]], what: str, name: str, settings: object) -> T:
    if not isinstance(settings, Mapping):
        raise PluginError(f"The options of {what} {name!r} are no mapping, but {type(settings).__name__}.")
    options = {"name": name, **settings}
    kind = options.pop("kind", name)
    if type(kind) is not str or kind not in kinds:
        installed = ", ".join(kinds) or "none"
        raise PluginError(f"No installed plugin brings a {what} of kind {kind!r} (installed: {installed}).")
    try:
        return kinds[kind](**options)
    except Exception as error:  # noqa: BLE001 - whatever a plugin's class raises, and whatever it says
        given = ", ".join(sorted(map(str, settings))) or "none"
        told = _without_values(error, tuple(settings.values()))
        raise PluginError(
            f"{what.capitalize()} {name!r} cannot be built from the options {given}: {told}"
        ) from None


def _without_values(error: Exception, values: Iterable[object]) -> str:
    """Say what is wrong and leave out the values of the options, which may be secrets (law S2)."""
    if not isinstance(error, (TypeError, RefundkitError)):
        return f"{type(error).__name__}."
    text = str(error)
    for value in sorted(_texts(values), key=len, reverse=True):
        # As it is, and as a message quotes it: with escapes, and cut off if it is long (`shown`).
        for spelled in (value, repr(value)[1:-1]):
            text = _without_beginning(text.replace(spelled, "..."), spelled)
    return text


def _without_beginning(text: str, value: str) -> str:
    """Leave out the beginning of *value*, as far as *text* has it before three dots."""
    lengths = range(min(len(value), len(text)), SHORTEST_SECRET - 1, -1)
    cut = next((value[:length] for length in lengths if f"{value[:length]}..." in text), "")
    return text.replace(f"{cut}...", "...") if cut else text


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        return _texts(tuple(value.values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return [text for part in value for text in _texts(part)]
    text = value.decode(errors="ignore") if isinstance(value, bytes) else str(value)
    return [text] if len(text) >= SHORTEST_SECRET else []


def load_listeners(*, manager: pluggy.PluginManager | None = None) -> tuple[Callable[[Event], None], ...]:
    """Return the listeners of all plugins.

    Raises:
        PluginError: if a plugin brings what cannot be called.
    """
    listeners = tuple(_brought(manager, "refundkit_listeners"))
    for listener in listeners:
        if not callable(listener):
            raise PluginError(
                f"A plugin brings {shown(listener)}, which is no listener: it cannot be called."
            )
    return listeners
