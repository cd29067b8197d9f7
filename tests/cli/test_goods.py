"""Goods at the terminal: recover hands over and takes back, redeliver sends again, with every kind of deliverer."""

from __future__ import annotations

import json

import pytest

from refundkit import Delivery, FileDownloadDeliverer, SQLStore
from tests.cli.terminal import sold
from tests.deliveries.receiver import Receiver

SECRET = "a long random text that nobody knows"
DELIVERERS = """
[deliverers.file_download]
url = "https://shop.example/download/{{token}}"
secrets = {{ env = "SIGNING" }}
lifetime = {{ days = 2 }}
send = {{ function = "told_gateway:send_link" }}

[deliverers.gift_card]
issue = {{ function = "told_gateway:issue" }}

[deliverers.game_server]
kind = "webhook_call"
url = "{url}/give"
revoke_url = "{url}/take"
secrets = [{{ env = "SIGNING" }}]
timeout = [5, 5]

[deliverers.courier]
book = "{folder}/courier.txt"
"""
GOODS = (
    Delivery(id="file", line_id="tin", kind="file_download", target="recipes.pdf"),
    Delivery(id="gift", line_id="shipping", kind="gift_card", target="jo@example.org"),
    Delivery(id="keys", line_id="tin", kind="game_server", target="player-17", quantity=3),
    Delivery(id="box", line_id="tin", kind="courier", target="Jo Doe", quantity=3),
)


@pytest.fixture
def game():
    """Yield a game server that keeps books of who has what."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def shop(terminal, game):
    """Return a terminal at a shop that has sold goods, with a deliverer for each."""
    terminal.configure(DELIVERERS.format(url=game.url, folder=terminal.folder))
    terminal.environment["SIGNING"] = SECRET
    terminal.sell(sold(2, deliveries=GOODS))
    return terminal


def statuses(terminal):
    """Return where each delivery of A-2 stands."""
    return {delivery.id: delivery.status.value for delivery in terminal.order("A-2").deliveries}


def test_recover_hands_over_what_is_due(shop, game):
    """One sweep hands over by link, gift card, signed call and plugin, and says what it did."""
    done = shop.type("recover")

    said = " ".join(done.stdout.split())
    assert done.exit_code == 0, done.output
    assert "goods of 1 order" in said
    assert "Handed over: delivery keys: game_server was called and answered 200." in said
    assert set(statuses(shop).values()) == {"delivered"}
    assert game.units("A-2", "keys") == 3
    assert shop.written("courier.txt") == ["deliver 3 to Jo Doe"]
    assert len(shop.written("mailbox.txt")) == 1


def test_recover_takes_back_what_was_refunded(shop, game):
    """A unit that was refunded is taken back by the next sweep, and a script is told."""
    shop.type("recover")
    shop.type("refund", "A-2", "--line", "tin=1", "--reason", "x", "--yes", "--expect-amount", "6.67")

    script = json.loads(shop.type("recover", "--json").stdout)

    assert script["deliveries"] == {"orders": ["A-2"], "failing": []}
    assert "delivery.revoked" in {event["kind"] for event in script["events"]}
    assert game.units("A-2", "keys") == 2
    assert shop.written("courier.txt")[-1] == "revoke 1 to Jo Doe"


def test_goods_stay_with_the_customer_where_the_file_says_so(shop, game):
    """A shop that never takes goods back says so once, for the sweep and for the links."""
    shop.configure('[deliveries]\nrevocation = "never"')
    shop.type("recover")
    shop.type("refund", "A-2", "--line", "tin=1", "--reason", "x", "--yes", "--expect-amount", "6.67")

    done = shop.type("recover")

    assert done.exit_code == 0, done.output
    assert game.units("A-2", "keys") == 3
    assert "revoke" not in " ".join(shop.written("courier.txt"))


def test_recover_leaves_goods_alone_where_no_deliverer_is_configured(terminal):
    """Without a deliverer the goods wait for the shop's own processes, as due as they were."""
    terminal.sell(sold(2, deliveries=GOODS))
    before = terminal.order("A-2")

    done = terminal.type("recover")

    assert done.exit_code == 0, done.output
    assert terminal.order("A-2") == before


def test_what_could_not_be_handed_over_is_told(shop, game):
    """A sweep in which goods fail ends with 3, because it comes up again by itself."""
    game.answers.append(500)

    done = shop.type("recover")

    assert done.exit_code == 3
    assert "Goods could not be handed over" in done.stdout
    assert "game_server answered 500." in " ".join(done.stdout.split())


def test_a_file_is_sent_again(shop):
    """The customer gets a new link that works, and the timeline says who had it sent."""
    shop.type("recover")

    done = shop.type("redeliver", "A-2", "--delivery", "file")

    assert done.exit_code == 0, done.output
    assert "kim (staff) had deliveries file sent again" in " ".join(done.stdout.split())
    first, second = shop.written("mailbox.txt")
    with SQLStore.open(shop.url) as store:
        files = FileDownloadDeliverer(
            url="https://shop.example/download/{token}", secrets=SECRET, order=store.get
        )
        assert files.check(second.rpartition("/")[2]).target == "recipes.pdf"
    assert first.startswith("https://shop.example/download/")


def test_a_gift_card_is_never_sent_again(shop):
    """The refusal says where the original code is, and no code is shown."""
    shop.type("recover")

    done = shop.type("redeliver", "A-2", "--delivery", "gift")

    said = " ".join(done.stderr.split())
    assert done.exit_code == 1
    assert "is never sent again. Gift card ending in 9ABC: the original was sent to jo@example.org" in said
    assert "GIFT-CARD" not in done.output


def test_a_call_that_failed_is_sent_again(shop, game):
    """What failed goes out again under its own signature and key, and a second time only after a minute."""
    game.answers.extend([500])
    shop.type("recover")

    done = shop.type("redeliver", "A-2", "--json")
    again = shop.type("redeliver", "A-2", "--delivery", "keys")

    calls = [headers for path, headers, _ in game.requests if path == "/give"]
    assert done.exit_code == 0, done.output
    assert {one["id"]: one["status"] for one in json.loads(done.stdout)["deliveries"]}["keys"] == "delivered"
    assert len({headers["idempotency-key"] for headers in calls}) == 1
    assert all(headers["refundkit-signature"].startswith("t=") for headers in calls)
    assert again.exit_code == 1
    assert "wait for" in again.stderr
    assert game.units("A-2", "keys") == 3


def test_a_delivery_is_tried_again_by_name(shop, game):
    """Retry takes up the one that failed; of one that did not there is nothing to try."""
    game.answers.append(422)
    shop.type("deliver", "A-2")
    assert statuses(shop)["keys"] == "dead_lettered"

    done = shop.type("retry", "A-2", "keys")
    idle = shop.type("retry", "A-2", "box")

    assert (done.exit_code, idle.exit_code) == (0, 2), done.output
    assert statuses(shop)["keys"] == "delivered"


def test_a_delivery_is_marked_by_hand(shop, game):
    """What came another way is noted with who said so, and is not sent any more."""
    done = shop.type("mark-delivered", "A-2", "keys", "--note", "given at the counter")
    shop.type("recover")

    assert done.exit_code == 0, done.output
    assert "given at the counter" in " ".join(done.stdout.split())
    assert game.requests == []


def test_a_delivery_is_added_to_a_paid_order(shop):
    """An order that had none gets one, at once; one that nobody delivers is refused."""
    words = ("add-delivery", "A-1", "--line", "tin", "--target", "Jo Doe")

    done = shop.type(*words, "--id", "d-9", "--kind", "courier", "--quantity", "2")
    wrong = shop.type(*words, "--id", "d-8", "--kind", "pigeon")

    assert (done.exit_code, wrong.exit_code) == (0, 2), done.output
    assert shop.written("courier.txt") == ["deliver 2 to Jo Doe"]
    assert "pigeon" in wrong.stderr


def test_what_is_not_handed_over_is_told_with_its_reason(shop):
    """Goods of an order that was never paid stay here, and deliver says why."""
    shop.sell(sold(3, payments=(), deliveries=GOODS[-1:]))

    done = shop.type("deliver", "A-3")
    none = shop.type("deliver", "A-1")

    assert (done.exit_code, none.exit_code) == (0, 0)
    assert "Not handed over:" in done.stdout
    assert "has no deliveries" in none.stdout


@pytest.mark.parametrize(
    ("text", "told"), [("", []), ("[listeners]\nplugins = true", ["delivery.delivered", "refund.succeeded"])]
)
def test_the_listeners_of_plugins_are_told_if_the_file_says_so(shop, text, told):
    """Law T4: where the shop has listeners of its own, their news waits for them and is told to nobody else."""
    shop.configure(text)

    shop.type("refund", "A-1", "--amount", "5", "--reason", "x", "--yes", "--expect-amount", "5")
    shop.type("recover")

    assert set(told) <= set(shop.written("heard.txt"))
    with SQLStore.open(shop.url) as store:
        assert bool(store.undelivered()) is not bool(told)


def test_gateways_shows_the_deliverers_too(shop):
    """What is configured, and whether it can be sent again and taken back; one that cannot be used says why."""
    shop.configure('[deliverers.broken]\nkind = "gift_card"')

    page = " ".join(shop.type("gateways").stdout.split())

    assert "gift_card (gift_card): never sent again, stays with the customer, for live orders" in page
    assert "game_server (webhook_call): sent again, can be taken back, for live orders" in page
    assert "courier (courier): sent again, can be taken back, for test and live orders alike" in page
    assert "broken: cannot be used" in page
    assert SECRET not in page
