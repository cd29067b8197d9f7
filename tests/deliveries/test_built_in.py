"""The built-in deliverers: links, gift cards, and calls of other servers."""

import hashlib
import hmac
import json
from datetime import timedelta

import attrs
import pytest

from refundkit import (
    DeliveryError,
    FileDownloadDeliverer,
    GiftCardDeliverer,
    InvalidValueError,
    RefundStatus,
    Revocation,
    WebhookCallDeliverer,
)
from tests.deliveries.benches import OLD_SECRET, SECRET, webhook_bench
from tests.deliveries.receiver import Receiver
from tests.deliveries.shop import Shop, only

PAGE = "https://shop.example/download/{token}"
NEW_SECRET = "the-newest-secret-of-the-shop-78"


def a_download_shop(**options):
    """Return a shop that sells a file, with its deliverer, and the links that were sent."""
    links = []
    told = {"secrets": SECRET, "send": lambda _, link: links.append(link), **options}
    shop = Shop(order=only("book", kind="file_download", target="book.pdf"))
    files = FileDownloadDeliverer(url=PAGE, order=shop.store.get, clock=shop.clock, **told)
    shop.desk = shop.new_desk(deliverers=[files])
    return shop, files, links


def token_of(link):
    """Return what the download page gets."""
    return link.removeprefix("https://shop.example/download/")


def test_a_link_is_sent_and_works():
    """It names order, delivery and file, and none of it is written down with the order."""
    shop, files, links = a_download_shop()
    shop.deliver()
    found = files.check(token_of(links[0]))
    assert (found.order_id, found.delivery_id, found.target) == ("o-1", "book", "book.pdf")
    assert token_of(links[0]) not in repr(shop.order) + repr(shop.store.events("o-1"))


def test_a_link_expires():
    """After its lifetime a new one has to be made."""
    shop, files, links = a_download_shop(lifetime=timedelta(hours=1))
    shop.deliver()
    shop.clock.advance(minutes=59)
    files.check(token_of(links[0]))
    shop.clock.advance(minutes=2)
    with pytest.raises(DeliveryError, match="too old"):
        files.check(token_of(links[0]))
    files.check(token_of(files.link("o-1", "book")))


def test_secrets_rotate():
    """The newest signs, all verify; who no longer has a secret no longer accepts its links."""
    shop, old, links = a_download_shop(secrets=(OLD_SECRET,))
    shop.deliver()
    options = {"url": PAGE, "order": shop.store.get, "clock": shop.clock}
    both = FileDownloadDeliverer(secrets=(NEW_SECRET, OLD_SECRET), **options)
    new = FileDownloadDeliverer(secrets=NEW_SECRET, **options)
    both.check(token_of(links[0]))
    new.check(token_of(both.link("o-1", "book")))
    for keeper, link in ((new, links[0]), (old, both.link("o-1", "book"))):
        with pytest.raises(DeliveryError, match="no download link of ours"):
            keeper.check(token_of(link))


def test_a_link_of_refunded_goods_does_not_work():
    """Already before the goods are taken back, and after; it works again when the refund fails."""
    shop, files, links = a_download_shop()
    shop.deliver()
    shop.refund()
    for _ in range(2):
        with pytest.raises(DeliveryError, match="not available"):
            files.check(token_of(links[0]))
        shop.desk.sweep()
    shop.bank(RefundStatus.FAILED)
    shop.desk.sweep()
    files.check(token_of(links[0]))


def test_a_shop_that_takes_nothing_back_lets_links_live():
    """With Revocation.NEVER for both, the customer keeps the file."""
    shop, files, links = a_download_shop(revocation=Revocation.NEVER)
    shop.deliver()
    shop.refund()
    files.check(token_of(links[0]))


def test_a_link_does_not_work_before_it_was_delivered():
    """Nobody guesses it, and nobody uses one that was made too early."""
    _, files, _ = a_download_shop()
    with pytest.raises(DeliveryError, match="not available"):
        files.check(token_of(files.link("o-1", "book")))


def _flipped(token):
    return token[:-1] + ("A" if token[-1] != "A" else "B")


@pytest.mark.parametrize(
    "forged",
    [
        _flipped,
        lambda _: "",
        lambda _: "a.b.c",
        lambda _: "ä" * 20,
        lambda t: t * 50,
        lambda _: None,
        str.encode,
    ],
)
def test_forged_links_are_refused(forged):
    """Law S3: whatever is no link of ours gives one error, which quotes nothing of it."""
    shop, files, links = a_download_shop()
    shop.deliver()
    token = forged(token_of(links[0]))
    with pytest.raises(DeliveryError, match="no download link") as refused:
        files.check(token)
    assert not token or str(token) not in str(refused.value)


@pytest.mark.parametrize(("order", "delivery"), [("o-9", "book"), ("o-1", "lamp")])
def test_links_to_nothing_are_refused(order, delivery):
    """A genuine signature does not make an order."""
    shop, files, _ = a_download_shop()
    shop.deliver()
    with pytest.raises(DeliveryError):
        files.check(token_of(files.link(order, delivery)))


def test_a_link_is_of_one_deliverer():
    """Two deliverers with one secret do not take each other's links."""
    shop, files, _ = a_download_shop()
    other = FileDownloadDeliverer(
        url=PAGE, secrets=SECRET, order=shop.store.get, clock=shop.clock, name="music"
    )
    shop.deliver()
    with pytest.raises(DeliveryError, match="not downloaded here"):
        files.check(token_of(other.link("o-1", "book")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://shop.example/"},
        {"secrets": ""},
        {"secrets": "short"},
        {"secrets": (SECRET, "")},
        {"secrets": ()},
        {"lifetime": 7},
        {"lifetime": timedelta(0)},
        {"name": ""},
    ],
)
def test_wrong_options_of_downloads(wrong):
    """Law S2: a mistake is refused when the deliverer is made, and no secret is told."""
    told = {"url": PAGE, "secrets": SECRET, "order": lambda _: None}
    with pytest.raises(InvalidValueError) as refused:
        FileDownloadDeliverer(**{**told, **wrong})
    assert SECRET not in str(refused.value)


# Gift cards.


@pytest.mark.parametrize(
    ("codes", "shown"),
    [
        ("GIFT-1234-5678-9ABC", "ending in 9ABC"),
        ("SHORT-1", "gift card."),
        (["AAAA-BBBB-CCCC"] * 2, "CCCC, CCCC"),
    ],
)
def test_of_a_code_little_is_kept(codes, shown):
    """Law S2: four characters of a long code, none of a short one."""
    shop = Shop(order=only("book", kind="gift_card"), others=(GiftCardDeliverer(issue=lambda _: codes),))
    shop.deliver()
    (event,) = (one for one in shop.store.events("o-1") if one.kind == "delivery.delivered")
    assert shown in event.text
    kept = repr(shop.order) + repr(shop.of("book").details) + repr(shop.store.events("o-1"))
    assert not any(code in kept for code in ([codes] if isinstance(codes, str) else codes))


def test_no_code_is_an_error():
    """Whoever issues the card must say which."""
    shop = Shop(order=only("book", kind="gift_card"), others=(GiftCardDeliverer(issue=lambda _: [None]),))
    shop.deliver()
    assert "returned no code" in shop.of("book").last_error


def test_gift_cards_are_real_unless_told_otherwise():
    """Law S7: a test order gets none."""
    shop = Shop(
        order=attrs.evolve(only("book", kind="gift_card"), test=True),
        others=(GiftCardDeliverer(issue=lambda _: "never"),),
    )
    assert [reason.code for reason in shop.deliver().reasons] == ["test_and_live"]


# Calls.


def test_a_call_is_signed_so_that_anybody_can_check_it():
    """The documented header: seconds, and one HMAC-SHA256 per secret over seconds, full stop and body."""
    with Receiver() as receiver:
        bench = webhook_bench(receiver)
        call = bench.call()
        bench.deliverer.deliver(call)
        ((path, headers, body),) = receiver.requests
    seconds, *digests = (part.partition("=")[2] for part in headers["refundkit-signature"].split(","))
    signed = seconds.encode() + b"." + body
    assert digests == [
        hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in (SECRET, OLD_SECRET)
    ]
    assert (path, headers["idempotency-key"]) == ("/deliver", call.key)
    told = json.loads(body)
    assert (told["action"], told["order"], told["units"], told["test"]) == (
        "deliver",
        call.order.id,
        2,
        False,
    )


@pytest.mark.parametrize("answer", [301, 302, 307, 400, 401, 404, 408, 429, 500, 503])
def test_everything_else_is_tried_again(answer):
    """Redirects are not followed, and no other answer is taken for a yes or for a no."""
    with Receiver() as receiver:
        bench = webhook_bench(receiver)
        receiver.answers.append(answer)
        with pytest.raises(DeliveryError, match=f"answered {answer}") as failed:
            bench.deliverer.deliver(bench.call())
        assert not failed.value.is_final
        assert len(receiver.requests) == 1


@pytest.mark.parametrize("answer", [410, 422])
def test_a_no_is_for_good(answer):
    """The server is sure that it did nothing, and sure to say so again."""
    with Receiver() as receiver:
        bench = webhook_bench(receiver)
        receiver.answers.append(answer)
        with pytest.raises(DeliveryError) as failed:
            bench.deliverer.deliver(bench.call())
        assert failed.value.is_final


def test_nobody_is_called_after_the_deadline():
    """By then another process may be at it."""
    with Receiver() as receiver:
        bench = webhook_bench(receiver)
        late = attrs.evolve(bench.call(), deadline=bench.now() - timedelta(seconds=1))
        with pytest.raises(DeliveryError, match="time to call webhook_call is over"):
            bench.deliverer.deliver(late)
        assert receiver.requests == []


def test_an_order_never_says_who_is_called():
    """Law S5: the address is configured; a target that looks like one is only a text in the body."""
    with Receiver() as receiver, Receiver() as trap:
        bench = attrs.evolve(webhook_bench(receiver), target=f"{trap.url}/evil")
        bench.deliverer.deliver(bench.call())
        assert (len(receiver.requests), trap.requests) == (1, [])


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    """A variable of the environment must not send goods through another server."""
    with Receiver() as receiver, Receiver() as trap:
        monkeypatch.setenv("HTTP_PROXY", trap.url)
        bench = webhook_bench(receiver)
        bench.deliverer.deliver(bench.call())
        assert trap.requests == []


@pytest.mark.parametrize(
    ("url", "allow_http"),
    [
        ("http://partner.example/deliver", False),
        ("ftp://partner.example/", True),
        ("file:///etc/passwd", True),
        ("https:///deliver", True),
        ("", False),
        (None, False),
        ("https://[", False),
    ],
)
def test_unsafe_addresses_are_refused(url, allow_http):
    """Law S5: https only, unless told otherwise, and never anything else; the address stays out of the message."""
    with pytest.raises(InvalidValueError, match="must begin with https") as refused:
        WebhookCallDeliverer(url=url, secrets=SECRET, allow_http=allow_http)
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize(
    "wrong", [{"timeout": 5}, {"timeout": (0, 1)}, {"timeout": (5, 6000)}, {"secrets": "s"}]
)
def test_wrong_options_of_calls(wrong):
    """A mistake is refused when the deliverer is made."""
    told = {"url": "https://partner.example", "secrets": SECRET}
    with pytest.raises(InvalidValueError):
        WebhookCallDeliverer(**{**told, **wrong})


def test_http_may_be_allowed():
    """In a network of one's own."""
    told = WebhookCallDeliverer(url="http://game.internal/give", secrets=SECRET, allow_http=True)
    assert not told.revocable


def test_a_server_that_is_not_there():
    """No answer is not a no."""
    with Receiver() as receiver:
        bench = webhook_bench(receiver)
    with pytest.raises(DeliveryError, match=r"gave no answer \(ConnectError\)") as failed:
        bench.deliverer.deliver(bench.call())
    assert not failed.value.is_final
    assert failed.value.__context__ is None
