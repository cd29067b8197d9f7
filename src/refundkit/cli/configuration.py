"""Configuration: one TOML file that says where the orders are, which gateways there are, and what is allowed.

::

    [store]
    url = "sqlite:///refunds.db"                  # beside this file; or { env = "DATABASE_URL" }

    [gateways.stripe]
    api_key = { env = "STRIPE_API_KEY" }          # secrets come from the environment only

    [policy]
    window_days = 30
    review_above = "500.00 EUR"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from refundkit.cli.secrets import filled_in, in_environment, refuse_literals, require_no_password
from refundkit.cli.words import money
from refundkit.deliverers.base import Deliverer
from refundkit.desk.refunds import RefundDesk
from refundkit.errors import InvalidValueError, shown
from refundkit.gateways.base import Gateway
from refundkit.model.credit_notes import Party
from refundkit.model.requests import RefundReason
from refundkit.plugins import load_deliverers, load_gateways
from refundkit.policy.rules import MaxAmount, Policy, ReviewAbove, Rule, Window
from refundkit.serialization import from_json
from refundkit.stores.base import Store

if TYPE_CHECKING:
    from refundkit.stores.sql import SQLStore

__all__ = ["Configuration", "read_configuration"]

SECTIONS = ("store", "gateways", "deliverers", "policy", "seller", "credit_notes")


@frozen(kw_only=True)
class Configuration:
    """What the file says; whatever needs a secret is built only when a command asks for it."""

    path: Path
    store_url: Any = field(repr=False)
    gateways: Mapping[str, Mapping[str, Any]] = field(repr=False)
    deliverers: Mapping[str, Mapping[str, Any]] = field(repr=False)
    policy: Policy
    seller: Party | None
    credit_notes: Mapping[str, Any]

    def open_store(self) -> SQLStore:
        """Open the database; it must be there already, because the shop makes it.

        Raises:
            InvalidValueError: if there is none, or its environment variable is not set.
            StoreError: if it cannot be used.
        """
        from refundkit.stores.sql import SQLStore

        url = filled_in(self.store_url, "store.url")
        if not isinstance(url, str):
            raise _wrong("store.url", "is the address of a database, such as 'sqlite:///refunds.db'.")
        return SQLStore.open(_beside(self.path, url), create=False)

    def open_gateways(self) -> tuple[Gateway, ...]:
        """Build every gateway.

        Raises:
            InvalidValueError: if an environment variable is not set.
            PluginError: if a kind is not installed, or its options are wrong.
        """
        return load_gateways(filled_in(self.gateways, "gateways"))

    def open_deliverers(self) -> tuple[Deliverer, ...]:
        """Build every deliverer.

        Raises:
            InvalidValueError: if an environment variable is not set.
            PluginError: if a kind is not installed, or its options are wrong.
        """
        return load_deliverers(filled_in(self.deliverers, "deliverers"))

    def open_desk(self, store: Store) -> RefundDesk:
        """Open a desk on *store*. It has no listeners: events wait for the shop's own processes, which have theirs.

        Raises:
            InvalidValueError: if an environment variable is not set.
            PluginError: if a gateway cannot be built.
        """
        return RefundDesk(store=store, gateways=self.open_gateways(), policy=self.policy)


def read_configuration(path: Path) -> Configuration:
    """Read the file and check all of it that needs no secret.

    Raises:
        InvalidValueError: whatever is wrong with it, and what to write instead.
    """
    data = _parsed(path)
    for section, content in data.items():
        if section not in SECTIONS or not isinstance(content, dict):
            raise _wrong(section, f"is no section of {path.name}; there are [{'], ['.join(SECTIONS)}].")
    return Configuration(
        path=path,
        store_url=_store_url(data),
        gateways=_options(data, "gateways"),
        deliverers=_options(data, "deliverers"),
        policy=_policy(data.get("policy", {})),
        seller=from_json(data["seller"], Party) if "seller" in data else None,
        credit_notes=_credit_notes(data.get("credit_notes", {})),
    )


def _options(data: Mapping[str, Any], section: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the options of everything in a section; none of them is a secret itself."""
    named: Mapping[str, Any] = data.get(section, {})
    for name, options in named.items():
        if not isinstance(options, dict):
            raise _wrong(f"{section}.{name}", f"must be a section: [{section}.{name}].")
        refuse_literals(options, f"{section}.{name}")
    return named


def _credit_notes(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read which series the notes are numbered in, and which reasons get one."""
    unknown = sorted(section.keys() - {"series", "test_series", "reasons"})
    reasons = section.get("reasons", [RefundReason.CUSTOMER_SATISFACTION])
    known = {*RefundReason}
    if unknown or not (reasons == "all" or (isinstance(reasons, list) and known.issuperset(reasons))):
        raise _wrong(
            "credit_notes",
            f'holds series, test_series, and reasons: "all", or a list of {", ".join(RefundReason)}.',
        )
    eligible = "all" if reasons == "all" else frozenset(map(RefundReason, reasons))
    return {**{name: value for name, value in section.items() if name != "reasons"}, "eligible": eligible}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _wrong(
            "config",
            f"names no file: {path}. Write one, or say where it is with --config or REFUNDKIT_CONFIG.",
        ) from None
    except OSError as error:
        raise _wrong("config", f"cannot be read: {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Where it is, and not what stands there: that may be a secret.
        place = (
            str(error).rpartition("(")[2].rstrip(")")
            if isinstance(error, tomllib.TOMLDecodeError)
            else "UTF-8"
        )
        raise _wrong("config", f"is no TOML: {path}, {place}.") from None


def _store_url(data: Mapping[str, Any]) -> Any:
    url = data.get("store", {}).get("url")
    if not (isinstance(url, str) or in_environment(url)):
        raise _wrong("store.url", 'is missing. Write: [store] and below it url = "sqlite:///refunds.db".')
    if isinstance(url, str):
        require_no_password(url)
    return url


def _beside(path: Path, url: str) -> str:
    """Take a relative SQLite file as one beside the configuration, wherever the command is typed."""
    start, is_sqlite, rest = url.partition(":///")
    name, mark, query = rest.partition("?")
    if not is_sqlite or not start.startswith("sqlite") or not name or name == ":memory:":
        return url
    database = path.resolve().parent / name
    if not database.exists():
        raise _wrong("store.url", f"names no database: there is none at {database}. Your shop makes it.")
    return f"{start}:///{database}{mark}{query}"


_RULES: Mapping[str, Any] = {
    "window_days": Window,
    "review_above": lambda value: ReviewAbove(money(value)),
    "max_amount": lambda value: MaxAmount(money(value)),
}


def _policy(section: Mapping[str, Any]) -> Policy:
    rules: list[Rule] = []
    for name, value in section.items():
        if name not in _RULES:
            raise _wrong(f"policy.{name}", f"is no rule that a file can hold; there are {', '.join(_RULES)}.")
        # One limit per currency: a list says them all.
        rules += [_RULES[name](one) for one in (value if isinstance(value, list) else [value])]
    return Policy(rules=tuple(rules))


def _wrong(name: str, text: str) -> InvalidValueError:
    return InvalidValueError(f"{shown(name)[1:-1]} {text}", field=name)
