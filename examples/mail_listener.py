"""Letters by e-mail: one to the customer for each refund that succeeded, sent over SMTP.

Run it with ``pip install 'refundkit[testing]'``: it refunds an order and shows the letter. With ``SMTP_HOST`` (and
``SMTP_PORT``, ``SMTP_USER``, ``SMTP_PASSWORD``, ``MAIL_FROM``, ``MAIL_TO``) it sends it instead.

In a shop, give `Mailer` to `CustomerNotices` and that to every desk on the store::

    notices = CustomerNotices(store=store, policy=policy, write=Mailer(server=…, sender=…, shop="Tea & Tins"))
    desk = RefundDesk(store=store, policy=policy, listeners=[notices], gateways=…)
"""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from attrs import field, frozen

from refundkit import (
    Customer,
    CustomerNotices,
    MemoryStore,
    Money,
    Notice,
    Order,
    OrderLine,
    OutcomeUnknownError,
    Payment,
    Policy,
    RefundDesk,
    RefundRequest,
)
from refundkit.testing.fake_gateway import FakeGateway

# A server that answers with one of these has not taken the letter.
REFUSALS: Final = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
)


class Tls(StrEnum):
    """How the connection is encrypted: after STARTTLS, from the first byte, or (on one machine) not at all."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@frozen(kw_only=True)
class MailServer:
    """Where letters are handed in. The certificate is checked against ``context``, the system's by default."""

    host: str
    port: int = 587
    tls: Tls = Tls.STARTTLS
    user: str | None = None
    password: str = field(default="", repr=False)
    timeout_seconds: float = 20.0
    context: ssl.SSLContext = field(factory=ssl.create_default_context)

    def connect(self) -> smtplib.SMTP:
        """Connect, encrypt and log in."""
        if self.tls is Tls.IMPLICIT:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_seconds, context=self.context
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        try:
            self._greet(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.tls is Tls.STARTTLS:
            # A server that does not offer it is refused: the letter never goes out in the clear.
            smtp.starttls(context=self.context)
        if self.user is not None:
            smtp.login(self.user, self.password)


@frozen(kw_only=True)
class Mailer:
    """Writes the letter about a refund and hands it in; raises `OutcomeUnknownError` if it may have gone out."""

    server: MailServer
    sender: Address
    shop: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __call__(self, notice: Notice) -> None:
        """Send one letter."""
        letter = self.letter(notice)
        # Whatever fails up to here has sent nothing, and may be tried again.
        with closing(self.server.connect()) as smtp:
            try:
                smtp.send_message(letter, from_addr=self.sender.addr_spec, to_addrs=[notice.email])
            except REFUSALS:
                raise
            except (smtplib.SMTPException, OSError) as error:
                raise OutcomeUnknownError(
                    f"The mail server did not answer ({type(error).__name__}); the letter about refund "
                    f"{notice.refund_id} may have gone out."
                ) from error
            # It has the letter. How it says goodbye changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()

    def letter(self, notice: Notice) -> EmailMessage:
        """Write the letter. `Address` refuses an address that is none, and the headers whatever is no header."""
        letter = EmailMessage()
        letter["From"] = self.sender
        letter["To"] = Address(display_name=one_line(notice.name), addr_spec=notice.email)
        letter["Subject"] = one_line(f"{self.shop}: {notice.amount} back for order {notice.order_id}")
        letter["Date"] = self.clock()
        # The same for ever: a mailbox that gets it twice may see that it is one.
        letter["Message-ID"] = f"<{uuid5(NAMESPACE_URL, notice.refund_id)}@{self.sender.domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content("\n".join(body(notice, self.shop)) + "\n")
        return letter


def body(notice: Notice, shop: str) -> Iterator[str]:
    """Yield the lines of the letter; there is nothing to put into it but what the notice has."""
    yield f"Dear {one_line(notice.name) or 'customer'},"
    yield ""
    yield f"we have given back {notice.amount} of your order {notice.order_id}."
    if notice.lines:
        yield ""
        yield from (f"  {part}" for part in parts(notice))
    yield ""
    if notice.way:
        yield f"How it goes back: {notice.way}. It can take a few days until you see it."
    if notice.of_request != notice.amount:
        yield f"In all we give back {notice.of_request}; you get a letter about each part."
    if notice.text:
        yield ""
        yield notice.text
    yield ""
    yield shop


def parts(notice: Notice) -> Iterator[str]:
    """Yield what the money is for, line by line."""
    for line in notice.lines:
        quantity = f"{line.quantity} x " if line.quantity else ""
        yield f"{quantity}{one_line(line.name)}: {line.amount}"


def one_line(text: str) -> str:
    """Put *text* on one line: what has line breaks could pretend to be another header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


# The demonstration.


def from_environment() -> Callable[[Notice], None]:
    """Return a writer that sends, if there is a server to send to, and one that shows the letter otherwise."""
    sender = Address("Tea & Tins", addr_spec=os.environ.get("MAIL_FROM", "shop@example.org"))
    server = MailServer(
        host=os.environ.get("SMTP_HOST", ""),
        port=int(os.environ.get("SMTP_PORT", "587")),
        tls=Tls(os.environ.get("SMTP_TLS", "starttls")),
        user=os.environ.get("SMTP_USER"),
        password=os.environ.get("SMTP_PASSWORD", ""),
    )
    mailer = Mailer(server=server, sender=sender, shop="Tea & Tins")
    return mailer if server.host else lambda notice: print(mailer.letter(notice))


def main() -> None:
    """Refund a broken tin, and have the customer told."""
    store, policy, euro = MemoryStore(), Policy(notify=True), Money.of("20.00", "EUR")
    notices = CustomerNotices(store=store, policy=policy, write=from_environment())
    desk = RefundDesk(store=store, policy=policy, gateways=[FakeGateway()], listeners=[notices])
    paid = Payment(
        id="p1",
        gateway="fake",
        reference="pi_1",
        captured=euro,
        method="card",
        details={"card": {"last4": "4242"}},
    )
    tins = OrderLine(id="tin", name="Tin of tea", quantity=3, total=euro)
    jo = Customer(name="Jo Doe", email=os.environ.get("MAIL_TO", "jo@example.org"))
    desk.register(Order(id="A-1001", currency="EUR", customer=jo, lines=(tins,), payments=(paid,)))
    wish = RefundRequest(
        key="return-4711",
        reason="customer sounds like a fraudster, but the tin was open",
        lines={"tin": 1},
        message="We are sorry that a tin arrived open.",
    )
    desk.refund("A-1001", wish)


if __name__ == "__main__":
    main()
