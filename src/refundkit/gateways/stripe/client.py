"""The SDK's client: imported late, locked away, and asked without retries and redirects."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from refundkit.errors import InvalidValueError, shown
from refundkit.gateways.bodies import as_they_come, latest_end, whole
from refundkit.gateways.guards import Hidden, as_it_is, check_timeout, check_url, late_import
from refundkit.gateways.records import Record, UnreadableError
from refundkit.gateways.sessions import own_session
from refundkit.processes import PerProcess

if TYPE_CHECKING:
    from stripe import StripeClient

__all__ = ["Connection", "listed", "open_client", "record_of"]

PAGE = 100
# A list that never ends would hold the caller forever.
MAX_LISTED = 10_000
# A page of refunds, or of disputes with all the evidence that was handed in.
MAX_ANSWER: Final = 4 * 1024 * 1024
# It goes into a header; previews have more than a date and a name.
_VERSION: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ -~]{0,200}", re.ASCII)


@frozen(kw_only=True)
class Connection:
    """Where Stripe is asked and how long that may take: ``timeout`` is (connect, read) in seconds."""

    account: str | None
    base_url: str | None
    timeout: tuple[float, float]
    api_version: str

    def __attrs_post_init__(self) -> None:
        check_timeout(self.timeout)
        _check_version(self.api_version)
        if self.base_url is not None:
            check_url(self.base_url, "the API key")


def _check_version(version: object) -> None:
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise InvalidValueError(
            f"api_version must be one of Stripe's, such as '2026-10-28.endive', not {shown(version)}.",
            field="api_version",
            value=version,
        )


def open_client(api_key: str, connection: Connection) -> Hidden[StripeClient]:
    """Make a client that asks once, never follows a redirect, and may be shared by threads.

    Raises:
        PluginError: if the SDK is not installed.
    """
    with late_import("Stripe", "Stripe's SDK"):
        stripe: Any = import_module("stripe")
    _forgo_home()
    client = stripe.StripeClient(
        api_key,
        stripe_account=connection.account,
        stripe_version=connection.api_version,
        base_addresses={"api": connection.base_url} if connection.base_url else None,
        # refundkit decides when to ask again; the SDK would repeat a refund that nobody is waiting for.
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=connection.timeout, session=_Sessions()),
    )
    return Hidden(client)


def _forgo_home() -> None:
    """Let the SDK find out now that this user has no home folder, as in some containers.

    It keeps an anonymous id there, and would fail at its first request instead, which may be a refund.
    """
    try:
        Path.home()
    except RuntimeError:
        with suppress(Exception):  # it gives up once and for all; older ones never look
            import_module("stripe._telemetry_id").get_telemetry_id()


def record_of(answer: Any) -> Record:
    """Turn an object of the SDK into plain data, at once: whoever pickles the object pickles the API key."""
    record = json.loads(str(answer)) if hasattr(answer, "to_dict") else None
    if not isinstance(record, dict):
        raise UnreadableError("the answer is no object")
    return record


def listed(page: Any) -> Iterator[Record]:
    """Yield every record of a list, page after page."""
    for count, item in enumerate(islice(page.auto_paging_iter(), MAX_LISTED + 1)):
        if count == MAX_LISTED:
            raise UnreadableError(f"a list has more than {MAX_LISTED} entries")
        yield record_of(item)


class _Sessions:
    """One requests.Session for each thread of each process, and no netrc file that would replace the key.

    A redirect is not followed: it would turn a POST into a GET.
    """

    def __init__(self) -> None:
        self._local = PerProcess(threading.local)

    def request(self, method: str, url: str, *, timeout: tuple[float, float], **options: Any) -> _Answer:
        local = self._local()
        session = local.__dict__.get("session") or own_session()
        local.session = session
        # An empty `stripe.ca_bundle_path`, set by anybody in this process, would check no certificate.
        options["verify"] = options.get("verify") or True
        ends = latest_end(timeout)
        with session.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, auth=as_it_is, **options
        ) as response:
            content = whole(as_they_come(response), limit=MAX_ANSWER, ends=ends)
            return _Answer(content=content, status_code=response.status_code, headers=response.headers)


@frozen(kw_only=True)
class _Answer:
    """What the SDK reads of an answer."""

    content: bytes
    status_code: int
    headers: Mapping[str, str]
