"""The mail listener, tried against a real SMTP server on this machine."""

from __future__ import annotations

import email
import importlib.util
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from email import policy as policies
from email.headerregistry import Address
from io import StringIO
from pathlib import Path
from types import ModuleType

import attrs
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from refundkit import Customer, CustomerNotices, Notice, NoticeLine, OutcomeUnknownError, Policy
from tests.desk.shop import Shop, an_order, eur

PATH = Path(__file__).parents[2] / "examples" / "mail_listener.py"


def load() -> ModuleType:
    """Import the example without running its demonstration."""
    spec = importlib.util.spec_from_file_location("mail_listener", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = load()

SENDER = Address("Tea & Tins", addr_spec="shop@example.org")
NOTICE = Notice(
    order_id="A-1001",
    refund_id="r-1",
    email="jo@example.org",
    name="Jo Doe",
    amount=eur("6.67"),
    of_request=eur("6.67"),
    method="card",
    last4="4242",
    lines=(NoticeLine(name="Tin of tea", amount=eur("6.67"), quantity=1),),
    text="We are sorry.\n.\nReally.",
)


class Mailbox:
    """What the server does with letters: it keeps them, unless it was told another answer."""

    def __init__(self) -> None:
        self.letters, self.recipients, self.answer = [], [], "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Take one letter."""
        if self.answer == "hang up":
            server.transport.close()
        elif not self.answer.startswith("250"):
            return self.answer
        self.letters.append(email.message_from_bytes(envelope.content, policy=policies.default))
        self.recipients.append(envelope.rcpt_tos)
        return self.answer


@contextmanager
def serving(box: Mailbox, **options) -> Iterator[int]:
    """Run an SMTP server; yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def mailer(port: int, **options):
    """Return the example's mailer, for a server on this machine."""
    server = example.MailServer(**{"host": "127.0.0.1", "port": port, "tls": example.Tls.NONE, **options})
    return example.Mailer(server=server, sender=SENDER, shop="Tea & Tins")


@pytest.fixture
def box() -> Mailbox:
    """An empty mailbox."""
    return Mailbox()


@pytest.fixture
def port(box) -> Iterator[int]:
    """A server in front of it, without encryption."""
    with serving(box) as port:
        yield port


def test_the_letter_arrives(box, port):
    """To the one address, with everything that the notice says, dots on lines of their own included."""
    mailer(port)(NOTICE)
    (letter,) = box.letters
    assert box.recipients == [["jo@example.org"]]
    assert (letter["From"], letter["To"]) == (
        "Tea & Tins <shop@example.org>",
        "Jo Doe <jo@example.org>",
    )
    assert letter["Subject"] == "Tea & Tins: 6.67 EUR back for order A-1001"
    assert letter.get_content_type() == "text/plain"
    text = letter.get_content().replace("\r\n", "\n")
    for part in (
        "Dear Jo Doe,",
        "1 x Tin of tea: 6.67 EUR",
        "card ending in 4242",
        "We are sorry.\n.\nReally.",
    ):
        assert part in text


def test_the_same_refund_has_the_same_message_id(box, port):
    """Should a letter come twice after all, a mailbox can tell."""
    mailer(port)(NOTICE)
    mailer(port)(NOTICE)
    first, second = box.letters
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Jo\r\nBcc: all@example.org"},
        {"name": "Jo\n\nA body of my own"},
        {"name": 'Jo" <all@example.org>, "x'},
        {"lines": (NoticeLine(name="Tin\r\nBcc: all@example.org", amount=eur("1.00")),)},
        {"text": "Bcc: all@example.org"},
    ],
)
def test_no_field_becomes_a_header(box, port, changes):
    """Names, lines and messages stay what they are: no other header, and nobody else gets the letter."""
    mailer(port)(attrs.evolve(NOTICE, **changes))
    (letter,) = box.letters
    assert letter["Bcc"] is None
    assert [address.addr_spec for address in letter["To"].addresses] == ["jo@example.org"]
    assert box.recipients == [["jo@example.org"]]


@pytest.mark.parametrize(
    "address", ["jo@example.org, all@example.org", "jo", "jo@example.org>", "<x@y.example>"]
)
def test_an_address_that_is_none_is_refused(box, port, address):
    """Nothing is sent to a part of it."""
    with pytest.raises(Exception, match=r".") as refused:
        mailer(port)(attrs.evolve(NOTICE, email=address))
    assert not isinstance(refused.value, OutcomeUnknownError)
    assert box.letters == []


@pytest.mark.parametrize("answer", ["554 no", "451 later"])
def test_a_refused_letter_was_not_sent(box, port, answer):
    """The server says so; it may be tried again."""
    box.answer = answer
    with pytest.raises(example.smtplib.SMTPDataError):
        mailer(port)(NOTICE)


def test_a_server_that_is_not_there_has_sent_nothing():
    """Nobody was reached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            mailer(free.getsockname()[1])(NOTICE)


def test_a_server_that_hangs_up_may_have_the_letter(box, port):
    """It has taken the letter and never said so: nobody may send it again."""
    box.answer = "hang up"
    with pytest.raises(OutcomeUnknownError, match="may have gone out"):
        mailer(port)(NOTICE)
    assert len(box.letters) == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Somebody who signs the certificates of this test."""
    return trustme.CA()


def context_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """Return what a server named *name* shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return what a client believes that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def accept(server, session, envelope, mechanism, given) -> AuthResult:
    """Let one user in."""
    is_known = isinstance(given, LoginPassword) and given == LoginPassword(b"shop", b"secret")
    return AuthResult(success=is_known, handled=False)


def test_with_starttls_and_a_password(box, authority):
    """The usual way: encrypted, logged in, and the certificate is checked."""
    login = {"auth_require_tls": True, "auth_required": True, "authenticator": accept}
    tls = {"tls_context": context_of(authority, "127.0.0.1"), "require_starttls": True}
    with serving(box, **login, **tls) as port:
        secure = {"tls": example.Tls.STARTTLS, "context": trusting(authority), "user": "shop"}
        mailer(port, password="secret", **secure)(NOTICE)
        with pytest.raises(example.smtplib.SMTPAuthenticationError):
            mailer(port, password="guess", **secure)(NOTICE)
    assert len(box.letters) == 1


def test_with_implicit_tls(box, authority):
    """Encrypted from the first byte."""
    with serving(box, ssl_context=context_of(authority, "127.0.0.1"), server_hostname="127.0.0.1") as port:
        mailer(port, tls=example.Tls.IMPLICIT, context=trusting(authority))(NOTICE)
    assert len(box.letters) == 1


def test_the_wrong_certificate_gets_nothing(box, authority):
    """Somebody else answers in the server's place."""
    other = context_of(authority, "other.example")
    with serving(box, tls_context=other) as port, pytest.raises(ssl.SSLCertVerificationError):
        mailer(port, tls=example.Tls.STARTTLS, context=trusting(authority))(NOTICE)
    assert box.letters == []


def test_nothing_goes_out_in_the_clear(box, port):
    """A server that does not offer STARTTLS gets no letter where it was asked for."""
    with pytest.raises(example.smtplib.SMTPNotSupportedError):
        mailer(port, tls=example.Tls.STARTTLS)(NOTICE)
    assert box.letters == []


def test_the_password_does_not_show():
    """Law S2: a server is printed without it."""
    assert "secret" not in repr(example.MailServer(host="mail.example", user="shop", password="secret"))


def test_a_refund_becomes_a_letter(box, port):
    """From the desk to the mailbox, once; reason and note stay in the shop (law S6)."""
    told = Policy(notify=True)
    shop = Shop(order=an_order(customer=Customer(name="Jo", email="jo@example.org")), policy=told)
    notices = CustomerNotices(store=shop.store, write=mailer(port), policy=told, clock=shop.clock)
    shop.desk = shop.new_desk(listeners=[notices])
    shop.refund("10.00", note="the liar again")
    shop.refund("10.00", note="the liar again")
    shop.desk.recover()
    (letter,) = box.letters
    assert "10.00 EUR" in letter["Subject"]
    assert "liar" not in letter.as_string()
    assert "arrived broken" not in letter.as_string()


def test_a_mail_server_that_is_back(box):
    """While it is down the letter waits, and goes out with the first sweep after the pause."""
    told = Policy(notify=True)
    shop = Shop(order=an_order(customer=Customer(email="jo@example.org")), policy=told)
    with serving(box) as port:
        box.answer = "421 come back later"
        notices = CustomerNotices(store=shop.store, write=mailer(port), policy=told, clock=shop.clock)
        shop.desk = shop.new_desk(listeners=[notices])
        shop.refund("10.00")
        box.answer = "250 OK"
        shop.clock.advance(seconds=timedelta(minutes=1).total_seconds())
        shop.desk.recover()
    assert len(box.letters) == 1


def test_the_demonstration_shows_a_letter():
    """Without a server it prints what it would send."""
    with redirect_stdout(StringIO()) as written:
        example.main()
    letter = email.message_from_string(written.getvalue(), policy=policies.default)
    assert letter["Subject"] == "Tea & Tins: 6.67 EUR back for order A-1001"
    assert "fraudster" not in written.getvalue()
