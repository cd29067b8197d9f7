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
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import field, frozen

from refundkit.cli import sections
from refundkit.cli.deliverers import open_deliverers
from refundkit.cli.filling import filled_in
from refundkit.cli.sections import wrong
from refundkit.deliverers.base import Deliverer
from refundkit.desk.deliveries import DeliveryDesk
from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.desk.outbox import Listener
from refundkit.desk.refunds import RefundDesk
from refundkit.errors import StoreError
from refundkit.gateways.base import Gateway
from refundkit.model.credit_notes import Party
from refundkit.plugins import load_gateways, load_listeners
from refundkit.policy.goods import Revocation
from refundkit.policy.rules import Policy
from refundkit.serialization import from_json
from refundkit.stores.base import Store

if TYPE_CHECKING:
    from refundkit.stores.sql import SQLStore

__all__ = ["Configuration", "read_configuration"]

SECTIONS = (
    "store",
    "gateways",
    "deliverers",
    "deliveries",
    "listeners",
    "policy",
    "seller",
    "credit_notes",
)


@frozen(kw_only=True)
class Configuration:
    """What the file says; whatever needs a secret is built only when a command asks for it."""

    path: Path
    store_url: Any = field(repr=False)
    namespace: UUID
    gateways: Mapping[str, Mapping[str, Any]] = field(repr=False)
    deliverers: Mapping[str, Mapping[str, Any]] = field(repr=False)
    revocation: Revocation
    delivery_timing: DeliveryTiming
    tells_listeners: bool
    policy: Policy
    seller: Party | None
    credit_notes: Mapping[str, Any]

    def open_store(self) -> SQLStore:
        """Open the database; it must be there already, because the shop makes it.

        Raises:
            InvalidValueError: if there is none, or its environment variable is not set.
        """
        from refundkit.stores.sql import SQLStore

        url = filled_in(self.store_url, "store.url")
        if not isinstance(url, str):
            raise wrong("store.url", "is the address of a database, such as 'sqlite:///refunds.db'.")
        try:
            return SQLStore.open(_beside(self.path, url), create=False)
        except StoreError as error:
            # Nothing was asked of the database yet, so it is what stands in the file that is wrong.
            raise wrong("store.url", f"cannot be used: {error}") from None

    def open_gateways(self) -> tuple[Gateway, ...]:
        """Build every gateway.

        Raises:
            InvalidValueError: if an environment variable is not set.
            PluginError: if a kind is not installed, or its options are wrong.
        """
        return load_gateways(filled_in(self.gateways, "gateways"))

    def open_deliverers(self, store: Store) -> tuple[Deliverer, ...]:
        """Build every deliverer.

        Raises:
            InvalidValueError: if an environment variable is not set.
            PluginError: if a kind is not installed, or its options are wrong.
        """
        return open_deliverers(self.deliverers, store.get, self.revocation)

    def open_listeners(self) -> tuple[Listener, ...]:
        """Return the listeners of the installed plugins, if the file says that there are no others.

        A desk that tells some listeners tells the others nothing: their news would be lost. Without any, events
        wait for the processes of the shop, which have theirs.

        Raises:
            PluginError: if a plugin brings what is no listener.
        """
        return load_listeners() if self.tells_listeners else ()

    def open_desk(self, store: Store, gateways: Iterable[Gateway]) -> RefundDesk:
        """Open a desk on *store* with these *gateways*.

        Raises:
            PluginError: if a plugin brings what is no listener.
        """
        return RefundDesk(
            store=store,
            gateways=gateways,
            policy=self.policy,
            listeners=self.open_listeners(),
            namespace=self.namespace,
        )

    def open_delivery_desk(self, store: Store) -> DeliveryDesk:
        """Open a delivery desk on *store*.

        Raises:
            InvalidValueError: if an environment variable is not set.
            PluginError: if a deliverer cannot be built.
        """
        return DeliveryDesk(
            store=store,
            deliverers=self.open_deliverers(store),
            listeners=self.open_listeners(),
            timing=self.delivery_timing,
            revocation=self.revocation,
        )


def read_configuration(path: Path) -> Configuration:
    """Read the file and check all of it that needs no secret.

    Raises:
        InvalidValueError: whatever is wrong with it, and what to write instead.
    """
    data = _parsed(path)
    for section, content in data.items():
        if section not in SECTIONS or not isinstance(content, dict):
            raise wrong(section, f"is no section of {path.name}; there are [{'], ['.join(SECTIONS)}].")
    deliveries = data.get("deliveries", {})
    return Configuration(
        path=path,
        store_url=sections.store_url(data),
        namespace=sections.namespace(data),
        gateways=sections.options(data, "gateways"),
        deliverers=sections.options(data, "deliverers"),
        revocation=sections.revocation(deliveries),
        delivery_timing=sections.delivery_timing(deliveries),
        tells_listeners=sections.tells_listeners(data.get("listeners", {})),
        policy=sections.policy(data.get("policy", {})),
        seller=from_json(data["seller"], Party) if "seller" in data else None,
        credit_notes=sections.credit_notes(data.get("credit_notes", {})),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise wrong(
            "config",
            f"names no file: {path}. Write one, or say where it is with --config or REFUNDKIT_CONFIG.",
        ) from None
    except OSError as error:
        raise wrong("config", f"cannot be read: {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Where it is, and not what stands there: that may be a secret.
        place = (
            str(error).rpartition("(")[2].rstrip(")")
            if isinstance(error, tomllib.TOMLDecodeError)
            else "UTF-8"
        )
        raise wrong("config", f"is no TOML: {path}, {place}.") from None


def _beside(path: Path, url: str) -> str:
    """Take a relative SQLite file as one beside the configuration, wherever the command is typed."""
    start, is_sqlite, rest = url.partition(":///")
    name, mark, query = rest.partition("?")
    if not is_sqlite or not start.startswith("sqlite") or not name or name == ":memory:":
        return url
    database = path.resolve().parent / name
    if not database.exists():
        raise wrong("store.url", f"names no database: there is none at {database}. Your shop makes it.")
    return f"{start}:///{database}{mark}{query}"
